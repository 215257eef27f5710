"""From samples as they come to evenly spaced, smoothed force: the detector's front end.

Everything after this module runs at one rate, whatever the tool's, so filters are designed once and
durations are whole numbers of steps. Each result depends on the samples alone, never on how they were cut
into blocks: sums run strictly in order, and the recursion is written out. (``scipy.signal`` would do the
same filter; importing it takes longer than all else together.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.samples import FloatArray

GRID_HZ = 100.0  #: squeezes hold nothing above 15 Hz, so five steps of each remain below half the rate
STEP_S = 1 / GRID_HZ
MEDIAN_STEPS = 5  #: a knock of up to two steps (20 ms) leaves no trace
DETECT_HZ = 5.8  #: mains hum falls to 1 %; a 3 Hz series keeps its dips
PEAK_HZ = 13.0  #: costs a brief squeeze a few per cent of its peak, where 5.8 Hz costs a third


def lowpass_delay_s(cutoff_hz: float) -> float:
    """Delay of slow signals by a second-order Butterworth low-pass: √2 / (2π·cutoff)."""
    return sqrt(2) / (2 * pi * cutoff_hz)


#: Half a step of averaging, half a median window, and the low-pass: 6 steps.
DELAY_STEPS = round(0.5 + (MEDIAN_STEPS - 1) / 2 + lowpass_delay_s(DETECT_HZ) * GRID_HZ)
#: The lighter filter is this much earlier: 2 steps.
LEAD_STEPS = round((lowpass_delay_s(DETECT_HZ) - lowpass_delay_s(PEAK_HZ)) * GRID_HZ)


#: A sample's time in seconds, its index, and how many samples before it are missing since the last gap.
Moment = tuple[float, int, int]


class LowPass:
    """Causal second-order Butterworth low-pass at `GRID_HZ`, settled on `start`.

    The bilinear design of any textbook, in transposed direct form II; the same numbers as
    ``scipy.signal.butter(2, cutoff_hz, fs=GRID_HZ)``.
    """

    def __init__(self, cutoff_hz: float, start: float) -> None:
        k = tan(pi * cutoff_hz / GRID_HZ)
        norm = 1 / (1 + sqrt(2) * k + k * k)
        self._b0 = k * k * norm
        self._a1 = 2 * (k * k - 1) * norm
        self._a2 = (1 - sqrt(2) * k + k * k) * norm
        self._s1 = start * (1 - self._b0)
        self._s2 = start * (self._b0 - self._a2)

    def __call__(self, values: Sequence[float]) -> list[float]:
        """Filter the next values."""
        b0, a1, a2, s1, s2 = self._b0, self._a1, self._a2, self._s1, self._s2
        out: list[float] = []
        append = out.append
        for value in values:
            w = b0 * value
            y = w + s1
            s1 = w + w - a1 * y + s2
            s2 = w - a2 * y
            append(y)
        self._s1, self._s2 = s1, s2
        return out


class Grid:
    """Means of force over steps of 1/`GRID_HZ`, of samples spaced in any way.

    Between samples force is taken as a straight line; the mean over a step is the exact integral of it.
    A fast tool is thus averaged down and a slow one drawn out, and a burst weighs no more than its time.

    Parameters
    ----------
    t_s, value : float
        The first sample. Steps count from it.
    """

    def __init__(self, t_s: float, value: float) -> None:
        self._start_s = self._t_s = self._edge_s = t_s
        self._value = value
        self._area = self._edge_area = 0.0
        self._done = 0

    def push(self, t_s: FloatArray, values: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
        """Take the next samples, in order of strictly increasing time.

        Returns
        -------
        means : ndarray of float64, shape (k,)
            One for each step that the samples complete.
        closed_by : ndarray of int, shape (k,)
            Position in `t_s` of the sample that completed it.
        """
        t = np.concatenate(((self._t_s,), t_s))
        x = np.concatenate(((self._value,), values))
        area = (t[1:] - t[:-1]) * (x[1:] + x[:-1]) * 0.5
        area = np.concatenate(((self._area,), area)).cumsum()  # in order, so that cuts do not matter
        # One step more than division says, then those that are there: rounding must never skip one.
        until = int((t[-1] - self._start_s) * GRID_HZ) + 2
        edges = self._start_s + np.arange(self._done + 1, until) * STEP_S
        edges = edges[edges <= t[-1]]
        self._t_s, self._value, self._area = float(t[-1]), float(x[-1]), float(area[-1])
        after = t.searchsorted(edges)
        before = after - 1
        dt = edges - t[before]
        slope = (x[after] - x[before]) / (t[after] - t[before])
        edge_area = np.concatenate(((self._edge_area,), area[before] + dt * (x[before] + 0.5 * slope * dt)))
        means = (edge_area[1:] - edge_area[:-1]) * GRID_HZ
        self._edge_area = float(edge_area[-1])
        self._done += edges.size
        return means, before


@dataclass(slots=True)
class Steps:
    """What the front end makes of some samples: lists with an entry for each step.

    Those that tell about earlier samples run on a little further, into the next `Steps`.

    Attributes
    ----------
    force : list of float
        Smoothed for detection.
    peak_force : list of float
        Smoothed lightly, for the height of a peak; of the same moment as `force`.
    raw : list of float
        Means over the steps, `DELAY_STEPS` later than `force`.
    moments : list of Moment
        The sample that `force` tells about.
    now_s : list of float
        Time of the newest sample that went into it.
    clipped : list of bool
        Whether the sensor was at its end.
    quantum : list of float
        Smallest difference seen between neighbouring samples: the sensor's resolution, or less.
    """

    force: list[float]
    peak_force: list[float]
    raw: list[float]
    moments: list[Moment]
    now_s: list[float]
    clipped: list[bool]
    quantum: list[float]


class FrontEnd:
    """Samples of one stretch without gaps in, steps out.

    Parameters
    ----------
    t_s, value, index, clipped
        The first sample.

    Attributes
    ----------
    missing : int
        Samples missing so far, by their index.
    """

    def __init__(self, t_s: float, value: float, index: int, clipped: bool) -> None:
        self._grid = Grid(t_s, value)
        self._smooth = LowPass(DETECT_HZ, value)
        self._light = LowPass(PEAK_HZ, value)
        self._median_tail = np.full(MEDIAN_STEPS - 1, value)
        self._light_tail = [value] * LEAD_STEPS
        self._moment_tail = [(t_s, index, 0)] * DELAY_STEPS
        self._clipped_tail = [False] * DELAY_STEPS
        self.missing = 0
        self._clipped = clipped
        self._unbroken = index + 1
        self._value = value
        self._quantum = inf

    def push(
        self, t_s: FloatArray, values: FloatArray, index: NDArray[np.int64], clipped: NDArray[np.bool_]
    ) -> Steps:
        """Take the next samples, all finite, in order of strictly increasing time; shapes (n,)."""
        means, closed_by = self._grid.push(t_s, values)
        missing = index - np.arange(self._unbroken, self._unbroken + len(index))
        self._unbroken += len(index)
        self.missing = int(missing[-1])
        flags = self._clipped_steps(clipped, closed_by)
        quantum = self._quanta(values)

        padded = np.concatenate((self._median_tail, means))
        self._median_tail = padded[len(means) :]
        rows = np.array([padded[i : i + len(means)] for i in range(MEDIAN_STEPS)])
        rows.sort(axis=0)
        median = rows[MEDIAN_STEPS // 2].tolist()
        at_s = t_s[closed_by].tolist()
        moments = list(zip(at_s, index[closed_by].tolist(), missing[closed_by].tolist(), strict=True))
        steps = Steps(
            force=self._smooth(median),
            peak_force=self._light_tail + self._light(median),
            raw=means.tolist(),
            moments=self._moment_tail + moments,
            now_s=at_s,
            clipped=self._clipped_tail + flags,
            quantum=quantum[closed_by].tolist(),
        )
        n = len(means)
        self._light_tail = steps.peak_force[n:]
        self._moment_tail = steps.moments[n:]
        self._clipped_tail = steps.clipped[n:]
        return steps

    def _clipped_steps(self, clipped: NDArray[np.bool_], closed_by: NDArray[np.intp]) -> list[bool]:
        """Whether any sample since the step before was clipped."""
        if not (self._clipped or clipped.any()):
            return [False] * len(closed_by)
        seen = np.concatenate(((int(self._clipped),), clipped)).cumsum()
        at = np.concatenate(((0,), seen[closed_by + 1]))
        self._clipped = bool(seen[-1] > at[-1])
        flags: list[bool] = (at[1:] > at[:-1]).tolist()
        return flags

    def _quanta(self, values: FloatArray) -> FloatArray:
        """Smallest difference between neighbours up to each sample."""
        jumps = np.abs(values - np.concatenate(((self._value,), values[:-1])))
        jumps[jumps == 0] = inf
        jumps[0] = min(jumps[0], self._quantum)
        smallest: FloatArray = np.minimum.accumulate(jumps)
        self._value, self._quantum = float(values[-1]), float(smallest[-1])
        return smallest
