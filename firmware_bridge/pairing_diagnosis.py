"""Why a tool cannot be had, and what a parent does about it: from what went wrong and what was heard."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .errors import (
    AdapterCause,
    AdapterUnavailable,
    BondLost,
    DeviceNotFound,
    GripError,
    NoFreeSlot,
    PairingRefused,
    ToolHeld,
    UnsupportedTool,
)
from .sentence import Sentence

#: A tool that is awake is heard several times in so long, even one that advertises once a second.
SILENT_S: Final = 5.0

#: Below this a tool that falls silent has gone out of range (`nearness.VERY_FAR` begins 3 dB below); above it
#: nobody walks away within seconds, so that it sleeps.
FADING_DBM: Final = -85.0


class PairingProblem(StrEnum):
    """Why a tool cannot be had."""

    HELD_BY_ANOTHER = "held_by_another"
    ASLEEP = "asleep"
    OUT_OF_RANGE = "out_of_range"
    NOT_IN_PAIRING_MODE = "not_in_pairing_mode"
    NO_PERMISSION = "no_permission"
    ADAPTER_OFF = "adapter_off"
    ADAPTER_MISSING = "adapter_missing"
    NO_FREE_SLOT = "no_free_slot"
    WRONG_TOOL = "wrong_tool"
    BOND_LOST = "bond_lost"
    PASSKEY_WRONG = "passkey_wrong"
    NO_ANSWER = "no_answer"  #: it is awake, near and free, and yet the attempt came to nothing


WORDS: Final = {
    PairingProblem.HELD_BY_ANOTHER: "{tool} is connected to a phone or to another hub. "
    "Close the app there, or switch that phone's Bluetooth off, and try again.",
    PairingProblem.ASLEEP: "{tool} is asleep. Squeeze it once to wake it, and try again. "
    "If it stays silent, charge it, and see that no phone is connected to it.",
    PairingProblem.OUT_OF_RANGE: "{tool} is too far away. "
    "Bring it to within two steps of this computer, and try again.",
    PairingProblem.NOT_IN_PAIRING_MODE: "{tool} is not ready to be paired. "
    "Hold its button until its light blinks, and try again within a minute.",
    PairingProblem.NO_PERMISSION: "This computer does not let GripHub use Bluetooth. "
    "Run `griphub doctor`: it says what to type, once.",
    PairingProblem.ADAPTER_OFF: "Bluetooth is switched off on this computer. Switch it on, and try again.",
    PairingProblem.ADAPTER_MISSING: "This computer has no Bluetooth that answers. "
    "Plug in a USB Bluetooth adapter, and try again; `griphub doctor` says more.",
    PairingProblem.NO_FREE_SLOT: "This computer's Bluetooth holds as many tools as it can. "
    "Put a tool that nobody uses to sleep, or plug in a second Bluetooth adapter, and try again.",
    PairingProblem.WRONG_TOOL: "{tool} is not the tool that was asked for, or does not speak as such a tool "
    "does. Choose another one from the list.",
    PairingProblem.BOND_LOST: "{tool} was reset, and does not know this computer any more. "
    "It has to be paired again: hold its button until its light blinks.",
    PairingProblem.PASSKEY_WRONG: "That was not the number of {tool}. "
    "Read the six digits on the tool once more, and try again.",
    PairingProblem.NO_ANSWER: "{tool} did not answer this time. "
    "Lay it beside this computer, switch it off and on, and try again.",
}

_ADAPTER: Final = {
    AdapterCause.OFF: PairingProblem.ADAPTER_OFF,
    AdapterCause.NO_PERMISSION: PairingProblem.NO_PERMISSION,
    AdapterCause.MISSING: PairingProblem.ADAPTER_MISSING,
    AdapterCause.GONE: PairingProblem.ADAPTER_MISSING,
}
_ERRORS: Final[dict[type[GripError], PairingProblem]] = {
    NoFreeSlot: PairingProblem.NO_FREE_SLOT,
    ToolHeld: PairingProblem.HELD_BY_ANOTHER,
    BondLost: PairingProblem.BOND_LOST,
    PairingRefused: PairingProblem.NOT_IN_PAIRING_MODE,
    UnsupportedTool: PairingProblem.WRONG_TOOL,
}


@dataclass(frozen=True, slots=True)
class LastHeard:
    """What was last heard of a tool.

    Attributes
    ----------
    ago_s : float
        How long ago.
    rssi_dbm : float
        Its smoothed strength then.
    """

    ago_s: float
    rssi_dbm: float


class CannotPair(GripError):
    """A tool cannot be had; the message is for a parent.

    Attributes
    ----------
    problem : PairingProblem
        For programs.
    tool : str
        What to call the tool.
    """

    def __init__(self, problem: PairingProblem, tool: str) -> None:
        self.problem = problem
        self.tool = tool
        super().__init__(Sentence(WORDS[problem], tool=tool))


def diagnose(error: GripError, tool: str, heard: LastHeard | None = None) -> CannotPair:
    """Say why a tool cannot be had.

    Parameters
    ----------
    error : GripError
        What went wrong.
    tool : str
        What to call the tool.
    heard : LastHeard, optional
        What was heard of it; none if it never was.
    """
    return error if isinstance(error, CannotPair) else CannotPair(_problem(error, heard), tool)


def _problem(error: GripError, heard: LastHeard | None) -> PairingProblem:
    if isinstance(error, AdapterUnavailable):
        return _ADAPTER[error.cause]
    for kind, problem in _ERRORS.items():
        if isinstance(error, kind):
            return problem
    # it was not found, or the link broke: what was heard tells why
    if heard and heard.rssi_dbm < FADING_DBM:
        return PairingProblem.OUT_OF_RANGE
    there = heard and heard.ago_s <= SILENT_S and not isinstance(error, DeviceNotFound)
    return PairingProblem.NO_ANSWER if there else PairingProblem.ASLEEP
