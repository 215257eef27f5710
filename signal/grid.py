"""From samples as they come to evenly spaced means of force: everything after this runs at one pace.

Results depend on the samples alone, never on how they were cut into blocks: a few samples go through plain
Python, which is faster for them, many through NumPy, and both do the same sums in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.samples import FloatArray, SampleBlock

#: Squeezes hold nothing above 15 Hz. Means over whole periods of 50 Hz are free of European mains hum.
GRID_HZ = 50.0
STEP_S = 1 / GRID_HZ

_GAP_SAMPLES = 1.9  #: one lost sample is a gap only at a slow tool
_GAP_STEPS = 4.5  #: without a known rate, so many times the middle one of the last three steps
_MANY = 100  #: samples from which on NumPy is faster


class Moment(NamedTuple):
    """A sample: its time in seconds, its index, and how many samples came before it."""

    t_s: float
    sample: int
    received: int


#: The same as a plain tuple, which is made far faster: one a step.
Row = tuple[float, int, int]
NEVER = Moment(-inf, -1, 0)


@dataclass(slots=True)
class Stretch:
    """What samples without a gap between them complete; the lists have an entry for each step.

    Attributes
    ----------
    fresh : tuple of Moment and float, or None
        The first sample and its value, if a gap is before it.
    means : list of float
        Mean force over the step.
    moments : list of Row
        The sample that completed it, as the fields of a `Moment`.
    clipped : list of bool
        Whether the sensor was at its end.
    quanta : list of float
        Smallest difference so far between a sample and the one before it or, for every other sample, the
        one before that: the sensor's resolution, or more. (In hum of 50 Hz, 100 samples a second go up and
        down, and none is ever near the one before it.)
    last : Moment
        The latest sample, whether or not it completed a step.
    """

    fresh: tuple[Moment, float] | None
    means: list[float] = field(default_factory=list)
    moments: list[Row] = field(default_factory=list)
    clipped: list[bool] = field(default_factory=list)
    quanta: list[float] = field(default_factory=list)
    last: Moment = NEVER


class Grid:
    """Means of force over steps of 1/`GRID_HZ`, of samples spaced in any way.

    Between samples force is taken as a straight line; the mean over a step is the exact integral of it.
    A fast tool is thus averaged down and a slow one drawn out, and a burst weighs no more than its time.

    Parameters
    ----------
    gap_s : float
        Time without samples, seconds, after which a new stretch begins; longer for slow tools.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._last = NEVER
        self._steps_s = (0.0, inf, 0.0)  #: the latest three, so that the first sample begins a stretch
        self._value = self._value_before = 0.0
        self._quantum = inf
        self._begin(-inf)

    def _begin(self, t_s: float) -> None:
        """Count steps from this time."""
        self._start_s = t_s
        self._done = 0
        self._area = self._edge_area = 0.0
        self._clipped = False

    def push(self, block: SampleBlock) -> Iterator[Stretch]:
        """Take the next samples; those that are not finite are none."""
        return self._push_few(block) if len(block) < _MANY else self._push_many(block)

    def _push_few(self, block: SampleBlock) -> Iterator[Stretch]:
        fs_hz = block.fs_hz
        gap_s = rate_gap_s = max(_GAP_SAMPLES / fs_hz, self._gap_s) if fs_hz > 0 else 0.0
        stretch = Stretch(None, [], [], [], [], self._last)
        last_s, last_index, received = self._last
        was, was_before, quantum = self._value, self._value_before, self._quantum
        (oldest_s, older_s, step_s), seen_clipped = self._steps_s, self._clipped
        start_s, done, area, edge_area = self._start_s, self._done, self._area, self._edge_area
        edge_s = start_s + (done + 1) * STEP_S
        rows = zip(block.t_s.tolist(), block.values.tolist(), block.clipped.tolist(), strict=True)
        for index, (t_s, value, clipped) in enumerate(rows, block.first_index):
            if value - value != 0.0:  # NaN or infinite
                continue
            if not rate_gap_s:
                gap_s = max(_GAP_STEPS * _middle(oldest_s, older_s, step_s), self._gap_s)
                oldest_s, older_s = older_s, step_s
            step_s = t_s - last_s
            received += 1
            if 0.0 < step_s <= gap_s:
                change = value - was if index & 1 else value - was_before
                if -quantum < change < quantum and change:
                    quantum = abs(change)
                if clipped:
                    seen_clipped = True
                if t_s >= edge_s:
                    slope, moment = (value - was) / step_s, (t_s, index, received)
                    while t_s >= edge_s:
                        dt_s = edge_s - last_s
                        before, edge_area = edge_area, area + dt_s * (was + 0.5 * slope * dt_s)
                        stretch.means.append((edge_area - before) * GRID_HZ)
                        stretch.moments.append(moment)
                        stretch.clipped.append(seen_clipped)
                        stretch.quanta.append(quantum)
                        seen_clipped = False
                        done += 1
                        edge_s = start_s + (done + 1) * STEP_S
                area += step_s * (value + was) * 0.5
            else:
                if received > 1:
                    stretch.last = Moment(last_s, last_index, received - 1)
                    yield stretch
                moment, was = Moment(t_s, index, received), value
                stretch = Stretch((moment, value), [], [], [], [], moment)
                start_s, done, area, edge_area, seen_clipped = t_s, 0, 0.0, 0.0, clipped
                edge_s = t_s + STEP_S
            last_s, last_index, was_before, was = t_s, index, was, value
        stretch.last = self._last = Moment(last_s, last_index, received)
        self._value, self._value_before, self._quantum = was, was_before, quantum
        self._steps_s, self._clipped = (oldest_s, older_s, step_s), seen_clipped
        self._start_s, self._done, self._area, self._edge_area = start_s, done, area, edge_area
        if received:
            yield stretch

    def _push_many(self, block: SampleBlock) -> Iterator[Stretch]:
        t_s, values, clipped = block.t_s, block.values, block.clipped
        index = np.arange(block.first_index, block.end_index)
        finite = np.isfinite(values)
        if not finite.all():
            t_s, values, clipped, index = t_s[finite], values[finite], clipped[finite], index[finite]
        if not len(values):
            return
        steps_s = t_s - np.concatenate(((self._last.t_s,), t_s[:-1]))
        gap_s: FloatArray | float
        if block.fs_hz > 0:
            gap_s = max(_GAP_SAMPLES / block.fs_hz, self._gap_s)
        else:
            before_s = np.concatenate((self._steps_s, steps_s))
            a, b, c = before_s[:-3], before_s[1:-2], before_s[2:-1]
            middle_s = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
            gap_s = np.maximum(_GAP_STEPS * middle_s, self._gap_s)
            self._steps_s = (float(before_s[-3]), float(before_s[-2]), 0.0)
        self._steps_s = (*self._steps_s[:2], float(steps_s[-1]))
        fresh = np.flatnonzero(~((steps_s > 0) & (steps_s <= gap_s))).tolist()
        edges = sorted({0, *fresh, len(values)})
        for begin, end in pairwise(edges):
            stretch = Stretch(None)
            first = begin
            if begin in fresh:
                moment = Moment(float(t_s[begin]), int(index[begin]), self._last.received + 1)
                stretch.fresh = (moment, float(values[begin]))
                self._begin(moment.t_s)
                self._last, self._clipped = moment, bool(clipped[begin])
                self._value = self._value_before = float(values[begin])
                first += 1
            if first < end:
                piece = slice(first, end)
                self._step(stretch, t_s[piece], values[piece], index[piece], clipped[piece])
            stretch.last = self._last
            yield stretch

    def _step(
        self,
        stretch: Stretch,
        t_s: FloatArray,
        values: FloatArray,
        index: NDArray[np.int64],
        clipped: NDArray[np.bool_],
    ) -> None:
        """Complete the steps of samples without a gap, also to the sample before them."""
        n = len(values)
        t = np.concatenate(((self._last.t_s,), t_s))
        seen = np.concatenate(((self._value_before, self._value), values))
        x = seen[1:]
        area = (t[1:] - t[:-1]) * (x[1:] + x[:-1]) * 0.5
        area = np.concatenate(((self._area,), area)).cumsum()  # in order, as one by one
        # One step more than division says, then those that are there: rounding must never skip one.
        until = int((t[-1] - self._start_s) * GRID_HZ) + 2
        edges = self._start_s + np.arange(self._done + 1, until) * STEP_S
        edges = edges[edges <= t[-1]]
        after = t.searchsorted(edges)
        before = after - 1
        dt = edges - t[before]
        slope = (x[after] - x[before]) / (t[after] - t[before])
        edge_area = np.concatenate(((self._edge_area,), area[before] + dt * (x[before] + 0.5 * slope * dt)))
        stretch.means = ((edge_area[1:] - edge_area[:-1]) * GRID_HZ).tolist()
        received = before + (self._last.received + 1)
        columns = (t_s[before].tolist(), index[before].tolist(), received.tolist())
        stretch.moments = list(zip(*columns, strict=True))
        changes = np.abs(values - np.where(index & 1, x[:-1], seen[:-2]))
        changes[changes == 0] = inf
        changes[0] = min(changes[0], self._quantum)
        smallest = np.minimum.accumulate(changes)
        stretch.quanta = smallest[before].tolist()
        stretch.clipped = self._clipped_steps(clipped, before)
        self._last = Moment(float(t[-1]), int(index[-1]), self._last.received + n)
        self._value_before, self._value = float(x[-2]), float(x[-1])
        self._area, self._edge_area = float(area[-1]), float(edge_area[-1])
        self._quantum = float(smallest[-1])
        self._done += edges.size

    def _clipped_steps(self, clipped: NDArray[np.bool_], closed_by: NDArray[np.intp]) -> list[bool]:
        """Whether any sample since the step before was clipped."""
        if not (self._clipped or clipped.any()):
            return [False] * len(closed_by)
        seen = np.concatenate(((int(self._clipped),), clipped)).cumsum()
        at = np.concatenate(((0,), seen[closed_by + 1]))
        self._clipped = bool(seen[-1] > at[-1])
        flags: list[bool] = (at[1:] > at[:-1]).tolist()
        return flags


def _middle(a: float, b: float, c: float) -> float:
    return max(min(a, b), min(max(a, b), c))
