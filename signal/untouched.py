"""Seconds in which nobody touches the tool, found in a stream as it comes: its zero, without being asked.

A hand always moves. What an untouched tool shows is its own noise, so over a second it strays no further
than from one sample to the next: the ratio that von Neumann (1941) compares. DERIVED: white noise exceeds 1.7
in 7 seconds of a thousand at 10 samples a second and in 0.4 at 20. Tremor of 8 Hz gives 2.3 at 80 samples a
second; on slower tools only the slower wandering of a hand tells.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.samples import FloatArray

SECOND_S = 1.0
GAP_PERIODS = 3.0
LEAST_SAMPLES = 8  #: fewer show no noise
DRIFT_PERCENT = 2.0  #: of the child's maximum: zero has moved too far
_RATIO = 1.7


@dataclass(frozen=True, slots=True)
class QuietSecond:
    """A second in which nobody touched the tool.

    Attributes
    ----------
    begin_s, end_s : float
        Times of its first and last sample.
    level, noise : float
        Median and SD, in the samples' unit.
    """

    begin_s: float
    end_s: float
    level: float
    noise: float


@dataclass(slots=True)
class Untouched:
    """Finds quiet seconds, however the stream is cut. Memory: one second of samples and a block.

    Examples
    --------
    >>> zero = Untouched()
    >>> [round(quiet.level, 1) for quiet in zero.update(np.arange(201) / 100, np.full(201, 0.3))]
    [0.3, 0.3]
    """

    _t_s: list[FloatArray] = field(default_factory=list)
    _values: list[FloatArray] = field(default_factory=list)

    def update(
        self, t_s: FloatArray, values: FloatArray, clipped: NDArray[np.bool_] | None = None
    ) -> list[QuietSecond]:
        """Take samples; return the quiet seconds that they complete.

        Parameters
        ----------
        t_s, values : ndarray, shape (n,)
            Increasing times, and samples; NaN where there was no reading.
        clipped : ndarray of bool, shape (n,), optional
            Where the sensor was at the end of its range, which is never quiet.
        """
        if not t_s.size:
            return []
        self._t_s.append(np.array(t_s))
        self._values.append(np.array(values) if clipped is None else np.where(clipped, np.nan, values))
        if t_s[-1] - self._t_s[0][0] < SECOND_S:
            return []
        t_s, values = np.concatenate(self._t_s), np.concatenate(self._values)
        cuts = [0]
        while t_s[-1] - t_s[cuts[-1]] >= SECOND_S:
            cuts.append(int(np.searchsorted(t_s, t_s[cuts[-1]] + SECOND_S)))
        self._t_s, self._values = [t_s[cuts[-1] :]], [values[cuts[-1] :]]
        seconds = (_quiet(t_s[begin:end], values[begin:end]) for begin, end in pairwise(cuts))
        return [second for second in seconds if second]


def _quiet(t_s: FloatArray, values: FloatArray) -> QuietSecond | None:
    if t_s.size < LEAST_SAMPLES or not np.isfinite(values).all():
        return None
    periods = np.diff(t_s)
    # a gap at its end too: the second would be a part of one
    if max(periods.max(), SECOND_S - (t_s[-1] - t_s[0])) > GAP_PERIODS * np.median(periods):
        return None
    steps = np.abs(np.diff(values))
    noise = float(values.std(ddof=1))
    least = steps[steps > 0].min(initial=np.inf)  # the sensor's resolution, if nothing else moves
    still = bool(np.ptp(values) <= 1.5 * least)
    if not still and noise > _RATIO * float(np.sqrt((steps**2).mean() / 2)):
        return None
    return QuietSecond(float(t_s[0]), float(t_s[-1]), float(np.median(values)), noise)
