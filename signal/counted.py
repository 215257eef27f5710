"""What the detector says of a squeeze."""

from dataclasses import dataclass
from enum import StrEnum

from ..firmware_bridge.samples import Unit


class EndedBy(StrEnum):
    """Why a squeeze was taken to be over."""

    RELEASE = "release"
    NEXT_SQUEEZE = "next_squeeze"
    GAP = "gap"
    STREAM_END = "stream_end"


@dataclass(frozen=True, slots=True)
class Squeeze:
    """One counted squeeze.

    Times are on the tool's clock (`SampleBlock.t_s`), seconds; forces in `unit`.

    Attributes
    ----------
    number : int
        1 for the first squeeze of the stream.
    onset_s, peak_s, offset_s : float
        When force left rest, was highest, and came back.
    onset_index, peak_index, offset_index : int
        Sample indices of the same.
    decided_s : float
        Time of the sample at which the detector was sure: what it waited is ``decided_s - offset_s``.
    peak : float
        Highest force above rest.
    rest : float
        Level of the resting hand before the squeeze.
    impulse : float
        Integral of force above rest from onset to offset, `unit` times seconds.
    ended_by : EndedBy
        What ended it.
    doubtful : tuple of str
        Reasons not to trust it fully; empty for a clear squeeze.
    """

    number: int
    onset_s: float
    peak_s: float
    offset_s: float
    onset_index: int
    peak_index: int
    offset_index: int
    decided_s: float
    peak: float
    rest: float
    impulse: float
    unit: Unit
    ended_by: EndedBy
    doubtful: tuple[str, ...] = ()
