"""Errors that a caller can branch on and a user can act on.

Every message ends in a sentence that says what to do next.
"""

from enum import StrEnum


class GripError(Exception):
    """Base of all GripHub errors."""


class PacketError(GripError):
    """Bytes from a tool that are not what the protocol says.

    Attributes
    ----------
    reason : str
        What is wrong with them.
    data : bytes
        The offending bytes, at most the first 64.
    """

    def __init__(self, reason: str, data: bytes = b"") -> None:
        self.reason = reason
        self.data = bytes(data[:64])
        shown = f" in {self.data.hex(' ')}" if data else ""
        super().__init__(f"{reason}{shown}. Compare the tool's firmware with docs/protocol.md.")


class AdapterCause(StrEnum):
    """Why a radio cannot be used."""

    MISSING = "missing"  #: there is none
    OFF = "off"  #: it is switched off
    NO_PERMISSION = "no_permission"  #: this user may not use it
    GONE = "gone"  #: it, or the program behind it, went away or does not answer


class AdapterUnavailable(GripError):
    """There is no radio to work with: no adapter, switched off, or the virtual radio is away."""

    def __init__(self, adapter: str, reason: str, cause: AdapterCause = AdapterCause.GONE) -> None:
        self.adapter = adapter
        self.reason = reason
        self.cause = cause
        super().__init__(f"The radio {adapter} cannot be used: {reason}. Run `griphub doctor` to see why.")


class NoFreeSlot(GripError):
    """The radio holds as many links as it can."""

    def __init__(self, adapter: str) -> None:
        self.adapter = adapter
        super().__init__(
            f"The radio {adapter} holds as many tools as it can. "
            "Put a tool that is not in use to sleep, or add a second Bluetooth adapter."
        )


class ToolHeld(GripError):
    """A phone or another hub is connected to the tool."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(f"{tool} is connected to a phone or another hub. Close its app there.")


class DeviceNotFound(GripError):
    """No tool answered within the time given."""

    def __init__(self, wanted: str, timeout_s: float) -> None:
        self.wanted = wanted
        self.timeout_s = timeout_s
        super().__init__(
            f"No tool {wanted} answered within {timeout_s:g} s. "
            "Wake it with a squeeze, bring it near, and see that no phone is connected to it."
        )


class LinkLost(GripError):
    """The radio link to a tool ended without being asked to."""

    def __init__(self, tool: str, reason: str = "the tool went out of range or lost power") -> None:
        self.tool = tool
        self.reason = reason
        super().__init__(f"The link to {tool} was lost: {reason}. Bring it near; the hub connects again.")


class BondLost(GripError):
    """Tool and hub no longer share a key: one of them was reset."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(f"{tool} no longer knows this hub. Pair it again.")


class PairingRefused(GripError):
    """The tool did not pair."""

    def __init__(self, tool: str, reason: str) -> None:
        self.tool = tool
        self.reason = reason
        super().__init__(f"{tool} did not pair: {reason}. Hold its button until it blinks, then try again.")


class ToolRefused(GripError):
    """The tool answered a command with a status other than success."""

    def __init__(self, tool: str, command: str, status: str) -> None:
        self.tool = tool
        self.command = command
        self.status = status
        super().__init__(f"{tool} refused {command}: {status}. Check the tool's state and firmware version.")


class UnsupportedTool(GripError):
    """A device that answers but does not speak a protocol we know."""

    def __init__(self, tool: str, reason: str) -> None:
        self.tool = tool
        self.reason = reason
        super().__init__(f"{tool} cannot be used: {reason}. See docs/protocol.md for what a tool must offer.")


class InvalidInput(GripError, ValueError):
    """Something given to the library that it cannot work with."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}. See docs/detector.md for what the detector takes.")
