"""Squeezes found in a stream of force samples, as it comes."""

from collections import deque
from dataclasses import replace
from math import inf, isfinite
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import FloatArray, SampleBlock, Unit
from .baseline import Rest
from .counted import EndedBy, Squeeze
from .filters import DELAY_STEPS, FrontEnd, Moment, Steps
from .rise import Ladder, Rise, SqueezeSettings, Turn

__all__ = ["EndedBy", "Squeeze", "SqueezeDetector", "SqueezeSettings"]

CLIPPED = "sensor at the end of its range"
CUT_OFF = "samples are missing where it ended"
LOST = "many of its samples were lost"
UNFINISHED = "the stream ended before the release"
STUCK = "held so long that the tool may have lain under something"

DEFAULTS = SqueezeSettings()

_USUAL_OF = 15  #: the child's range is that of the latest squeezes: fatigue lowers it
#: While the child's range is not known, a rise counts at once only if it lasted (impulse by peak, seconds)
#: and came back to rest: picking a tool up is a bump, or a step to the weight of the hand, or both.
_CLEAR_S = 0.4
_CLEAR_REST_SHARE = 0.25
#: The others wait until so many are alike, the weakest at least this share of the strongest.
_ALIKE = 3
_ALIKE_SHARE = 0.4
#: So many clear ones, each too small for what is thought usual, with no other between: the range was wrong
#: (an artefact at the start, a seed from another tool). They count after all.
_SMALL = 5
_TORN_S = 1.0  #: force found high after so short a gap is the squeeze from before it
_ROUNDING = 1e-7  #: of the level: sums of doubles over hours wander by a thousandth of this
_FILL_STEPS = DELAY_STEPS + 2  #: until the filters have forgotten the chance of the first sample


