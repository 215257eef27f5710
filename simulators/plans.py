"""What is to be simulated: one plan a tool."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..firmware_bridge.profile import WireKind
from .faults import Fault
from .plays import Play
from .tool import PACKET_S


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """One tool to simulate.

    Attributes
    ----------
    name : str
        Serial number of a tool of ours, advertised name of another maker's.
    kind : WireKind
        What a tool of ours says that it is.
    plays : iterable of Play
        One for each time that it wakes; may be endless. Where the pause after each has a length of its own,
        pairs of a play and that many seconds.
    pause_s : float
        Sleep after each play.
    packet_s : float
        See `SimulatedTool`.
    waits : bool
        Whether the child waits for a hub before it begins; else a tool of ours records by itself.
    device : str or None
        Driver's name of another maker's device, from `DEVICES`; None for a tool of ours.
    faults : tuple of Fault
        What goes wrong with it.
    """

    name: str
    kind: WireKind
    plays: Iterable[Play | tuple[Play, float]]
    pause_s: float = 5.0
    packet_s: float = PACKET_S
    waits: bool = True
    device: str | None = None
    faults: tuple[Fault, ...] = ()
