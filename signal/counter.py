"""Squeezes in evenly spaced steps of force, as they come."""

from dataclasses import dataclass
from math import inf
from statistics import median

from ..firmware_bridge.samples import Unit
from ..firmware_bridge.sentence import Sentence
from .baseline import Rest
from .candidate import NO_PAUSE, Pause, weigh
from .counted import EndedBy, Provisional, Squeeze
from .creeping import Creeping
from .filters import DELAY_STEPS
from .grid import NEVER, STEP_S, Moment, Row, Stretch
from .measure import Latest, peak_of, phases_s, rate_of_force
from .rise import Ladder, Rise, Steps, Turn
from .settings import SqueezeSettings
from .usual import Usual

CLIPPED = Sentence("sensor at the end of its range")
CUT_OFF = Sentence("samples are missing where it ended")
LOST = Sentence("many of its samples were lost")
UNFINISHED = Sentence("the stream ended before the release")
STUCK = Sentence("held so long that the tool may have lain under something")

_BACK_SHARE = 0.15  #: of its height: so near to its foot a rise came back to rest
_WEIGHT_SHARE = 0.4  #: of `first_by_far`: no weight of a hand is higher
_WEIGHT_S = 1.8  #: low force that stands still for so long before any squeeze is the weight of the hand
_AWAY_S = 8.0  #: the same for low force that goes up and down for so long without coming back to rest
_FIRST_SHARE = 0.4  #: of the usual peak, if only that is known yet
_BUMP_S = 0.3  #: longer ones are hardly bumps of picking up or putting down
_TORN_S = 1.0  #: force found high after so short a gap is the squeeze from before it
_GREATER = 2.5  #: so many times higher than what did not count before the gap, it is another
_AFTER_GAP_S = 0.2  #: what begins so soon after a gap began in it
_ROUNDING = 1e-7  #: of the level: sums of doubles over hours wander by a thousandth of this
_FILL_STEPS = DELAY_STEPS + 2  #: until the filters have forgotten the chance of the first sample


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
    creep, creep_sd : float
        Share by which the tool's readings creep, and its standard uncertainty.
    """

    peaks: tuple[float, ...]
    durations_s: tuple[float, ...]
    firm: bool
    noise: float
    level: float
    creep: float
    creep_sd: float


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
        self.usual = Usual(settings, usual_peak)
        self.unit = Unit.UNKNOWN
        self.noise = 0.0
        self.rest: Rest | None = None
        self.rise: Rise | None = None
        self.creeping = Creeping(settings.creep_share)
        self._begin_stream()
        if known:
            self.creeping = Creeping(settings.creep_share, known.creep, known.creep_sd)
            if known.peaks:
                duration_s = median(known.durations_s) if known.durations_s else 0.0
                self.usual.learn(median(known.peaks), duration_s, firm=known.firm)
            self.rest = rest = Rest(known.level, known.noise)
            rest.seen = 1
            self._quantum = 0.0
            self._set_thresholds(rest)

    def _begin_stream(self) -> None:
        self.usual.end_stream()
        self.creeping.interrupt()
        self._latest = Latest()
        self.rest = self.rise = None
        self._last = self._low = NEVER
        self._begins_s = -inf
        self._glimpsed = self._fill = self._away = 0
        self._rested = -inf
        self._pause = NO_PAUSE
        self._torn = 0.0
        self._on = self._least = self._quantum = inf
        self._means: list[float] = []
        self._moments: list[Row] = []
        self._clipped: list[bool] = []

    @property
    def provisional(self) -> Provisional | None:
        """The squeeze on its way, if there is one."""
        rise = self.rise
        if rise is None or rise.fallen:
            return None
        likely = max(rise.climbed, rise.height) >= self._least
        return Provisional(rise.ladder.onset.t_s, rise.height, likely)

    def restart(self, moment: Moment, value: float, out: list[Squeeze]) -> None:
        """Begin anew at the sample after a gap, with what is known about rest."""
        before, height = self.usual.count, self.rise.height if self.rise else 0.0
        was_squeezing = self._cut_off(EndedBy.GAP, out)
        if not was_squeezing or moment.t_s - self._last.t_s >= _TORN_S:
            self._torn = 0.0
        else:
            self._torn = inf if self.usual.count > before else _GREATER * height
        self._last = self._low = moment
        self._begins_s = moment.t_s
        self._means = []
        self._moments = [moment] * DELAY_STEPS
        self._clipped = [False] * DELAY_STEPS
        self._fill = _FILL_STEPS
        if self.rest is None:
            self.rest = Rest(value)
        self.rest.interrupt()
        self.creeping.interrupt()

    def end(self, ended_by: EndedBy, out: list[Squeeze]) -> None:
        """End the stream: what is on the way counts if it already qualifies."""
        self._cut_off(ended_by, out)
        if self.rest:
            self.noise = self.rest.noise
            cut_out = self.rest.seen * STEP_S < self._settings.first_rest_s  # hardly more than squeezes
            out += self.usual.finish(self._last.t_s, all_of_them=cut_out)
        self._begin_stream()

    def take(self, stretch: Stretch, forces: list[float], out: list[Squeeze]) -> None:
        """Walk over steps, of which `forces` are smoothed."""
        rest, usual = self.rest, self.usual
        assert rest is not None
        if not self._means:
            self._means = stretch.means[:1] * (2 * DELAY_STEPS)
        moments, clipped = self._moments + stretch.moments, self._clipped + stretch.clipped
        steps = Steps(forces, moments, clipped, self._means + stretch.means)
        self._last = stretch.last
        i, n = 0, len(forces)
        while i < n:
            if not rest.measured:
                self._glimpse(rest, stretch, forces[i], i)
            # one by one where something else hangs on each step
            end = n if rest.measured and usual.firm else i + 1
            if self.rise is not None and not usual.firm:
                self._away += 1
            if self.rise is not None:
                i, turn = self.rise.follow(steps, i, end, rest.noise)
                if turn is not Turn.ON or not usual.firm:
                    self._turn(self.rise, turn, steps, i, stretch.moments[i][0], out)
            elif self._fill:
                self._fill -= 1
                if not rest.seen:
                    rest.settle(forces[i] if self._fill == _FILL_STEPS - 1 else min(forces[i], rest.base))
            elif forces[i] > rest.base + self._on:
                rest.interrupt()
                self._pause = Pause.since(self._rested, rest.seen)
                ladder = Ladder(rest.base, self._low)
                self.creeping.rise()
                crept = self.creeping.left(rest.seen)
                self.rise = Rise(
                    self._settings, ladder, rest.base, rest.level, steps, i, self._on, crept=crept
                )
            else:
                i = self._follow_rest(rest, steps, stretch.quanta, i, end)
                continue
            i += 1
        self._means, self._moments, self._clipped = steps.means[n:], moments[n:], clipped[n:]

    def _count(self, squeezes: list[Squeeze], out: list[Squeeze]) -> None:
        if squeezes:
            out += squeezes
            assert self.rest is not None
            self._set_thresholds(self.rest)

    def _glimpse(self, rest: Rest, stretch: Stretch, force: float, i: int) -> None:
        """Learn from a step, squeeze or not, until rest has been seen for long enough."""
        better = stretch.quanta[i] < self._quantum
        self._quantum = min(self._quantum, stretch.quanta[i])
        # a slow tool's sample fills several steps, which bend nowhere: one of them tells of noise
        received = stretch.moments[i][2]
        news, self._glimpsed = received != self._glimpsed, received
        if (news and rest.glimpse(stretch.means[i], force)) or better:
            self._set_thresholds(rest)

    def _follow_rest(self, rest: Rest, steps: Steps, quanta: list[float], begin: int, end: int) -> int:
        """Take steps while they are rest; return the next one."""
        noise = rest.noise
        end = rest.follow(steps.forces, begin, end, self._on)
        if rest.seen > self.creeping.due:
            self.creeping.look(steps.forces, end, rest.seen)
        if rest.quiet >= 0:
            self._low = Moment(*steps.moments[rest.quiet])
            self._away = 0
            self._torn = 0.0
            self.usual.leave_behind(self._low.t_s)
        if rest.noise != noise:
            self._quantum = min(self._quantum, quanta[end - 1])
            self._set_thresholds(rest)
        return end

    def _set_thresholds(self, rest: Rest) -> None:
        settings, usual = self._settings, self.usual
        quantum = self._quantum if self._quantum < inf else 0.0
        sensor = max(settings.quanta * quantum, _ROUNDING * abs(rest.level))
        rest.usual = usual.peak
        usual.compare(rest.unrest)
        if rest.usual:
            share = (settings.usual_share if usual.firm else settings.early_share) * rest.usual
            # without any rest, noise is over-read: it must not blind us
            floor = min(max(settings.noise_factor * rest.noise, sensor), 2 * share)
            self._least = max(floor, share, min(settings.unrest_factor * rest.unrest, 2 * share))
            self._on = max(floor, min(0.5 * share, 4 * floor))  # small ones are watched, to doubt the range
        else:
            self._on = max(settings.first_noise_factor * rest.noise, sensor)
            self._least = max(self._on, settings.unrest_factor * rest.unrest)

    def _turn(self, rise: Rise, turn: Turn, steps: Steps, i: int, now_s: float, out: list[Squeeze]) -> None:
        """End a rise, also one that proves to be none."""
        rest = self.rest
        assert rest is not None
        force = steps.forces[i]
        weighs = self._away * STEP_S > _AWAY_S or (rise.still_s > _WEIGHT_S and not self.usual.known)
        if weighs and not self.usual.firm and rise.height < self._high(rest):
            self.rise = None
            self.creeping.interrupt()
            self._away = 0
            rest.settle(force)
            return
        if turn is Turn.ON:
            return
        ended_by = EndedBy.NEXT_SQUEEZE if turn is Turn.AGAIN else EndedBy.RELEASE
        doubtful = (STUCK,) if turn is Turn.STUCK else ()
        slack = 3 * rest.noise if rest.seen * STEP_S >= self._settings.first_rest_s else 0.0
        came_back = force - rise.level < _BACK_SHARE * rise.height + slack
        now = Moment(*steps.moments[i])
        squeezed = self._conclude(rise, ended_by, now, now_s, came_back, doubtful, out)
        if squeezed:
            self._latest.add(rise, rest.noise)
        self._rested = rest.seen
        if turn is Turn.AGAIN:
            self.rise = rise.next(steps, i)
            self._pause = NO_PAUSE
        else:
            self.rise = None
            rest.settle(force)
            height = rise.height if squeezed and came_back else 0.0
            self.creeping.begin(rise.crept, rest.seen, height, now.t_s - rise.left_top[0])

    def _cut_off(self, ended_by: EndedBy, out: list[Squeeze]) -> bool:
        """End what is on the way, for want of samples; return whether there was a squeeze."""
        rise, self.rise = self.rise, None
        if rise is None:
            return False
        doubtful: tuple[str, ...] = ()
        if ended_by is EndedBy.GAP:
            doubtful = (CUT_OFF,)
        elif not rise.fallen:
            doubtful = (UNFINISHED,)
        return self._conclude(rise, ended_by, self._last, self._last.t_s, rise.fallen, doubtful, out)

    def _conclude(
        self,
        rise: Rise,
        ended_by: EndedBy,
        now: Moment,
        decided_s: float,
        came_back: bool,
        doubtful: tuple[str, ...],
        out: list[Squeeze],
    ) -> bool:
        """Judge a rise that is over; return whether it may be a squeeze."""
        settings, rest, usual = self._settings, self.rest, self.usual
        assert rest is not None
        squeeze = self._measured(rise, rest, ended_by, now, decided_s, doubtful)
        duration_s = squeeze.impulse / max(squeeze.peak, rise.height)
        after_gap = squeeze.onset_s - self._begins_s < _AFTER_GAP_S
        torn, self._torn = squeeze.peak < self._torn and after_gap, 0.0
        in_part = after_gap or ended_by is EndedBy.GAP
        shortest_s = min(max(settings.brief_s, 0.25 * usual.duration_s), settings.knock_s)
        if torn or duration_s < (settings.brief_s if in_part else shortest_s):
            return torn
        came_back = came_back or ended_by is EndedBy.GAP
        one = weigh(squeeze, duration_s, rise, rest, self._pause, came_back=came_back, settings=settings)
        if not usual.firm:
            self._count(usual.judge(one), out)
            return one.sure or one.fit
        impulse = settings.impulse_share * usual.duration_s * rest.usual
        if duration_s > _BUMP_S:
            impulse *= 0.6
        slight = duration_s * squeeze.peak < impulse and not in_part
        if not usual.duration_s and duration_s < settings.first_clear_s:  # picking the tool up is as brief
            slight = slight or squeeze.peak < _FIRST_SHARE * usual.peak
        if slight or max(rise.climbed, rise.height) < self._least:
            high = max(settings.first_noise_factor * rest.noise, settings.unrest_factor * rest.unrest)
            counted = usual.judge_small(one) if squeeze.peak >= high else []
            self._count(counted, out)
            return bool(counted)
        self._count(usual.judge(one), out)
        return True

    def _measured(
        self,
        rise: Rise,
        rest: Rest,
        ended_by: EndedBy,
        now: Moment,
        decided_s: float,
        doubtful: tuple[str, ...],
    ) -> Squeeze:
        """Say all of a rise that is known at its end, as if it counted next."""
        onset, top = rise.ladder.onset, Moment(*rise.top)
        offset, area = rise.end(now, released=ended_by is EndedBy.RELEASE)
        quantum = self._quantum if self._quantum < inf else 0.0
        peak, peak_sd = peak_of(rise, rest.noise, quantum, self.creeping, self._latest)
        rise_s, release_s = phases_s(rise, peak, onset.t_s, offset.t_s)
        rfd, no_rfd = rate_of_force(rise, peak, rest.noise)
        if rise.clipped:
            doubtful += (CLIPPED,)
        samples = offset.sample - onset.sample
        if samples - (offset.received - onset.received) > self._settings.lost_share * samples:
            doubtful += (LOST,)
        return Squeeze(
            number=self.usual.count + 1,
            onset_s=onset.t_s,
            peak_s=top.t_s,
            offset_s=offset.t_s,
            onset_index=onset.sample,
            peak_index=top.sample,
            offset_index=offset.sample,
            decided_s=decided_s,
            peak=peak,
            rest=rise.level,
            impulse=area,
            unit=self.unit,
            ended_by=ended_by,
            doubtful=doubtful,
            peak_sd=peak_sd,
            rise_s=rise_s,
            release_s=release_s,
            rfd=rfd,
            no_rfd=no_rfd,
        )

    def _high(self, rest: Rest) -> float:
        """Height that no weight of a hand reaches."""
        return _WEIGHT_SHARE * self._settings.first_by_far * rest.noise
