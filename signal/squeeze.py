"""Squeezes found in a stream of force samples."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from statistics import median

import numpy as np

from ..firmware_bridge.samples import SampleBlock, Unit
from .baseline import Rest
from .filters import DELAY_STEPS, GRID_HZ, STEP_S, FrontEnd, Steps


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
        Highest force above rest.
    rest : float
        Level of the resting hand before the squeeze.
    impulse : float
        Integral of force above rest from onset to offset, `unit` times seconds.
    ended_by : EndedBy
        What ended it.
    doubtful : tuple of str
        Reasons not to trust it fully; empty for a clear squeeze.
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


@dataclass(frozen=True, slots=True)
class SqueezeSettings:
    """When a rise of force is a squeeze. Nothing here is a force: all is relative to child and sensor.

    Attributes
    ----------
    noise_factor : float
        Least height, in SDs of smoothed force at rest.
    quanta : float
        Least height, in steps of the sensor's resolution.
    usual_share : float
        Least height, as a share of the child's usual peak once that is known.
    fall_share : float
        Share of its height by which force must fall before another rise is another squeeze.
    apart_s : float
        Least time in seconds from a peak to the rise after it: no hand opens and closes faster.
    release_share : float
        Share of its height below which a squeeze is over.
    brief_s, knock_s : float
        Least duration in seconds (impulse by peak) of a squeeze by a child who squeezes briefly, and by
        one who squeezes long.
    settle_s : float
        Seconds after which force that stays at less than half the height is a release.
    hold_s : float
        Longest hold in seconds; beyond it the tool is thought to lie under something.
    gap_s : float
        Seconds without samples after which filters begin anew.
    lost_share : float
        Share of lost samples from which a squeeze is doubtful.
    """

    noise_factor: float = 5.0
    quanta: float = 5.0
    usual_share: float = 0.2
    fall_share: float = 0.4
    apart_s: float = 0.2
    release_share: float = 0.12
    brief_s: float = 0.045
    knock_s: float = 0.115
    settle_s: float = 0.3
    hold_s: float = 60.0
    gap_s: float = 0.15
    lost_share: float = 0.4


CLIPPED = "sensor at the end of its range"
GAP = "samples are missing where it ended"
LOST = "many of its samples were lost"
UNFINISHED = "the stream ended before the release"
LONG = "held so long that the tool may have lain under something"
BRIEF = "so brief that it may have been a knock"

_USUAL_OF = 15  #: the child's range is that of the latest squeezes: fatigue lowers it
_KNOWN_FROM = 0.4  #: seconds; a first rise briefer than this tells nothing about the child's range
_CLEAR = 100.0
_CLEAR_SHARE = 0.25
_ALIKE = 3
_FIRST_SHARE = 0.4  #: labels call a squeeze weak below this share of the usual
_LEAK_S = 8.0  #: the highest force is forgotten this slowly: fatigue in a hold is no release
_TORN_S = 1.0  #: force found high after so short a gap is the squeeze from before it


@dataclass(slots=True)
class _Mark:
    """A moment: time and index of a sample, and samples missing until then."""

    t_s: float
    index: int
    missing: int


@dataclass(slots=True)
class _Rise:
    """A squeeze on the way."""

    onset: _Mark
    base: float
    foot: float
    level: float
    crest: float  # highest smoothed force, slowly forgotten
    top: _Mark
    height: float  # highest smoothed force above level
    peak: float  # lightly smoothed force when smoothed force was highest
    still: float
    still_since: int
    area: float = 0.0
    area_to_valley: float = 0.0
    fallen: bool = False
    valley: float = inf
    valley_at: _Mark | None = None
    next_ladder: deque[tuple[float, _Mark]] = field(default_factory=deque)
    steps: int = 0
    top_step: int = 0
    clipped: bool = False
    torn: bool = False
    ladder: deque[tuple[float, _Mark]] = field(default_factory=deque)


class SqueezeDetector:
    """Count squeezes as samples come.

    The answer is the same to the last bit however the stream is cut into blocks. Memory is bounded.
    A detector may be pickled at any time and goes on where it was.

    Parameters
    ----------
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        Peak above rest that the child usually reaches with this tool, in the tool's unit.

    Examples
    --------
    >>> detector = SqueezeDetector(usual_peak=20.0)
    >>> detector.count, detector.squeezing, detector.rest
    (0, False, 0.0)
    """

    def __init__(
        self, settings: SqueezeSettings = SqueezeSettings(), *, usual_peak: float | None = None
    ) -> None:
        self._settings = settings
        self._seed = usual_peak
        self._count = 0
        self._tool = ""
        self._unit = Unit.UNKNOWN
        self._forget()
        self._begin_stream()

    def _forget(self) -> None:
        """Unlearn the child's range, which was in another unit."""
        self._heights: deque[float] = deque(maxlen=_USUAL_OF)
        self._widths: deque[float] = deque(maxlen=_USUAL_OF)
        if self._seed is not None:
            self._heights.append(self._seed)

    def _begin_stream(self) -> None:
        self._front: FrontEnd | None = None
        self._known: Rest | None = None
        self._rise: _Rise | None = None
        self._waiting: list[tuple[Squeeze, float]] = []
        self._low = _Mark(0.0, 0, 0)
        self._end_index = 0
        self._last_s = -inf
        self._on = self._least = inf
        self._quantum = inf
        self._torn_until = -inf
        self._settling = 0

    @property
    def rest(self) -> float:
        """Level of the resting hand, in the tool's unit; 0 before the first sample."""
        return self._known.level if self._known else 0.0

    @property
    def squeezing(self) -> bool:
        """Whether force has risen like at the beginning of a squeeze. It may yet prove to be none."""
        return self._rise is not None

    @property
    def count(self) -> int:
        """Squeezes counted so far."""
        return self._count

    def update(self, block: SampleBlock) -> list[Squeeze]:
        """Take the next block and return the squeezes that it decides."""
        out: list[Squeeze] = []
        if not len(block):
            return out
        other = block.unit is not self._unit or block.tool_id != self._tool
        if other or block.first_index < self._end_index:
            self._close(EndedBy.GAP, out)
            self._flush(out)
            if other and self._tool:
                self._seed = self._seed if block.unit is self._unit else None
                self._forget()
            self._tool, self._unit = block.tool_id, block.unit
            self._begin_stream()
        self._end_index = block.end_index
        t_s, values, clipped = block.t_s, block.values, block.clipped
        index = np.arange(block.first_index, block.end_index)
        finite = np.isfinite(values)
        if not finite.all():
            t_s, values, clipped, index = t_s[finite], values[finite], clipped[finite], index[finite]
            if not len(values):
                return out
        gap_s = max(self._settings.gap_s, 1.9 / block.fs_hz if block.fs_hz > 0 else 0.0)
        steps_s = t_s - np.concatenate(((self._last_s,), t_s[:-1]))
        breaks = np.flatnonzero((steps_s > gap_s) | (steps_s <= 0)).tolist()
        begin = 0
        for end in [*breaks, len(values)]:
            if end > begin:
                assert self._front is not None
                piece = slice(begin, end)
                self._advance(self._front.push(t_s[piece], values[piece], index[piece], clipped[piece]), out)
            if end < len(values):
                self._restart(float(t_s[end]), float(values[end]), int(index[end]), bool(clipped[end]), out)
            begin = end + 1
        self._last_s = float(t_s[-1])
        return out

    def finish(self) -> list[Squeeze]:
        """End the stream: what is on the way counts if it already qualifies."""
        out: list[Squeeze] = []
        self._close(EndedBy.STREAM_END, out)
        self._flush(out)
        self._begin_stream()
        return out

    def _restart(self, t_s: float, value: float, index: int, clipped: bool, out: list[Squeeze]) -> None:
        """Begin anew at a sample after a gap, with what is known about rest."""
        before = self._count + len(self._waiting)
        self._close(EndedBy.GAP, out)
        emitted = self._count + len(self._waiting) > before
        self._torn_until = t_s if emitted and 0 < t_s - self._last_s < _TORN_S else -inf
        self._last_s = t_s
        self._front = FrontEnd(t_s, value, index, clipped)
        self._low = _Mark(t_s, index, 0)
        self._settling = DELAY_STEPS + 2
        if self._known is None:
            self._known = Rest(value)
        self._known.interrupt()

    def _set_thresholds(self) -> None:
        settings = self._settings
        assert self._known is not None
        quantum = self._quantum if self._quantum < inf else 0.0
        floor = max(settings.noise_factor * self._known.noise, settings.quanta * quantum)
        usual = settings.usual_share * self._usual()
        if usual:
            floor = min(floor, 2 * usual)
        self._least = max(floor, usual)
        self._on = max(floor, 0.5 * usual)

    def _usual(self) -> float:
        return median(self._heights) if self._heights else 0.0

    def _advance(self, steps: Steps, out: list[Squeeze]) -> None:
        """Run the state machine over some steps."""
        rest = self._known
        assert rest is not None
        for i, force in enumerate(steps.force):
            changed = False
            if not rest.settled:
                if steps.quantum[i] < self._quantum:
                    self._quantum = steps.quantum[i]
                    changed = True
                changed |= rest.watch(steps.raw[i])
            if self._rise is not None:
                self._follow_rise(self._rise, force, steps, i, out)
            else:
                away = force - rest.base
                if self._settling:
                    self._settling -= 1
                    if not rest.started:
                        rest.move(force)
                elif away > self._on:
                    self._rise = self._begin(force, steps, i, rest.base)
                elif away > 0.5 * self._on:
                    changed |= rest.follow(force, 0.25)
                else:
                    self._low.t_s, self._low.index, self._low.missing = (
                        steps.t_s[i],
                        steps.index[i],
                        steps.missing[i],
                    )
                    changed |= rest.follow(force)
            if changed:
                self._set_thresholds()

    def _begin(self, force: float, steps: Steps, i: int, base: float) -> _Rise:
        assert self._known is not None
        now = _Mark(steps.t_s[i], steps.index[i], steps.missing[i])
        level = self._known.level
        self._known.interrupt()
        rise = _Rise(
            onset=_Mark(self._low.t_s, self._low.index, self._low.missing),
            base=base,
            foot=base,
            level=level,
            crest=force,
            top=now,
            height=force - level,
            peak=steps.peak_force[i] - level,
            still=force,
            still_since=0,
            torn=steps.t_s[i] - self._torn_until < 0.1,
        )
        rise.ladder.append((force - base, now))
        return rise

    def _follow_rise(self, rise: _Rise, force: float, steps: Steps, i: int, out: list[Squeeze]) -> None:
        """Take one step of a squeeze on the way."""
        settings = self._settings
        above = force - rise.level
        rise.steps += 1
        rise.area += above
        if steps.clipped[i]:
            rise.clipped = True
        if rise.fallen and force > rise.crest:
            rise.fallen = False
        if above > rise.height and not rise.fallen:
            rise.top_step = rise.steps
            rise.height = above
            rise.peak = steps.peak_force[i] - rise.level
            rise.top = _Mark(steps.t_s[i], steps.index[i], steps.missing[i])
            ladder = rise.ladder
            if force - rise.foot > 1.05 * ladder[-1][0]:
                ladder.append((force - rise.foot, rise.top))
                self._shorten(rise, force - rise.foot)
        if force > rise.crest:
            rise.crest = force
        elif not rise.fallen:
            rise.crest += (force - rise.crest) * (STEP_S / _LEAK_S)
        assert self._known is not None
        tolerance = max(0.05 * rise.height, 3 * self._known.noise)
        if abs(force - rise.still) > tolerance:
            rise.still, rise.still_since = force, rise.steps
        still = rise.steps - rise.still_since

        if not rise.fallen:
            fall = rise.crest - force
            if fall > settings.fall_share * (rise.crest - rise.level) and fall > 0.5 * self._on:
                rise.fallen = True
                rise.valley = inf
            elif still > settings.hold_s * GRID_HZ:
                self._finish_rise(rise, EndedBy.RELEASE, steps, i, out, LONG)
                self._known.move(force)
                return
            else:
                return
        climbed = force - rise.valley
        if force >= rise.valley:
            ladder = rise.next_ladder
            if climbed > 0.2 * self._on and climbed > 1.05 * ladder[-1][0]:
                ladder.append((climbed, _Mark(steps.t_s[i], steps.index[i], steps.missing[i])))
        else:
            climbed = 0.0
            rise.valley = force
            rise.next_ladder.clear()
            rise.next_ladder.append((0.0, _Mark(steps.t_s[i], steps.index[i], steps.missing[i])))
            rise.area_to_valley = rise.area
            rise.valley_at = _Mark(steps.t_s[i], steps.index[i], steps.missing[i])
        away = force - rise.base
        share = settings.release_share
        if above < share * rise.height:
            self._finish_rise(rise, EndedBy.RELEASE, steps, i, out)
            self._known.move(force)
        elif away < share * (rise.crest - rise.base):
            self._finish_rise(rise, EndedBy.RELEASE, steps, i, out)
            self._known.move(force)
        elif still >= settings.settle_s * GRID_HZ and above < 0.5 * rise.height:
            self._finish_rise(rise, EndedBy.RELEASE, steps, i, out)
            self._known.move(force)
        else:
            apart = rise.steps - rise.top_step
            if apart > settings.apart_s * GRID_HZ and climbed > self._on and climbed > settings.fall_share * above:
                self._finish_rise(rise, EndedBy.NEXT_SQUEEZE, steps, i, out)
                self._rise = self._begin(force, steps, i, rise.base)
                self._rise.foot = rise.valley
                self._rise.ladder = rise.next_ladder
                self._rise.onset = rise.next_ladder[0][1]
                self._shorten(self._rise, climbed)

    def _shorten(self, rise: _Rise, climbed: float) -> None:
        low = self._settings.release_share * climbed
        while rise.ladder[0][0] < low:
            rise.onset = rise.ladder.popleft()[1]

    def _finish_rise(
        self, rise: _Rise, ended_by: EndedBy, steps: Steps | None, i: int, out: list[Squeeze], *doubts: str
    ) -> None:
        self._rise = None
        now_s = steps.now_s[i] if steps else self._last_s
        if ended_by is EndedBy.RELEASE and steps:
            offset = _Mark(steps.t_s[i], steps.index[i], steps.missing[i])
            area = rise.area
        elif rise.valley_at:
            offset, area = rise.valley_at, rise.area_to_valley
        else:
            offset, area = _Mark(now_s, self._end_index - 1, rise.top.missing), rise.area
        width_s = area * STEP_S / max(rise.peak, rise.height, 1e-300)
        if rise.torn or rise.crest - rise.base < self._least and rise.height < self._least:
            return
        knock_s = min(max(settings_brief(self._settings, self._widths), self._settings.brief_s), self._settings.knock_s)
        if width_s < knock_s:
            return
        doubtful = list(doubts)
        if rise.clipped:
            doubtful.append(CLIPPED)
        if ended_by is EndedBy.GAP:
            doubtful.append(GAP)
        if ended_by is EndedBy.STREAM_END and not rise.fallen:
            doubtful.append(UNFINISHED)
        span = offset.index - rise.onset.index
        if span and (offset.missing - rise.onset.missing) > self._settings.lost_share * span:
            doubtful.append(LOST)
        squeeze = Squeeze(
            number=0,
            onset_s=rise.onset.t_s,
            peak_s=rise.top.t_s,
            offset_s=offset.t_s,
            onset_index=rise.onset.index,
            peak_index=rise.top.index,
            offset_index=offset.index,
            decided_s=now_s,
            peak=rise.peak,
            rest=rise.level,
            impulse=area * STEP_S,
            unit=self._unit,
            ended_by=ended_by,
            doubtful=tuple(doubtful),
        )
        assert self._known is not None
        released = steps is not None and steps.force[i] - rise.level < _CLEAR_SHARE * rise.height
        clear = released and width_s >= _KNOWN_FROM and rise.height > _CLEAR * self._known.noise
        self._judge(squeeze, width_s, clear, out)

    def _judge(self, squeeze: Squeeze, width_s: float, clear: bool, out: list[Squeeze]) -> None:
        """Count a squeeze, or keep it until the child's range is known."""
        waiting = self._waiting
        waiting.append((squeeze, width_s))
        least = _FIRST_SHARE * max(s.peak for s, _ in waiting)
        alike = [(s, w) for s, w in waiting if s.peak >= least]
        if self._heights or clear or len(alike) >= _ALIKE:
            self._waiting = []
            for s, w in alike:
                self._count_in(s, w, squeeze.decided_s, out)
        else:
            self._waiting = alike

    def _count_in(self, squeeze: Squeeze, width_s: float, decided_s: float, out: list[Squeeze]) -> None:
        from dataclasses import replace
        self._count += 1
        out.append(replace(squeeze, number=self._count, decided_s=decided_s))
        self._heights.append(squeeze.peak)
        self._widths.append(width_s)
        if self._known: self._set_thresholds()

    def _close(self, ended_by: EndedBy, out: list[Squeeze]) -> None:
        if self._rise is not None:
            self._finish_rise(self._rise, ended_by, None, 0, out)

    def _flush(self, out: list[Squeeze]) -> None:
        for squeeze, width_s in self._waiting:
            self._count_in(squeeze, width_s, self._last_s, out)
        self._waiting = []

def settings_brief(s, w):
    return 0.25*median(w) if w else 0
