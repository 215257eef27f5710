"""A rise of force on its way: how high it came, whether it fell, whether it is over."""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from ..firmware_bridge.errors import InvalidInput
from .filters import STEP_S, Moment

_LEAK_S = 8.0  #: the crest is forgotten so slowly: a hand that tires in a hold does not let go
_STILL_SHARE = 0.05  #: force that moves less than this share of the height stands still
_RUNG = 1.05  #: rungs of the ladder are this far apart: 44 of them from 12 % of a crest to the crest


@dataclass(frozen=True, slots=True)
class SqueezeSettings:
    """When a rise of force is a squeeze. Nothing here is a force: all is relative to child and sensor.

    Attributes
    ----------
    noise_factor : float
        Least height, in SDs of smoothed force at rest.
    first_noise_factor : float
        The same while the child's usual peak is not known: an idle hand wanders by more than noise.
    quanta : float
        Least height, in steps of the sensor's resolution.
    usual_share : float
        Least height, as a share of the child's usual peak once that is known.
    fall_share : float
        Share of its height that force must fall by, before another rise is another squeeze. People who
        marked recorded hands let dips of up to about half pass; pulses of a hand that never lets go fall
        by 45 % or more.
    apart_s : float
        Least time from a peak to the next rise, seconds: no hand opens and closes faster.
    release_share : float
        Share of its height below which a squeeze is over; onset and offset are where force crosses it.
    settle_s : float
        Time in seconds after which force that stands still below half the height is a release.
    brief_s, knock_s : float
        Least duration (impulse by peak, seconds) of a squeeze: of a child who squeezes briefly, and of
        one whose squeezes are known to be long.
    hold_s : float
        Longest steady hold, seconds; after it the tool is thought to lie under something.
    gap_s : float
        Time without samples, seconds, after which filters begin anew.
    lost_share : float
        Share of lost samples above which a squeeze is doubtful.

    Raises
    ------
    InvalidInput
        If a value is not above 0, or a share not below 1.
    """

    noise_factor: float = 5.0
    first_noise_factor: float = 9.0
    quanta: float = 5.0
    usual_share: float = 0.2
    fall_share: float = 0.4
    apart_s: float = 0.2
    release_share: float = 0.12
    settle_s: float = 0.3
    brief_s: float = 0.045
    knock_s: float = 0.115
    hold_s: float = 60.0
    gap_s: float = 0.15
    lost_share: float = 0.4

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            most = 1.0 if name.endswith("_share") else inf
            if not 0 < value < most:
                raise InvalidInput(name, f"must be above 0 and below {most:g}, not {value}")


class Turn(Enum):
    """What a step did to a rise."""

    ON = auto()  #: it goes on
    RELEASED = auto()
    AGAIN = auto()  #: force fell and rose again: this one is over, the next has begun
    STUCK = auto()  #: force has not moved for longer than a hand can hold


class Ladder:
    """Where force first reached each rung on its way up, to find the onset once the crest is known."""

    def __init__(self, foot: float, moment: Moment) -> None:
        self._foot = foot
        self._rungs: deque[tuple[float, Moment]] = deque([(0.0, moment)])

    def climb(self, force: float, moment: Moment, share: float) -> None:
        """Note a new height, and forget what lies below `share` of it but the last."""
        climbed = force - self._foot
        if climbed > _RUNG * self._rungs[-1][0]:
            rungs = self._rungs
            rungs.append((climbed, moment))
            while rungs[1][0] < share * climbed:
                rungs.popleft()

    @property
    def onset(self) -> Moment:
        """The last rung below the share."""
        return self._rungs[0][1]


