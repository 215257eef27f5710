"""Squeezes in a finished recording, given as plain numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import FloatArray, SampleBlock, Unit
from .counted import Squeeze
from .second_look import look_twice
from .settings import DEFAULTS, SqueezeSettings


def detect_squeezes(
    force: ArrayLike | Sequence[float],
    fs: float | None = None,
    *,
    t: ArrayLike | Sequence[float] | None = None,
    unit: Unit | str = Unit.UNKNOWN,
    settings: SqueezeSettings = DEFAULTS,
    usual_peak: float | None = None,
) -> list[Squeeze]:
    """Find the squeezes in a recording, looking at it twice.

    The first look is that of the live `SqueezeDetector`. The second knows from the first what the child
    usually does, which settles what was in doubt at the beginning.

    Parameters
    ----------
    force : array_like, shape (n,)
        Samples in `unit`; NaN where there is none.
    fs : float, optional
        Samples per second of an evenly sampled recording. Give this or `t`.
    t : array_like, shape (n,), optional
        Time of each sample in seconds, increasing; its jumps are gaps.
    unit : Unit or str
        ``"N"``, ``"kPa"``, ``"count"`` or ``"unknown"``. Nothing depends on it; squeezes carry it.
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        The child's usual peak above rest, in `unit`.

    Raises
    ------
    InvalidInput
        A `ValueError`: wrong shapes, times that do not increase, a rate not above 0, an unknown unit.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(0, 10, 0.01)
    >>> pressure_kpa = 3 + np.maximum(0, 12 * np.sin(2 * np.pi * t / 2.5))
    >>> [round(s.peak_s, 1) for s in detect_squeezes(pressure_kpa, t=t, unit="kPa")]
    [0.6, 3.1, 5.6, 8.1]
    """
    if (fs is None) == (t is None):
        raise InvalidInput("fs", "and t exclude each other: give one of them")
    values = _column("force", force)
    if t is None:
        assert fs is not None
        if not (np.isfinite(fs) and fs > 0):
            raise InvalidInput("fs", f"must be above 0 Hz and finite, not {fs}")
        t_s = np.arange(values.size) / fs
    else:
        t_s = _column("t", t)
        if t_s.shape != values.shape:
            raise InvalidInput("t", f"must have one time for each of {values.size} samples, not {t_s.size}")
        if not (np.isfinite(t_s).all() and (np.diff(t_s) > 0).all()):
            raise InvalidInput("t", "must be finite and increase from sample to sample")
    try:
        known = Unit(unit)
    except ValueError:
        raise InvalidInput("unit", f"must be one of {', '.join(Unit)}, not {unit!r}") from None
    block = SampleBlock(
        tool_id="recording",
        first_index=0,
        t_s=t_s,
        values=values,
        unit=known,
        fs_hz=fs or 0.0,
        lost=0,
        clipped=np.zeros(values.size, dtype=bool),
    )
    return look_twice([block], settings=settings, usual_peak=usual_peak)


def _column(name: str, given: ArrayLike | Sequence[float]) -> FloatArray:
    """Copy of what was given, as one row of floats: a `SampleBlock` freezes its arrays."""
    try:
        column = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(name, "must be numbers") from None
    if column.ndim != 1:
        raise InvalidInput(name, f"must be one-dimensional, not of shape {column.shape}")
    return column
