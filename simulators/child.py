"""Children who squeeze: how strong, how steady, how long their attention lasts.

The numbers are plausible, not measured: no public recording of a child's therapy exists to fit them to.
What a child *means* to do is known exactly, which is what a detector is scored against.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import exp, exp2
from typing import Literal

import numpy as np

from ..firmware_bridge.samples import FloatArray

Hand = Literal["left", "right"]
HANDS: tuple[Hand, Hand] = ("left", "right")

#: Below this share of the usual force a child merely starts; it is no squeeze.
MERE_START_SHARE = 0.05
#: A hand that does not let go keeps at most this share of the weaker neighbour, so that force falls by far
#: more than the third that separates two squeezes in the labels of the recorded hands.
KEPT_SHARE_MAX = 0.3
#: Within one squeeze force dips by less than the third that would make it two.
DIP_SHARE_MAX = 0.25
SLACKEN_S = 4.0  #: how slowly a hand slackens that did not let go
PAUSE_S = 4.0  #: typical pause of attention
KNOT_S = 0.25  #: force wanders about four times a second while it is held

_RISE = np.array([0.08, 0.27, 0.33, 0.22, 0.10])  # shares of the climb per fifth of the time: a bell
_RELEASE = np.array([0.14, 0.38, 0.27, 0.14, 0.07])  # a hand opens fast and ends with a tail


@dataclass(frozen=True, slots=True)
class Strength:
    """One hand's true maximal force and what eight weeks of training make of it.

    Attributes
    ----------
    peak_n : float
        Maximal force on day 0.
    gain : float
        Share of `peak_n` that training adds until it levels off.
    half_gain_days : float
        Days until half of the gain is there.
    """

    peak_n: float
    gain: float = 0.1
    half_gain_days: float = 21.0

    def on_day(self, day: float) -> float:
        """Maximal force in newtons, so many days after the training began."""
        return self.peak_n * (1 + self.gain * (1 - exp2(-max(day, 0.0) / self.half_gain_days)))


@dataclass(frozen=True, slots=True, eq=False)
class Effort:
    """One time that a child sets out to squeeze: knots of force above rest, joined monotonically.

    Attributes
    ----------
    t_s, force_n : ndarray of float64, shape (k,)
        Knots, times from the beginning of the exercise.
    hold_s : tuple of float
        When the hold begins and ends.
    counts : bool
        Whether it is a squeeze; False for a mere start.
    clonus : bool
        Whether the hand begins to beat during the hold.
    """

    t_s: FloatArray
    force_n: FloatArray
    hold_s: tuple[float, float]
    counts: bool = True
    clonus: bool = False


@dataclass(frozen=True, slots=True)
class ChildModel:
    """A child, with everything that makes one squeeze differ from the next.

    Chances are per squeeze unless they say otherwise; times are medians.

    Attributes
    ----------
    child_id : str
        Pseudonymous id.
    alias : str
        A name for the demo's screens. It never travels.
    age_years : float
        Age.
    left, right : Strength
        True maximal force of each hand.
    share_of_peak, share_sd : float
        Share of the maximum that the child likes to use, and the log-SD from squeeze to squeeze.
    session_sd, session_correlation : float
        Log-SD from session to session, and its correlation with the session before: AR(1).
    rise_s, hold_s, release_s, rest_s : float
        Phases of a squeeze and the rest after it.
    irregularity : float
        Log-SD of the phases; also how uneven rise, hold and release are.
    unsteadiness : float
        Slow wandering of force (0.3-3 Hz) as a share of it.
    tremor_hz, tremor_share : float
        Tremor and its size as a share of force.
    clonus_hz, clonus_share, clonus_chance : float
        Beating of a spastic hand during a hold: pace, size as a share of force, and chance.
    fatigue : float
        Share of force lost with each squeeze of a session.
    keeps_hold_chance, pause_chance, mere_start_chance : float
        Incomplete release, a pause of attention, a squeeze that is only begun.
    bump_n : float
        Typical knock when the tool is picked up or put down.
    weak_day_chance, weak_day_share : float
        How often a day goes badly, and what is left of the force then.
    """

    child_id: str
    alias: str
    age_years: float
    left: Strength
    right: Strength
    share_of_peak: float = 0.55
    share_sd: float = 0.1
    session_sd: float = 0.08
    session_correlation: float = 0.4
    rise_s: float = 0.35
    hold_s: float = 1.0
    release_s: float = 0.35
    rest_s: float = 1.3
    irregularity: float = 0.25
    unsteadiness: float = 0.01
    tremor_hz: float = 8.0
    tremor_share: float = 0.008
    clonus_hz: float = 6.0
    clonus_share: float = 0.0
    clonus_chance: float = 0.0
    fatigue: float = 0.01
    keeps_hold_chance: float = 0.1
    pause_chance: float = 0.05
    mere_start_chance: float = 0.02
    bump_n: float = 1.0
    weak_day_chance: float = 0.05
    weak_day_share: float = 0.75

    def __post_init__(self) -> None:
        if not 5 <= self.tremor_hz <= 10:
            raise ValueError(f"physiological tremor is at 5-10 Hz, not {self.tremor_hz}")
        if not 0 < self.share_of_peak <= 1:
            raise ValueError(f"share_of_peak must be above 0 and at most 1, not {self.share_of_peak}")
        if not 0 <= self.session_correlation < 1:
            raise ValueError(
                f"session_correlation must be 0 or more, below 1, not {self.session_correlation}"
            )

    def peak_n(self, hand: Hand, day: float = 0.0) -> float:
        """True maximal force of a hand on a day of the training."""
        return (self.left if hand == "left" else self.right).on_day(day)

    def form(self, rng: np.random.Generator, before: float | None = None) -> float:
        """How good a session is, 1 on average, given the one before."""
        if before is None:
            return float(np.exp(self.session_sd * rng.standard_normal()))
        rho = self.session_correlation
        fresh = self.session_sd * np.sqrt(1 - rho**2) * rng.standard_normal()
        return float(np.exp(rho * np.log(before) + fresh))

    def efforts(
        self, hand: Hand, rng: np.random.Generator, *, day: float = 0.0, form: float = 1.0
    ) -> Iterator[Effort]:
        """Squeeze on and on, from time 0; the caller stops when it has enough."""
        limit_n = self.peak_n(hand, day)
        usual_n = self.share_of_peak * limit_n * form

        def force_of(k: int) -> float:
            drawn = usual_n * np.exp(self.share_sd * rng.standard_normal()) * (1 - self.fatigue) ** k
            return float(np.clip(drawn, 0.15 * usual_n, limit_n))

        t_s, kept_n, force_n = 0.0, 0.0, force_of(0)
        for k in count(1):
            if rng.random() < self.mere_start_chance:
                reach_n = kept_n + rng.uniform(0.4, 0.9) * MERE_START_SHARE * usual_n
                start = self._effort(t_s, kept_n, reach_n, kept_n, rng, counts=False)
                yield start
                t_s = float(start.t_s[-1]) + self._time(self.rest_s / 2, rng)
            next_n = force_of(k)
            before_n, kept_n = kept_n, 0.0
            if rng.random() < self.keeps_hold_chance:
                kept_n = rng.uniform(0.3, 1.0) * KEPT_SHARE_MAX * min(force_n, next_n)
            effort = self._effort(t_s, before_n, force_n, kept_n, rng)
            yield effort
            waits_s = self._time(self.rest_s, rng)
            if rng.random() < self.pause_chance:
                waits_s += self._time(PAUSE_S, rng)
            t_s = float(effort.t_s[-1]) + waits_s
            kept_n *= exp(-waits_s / SLACKEN_S)
            force_n = next_n

    def _time(self, median_s: float, rng: np.random.Generator) -> float:
        return float(median_s * np.exp(self.irregularity * rng.standard_normal()))

    def _effort(
        self,
        start_s: float,
        from_n: float,
        force_n: float,
        to_n: float,
        rng: np.random.Generator,
        *,
        counts: bool = True,
    ) -> Effort:
        rise_s, hold_s, release_s = (
            self._time(median_s, rng) for median_s in (self.rise_s, self.hold_s, self.release_s)
        )
        steps = max(3, round(hold_s / KNOT_S) + 1)
        u = np.linspace(0, 1, steps)
        arch = rng.uniform(0.04, 0.2) * np.abs(2 * (u - rng.uniform(0.3, 0.6))) ** 1.5
        walk = np.cumsum(rng.standard_normal(steps)) * 0.2 * self.irregularity
        dips = arch + walk.max() - walk
        dips = np.minimum(dips - dips.min(), DIP_SHARE_MAX)
        held_n = force_n - dips * (force_n - from_n)
        even = 2.0 / max(self.irregularity, 0.02) ** 2  # the larger, the closer to the bell
        rise = np.cumsum(rng.dirichlet(even * _RISE))[:-1]
        release = np.cumsum(rng.dirichlet(even * _RELEASE))[:-1]
        begins_s, ends_s = start_s + rise_s, start_s + rise_s + hold_s
        return Effort(
            t_s=np.concatenate(
                [
                    [start_s],
                    start_s + rise_s * np.arange(1, 5) / 5,
                    np.linspace(begins_s, ends_s, steps),
                    ends_s + release_s * np.arange(1, 6) / 5,
                ]
            ),
            force_n=np.concatenate(
                [
                    [from_n],
                    from_n + rise * (held_n[0] - from_n),
                    held_n,
                    held_n[-1] + release * (to_n - held_n[-1]),
                    [to_n],
                ]
            ),
            hold_s=(begins_s, ends_s),
            counts=counts,
            clonus=counts and rng.random() < self.clonus_chance,
        )


#: The demo's children. Names are invented.
PRESETS: dict[str, ChildModel] = {
    child.child_id: child
    for child in (
        ChildModel(
            "c-4f21",
            "Mia",
            age_years=6.4,
            left=Strength(24.0, gain=0.6),
            right=Strength(42.0, gain=0.15),
            share_of_peak=0.5,
            share_sd=0.16,
            session_sd=0.12,
            rise_s=0.5,
            hold_s=1.1,
            release_s=0.55,
            rest_s=1.5,
            irregularity=0.3,
            unsteadiness=0.02,
            tremor_hz=6.5,
            tremor_share=0.035,
            fatigue=0.02,
            keeps_hold_chance=0.25,
            mere_start_chance=0.06,
            bump_n=0.8,
            weak_day_chance=0.12,
            weak_day_share=0.65,
        ),
        ChildModel(
            "c-9b07",
            "Jonas",
            age_years=9.1,
            left=Strength(118.0, gain=0.08),
            right=Strength(132.0, gain=0.12),
        ),
        ChildModel(
            "c-e53a",
            "Lea",
            age_years=12.8,
            left=Strength(138.0, gain=0.2),
            right=Strength(196.0, gain=0.03),
            share_of_peak=0.5,
            share_sd=0.25,
            session_sd=0.1,
            rise_s=0.3,
            hold_s=1.2,
            rest_s=1.2,
            irregularity=0.4,
            unsteadiness=0.02,
            clonus_share=0.08,
            clonus_chance=0.15,
            fatigue=0.015,
            keeps_hold_chance=0.2,
            pause_chance=0.12,
            mere_start_chance=0.05,
            bump_n=2.5,
        ),
    )
}
