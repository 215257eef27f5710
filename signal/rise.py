"""A rise of force on its way: how high it came, whether it fell, whether it is over."""

from collections import deque
from enum import Enum, auto
from math import inf, sqrt

from .creeping import CREEP_GAIN
from .filters import DELAY_STEPS
from .grid import STEP_S, Moment, Row
from .settings import SqueezeSettings

_LEAK_S = 8.0  #: the crest is forgotten so slowly: a hand that tires in a hold does not let go
_LEAK = STEP_S / _LEAK_S
_STILL_SHARE = 0.05  #: force that moves less than this share of the height stands still
_DEEPER_SHARE = 0.05  #: force that falls by less than this share of the height falls no further
_RUNG = 1.05  #: rungs of the ladder are this far apart: 44 of them from 12 % of a crest to the crest
HIGH_SHARE = 0.9  #: of the height: where the rise is complete and the release begins


class Turn(Enum):
    """What a step did to a rise."""

    ON = auto()  #: it goes on
    RELEASED = auto()
    AGAIN = auto()  #: force fell and rose again: this one is over, the next has begun
    STUCK = auto()  #: force has not moved for longer than a hand can hold


class Steps:
    """Smoothed force with all that goes with it, an entry for each step.

    Attributes
    ----------
    forces : list of float
        Smoothed force.
    moments : list of Row
        The sample that it tells about.
    clipped : list of bool
        Whether the sensor was at its end; these two run on a little further.
    means : list of float
        Mean force, from `DELAY_STEPS` before the first moment on.
    """

    __slots__ = ("clipped", "forces", "means", "moments")

    def __init__(
        self, forces: list[float], moments: list[Row], clipped: list[bool], means: list[float]
    ) -> None:
        self.forces = forces
        self.moments = moments
        self.clipped = clipped
        self.means = means

    def window(self, k: int) -> list[float]:
        """Mean force of `DELAY_STEPS` steps before and after the moment of step `k`, and of its own."""
        return self.means[k : k + 2 * DELAY_STEPS + 1]


class Ladder:
    """Where force first reached each rung on its way up, to find the onset once the crest is known."""

    def __init__(self, foot: float, moment: Row) -> None:
        self._foot = foot
        self._rungs: deque[tuple[float, Row]] = deque([(0.0, moment)])

    def climb(self, force: float, moment: Row, share: float) -> None:
        """Note a new height, and forget what lies below `share` of it but the last."""
        climbed = force - self._foot
        rungs = self._rungs
        if climbed > _RUNG * rungs[-1][0]:
            rungs.append((climbed, moment))
            while rungs[1][0] < share * climbed:
                rungs.popleft()

    @property
    def onset(self) -> Moment:
        """The last rung below the share."""
        return Moment(*self._rungs[0][1])

    def reached(self, crossing: float) -> tuple[float, float]:
        """When force came to a height above the foot, seconds, and how many samples came until then."""
        below, (before_s, _, before_n) = self._rungs[0]
        for above, (after_s, _, after_n) in self._rungs:
            if above >= crossing:
                part = (crossing - below) / (above - below) if above > below else 1.0
                return before_s + part * (after_s - before_s), before_n + part * (after_n - before_n)
            below, before_s, before_n = above, after_s, after_n
        return before_s, float(before_n)


