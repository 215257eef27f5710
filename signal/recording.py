"""A piece of force over time that measures are taken from, and its zero-phase smoothing."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from math import inf, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import FloatArray, Unit
from .quantity import LARGEST

GAP_PERIODS = 3.0  #: samples further apart are not joined
_UNEVEN = 0.1  #: steps that are usually so far from whole periods are of a tool that samples unevenly

#: Noise bandwidth of the filter run both ways, as a share of its cut-off:
#: ∫ (9 / (x⁴ + 3x² + 9))² dx / 1.362, where 1.362 is its own cut-off.
_BANDWIDTH = 0.77
#: A cut-off needs so many samples in its period to mean something.
_SAMPLES_A_PERIOD = 3.9  #: four, but for a clock that is a little off


class Timing(StrEnum):
    """Where sample times come from; the words are those of ``firmware_bridge.tool.Stamps``."""

    TOOL = "tool"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Force over time. What is given is copied; samples without a finite value are left out, as a gap.

    Parameters
    ----------
    t_s : array_like, shape (n,)
        Time of each sample, seconds, increasing.
    force : array_like, shape (n,)
        Above the level of the untouched tool, in `unit`; NaN or infinite where there is no reading.
    unit : Unit
    timing : Timing
        Where the times come from.
    clipped : array_like of bool, shape (n,), optional
        Where the sensor was at the end of its range.
    noise : float, optional
        SD of samples of the untouched tool, in `unit`, from the tare before; None where there was none.

    Raises
    ------
    InvalidInput
        Wrong shapes, times that do not increase, an unknown unit, an impossible noise.
    """

    t_s: FloatArray
    force: FloatArray
    unit: Unit = Unit.UNKNOWN
    timing: Timing = Timing.TOOL
    clipped: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    noise: float | None = None

    def __post_init__(self) -> None:
        try:
            t_s = np.array(self.t_s, dtype=np.float64)
            force = np.array(self.force, dtype=np.float64)
            clipped = np.array(self.clipped, dtype=bool)
        except (TypeError, ValueError):
            raise InvalidInput("force", "and times must be numbers") from None
        try:
            object.__setattr__(self, "unit", Unit(self.unit))
        except ValueError:
            raise InvalidInput("unit", f"must be one of {', '.join(Unit)}, not {self.unit!r}") from None
        if not clipped.size:
            clipped = np.zeros(force.shape, bool)
        if force.ndim != 1 or not (t_s.shape == force.shape == clipped.shape):
            raise InvalidInput("force", "must be one-dimensional, with one time and one mark for each sample")
        if not (np.isfinite(t_s).all() and (np.diff(t_s) > 0).all()):
            raise InvalidInput("t_s", "must be finite and increase from sample to sample")
        if self.noise is not None and not 0 <= self.noise < inf:
            raise InvalidInput("noise", f"must be 0 or above and finite, not {self.noise}")
        read = np.abs(force) < LARGEST  # more is no reading, nor is NaN
        for name, array in (("t_s", t_s[read]), ("force", force[read]), ("clipped", clipped[read])):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return int(self.force.size)

    @property
    def period_s(self) -> float:
        """Usual time between samples; infinite with fewer than two."""
        return float(np.median(np.diff(self.t_s))) if len(self) > 1 else inf

    @property
    def rate_hz(self) -> float:
        """Usual samples per second."""
        return 1 / self.period_s

    @property
    def _pace_s(self) -> float:
        """Time that a sample stands for: the usual one, or the mean where the tool's own clock is uneven."""
        periods = np.diff(self.t_s) / self.period_s
        off = np.abs(periods - np.maximum(np.rint(periods), 1))  # lost samples leave whole periods
        if np.median(off) <= _UNEVEN:
            return self.period_s
        return float(periods[periods <= GAP_PERIODS].mean()) * self.period_s

    def lost_percent(self, begin_s: float = -inf, end_s: float = inf) -> float:
        """Share of samples that are missing between two times, by the usual period.

        It is 0 with fewer than two samples, and where times are of arrival: uneven arrival is no loss. Of a
        tool that samples unevenly only gaps show.
        """
        if len(self) < 2 or self.timing is Timing.ARRIVAL:
            return 0.0
        lasted_s = min(end_s, self.t_s[-1]) - max(begin_s, self.t_s[0])
        expected = max(round(float(lasted_s) / self._pace_s), 1)
        # of n periods at least n - 1 samples are seen, wherever the two times fall
        return float(100 * max(1 - (len(self.between(begin_s, end_s)) + 1) / (expected + 1), 0.0))

    def longest_gap_s(self, begin_s: float = -inf, end_s: float = inf) -> float:
        """Longest time without a sample that touches the time between two; 0 with fewer than two samples."""
        begin = max(int(np.searchsorted(self.t_s, begin_s, side="right")) - 1, 0)
        end = int(np.searchsorted(self.t_s, end_s)) + 1
        return float(np.diff(self.t_s[begin:end]).max(initial=0.0))

    def has_gap(self, begin_s: float = -inf, end_s: float = inf) -> bool:
        """Whether it has one of more than `GAP_PERIODS` there."""
        return self.longest_gap_s(begin_s, end_s) > GAP_PERIODS * self.period_s

    def between(self, begin_s: float, end_s: float) -> Self:
        """Samples from `begin_s` up to `end_s`, both included."""
        part = slice(*np.searchsorted(self.t_s, (begin_s, np.nextafter(end_s, inf))))
        return replace(self, t_s=self.t_s[part], force=self.force[part], clipped=self.clipped[part])

    def smoothed(self, cutoff_hz: float) -> Self:
        """Low-pass without delay: Bessel filter of order 2 run both ways, never across a gap.

        A Butterworth filter, more usual, overshoots: it reads a quick rise to a hold up to 3 % too high. This
        one stays within 0.3 %.

        Samples keep their times. A recording with fewer than four samples in a period of the cut-off is too
        slow to be smoothed and comes back as it is. Smoothing lowers a brief peak and spreads a rise; the
        cut-off is therefore part of every result.
        """
        if not self.smooths(cutoff_hz):
            return self
        from scipy.signal import bessel, sosfiltfilt  # noqa: PLC0415 - a second to import, and only for this

        period_s = self.period_s
        sos = bessel(2, cutoff_hz, fs=1 / period_s, output="sos", norm="mag")
        pad = int(np.ceil(3 / cutoff_hz / period_s))  # three periods, so that an edge rings outside
        force = np.empty_like(self.force)
        breaks = np.flatnonzero(np.diff(self.t_s) > GAP_PERIODS * period_s) + 1
        for begin, end in pairwise((0, *breaks.tolist(), len(self))):
            t_s = self.t_s[begin:end]
            n = max(round(float(t_s[-1] - t_s[0]) / period_s), 1) + 1
            grid = np.linspace(t_s[0], t_s[-1], n)
            even = np.interp(grid, t_s, self.force[begin:end])
            force[begin:end] = np.interp(t_s, grid, sosfiltfilt(sos, even, padlen=min(pad, n - 1)))
        noise = self.noise
        if noise is not None:
            noise *= min(sqrt(_BANDWIDTH * cutoff_hz * 2 * period_s), 1.0)
        return replace(self, force=force, noise=noise)

    def smooths(self, cutoff_hz: float) -> bool:
        """Whether it is sampled fast enough for this cut-off."""
        return len(self) > 1 and self.rate_hz >= _SAMPLES_A_PERIOD * cutoff_hz