class Rise:
    """A rise of force above rest that may become a squeeze.

    Parameters
    ----------
    ladder : Ladder
        The climb so far.
    base, level : float
        Force where it began, and level of the resting hand.
    force, peak_force, moment
        The step at which it is noticed.
    least : float
        Force that must at least be climbed or lost to matter.
    area : float
        Integral of force above `level` before this step, in unit times seconds.

    Attributes
    ----------
    height : float
        Highest smoothed force above `level`.
    peak : float
        Lightly smoothed force above `level` when smoothed force was highest. The highest of the lightly
        smoothed force would be too high by the luckiest of its noise.
    top : Moment
        When that was.
    fallen : bool
        Whether force has since fallen by enough to end it.
    clipped : bool
        Whether the sensor was at its end.
    """

    def __init__(
        self,
        settings: SqueezeSettings,
        ladder: Ladder,
        base: float,
        level: float,
        force: float,
        peak_force: float,
        moment: Moment,
        least: float,
        area: float = 0.0,
    ) -> None:
        self._settings = settings
        self.ladder = ladder
        ladder.climb(force, moment, settings.release_share)
        self.base = base
        self.level = level
        self.height = force - level
        self.peak = peak_force - level
        self.top = moment
        self.fallen = False
        self.clipped = False
        self._least = least
        self._crest = force
        self._area = area
        self._steps = self._top_step = self._still_since = 0
        self._still = force
        self._valley = inf
        self._valley_moment = moment
        self._valley_area = area
        self.next_ladder = ladder

    @property
    def climbed(self) -> float:
        """Height above where it began."""
        return self.height + self.level - self.base

    def end(self, now: Moment, *, released: bool) -> tuple[Moment, float]:
        """Offset, and integral above rest until then, of a rise that is over `now`."""
        if self.fallen and not released:
            return self._valley_moment, self._valley_area
        return now, self._area

    def follow(self, force: float, peak_force: float, moment: Moment, clipped: bool, noise: float) -> Turn:
        """Take the next step."""
        settings = self._settings
        above = force - self.level
        self._steps += 1
        self._area += above * STEP_S
        self.clipped |= clipped
        if force > self._crest:
            self._crest = force
            self.fallen = False
        elif not self.fallen:
            self._crest -= (self._crest - force) * (STEP_S / _LEAK_S)
        if above > self.height and not self.fallen:
            self.height = above
            self.peak = peak_force - self.level
            self.top = moment
            self._top_step = self._steps
            self.ladder.climb(force, moment, settings.release_share)
        if abs(force - self._still) > max(_STILL_SHARE * self.height, 3 * noise):
            self._still, self._still_since = force, self._steps
        still_s = (self._steps - self._still_since) * STEP_S
        if not self.fallen:
            fall = self._crest - force
            if fall < settings.fall_share * (self._crest - self.level) or fall < 0.5 * self._least:
                return Turn.STUCK if still_s > settings.hold_s else Turn.ON
            self.fallen = True
            self._valley = inf
        return self._follow_fall(force, above, moment, still_s)

    def _follow_fall(self, force: float, above: float, moment: Moment, still_s: float) -> Turn:
        """Take a step after the fall: back to rest, to a new rest, or up again."""
        settings = self._settings
        if force < self._valley:
            self._valley = force
            self._valley_moment, self._valley_area = moment, self._area
            self.next_ladder = Ladder(force, moment)
        else:
            self.next_ladder.climb(force, moment, settings.release_share)
        low = settings.release_share
        if above < low * self.height or force - self.base < low * (self._crest - self.base):
            return Turn.RELEASED
        if above < 0.5 * self.height and still_s >= settings.settle_s:
            return Turn.RELEASED
        climbed = force - self._valley
        apart_s = (self._steps - self._top_step) * STEP_S
        if climbed > max(self._least, settings.fall_share * above) and apart_s > settings.apart_s:
            return Turn.AGAIN
        return Turn.ON

    def next(self, force: float, peak_force: float, moment: Moment) -> "Rise":
        """Begin the rise that follows after `Turn.AGAIN`."""
        return Rise(
            self._settings,
            self.next_ladder,
            self.base,
            self.level,
            force,
            peak_force,
            moment,
            self._least,
            self._area - self._valley_area,
        )