class Rise:
    """A rise of force above rest that may become a squeeze.

    Parameters
    ----------
    ladder : Ladder
        The climb so far.
    base, level : float
        Force where it began, and level of the resting hand.
    steps, k
        The step at which it is noticed.
    least : float
        Force that must at least be climbed or lost to matter.
    area : float
        Integral of force above `level` before this step, in unit times seconds.
    crept : float
        What is left of low-passed force from before; see `creeping`.

    Attributes
    ----------
    height : float
        Highest smoothed force above `level`.
    top : Row
        When that was.
    window : list of float
        Mean force of the steps around it.
    near : int
        Steps within a tenth of the height.
    left_top : Row
        The last of those.
    fallen : bool
        Whether force has since fallen by enough to end it.
    clipped : bool
        Whether the sensor was at its end.
    crept : float
        Low-passed force above `level`.
    """

    def __init__(
        self,
        settings: SqueezeSettings,
        ladder: Ladder,
        base: float,
        level: float,
        steps: Steps,
        k: int,
        least: float,
        area: float = 0.0,
        crept: float = 0.0,
    ) -> None:
        force, moment = steps.forces[k], steps.moments[k]
        self._settings = settings
        self.ladder = ladder
        ladder.climb(force, moment, settings.release_share)
        self.base = base
        self.level = level
        self.height = force - level
        self.top: Row = moment
        self.left_top: Row = moment
        self.window = steps.window(k)
        self.near = 0
        self._near = (0.0, 0.0, 0.0)  #: of height near the top: where it is counted from, sum, squares
        self.fallen = False
        self.clipped = False
        self._least = least
        self._crest = force
        self.area = area
        self.crept = self._crept_at_foot = self._crept_at_top = crept
        self._steps = self._top_step = self._still_since = self._deeper_since = 0
        self._still = force
        self._valley = self._deeper = inf
        self._valley_moment = moment
        self._valley_area = area
        self._next_ladder: Ladder | None = None

    @property
    def climbed(self) -> float:
        """Height above where it began."""
        return self.height + self.level - self.base

    @property
    def crept_at_top(self) -> float:
        """Low-passed force at the top, above what was there before the rise."""
        return self._crept_at_top - self._crept_at_foot

    @property
    def still_s(self) -> float:
        """How long force has stood still."""
        return (self._steps - self._still_since) * STEP_S

    @property
    def top_sd(self) -> float:
        """SD of smoothed force near the top."""
        _, total, squares = self._near
        mean = total / max(self.near, 1)
        return sqrt(max(squares / max(self.near, 1) - mean * mean, 0.0))

    def end(self, now: Moment, *, released: bool) -> tuple[Moment, float]:
        """Offset, and integral above rest until then, of a rise that is over `now`."""
        if self.fallen and not released:
            return Moment(*self._valley_moment), self._valley_area
        return now, self.area

    def follow(  # noqa: PLR0912, PLR0915 - calls would double what each step of force costs
        self, steps: Steps, begin: int, end: int, noise: float
    ) -> tuple[int, Turn]:
        """Take steps from `begin` to before `end`, until one of them turns it.

        Returns
        -------
        k : int
            The last step taken.
        turn : Turn
            What it did.
        """
        forces, moments, level, height = steps.forces, steps.moments, self.level, self.height
        crest, area, fallen, before = self._crest, self.area, self.fallen, self._steps - begin + 1
        still, still_since, moves = self._still, self._still_since, 3 * noise
        crept, crept_at_top = self.crept, self._crept_at_top
        near, (near_from, near_sum, near_squares) = self.near, self._near
        fall_share, slight = self._settings.fall_share, 0.5 * self._least
        top, left, turn, k = -1, -1, Turn.ON, begin - 1
        for k in range(begin, end):
            force = forces[k]
            above = force - level
            area += above * STEP_S
            crept += (above - crept) * CREEP_GAIN
            if force > crest:
                crest = force
                fallen = False
            elif not fallen:
                crest -= (crest - force) * _LEAK
            if not fallen and above > HIGH_SHARE * height:
                if HIGH_SHARE * above > near_from:  # so much higher that the top begins anew
                    near_from, near, near_sum, near_squares = above, 0, 0.0, 0.0
                away = above - near_from
                near += 1
                near_sum += away
                near_squares += away * away
                left = k
                if above > height:
                    height, top, crept_at_top = above, k, crept
                    self._top_step = before + k
                    self.ladder.climb(force, moments[k], self._settings.release_share)
            moved = force - still
            if (moved > moves or -moved > moves) and abs(moved) > _STILL_SHARE * height:
                still, still_since = force, before + k
            if not fallen:
                fall = crest - force
                if fall < fall_share * (crest - level) or fall < slight:
                    if (before + k - still_since) * STEP_S > self._settings.hold_s:
                        turn = Turn.STUCK
                        break
                    continue
                fallen = True
                self._valley = self._deeper = inf
            self.height, self._crest, self.area, self._steps = height, crest, area, before + k
            turn = self._follow_fall(force, above, moments[k])
            if turn is not Turn.ON:
                break
        self.height, self._crest, self.area, self._steps = height, crest, area, before + k
        self.fallen, self._still, self._still_since = fallen, still, still_since
        self.crept, self._crept_at_top = crept, crept_at_top
        self.near, self._near = near, (near_from, near_sum, near_squares)
        if left >= 0:
            self.left_top = moments[left]
        if top >= 0:
            self.top, self.window = moments[top], steps.window(top)
        self.clipped = self.clipped or True in steps.clipped[begin : k + 1]
        return k, turn

    def _follow_fall(self, force: float, above: float, moment: Row) -> Turn:
        """Take a step after the fall: back to rest, to a new rest, or up again."""
        settings = self._settings
        if force < self._valley:
            self._valley = force
            self._valley_moment, self._valley_area = moment, self.area
            self._next_ladder = None
        else:
            if self._next_ladder is None:
                self._next_ladder = Ladder(self._valley, self._valley_moment)
            self._next_ladder.climb(force, moment, settings.release_share)
        if force < self._deeper - _DEEPER_SHARE * self.height:
            self._deeper, self._deeper_since = force, self._steps
        low = settings.release_share
        if above < low * self.height or force - self.base < low * (self._crest - self.base):
            return Turn.RELEASED
        climbed = force - self._valley
        apart_s = (self._steps - self._top_step) * STEP_S
        if climbed > max(self._least, settings.fall_share * above) and apart_s > settings.apart_s:
            return Turn.AGAIN
        if above < 0.5 * self.height and (self._steps - self._deeper_since) * STEP_S >= settings.settle_s:
            return Turn.RELEASED
        return Turn.ON

    def next(self, steps: Steps, k: int) -> "Rise":
        """Begin the rise that follows after `Turn.AGAIN`."""
        ladder = self._next_ladder
        assert ladder is not None  # force has risen since the valley
        area = self.area - self._valley_area
        after = Rise(self._settings, ladder, self.base, self.level, steps, k, self._least, area, self.crept)
        after._crept_at_foot = self._crept_at_foot  # the level is the same
        return after
