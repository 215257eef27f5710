"""Putty goes on yielding under a steady force: what of a reading is creep, and force without it.

The reading is taken for ``y = F + Σ sᵢ · lowpass(F, τᵢ)`` with two terms, a Prony series: at once it shows
the force, and then grows by the share ``sᵢ`` with the time constant ``τᵢ``. This is inverted, sample by
sample. Shares and times belong to one tool; they are fitted to a recording of a weight that lies on it. A
tool without such a model is left as it is: on a ball, which hardly creeps, a model of putty corrects what is
not there.
"""

from collections.abc import Sequence
from math import exp, inf
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from .errors import InvalidInput
from .samples import FloatArray

FAST_S: Final = (0.2, 2.0)
SLOW_S: Final = (2.5, 30.0)
_GRID: Final = 16

#: The slow term shows once a load has lain for some of its time; with less, any slow term fits.
LEAST_HOLD_S: Final = 20.0
#: After this from its onset a load that was put down by hand lies still.
SETTLED_S: Final = 0.4
#: Less is no creep: warming and a hand that presses the weight look the same.
LEAST_SHARE: Final = 0.02
#: SD of what the model leaves of a hold, as a share of the load. A load that was touched leaves more.
MOST_LEFT: Final = 0.01

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=60)]


class Creep(BaseModel):
    """How one tool creeps: two terms, a fast and a slow one.

    Attributes
    ----------
    shares : tuple of float
        By how much a reading grows, of the force, with each time constant.
    taus_s : tuple of float
        The time constants, seconds.
    left : float
        SD of what the model left of the recording that it was fitted to, as a share of the load.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    shares: tuple[Share, Share]
    taus_s: tuple[Seconds, Seconds]
    left: float = Field(0.0, ge=0)


class CreepInverter:
    """Takes creep off a stream of readings; the same to the bit however it is cut.

    Where samples are missing, force is taken to have been what it is after them.

    Examples
    --------
    >>> steady = CreepInverter(Creep(shares=(0.05, 0.05), taus_s=(0.5, 5.0)))
    >>> steady.update(np.array([0.0, 0.01]), np.array([0.0, 11.0])).round(2).tolist()
    [0.0, 10.99]
    """

    def __init__(self, creep: Creep) -> None:
        self._creep = creep
        self._crept = [0.0, 0.0]
        self._last_s = -inf

    def update(self, t_s: FloatArray, readings: FloatArray) -> FloatArray:
        """Readings without creep.

        Parameters
        ----------
        t_s : ndarray, shape (n,)
            Increasing times, also from one call to the next.
        readings : ndarray, shape (n,)
            Proportional to force, but for creep. NaN stays NaN, and is passed over.
        """
        (share, other_share), (tau_s, other_tau_s) = self._creep.shares, self._creep.taus_s
        crept, other_crept = self._crept
        last_s = self._last_s
        out = np.empty(readings.size)
        for i, (now_s, reading) in enumerate(zip(t_s.tolist(), readings.tolist(), strict=True)):
            if not -inf < reading < inf:
                out[i] = reading
                continue
            if last_s == -inf:  # it has lain as it lies now for long
                crept = other_crept = reading / (1 + share + other_share)
            keep, other_keep = exp((last_s - now_s) / tau_s), exp((last_s - now_s) / other_tau_s)
            force = reading - share * keep * crept - other_share * other_keep * other_crept
            force /= 1 + share * (1 - keep) + other_share * (1 - other_keep)
            crept = keep * crept + (1 - keep) * force
            other_crept = other_keep * other_crept + (1 - other_keep) * force
            last_s = now_s
            out[i] = force
        self._crept, self._last_s = [crept, other_crept], last_s
        return out


def fit_creep(t_s: Sequence[float] | FloatArray, readings: Sequence[float] | FloatArray) -> Creep:
    """Fit a tool's creep to a recording of one weight that is put on it and lies there.

    Parameters
    ----------
    t_s, readings : array_like, shape (n,)
        From before the weight came until it was taken off, or later; readings proportional to force, whatever
        the untouched tool shows.

    Raises
    ------
    InvalidInput
        If there is no load of 20 s or more in it, if it did not lie still, or if the tool does not creep.
    """
    x, y = np.asarray(t_s, dtype=np.float64), np.asarray(readings, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size < 20 or not (np.diff(x) > 0).all():
        raise InvalidInput("hold", "must be readings with increasing times")
    since_s, held = _hold(x[np.isfinite(y)], y[np.isfinite(y)])
    from scipy.optimize import nnls  # noqa: PLC0415 - half a second to import, and only for this

    best: tuple[float, Creep] | None = None
    for tau_s in np.geomspace(*FAST_S, _GRID):
        for other_s in np.geomspace(*SLOW_S, _GRID):
            grown = np.column_stack(
                [np.ones(since_s.size), 1 - np.exp(-since_s / tau_s), 1 - np.exp(-since_s / other_s)]
            )
            (load, fast, slow), left = nnls(grown, held)
            if load > 0 and fast <= load and slow <= load and (best is None or left < best[0]):
                sd = float(left / np.sqrt(held.size) / load)
                shares, taus_s = (fast / load, slow / load), (float(tau_s), float(other_s))
                best = float(left), Creep(shares=shares, taus_s=taus_s, left=sd)
    if best is None or sum(best[1].shares) < LEAST_SHARE:
        raise InvalidInput("hold", "shows no creep; this tool needs no correction")
    creep = best[1]
    if creep.left > MOST_LEFT:
        raise InvalidInput(
            "hold", f"did not lie still ({100 * creep.left:.1f} % are left); put the weight on and let go"
        )
    return creep


def _hold(t_s: FloatArray, readings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Times since the load came, and readings under it, from where it lies still to where it is taken off."""
    rest = float(np.median(readings[: max(readings.size // 50, 3)]))
    level = readings - rest
    loaded = level > 0.5 * np.percentile(level, 90)
    begin = int(loaded.argmax())
    gone = np.flatnonzero(~loaded[begin:])
    end = begin + int(gone[0]) if gone.size else level.size
    lasted_s = float(t_s[end - 1] - t_s[begin])
    if begin == 0 or lasted_s < LEAST_HOLD_S:
        raise InvalidInput(
            "hold",
            f"must begin without the load and then have it for {LEAST_HOLD_S:.0f} s, not {lasted_s:.0f} s",
        )
    since_s = t_s - t_s[begin]
    # what is taken off does not come off at once
    still = (since_s >= SETTLED_S) & (since_s <= lasted_s - SETTLED_S)
    return since_s[still], level[still]
