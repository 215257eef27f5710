"""What every connected tool is to the hub, whoever made it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from .samples import SampleBlock, ToolKind, Unit


class Stamps(StrEnum):
    """Where the time of a sample comes from."""

    TOOL = "tool"  #: the tool's own clock: good to a sample
    ARRIVAL = "arrival"  #: the hub's clock on arrival, spread over the packet: good to the radio's jitter


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tool can carry, and in words why it cannot carry the rest.

    Attributes
    ----------
    unit : Unit
        Unit of its samples as they come, before any calibration in the hub.
    rate_hz : float or None
        Nominal sample rate; None where the tool does not say and the hub must measure it.
    stamps : Stamps
        Where sample times come from.
    loss_known : bool
        Whether a missing packet shows, by a sample index or by the tool's own clock.
    tare, identify, battery : bool
        Whether it can be zeroed, made to blink, asked for its charge.
    stored : bool
        Whether it keeps sessions while no hub is there.
    counts : bool
        Whether it is fast enough to count squeezes (10 samples a second and more).
    because : mapping of str to str
        For each attribute that is a limit, the reason in a sentence for a user.
    """

    unit: Unit
    rate_hz: float | None
    stamps: Stamps
    loss_known: bool
    tare: bool
    identify: bool
    battery: bool
    stored: bool
    counts: bool
    because: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """What a tool says about itself once connected.

    Attributes
    ----------
    tool_id : str
        Stable id: the serial number of our own tools in lower case; of others the driver's name and a hash of
        the address, which is nobody else's business.
    boot_id : int
        Differs after each power-on; sample indices count from 0 in each life.
    rate_hz : float
        Samples per second; 0 where the tool samples unevenly or does not say.
    simulated : bool
        Not a physical tool.
    battery_percent : int or None
        None where the tool does not tell.
    driver : str
        Name of the driver that reads it.
    counts : bool
        Whether it is fast and fine enough to count squeezes, see `Capabilities`.
    stamps : Stamps
    loss_known : bool
        As in `Capabilities`.
    """

    tool_id: str
    kind: ToolKind
    manufacturer: str
    model: str
    firmware: str
    boot_id: int
    rate_hz: float
    simulated: bool
    battery_percent: int | None
    driver: str = "griphub"
    counts: bool = True
    stamps: Stamps = Stamps.TOOL
    loss_known: bool = True


class ToolClient(Protocol):
    """A link to one tool, as an asynchronous context manager: entering connects, leaving releases the tool.

    Attributes
    ----------
    tool : ToolDescription
        Known once entered.
    """

    tool: ToolDescription

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can carry."""

    async def __aenter__(self) -> Self:
        """Connect; raises the errors of `GripClient`."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release the tool, so that a phone can have it."""

    def samples(self) -> AsyncIterator[SampleBlock]:
        """Start the stream and yield its blocks until the tool says that nothing follows.

        Raises
        ------
        LinkLost
            If the link ends before that, or nothing came for too long.
        """

    async def tare(self) -> None:
        """Take the present level as zero; raises `ToolRefused` where the tool cannot."""

    async def identify(self, seconds: int) -> None:
        """Let the tool blink; raises `ToolRefused` where the tool cannot."""

    async def battery(self) -> int | None:
        """Charge in percent; None where the tool does not tell."""
