"""Squeezes in evenly spaced steps of force, as they come."""

from collections import deque
from dataclasses import dataclass, replace
from math import inf
from statistics import median

from ..firmware_bridge.samples import Unit
from .baseline import Rest
from .counted import EndedBy, Provisional, Squeeze
from .filters import DELAY_STEPS
from .grid import NEVER, STEP_S, Moment, Stretch
from .measure import peak_of, phases_s, rate_of_force
from .rise import Ladder, Rise, Steps, Turn
from .settings import SqueezeSettings

CLIPPED = "sensor at the end of its range"
CUT_OFF = "samples are missing where it ended"
LOST = "many of its samples were lost"
UNFINISHED = "the stream ended before the release"
STUCK = "held so long that the tool may have lain under something"
FIRST = "nothing was known yet to compare it with"

FIRM = 3  #: squeezes after which it is known what is usual
_USUAL_OF = 15  #: the child's range is that of the latest squeezes: fatigue lowers it
#: While the child's range is not known, a rise counts at once only if it lasted and came back to rest:
#: picking a tool up is a bump, or a step to the weight of the hand, or both.
_CLEAR_REST_SHARE = 0.15
#: The others wait until so many are alike, the weakest at least this share of the strongest.
_ALIKE = 3
_PAUSE_S = 0.3  #: of rest between two squeezes tell them from fidgeting
_WEIGHT_S = 1.2  #: low force that stands still for so long before any squeeze is the weight of the hand
_ALIKE_SHARE = 0.4
#: So many clear ones, each too small for what is thought usual, with no other between: the range was wrong
#: (an artefact at the start, a seed from another tool). They count after all.
_SMALL = 5
_TORN_S = 1.0  #: force found high after so short a gap is the squeeze from before it
_AFTER_GAP_S = 0.2  #: what begins so soon after a gap began in it
_ROUNDING = 1e-7  #: of the level: sums of doubles over hours wander by a thousandth of this
_FILL_STEPS = DELAY_STEPS + 2  #: until the filters have forgotten the chance of the first sample


@dataclass(slots=True)
class _Candidate:
    """A squeeze that may count, with its duration (impulse by peak) in seconds."""

    squeeze: Squeeze
    duration_s: float
    likely: bool  #: longer than a bump, and high or back to rest
    known_s: float  #: when it was over


@dataclass(frozen=True, slots=True)
class Known:
    """What a first pass over a recording learned.

    Attributes
    ----------
    peaks, durations_s : tuple of float
        Of the squeezes that it counted, if it did.
    firm : bool
        Whether those are enough to know what is usual.
    noise, level : float
        SD of smoothed force at rest; where the recording begins, level of the resting hand.
    """

    peaks: tuple[float, ...]
    durations_s: tuple[float, ...]
    firm: bool
    noise: float
    level: float


