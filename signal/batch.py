"""Squeezes in a finished recording: the streaming detector run to its end."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import FloatArray, SampleBlock, Unit
from .counted import EndedBy, Squeeze
from .counter import FIRM, Counter, Known
from .filters import DELAY_STEPS, Smoother
from .grid import GRID_HZ, Grid, Stretch
from .settings import DEFAULTS, SqueezeSettings

_EARLY_STEPS = round(3.0 * GRID_HZ)
_LOOK_AGAIN = 16  #: squeezes: one more than the latest ones that make up what is usual


def detect_squeezes(
    force: ArrayLike | Sequence[float],
    fs: float | None = None,
    *,
    t: ArrayLike | Sequence[float] | None = None,
    unit: Unit | str = Unit.UNKNOWN,
    settings: SqueezeSettings = DEFAULTS,
    usual_peak: float | None = None,
) -> list[Squeeze]:
    """Find the squeezes in a recording, exactly as the live detector would.

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
    smoothed = [(stretch, _smoothed(stretch)) for stretch in Grid(settings.gap_s).push(block)]
    counter = Counter(settings, usual_peak)
    first = _count(counter, smoothed, known)
    if not any(forces for _, forces in smoothed):
        return first
    learned = Known(
        peaks=tuple(s.peak for s in first) or ((usual_peak,) if usual_peak else ()),
        durations_s=tuple(s.impulse / s.peak for s in first),
        firm=len(first) >= FIRM or usual_peak is not None,
        noise=counter.noise,
        level=_level(smoothed),
    )
    again = Counter(settings, known=learned)
    if len(first) <= _LOOK_AGAIN:
        return _count(again, smoothed, known)
    # By then the first look knew the child as well as the second: what follows stays as it is.
    joint = first[_LOOK_AGAIN]
    second = _count(again, list(_until(joint.peak_s, smoothed)), known)
    found = [s for s in second if s.offset_s <= joint.onset_s] + first[_LOOK_AGAIN:]
    return [replace(s, number=number) for number, s in enumerate(found, start=1)]


Smoothed = tuple[Stretch, list[float]]


def _smoothed(stretch: Stretch) -> list[float]:
    return Smoother(stretch.fresh[1])(stretch.means) if stretch.fresh else []


def _count(counter: Counter, smoothed: Sequence[Smoothed], unit: Unit) -> list[Squeeze]:
    out: list[Squeeze] = []
    for stretch, forces in smoothed:
        assert stretch.fresh is not None  # one block: each stretch begins after a gap
        counter.restart(*stretch.fresh, unit, out)
        counter.take(stretch, forces, unit, out)
    counter.end(EndedBy.STREAM_END, unit, out)
    return out


def _until(t_s: float, smoothed: Sequence[Smoothed]) -> Iterator[Smoothed]:
    """What was known `DELAY_STEPS` after a time, so that force of that time is the last."""
    for stretch, forces in smoothed:
        n = bisect(stretch.moments, t_s, key=lambda moment: moment.t_s) + DELAY_STEPS
        columns = (stretch.means[:n], stretch.moments[:n], stretch.clipped[:n], stretch.quanta[:n])
        last = stretch.moments[:n][-1] if stretch.moments else stretch.last
        yield Stretch(stretch.fresh, *columns, last=last), forces[:n]
        if n < len(forces):
            return


def _level(smoothed: Sequence[Smoothed]) -> float:
    """Level of the resting hand where a recording begins, though it may begin in a squeeze."""
    early = [force for _, forces in smoothed for force in forces][:_EARLY_STEPS]
    return sorted(early)[len(early) // 10]


def _column(name: str, given: ArrayLike | Sequence[float]) -> FloatArray:
    """Copy of what was given, as one row of floats: a `SampleBlock` freezes its arrays."""
    try:
        column = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(name, "must be numbers") from None
    if column.ndim != 1:
        raise InvalidInput(name, f"must be one-dimensional, not of shape {column.shape}")
    return column
