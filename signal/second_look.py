"""Squeezes of a finished session, counted with all that is known at its end."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import SampleBlock, Unit
from .counted import EndedBy, Squeeze
from .counter import Counter, Known
from .filters import DELAY_STEPS, Smoother
from .grid import GRID_HZ, Grid, Moment, Stretch
from .settings import DEFAULTS, SqueezeSettings

_EARLY_STEPS = round(3.0 * GRID_HZ)
_FIRM = 6  #: squeezes that were counted live tell what is usual, even if none stood out
_FEW = 3
_PUT_DOWN_S = 1.0  #: before the end the tool is put down
_ENOUGH = 16  #: squeezes after which what is known live no longer hangs on the first ones


@dataclass(frozen=True, slots=True)
class Recount:
    """What a second look changed.

    Attributes
    ----------
    squeezes : tuple of Squeeze
        All of the session, in order, numbered from 1.
    added : tuple of Squeeze
        Those of them that were not counted live.
    withdrawn : tuple of Squeeze
        Those that were counted live, and are none.
    """

    squeezes: tuple[Squeeze, ...]
    added: tuple[Squeeze, ...]
    withdrawn: tuple[Squeeze, ...]

    @property
    def changed(self) -> bool:
        """Whether the count that was shown live was not right."""
        return bool(self.added or self.withdrawn)


def recount(
    blocks: Sequence[SampleBlock],
    live: Sequence[Squeeze],
    *,
    settings: SqueezeSettings = DEFAULTS,
    usual_peak: float | None = None,
) -> Recount:
    """Count a session again at its end, and say what that changed.

    Parameters
    ----------
    blocks : sequence of SampleBlock
        All samples of the session, from one tool in one unit, in order.
    live : sequence of Squeeze
        What the `SqueezeDetector` counted meanwhile.
    settings, usual_peak
        As for `SqueezeDetector`.

    Raises
    ------
    InvalidInput
        If the blocks are of several tools or units.
    """
    found = look_twice(blocks, settings=settings, usual_peak=usual_peak)
    return Recount(
        squeezes=tuple(found),
        added=tuple(s for s in found if not _among(s, live)),
        withdrawn=tuple(s for s in live if not _among(s, found)),
    )


def _among(one: Squeeze, others: Sequence[Squeeze]) -> bool:
    return any(one.onset_s < other.offset_s and other.onset_s < one.offset_s for other in others)


def look_twice(
    blocks: Sequence[SampleBlock],
    *,
    settings: SqueezeSettings = DEFAULTS,
    usual_peak: float | None = None,
) -> list[Squeeze]:
    """Find the squeezes in all samples of a session; see `recount`."""
    sources = {(block.tool_id, block.unit) for block in blocks}
    if len(sources) > 1:
        raise InvalidInput("blocks", "must be of one tool and one unit")
    unit = next((unit for _, unit in sources), Unit.UNKNOWN)
    grid = Grid(settings.gap_s)
    smoothed = list(_smoothed([stretch for block in blocks for stretch in grid.push(block)]))
    counter = Counter(settings, usual_peak)
    counter.unit = unit
    first = _count(counter, smoothed)
    if not any(forces for _, forces in smoothed):
        return first
    peaks = tuple(s.peak for s in first)
    if usual_peak and len(peaks) < _FEW:
        peaks = (usual_peak,)
    learned = Known(
        peaks=peaks,
        durations_s=tuple(s.impulse / s.peak for s in first),
        firm=counter.usual.firm or (len(first) >= _FIRM and not counter.usual.fidgets),
        noise=counter.noise,
        level=_level(smoothed),
        creep=counter.creeping.share,
        creep_sd=counter.creeping.share_sd,
    )
    again = Counter(settings, known=learned)
    again.unit = unit
    if len(first) <= _ENOUGH:
        found = _without_bumps(_count(again, smoothed), first, again)
        return [] if again.usual.aimless else _numbered(_without_put_down(found, smoothed, again))
    # By then the first look knew the child as well as the second: what follows stays as it is.
    joint = first[_ENOUGH]
    second = _count(again, list(_until(joint.peak_s, smoothed)))
    found = _without_bumps([s for s in second if s.offset_s <= joint.onset_s], first, again) + first[_ENOUGH:]
    return _numbered(_without_put_down(found, smoothed, counter))


def _numbered(found: list[Squeeze]) -> list[Squeeze]:
    return [s if s.number == n else replace(s, number=n) for n, s in enumerate(found, start=1)]


def _without_bumps(found: list[Squeeze], first: list[Squeeze], counter: Counter) -> list[Squeeze]:
    begins_s = first[0].onset_s if first else -1.0
    usual = counter.usual
    return [s for s in found if s.offset_s > begins_s or usual.like(s)]


def _without_put_down(
    found: list[Squeeze], smoothed: Sequence["_Smoothed"], counter: Counter
) -> list[Squeeze]:
    """Leave out what comes last, if it is hardly half a squeeze: the tool that is put down."""
    ends_s = smoothed[-1][0].last.t_s
    if found and ends_s - found[-1].offset_s < _PUT_DOWN_S and not counter.usual.like(found[-1]):
        return found[:-1]
    return found


_Smoothed = tuple[Stretch, list[float]]


def _smoothed(stretches: Sequence[Stretch]) -> Iterator[_Smoothed]:
    smooth = Smoother()
    for stretch in stretches:
        if stretch.fresh:
            smooth = Smoother()
        yield stretch, smooth(stretch.means)


def _count(counter: Counter, smoothed: Sequence[_Smoothed]) -> list[Squeeze]:
    out: list[Squeeze] = []
    for stretch, forces in smoothed:
        if stretch.fresh:
            counter.restart(*stretch.fresh, out)
        counter.take(stretch, forces, out)
    counter.end(EndedBy.STREAM_END, out)
    return out


def _until(t_s: float, smoothed: Sequence[_Smoothed]) -> Iterator[_Smoothed]:
    """What was known `DELAY_STEPS` after a time, so that force of that time is the last."""
    for stretch, forces in smoothed:
        n = bisect(stretch.moments, t_s, key=itemgetter(0)) + DELAY_STEPS
        columns = (stretch.means[:n], stretch.moments[:n], stretch.clipped[:n], stretch.quanta[:n])
        last = Moment(*stretch.moments[:n][-1]) if stretch.moments else stretch.last
        yield Stretch(stretch.fresh, *columns, last=last), forces[:n]
        if n < len(forces):
            return


def _level(smoothed: Sequence[_Smoothed]) -> float:
    """Level of the resting hand where a recording begins, though it may begin in a squeeze."""
    early = [force for _, forces in smoothed for force in forces][:_EARLY_STEPS]
    return sorted(early)[len(early) // 10]
