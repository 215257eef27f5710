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
        Highest force above rest, less what the tool has crept by then.
    rest : float
        Level of the resting hand before the squeeze.
    impulse : float
        Integral of force above rest from onset to offset, `unit` times seconds.
    ended_by : EndedBy
        What ended it.
    doubtful : tuple of str
        Reasons not to trust it fully; empty for a clear squeeze.
    peak_sd : float
        Standard uncertainty of `peak`, in `unit`: noise, tremor, rest, and creep as far as it has shown. What
        the sensor itself is wrong by, its calibration, is not in it.
    rise_s, release_s : float or None
        From onset to nine tenths of the height, and from there to the offset; None where that is briefer
        than what the filters and the time between samples blur it by.
    rfd : float or None
        Rate of force development: mean slope between 20 % and 80 % of the climb, `unit` per second.
    no_rfd : str
        Why there is none; empty where there is one.
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
    peak_sd: float = 0.0
    rise_s: float | None = None
    release_s: float | None = None
    rfd: float | None = None
    no_rfd: str = ""


@dataclass(frozen=True, slots=True)
class Provisional:
    """A squeeze on its way. It may yet prove to be none, and is never told twice.

    Attributes
    ----------
    onset_s : float
        When force left rest, as far as is known now.
    height : float
        Highest smoothed force above rest so far, in the tool's unit.
    likely : bool
        Whether it is high enough to count, if it also lasts.
    """

    onset_s: float
    height: float
    likely: bool
