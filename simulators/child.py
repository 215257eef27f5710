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

from .effort import KEPT_SHARE_MAX, MERE_START_SHARE, Effort, shape

Hand = Literal["left", "right"]
HANDS: tuple[Hand, Hand] = ("left", "right")

SLACKEN_S = 4.0  #: how slowly a hand slackens that did not let go
PAUSE_S = 4.0  #: typical pause of attention


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
        return shape(
            start_s,
            (self._time(self.rise_s, rng), self._time(self.hold_s, rng), self._time(self.release_s, rng)),
            (from_n, force_n, to_n),
            rng,
            irregularity=self.irregularity,
            counts=counts,
            clonus_chance=self.clonus_chance,
        )

    def _time(self, median_s: float, rng: np.random.Generator) -> float:
        return float(median_s * np.exp(self.irregularity * rng.standard_normal()))
