"""What a simulated tool plays: samples of one session, with the squeezes that are truly in it."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.packets import RAW_CLIPPED, RAW_MISSING
from ..firmware_bridge.profile import TICK_S, WireUnit
from ..firmware_bridge.samples import FloatArray

#: Less than this is not worth taking up again.
LEAST_S = 2.0


@dataclass(frozen=True, slots=True)
class TrueSqueeze:
    """A squeeze as it truly was, whatever the sensor made of it.

    Attributes
    ----------
    onset_s, peak_s, offset_s : float
        Times from the play's first sample.
    peak : float
        Force or pressure above rest, in the play's unit.
    """

    onset_s: float
    peak_s: float
    offset_s: float
    peak: float

    def __post_init__(self) -> None:
        if not 0 <= self.onset_s < self.peak_s < self.offset_s:
            raise ValueError("a squeeze needs 0 <= onset_s < peak_s < offset_s")
        if not self.peak > 0:
            raise ValueError(f"a squeeze rises above rest, not by {self.peak}")


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """One session with one tool.

    Attributes
    ----------
    t_s : ndarray of float64, shape (n,)
        Time of each sample, from 0.
    values : ndarray of float64, shape (n,)
        Samples in `unit`. NaN is sent as missing, and what reaches 32767 · 10**exponent as clipped.
    unit : WireUnit
        Unit of `values`.
    exponent : int
        The tool sends multiples of 10**exponent.
    rate_hz : float
        Sample rate; 0 where the samples are unevenly spaced.
    truth : tuple of TrueSqueeze
        What is truly in it, in order and without overlap; empty where nobody knows.
    label : str
        What to call it in a table; never a child's name.
    """

    t_s: FloatArray
    values: FloatArray
    unit: WireUnit
    exponent: int
    rate_hz: float
    truth: tuple[TrueSqueeze, ...]
    label: str

    def __post_init__(self) -> None:
        if self.t_s.ndim != 1 or self.t_s.shape != self.values.shape or not self.t_s.size:
            raise ValueError("t_s and values must be one-dimensional, of one length and not empty")
        if self.t_s[0] != 0 or not np.all(np.diff(self.t_s) > 0):
            raise ValueError("t_s must start at 0 and increase")
        if np.isinf(self.values).any():
            raise ValueError("values must be finite or NaN")
        if not -8 <= self.exponent <= 7:
            raise ValueError(f"exponent {self.exponent} is outside -8 … 7")
        if not 0 <= self.rate_hz < np.inf:
            raise ValueError(f"rate_hz must be 0 or above, not {self.rate_hz}")
        if any(a.offset_s > b.onset_s for a, b in pairwise(self.truth)):
            raise ValueError("true squeezes must be in order and must not overlap")
        if self.truth and self.truth[-1].offset_s > self.t_s[-1]:
            raise ValueError("a true squeeze ends after the play")
        for array in (self.t_s, self.values):
            array.setflags(write=False)

    @property
    def duration_s(self) -> float:
        """Time from the first sample to the last."""
        return float(self.t_s[-1])

    def rest(self, from_s: float) -> "Play | None":
        """What remains of it after so many seconds; None where that is hardly anything."""
        if self.duration_s - from_s < LEAST_S:
            return None
        start = int(np.searchsorted(self.t_s, from_s))
        begins_s = float(self.t_s[start])
        later = (
            TrueSqueeze(s.onset_s - begins_s, s.peak_s - begins_s, s.offset_s - begins_s, s.peak)
            for s in self.truth
            if s.onset_s >= begins_s
        )
        return replace(self, t_s=self.t_s[start:] - begins_s, values=self.values[start:], truth=tuple(later))

    def raw(self) -> NDArray[np.int64]:
        """Samples as a tool sends them: 16-bit multiples of ``10**exponent``, missing and clipped marked."""
        raw = np.clip(np.rint(self.values / 10.0**self.exponent), RAW_MISSING + 1, RAW_CLIPPED)
        return np.where(np.isnan(raw), RAW_MISSING, raw).astype(np.int64)

    def ticks(self) -> NDArray[np.int64]:
        """Tool ticks of the samples, from 0; two samples within one tick become two ticks."""
        order = np.arange(self.t_s.size)
        ticks = np.rint(self.t_s / TICK_S).astype(np.int64)
        return np.maximum.accumulate(ticks - order) + order
