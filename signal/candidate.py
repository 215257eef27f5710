"""What speaks for a rise of force that is over, while nothing of the child is known to compare it with."""

from dataclasses import dataclass

from .baseline import Rest
from .counted import Squeeze
from .grid import STEP_S
from .rise import Rise
from .settings import SqueezeSettings

_PAUSE_S = 0.5  #: of rest between two squeezes tell them from fidgeting
#: Times the unrest of a hand that rests stand out from it for sure; as one of some; as one of many.
_SURE_UNREST, _CALM_UNREST, _FIT_UNREST = 12.0, 8.0, 5.0
_AFTER_PAUSE_NOISE, _AT_ONCE_NOISE = 200.0, 400.0  #: times the noise are enough after rest; without it
#: A brief pinch alone, after so much rest: of a knock, which is briefer, the filters leave less.
_LONE_NOISE, _LONE_REST_S, _LONE_S = 500.0, 2.5, 0.06
_LONG_S = 1.2  #: no bump lasts as long
_BUMP_S = 0.3  #: longer ones are hardly bumps of picking up or putting down
_RAPID_S = 0.3  #: briefer ones may follow each other without rest
_BRIEF_S = 0.25  #: briefer ones may be knocks or bumps
_STEADY_NOISE = 10.0  #: so many times the noise is enough for one of a steady series
_BRIEFEST_S = 0.07  #: impulse by peak; of a knock even less is left
#: So many that are alike are squeezes: of such as stand out for sure and are no bumps; of such as stand out
#: as one of some; as one of many; of brief ones.
_STRONG_COMPANY, _CALM_COMPANY, _COMPANY, _BRIEF_COMPANY = 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Pause:
    """The rest before a rise."""

    enough: bool  #: for a squeeze, or nothing was before
    s: float  #: how long it was seen, seconds

    @classmethod
    def since(cls, rested: float, seen: int) -> "Pause":
        """Rest from step `rested` to step `seen` of all rest; `rested` is below 0 if nothing was before."""
        pause_s = STEP_S * min(seen, seen - rested)
        return cls(rested < 0 or pause_s >= _PAUSE_S, pause_s)


NO_PAUSE = Pause(enough=False, s=0.0)


@dataclass(slots=True)
class Candidate:
    """A squeeze that may count.

    Attributes
    ----------
    squeeze : Squeeze
        What it would be told as.
    duration_s : float
        Impulse by peak, seconds.
    plain : bool
        Whether it is high enough above noise to be no chance.
    sure : bool
        Whether it is a squeeze whatever the others are like.
    fit : bool
        Whether it came from rest and went back to it.
    calm : bool
        Whether it is clearly higher than the hand is restless.
    far : bool
        Whether it is higher than noise by far.
    brief : bool
        Whether it may be one of a rapid series, in which there is no rest.
    steady : bool
        Whether it may be one of a steady series, in which there is hardly any rest.
    pause_s : float
        Rest before it, seconds.
    weight : float
        What it adds to a series of others that are like it: they are squeezes if together it is 1.
    """

    squeeze: Squeeze
    duration_s: float
    plain: bool
    sure: bool
    fit: bool
    calm: bool
    far: bool
    brief: bool
    steady: bool
    pause_s: float
    weight: float

    @property
    def odd(self) -> bool:
        """Whether no series of squeezes has such as this in it."""
        return not (self.fit or self.brief or self.sure)


def weigh(
    squeeze: Squeeze,
    duration_s: float,
    rise: Rise,
    rest: Rest,
    pause: Pause,
    *,
    came_back: bool,
    settings: SqueezeSettings,
) -> Candidate:
    """Say what speaks for a rise.

    Parameters
    ----------
    squeeze, duration_s
        As for `Candidate`.
    rise, rest, pause : Rise, Rest, Pause
        What it was; the hand at rest; the rest before it.
    came_back : bool
        Whether it went back to rest.
    settings : SqueezeSettings
        When a rise is a squeeze.
    """
    height, noise, unrest = rise.climbed, rest.noise, rest.unrest
    rested = rest.seen * STEP_S >= settings.first_rest_s
    lasts = duration_s >= settings.first_clear_s
    plain = height > settings.first_vague * noise
    calm = height > _CALM_UNREST * rest.unrest_at_most
    stands_out = height > _SURE_UNREST * rest.unrest_at_most
    strong = came_back and pause.enough and stands_out and duration_s >= _BUMP_S
    far = height > max(settings.first_by_far * noise, _SURE_UNREST * unrest)
    if far:
        at_once = _AFTER_PAUSE_NOISE if pause.s >= _PAUSE_S else _AT_ONCE_NOISE
        enough = duration_s >= settings.first_s and (height > at_once * noise or (came_back and rested))
        lone = height > _LONE_NOISE * noise and came_back and pause.s >= _LONE_REST_S
        sure = enough or duration_s >= _LONG_S or (lasts and (rested or came_back))
        sure = sure or (lone and duration_s >= _LONE_S)
        fit = came_back or duration_s >= settings.first_s
        calm = True
    else:
        clear = stands_out and lasts and rested
        long = duration_s >= _LONG_S and plain and height > _CALM_UNREST * unrest
        sure = came_back and pause.enough and (long or clear)
        fit = (came_back or clear) and pause.enough and height > _FIT_UNREST * unrest
    fit = fit and duration_s >= settings.knock_s
    brief = _BRIEFEST_S <= duration_s < _RAPID_S and plain and calm
    clear_of_rest = not rest.sees_rest or height > _FIT_UNREST * unrest
    steady = duration_s >= _BRIEF_S and height > _STEADY_NOISE * noise and clear_of_rest
    weight = 0.0
    if fit and strong:
        weight = 1 / _STRONG_COMPANY
    elif fit and duration_s >= _BRIEF_S:
        weight = 1 / (_CALM_COMPANY if calm else _COMPANY)
    elif fit:
        weight = 1 / _BRIEF_COMPANY
    return Candidate(squeeze, duration_s, plain, sure, fit, calm, far, brief, steady, pause.s, weight)