class SqueezeDetector:
    """Count squeezes as samples come.

    The answer is the same to the last bit however the stream is cut into blocks. Memory is bounded. A
    detector may be pickled at any time and goes on where it was. Numbers run on over gaps, restarts of
    the tool and `finish`; a change of unit or tool makes it forget what the child's squeezes are like.

    Parameters
    ----------
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        Peak above rest that the child usually reaches with this tool, in the tool's unit. Without it the
        first squeezes may be told late, when it is clear that they are no bumps of picking up the tool.

    Raises
    ------
    InvalidInput
        If `usual_peak` is not above 0.

    Examples
    --------
    >>> detector = SqueezeDetector(usual_peak=20.0)
    >>> detector.count, detector.squeezing, detector.rest
    (0, False, 0.0)
    """

    def __init__(self, settings: SqueezeSettings = DEFAULTS, *, usual_peak: float | None = None) -> None:
        if usual_peak is not None and not (isfinite(usual_peak) and usual_peak > 0):
            raise InvalidInput("usual_peak", f"must be above 0 and finite, not {usual_peak}")
        self._settings = settings
        self._count = 0
        self._source: tuple[str, Unit] | None = None
        self._learn_anew(usual_peak)
        self._begin_stream()

    def _learn_anew(self, usual_peak: float | None) -> None:
        self._peaks: deque[float] = deque([] if usual_peak is None else [usual_peak], maxlen=_USUAL_OF)
        self._durations_s: deque[float] = deque(maxlen=_USUAL_OF)

    def _begin_stream(self) -> None:
        self._front: FrontEnd | None = None
        self._rest: Rest | None = None
        self._rise: Rise | None = None
        self._waiting: list[tuple[Squeeze, float]] = []
        self._small: list[tuple[Squeeze, float]] = []
        self._last: Moment = (-inf, -1, 0)
        self._last_step_s = 0.0
        self._low = self._last
        self._on = self._least = inf
        self._quantum = inf
        self._fill = 0
        self._torn = False

    @property
    def rest(self) -> float:
        """Level of the resting hand, in the tool's unit; 0 before the first sample."""
        return self._rest.level if self._rest else 0.0

    @property
    def squeezing(self) -> bool:
        """Whether force has risen as at the beginning of a squeeze. It may yet prove to be none."""
        return self._rise is not None

    @property
    def count(self) -> int:
        """Squeezes counted so far."""
        return self._count

    def update(self, block: SampleBlock) -> list[Squeeze]:
        """Take the next block and return the squeezes that it decides, in order."""
        out: list[Squeeze] = []
        if not len(block):
            return out
        source = (block.tool_id, block.unit)
        if source != self._source or block.first_index <= self._last[1]:
            self._end(EndedBy.GAP, out)
            if self._source not in (None, source):
                self._learn_anew(None)
            self._source = source
        t_s, values, clipped = block.t_s, block.values, block.clipped
        index = np.arange(block.first_index, block.end_index)
        finite = np.isfinite(values)
        if not finite.all():
            t_s, values, clipped, index = t_s[finite], values[finite], clipped[finite], index[finite]
        if len(values):
            self._take(t_s, values, index, clipped, block.fs_hz, out)
        return out

    def finish(self) -> list[Squeeze]:
        """End the stream: what is on the way counts if it already qualifies."""
        out: list[Squeeze] = []
        self._end(EndedBy.STREAM_END, out)
        return out

    def _end(self, ended_by: EndedBy, out: list[Squeeze]) -> None:
        self._cut_off(ended_by, out)
        for squeeze, duration_s in self._waiting:
            self._count_in(squeeze, duration_s, self._last[0], out)
        self._begin_stream()

    def _take(
        self,
        t_s: FloatArray,
        values: FloatArray,
        index: NDArray[np.int64],
        clipped: NDArray[np.bool_],
        fs_hz: float,
        out: list[Squeeze],
    ) -> None:
        """Feed finite samples, beginning anew after gaps and wherever time does not advance."""
        steps_s = t_s - np.concatenate(((self._last[0],), t_s[:-1]))
        if fs_hz > 0:
            expected_s: FloatArray | float = 1.9 / fs_hz  # one sample lost is a gap only to a fast tool
        else:
            expected_s = 2.5 * np.concatenate(((self._last_step_s,), steps_s[:-1]))
        gaps = steps_s > np.maximum(expected_s, self._settings.gap_s)
        self._last_step_s = float(steps_s[-1])
        begin = 0
        for end in [*np.flatnonzero(gaps | (steps_s <= 0)).tolist(), len(values)]:
            if end > begin:
                assert self._front is not None
                piece = slice(begin, end)
                steps = self._front.push(t_s[piece], values[piece], index[piece], clipped[piece])
                self._last = (float(t_s[end - 1]), int(index[end - 1]), self._front.missing)
                self._advance(steps, out)
            if end < len(values):
                self._restart(float(t_s[end]), float(values[end]), int(index[end]), bool(clipped[end]), out)
            begin = end + 1

    def _restart(self, t_s: float, value: float, index: int, clipped: bool, out: list[Squeeze]) -> None:
        """Begin anew at the sample after a gap, with what is known about rest."""
        was_squeezing = self._cut_off(EndedBy.GAP, out)
        self._torn = was_squeezing and 0 < t_s - self._last[0] < _TORN_S
        self._last = self._low = (t_s, index, 0)
        self._front = FrontEnd(t_s, value, index, clipped)
        self._fill = _FILL_STEPS
        if self._rest is None:
            self._rest = Rest(value)
        self._rest.interrupt()

    def _advance(self, steps: Steps, out: list[Squeeze]) -> None:
        """Walk over the steps."""
        rest, moments = self._rest, steps.moments
        assert rest is not None
        i, n = 0, len(steps.force)
        while i < n:
            if not rest.measured:
                better = steps.quantum[i] < self._quantum
                self._quantum = min(self._quantum, steps.quantum[i])
                if rest.glimpse(steps.raw[i]) or better:
                    self._set_thresholds()
            if self._rise is not None:
                self._follow(self._rise, steps, i, out)
            elif self._fill:
                self._fill -= 1
                if not rest.seen:
                    rest.settle(steps.force[i])
            elif steps.force[i] > rest.base + self._on:
                self._rise = self._begin(steps, i)
            else:
                noise = rest.noise
                end = rest.follow(steps.force, i, n if rest.measured else i + 1, self._on)
                if rest.quiet >= 0:
                    self._low = moments[rest.quiet]
                    self._torn = False
                if rest.noise != noise:
                    self._set_thresholds()
                i = end
                continue
            i += 1

    def _begin(self, steps: Steps, i: int) -> Rise:
        assert self._rest is not None
        self._rest.interrupt()
        return Rise(
            self._settings,
            Ladder(self._rest.base, self._low),
            self._rest.base,
            self._rest.level,
            steps.force[i],
            steps.peak_force[i],
            steps.moments[i],
            self._on,
        )

    def _set_thresholds(self) -> None:
        settings = self._settings
        assert self._rest is not None
        quantum = self._quantum if self._quantum < inf else 0.0
        factor = settings.noise_factor if self._peaks else settings.first_noise_factor
        floor = max(
            factor * self._rest.noise,
            settings.quanta * quantum,
            _ROUNDING * abs(self._rest.level),
        )
        usual = settings.usual_share * median(self._peaks) if self._peaks else 0.0
        if usual:
            floor = min(floor, 2 * usual)  # without any rest, noise is over-read: it must not blind us
        self._least = max(floor, usual)
        self._on = max(floor, min(0.5 * usual, 4 * floor))  # small ones are watched, to doubt the range

    def _follow(self, rise: Rise, steps: Steps, i: int, out: list[Squeeze]) -> None:
        """Take one step of a rise on its way."""
        rest, force, moment = self._rest, steps.force[i], steps.moments[i]
        assert rest is not None
        turn = rise.follow(force, steps.peak_force[i], moment, steps.clipped[i], rest.noise)
        if turn is Turn.ON:
            return
        ended_by = EndedBy.NEXT_SQUEEZE if turn is Turn.AGAIN else EndedBy.RELEASE
        doubtful = (STUCK,) if turn is Turn.STUCK else ()
        clear = force - rise.level < _CLEAR_REST_SHARE * rise.height
        self._conclude(rise, ended_by, moment, steps.now_s[i], clear, doubtful, out)
        if turn is Turn.AGAIN:
            self._rise = rise.next(force, steps.peak_force[i], moment)
        else:
            self._rise = None
            rest.settle(force)

    def _cut_off(self, ended_by: EndedBy, out: list[Squeeze]) -> bool:
        """End what is on the way, for want of samples; return whether there was a squeeze."""
        rise, self._rise = self._rise, None
        if rise is None:
            return False
        doubtful: tuple[str, ...] = ()
        if ended_by is EndedBy.GAP:
            doubtful = (CUT_OFF,)
        elif not rise.fallen:
            doubtful = (UNFINISHED,)
        return self._conclude(rise, ended_by, self._last, self._last[0], rise.fallen, doubtful, out)

    def _conclude(
        self,
        rise: Rise,
        ended_by: EndedBy,
        now: Moment,
        decided_s: float,
        clear: bool,
        doubtful: tuple[str, ...],
        out: list[Squeeze],
    ) -> bool:
        """Judge a rise that is over; return whether it may be a squeeze."""
        settings = self._settings
        onset = rise.ladder.onset
        offset, area = rise.end(now, released=ended_by is EndedBy.RELEASE)
        duration_s = area / max(rise.peak, rise.height)
        usual_s = median(self._durations_s) if self._durations_s else 0.0
        shortest_s = min(max(settings.brief_s, 0.25 * usual_s), settings.knock_s)
        torn, self._torn = self._torn, False
        if torn or duration_s < shortest_s:
            return torn
        small = max(rise.climbed, rise.height) < self._least
        if rise.clipped:
            doubtful += (CLIPPED,)
        if offset[2] - onset[2] > settings.lost_share * (offset[1] - onset[1]):
            doubtful += (LOST,)
        squeeze = Squeeze(
            number=0,
            onset_s=onset[0],
            peak_s=rise.top[0],
            offset_s=offset[0],
            onset_index=onset[1],
            peak_index=rise.top[1],
            offset_index=offset[1],
            decided_s=decided_s,
            peak=rise.peak,
            rest=rise.level,
            impulse=area,
            unit=self._source[1] if self._source else Unit.UNKNOWN,
            ended_by=ended_by,
            doubtful=doubtful,
        )
        clear = clear and duration_s >= _CLEAR_S
        if small and not (clear and self._doubt_range(squeeze, duration_s)):
            return False
        self._judge(squeeze, duration_s, clear, out)
        return True

    def _doubt_range(self, squeeze: Squeeze, duration_s: float) -> bool:
        """Whether so many small squeezes followed each other that the child's range must be wrong."""
        assert self._rest is not None
        if squeeze.peak < self._settings.first_noise_factor * self._rest.noise:
            return False
        small = [*self._small, (squeeze, duration_s)]
        highest = max(s.peak for s, _ in small)
        self._small = [one for one in small if one[0].peak >= _ALIKE_SHARE * highest]
        if len(self._small) < _SMALL:
            return False
        self._waiting = self._small[:-1]
        self._peaks.clear()
        self._durations_s.clear()
        return True

    def _judge(self, squeeze: Squeeze, duration_s: float, clear: bool, out: list[Squeeze]) -> None:
        """Count a squeeze, or let it wait until the child's range is known."""
        waiting = [*self._waiting, (squeeze, duration_s)]
        highest = max(s.peak for s, _ in waiting)
        alike = [one for one in waiting if one[0].peak >= _ALIKE_SHARE * highest]
        if self._peaks or clear or len(alike) >= _ALIKE:
            self._waiting = []
            for one, its_duration_s in alike:
                self._count_in(one, its_duration_s, squeeze.decided_s, out)
        else:
            self._waiting = alike

    def _count_in(self, squeeze: Squeeze, duration_s: float, decided_s: float, out: list[Squeeze]) -> None:
        self._small = []
        self._count += 1
        out.append(replace(squeeze, number=self._count, decided_s=decided_s))
        self._peaks.append(squeeze.peak)
        self._durations_s.append(duration_s)
        self._set_thresholds()