class Counter:
    """The decisions of a `SqueezeDetector`, on smoothed steps.

    Parameters
    ----------
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        The child's usual peak above rest.
    known : Known, optional
        What a first pass learned.
    """

    def __init__(
        self, settings: SqueezeSettings, usual_peak: float | None = None, known: Known | None = None
    ) -> None:
        self._settings = settings
        self.count = 0
        self.noise = 0.0
        self.learn_anew(usual_peak)
        self._begin_stream()
        if known:
            self._firm = known.firm
            if known.peaks:
                self._peaks.append(median(known.peaks))
            if known.durations_s:
                self._durations_s.append(median(known.durations_s))
            self.rest = Rest(known.level)
            self.rest.noise, self.rest.measured, self.rest.seen = known.noise, True, 1
            self._quantum = 0.0
            self._set_thresholds()

    def learn_anew(self, usual_peak: float | None = None) -> None:
        """Forget what the child's squeezes are like."""
        self._peaks: deque[float] = deque([] if usual_peak is None else [usual_peak], maxlen=_USUAL_OF)
        self._durations_s: deque[float] = deque(maxlen=_USUAL_OF)
        self._firm = usual_peak is not None

    def _begin_stream(self) -> None:
        self.rest: Rest | None = None
        self.rise: Rise | None = None
        self._waiting: list[_Candidate] = []
        self._small: list[_Candidate] = []
        self._last = self._low = NEVER
        self._begins_s = -inf
        self._glimpsed = 0
        self._rested = 0
        self._paused = False
        self._on = self._least = inf
        self._quantum = inf
        self._fill = 0
        self._torn = False
        self._means: list[float] = []
        self._moments: list[Moment] = []
        self._clipped: list[bool] = []

    @property
    def provisional(self) -> Provisional | None:
        """The squeeze on its way, if there is one."""
        rise = self.rise
        if rise is None or rise.fallen:
            return None
        likely = max(rise.climbed, rise.height) >= self._least
        return Provisional(rise.ladder.onset.t_s, rise.height, likely)

    def restart(self, moment: Moment, value: float, unit: Unit, out: list[Squeeze]) -> None:
        """Begin anew at the sample after a gap, with what is known about rest."""
        was_squeezing = self._cut_off(EndedBy.GAP, unit, out)
        self._torn = was_squeezing and 0 < moment.t_s - self._last.t_s < _TORN_S
        self._last = self._low = moment
        self._begins_s = moment.t_s
        self._means = [value] * (2 * DELAY_STEPS)
        self._moments = [moment] * DELAY_STEPS
        self._clipped = [False] * DELAY_STEPS
        self._fill = _FILL_STEPS
        if self.rest is None:
            self.rest = Rest(value)
        self.rest.interrupt()

    def end(self, ended_by: EndedBy, unit: Unit, out: list[Squeeze]) -> None:
        """End the stream: what is on the way counts if it already qualifies."""
        self._cut_off(ended_by, unit, out)
        if self.rest:
            self.noise = self.rest.noise
            cut_out = self.rest.seen * STEP_S < self._settings.first_rest_s  # hardly more than squeezes
            for one in self._waiting:
                if one.likely or cut_out:
                    self._count_in(one, self._last.t_s, out)
        self._begin_stream()

    def take(self, stretch: Stretch, forces: list[float], unit: Unit, out: list[Squeeze]) -> None:
        """Walk over steps, of which `forces` are smoothed."""
        rest = self.rest
        assert rest is not None
        moments, clipped = self._moments + stretch.moments, self._clipped + stretch.clipped
        steps = Steps(forces, moments, clipped, self._means + stretch.means)
        self._last = stretch.last
        i, n = 0, len(forces)
        while i < n:
            if not rest.measured:
                self._glimpse(stretch, i)
            if self._waiting:
                self._decide_waiting(stretch.moments[i].t_s, out)
            # one by one where something else hangs on each step
            end = n if rest.measured and self._peaks and not self._waiting else i + 1
            if self.rise is not None:
                i, turn = self.rise.follow(steps, i, end, rest.noise)
                if turn is not Turn.ON or not self._peaks:
                    self._turn(self.rise, turn, steps, i, stretch.moments[i].t_s, unit, out)
            elif self._fill:
                self._fill -= 1
                if not rest.seen:
                    rest.settle(min(forces[i], rest.base))
            elif forces[i] > rest.base + self._on:
                rest.interrupt()
                self._paused = (rest.seen - self._rested) * STEP_S >= _PAUSE_S
                ladder = Ladder(rest.base, self._low)
                self.rise = Rise(self._settings, ladder, rest.base, rest.level, steps, i, self._on)
            else:
                i = self._follow_rest(rest, steps, i, end)
                continue
            i += 1
        self._means, self._moments, self._clipped = steps.means[n:], moments[n:], clipped[n:]

    def _glimpse(self, stretch: Stretch, i: int) -> None:
        """Learn from a step, squeeze or not, until rest has been seen for long enough."""
        rest = self.rest
        assert rest is not None
        better = stretch.quanta[i] < self._quantum
        self._quantum = min(self._quantum, stretch.quanta[i])
        # a slow tool's sample fills several steps, which bend nowhere: one of them tells of noise
        news = stretch.moments[i].received != self._glimpsed
        self._glimpsed = stretch.moments[i].received
        if (news and rest.glimpse(stretch.means[i])) or better:
            self._set_thresholds()

    def _follow_rest(self, rest: Rest, steps: Steps, begin: int, end: int) -> int:
        """Take steps while they are rest; return the next one."""
        noise = rest.noise
        end = rest.follow(steps.forces, begin, end, self._on)
        if rest.quiet >= 0:
            self._low = steps.moments[rest.quiet]
            self._torn = False
        if rest.noise != noise:
            self._set_thresholds()
        return end

    def _set_thresholds(self) -> None:
        settings, rest = self._settings, self.rest
        assert rest is not None
        quantum = self._quantum if self._quantum < inf else 0.0
        sensor = max(settings.quanta * quantum, _ROUNDING * abs(rest.level))
        if self._peaks:
            rest.usual = median(self._peaks)
            # of two squeezes nobody knows whether they were any: others must be much like them
            share = settings.usual_share if self._firm or len(self._peaks) >= FIRM else settings.early_share
            usual = share * rest.usual
            floor = max(settings.noise_factor * rest.noise, sensor)
            floor = min(floor, 2 * usual)  # without any rest, noise is over-read: it must not blind us
            unrest = min(settings.unrest_factor * rest.unrest, 2 * usual)
            self._least = max(floor, usual, unrest)
            self._on = max(floor, min(0.5 * usual, 4 * floor))  # small ones are watched, to doubt the range
        else:
            rest.usual = 0.0
            unrest = settings.unrest_factor * rest.unrest
            self._on = max(settings.first_noise_factor * rest.noise, sensor)
            self._least = max(self._on, unrest)

    def _turn(
        self, rise: Rise, turn: Turn, steps: Steps, i: int, now_s: float, unit: Unit, out: list[Squeeze]
    ) -> None:
        """End a rise, also one that proves to be none."""
        assert self.rest is not None
        if not self._peaks and rise.still_s > _WEIGHT_S and rise.height < self._high():
            self.rise = None
            self.rest.settle(steps.forces[i])
            return
        if turn is Turn.ON:
            return
        ended_by = EndedBy.NEXT_SQUEEZE if turn is Turn.AGAIN else EndedBy.RELEASE
        doubtful = (STUCK,) if turn is Turn.STUCK else ()
        rest = self.rest
        slack = 3 * rest.noise if rest.seen * STEP_S >= self._settings.first_rest_s else 0.0
        clear = steps.forces[i] - rise.level < _CLEAR_REST_SHARE * rise.height + slack
        self._conclude(rise, ended_by, steps.moments[i], now_s, clear, doubtful, unit, out)
        self._rested = rest.seen
        if turn is Turn.AGAIN:
            self.rise = rise.next(steps, i)
            self._paused = False
        else:
            self.rise = None
            rest.settle(steps.forces[i])

    def _cut_off(self, ended_by: EndedBy, unit: Unit, out: list[Squeeze]) -> bool:
        """End what is on the way, for want of samples; return whether there was a squeeze."""
        rise, self.rise = self.rise, None
        if rise is None:
            return False
        doubtful: tuple[str, ...] = ()
        if ended_by is EndedBy.GAP:
            doubtful = (CUT_OFF,)
        elif not rise.fallen:
            doubtful = (UNFINISHED,)
        return self._conclude(rise, ended_by, self._last, self._last.t_s, rise.fallen, doubtful, unit, out)

    def _conclude(
        self,
        rise: Rise,
        ended_by: EndedBy,
        now: Moment,
        decided_s: float,
        clear: bool,
        doubtful: tuple[str, ...],
        unit: Unit,
        out: list[Squeeze],
    ) -> bool:
        """Judge a rise that is over; return whether it may be a squeeze."""
        settings, rest = self._settings, self.rest
        assert rest is not None
        onset = rise.ladder.onset
        offset, area = rise.end(now, released=ended_by is EndedBy.RELEASE)
        quantum = self._quantum if self._quantum < inf else 0.0
        peak, peak_sd = peak_of(rise, rest.noise, quantum)
        duration_s = area / max(peak, rise.height)
        usual_s = median(self._durations_s) if self._durations_s else 0.0
        shortest_s = min(max(settings.brief_s, 0.25 * usual_s), settings.knock_s)
        torn, self._torn = self._torn, False
        after_gap = onset.t_s - self._begins_s < _AFTER_GAP_S
        torn = torn and after_gap
        in_part = after_gap or ended_by is EndedBy.GAP
        if torn or duration_s < (settings.brief_s if in_part else shortest_s):
            return torn
        slight = duration_s * peak < settings.impulse_share * usual_s * rest.usual and not in_part
        small = max(rise.climbed, rise.height) < self._least or slight
        if rise.clipped:
            doubtful += (CLIPPED,)
        samples = offset.index - onset.index
        if samples - (offset.received - onset.received) > settings.lost_share * samples:
            doubtful += (LOST,)
        rise_s, release_s = phases_s(rise, onset.t_s, offset.t_s)
        rfd, no_rfd = rate_of_force(rise, rest.noise)
        squeeze = Squeeze(
            number=0,
            onset_s=onset.t_s,
            peak_s=rise.top.t_s,
            offset_s=offset.t_s,
            onset_index=onset.index,
            peak_index=rise.top.index,
            offset_index=offset.index,
            decided_s=decided_s,
            peak=peak,
            rest=rise.level,
            impulse=area,
            unit=unit,
            ended_by=ended_by,
            doubtful=doubtful,
            peak_sd=peak_sd,
            rise_s=rise_s,
            release_s=release_s,
            rfd=rfd,
            no_rfd=no_rfd,
        )
        lasting = duration_s >= settings.first_clear_s or ended_by is EndedBy.GAP
        lasting = lasting and rise.height > self._high()
        likely = duration_s >= settings.first_s and (clear or lasting)
        one = _Candidate(squeeze, duration_s, likely, decided_s)
        clear = self._clear_first(rise, duration_s, clear)
        if self._vague(rise):
            clear = one.likely and self._paused and not rest.unrest and self._gathered(one, _ALIKE)
            small = not clear
        elif small:
            small = not (clear and self._doubt_range(one))
        if small:
            return False
        self._judge(one, clear, out)
        return True

    def _vague(self, rise: Rise) -> bool:
        """Whether a rise hardly stands out while nothing is known, neither of the child nor of rest."""
        rest, settings = self.rest, self._settings
        assert rest is not None
        if self._firm or len(self._peaks) >= FIRM or rise.height > settings.first_vague * rest.noise:
            return False
        return not rest.unrest or rise.height < 6.0 * rest.unrest

    def _high(self) -> float:
        """Height that no weight of a hand reaches."""
        assert self.rest is not None
        return 0.5 * self._settings.first_by_far * self.rest.noise

    def _clear_first(self, rise: Rise, duration_s: float, came_back: bool) -> bool:
        """Whether a rise is clearly a squeeze, with nothing known to compare it with."""
        settings, rest = self._settings, self.rest
        assert rest is not None
        rested = rest.seen * STEP_S >= settings.first_rest_s
        by_far = rise.height > settings.first_by_far * rest.noise
        least_s = settings.first_clear_s
        if rested and came_back:
            least_s = settings.knock_s if by_far else settings.first_s
        return duration_s >= least_s and (came_back or by_far)

    def _doubt_range(self, one: _Candidate) -> bool:
        """Whether so many small squeezes followed each other that the child's range must be wrong."""
        rest, settings = self.rest, self._settings
        assert rest is not None
        least = max(settings.first_noise_factor * rest.noise, settings.unrest_factor * rest.unrest)
        if one.squeeze.peak < least or not self._peaks:
            return False
        return self._gathered(one, _SMALL)

    def _gathered(self, one: _Candidate, enough: int) -> bool:
        """Whether so many alike followed each other that they must be squeezes; the others then wait."""
        small = [*self._small, one]
        highest = max(s.squeeze.peak for s in small)
        self._small = [s for s in small if s.squeeze.peak >= _ALIKE_SHARE * highest]
        if len(self._small) < enough:
            return False
        self._waiting = self._small[:-1]
        self._peaks.clear()
        self._durations_s.clear()
        return True

    def _judge(self, one: _Candidate, clear: bool, out: list[Squeeze]) -> None:
        """Count a squeeze, or let it wait until the child's range is known."""
        waiting = [*self._waiting, one]
        highest = max(s.squeeze.peak for s in waiting)
        alike = [s for s in waiting if s.squeeze.peak >= _ALIKE_SHARE * highest]
        if self._peaks or clear or len(alike) >= _ALIKE:
            self._waiting = []
            for s in alike:
                self._count_in(s, one.squeeze.decided_s, out)
        else:
            self._waiting = alike

    def _decide_waiting(self, now_s: float, out: list[Squeeze]) -> None:
        """Count or drop what has waited long enough for others like it."""
        if now_s - self._waiting[0].known_s < self._settings.doubt_s:
            return
        waiting, self._waiting = self._waiting, []
        higher = self.rise.height if self.rise else 0.0
        for one in waiting:
            if one.likely and one.squeeze.peak >= _ALIKE_SHARE * higher:
                self._count_in(one, now_s, out)

    def _count_in(self, one: _Candidate, decided_s: float, out: list[Squeeze]) -> None:
        self._small = []
        self.count += 1
        out.append(replace(one.squeeze, number=self.count, decided_s=decided_s))
        self._peaks.append(one.squeeze.peak)
        self._durations_s.append(one.duration_s)
        self._set_thresholds()
