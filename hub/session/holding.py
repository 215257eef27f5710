"""How long a hand stays in the zone that was asked for."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from ..records.vocabulary import Hand
from .exercise import ExerciseState

#: A hand that trembles may leave the zone for so long without having let go.
STUMBLE_S: Final = 0.3
#: Share of the hold that is enough: nobody sees a twentieth of two seconds.
ENOUGH: Final = 0.95
#: How long stretches are remembered: a squeeze is told when it is over, with a lost link much later.
REMEMBER_S: Final = 120.0
#: Above the zone for so long, a child is asked to go softer.
OVER_S: Final = 0.5


class Seen(Enum):
    """What the latest samples showed."""

    NOTHING = auto()
    LONG_ENOUGH = auto()  #: the hold has just become as long as asked
    ABOVE = auto()  #: of the zone, and for a while


def follow(state: ExerciseState, hand: Hand, t_s: Sequence[float], force: Sequence[float]) -> Seen:
    """Keep the stretches in the zone.

    Parameters
    ----------
    t_s, force : sequence of float, equally long
        Unix time, and force above rest in the plan's unit.
    """
    zone = state.zone(hand)
    if zone is None:
        return Seen.NOTHING
    runs = state.runs.setdefault(hand, [])
    before_s = _length(runs)
    for at_s, value in zip(t_s, force, strict=True):
        if not zone[0] <= value <= zone[1]:
            continue
        if runs and at_s - runs[-1][1] <= STUMBLE_S:
            runs[-1] = (runs[-1][0], at_s)
        else:
            before_s = 0.0
            runs.append((at_s, at_s))
    while runs and t_s[-1] - runs[0][1] > REMEMBER_S:
        runs.pop(0)
    enough_s = ENOUGH * state.plan.hold_s
    if enough_s and before_s < enough_s <= _length(runs):
        return Seen.LONG_ENOUGH
    above = min(force) > zone[1] and t_s[-1] - (runs[-1][1] if runs else 0.0) > OVER_S
    return Seen.ABOVE if above else Seen.NOTHING


def held_s(state: ExerciseState, hand: Hand, onset_s: float, offset_s: float) -> float:
    """Longest stretch in the zone within a squeeze; without a zone, how long the squeeze was."""
    if state.zone(hand) is None:
        return offset_s - onset_s
    stretches = state.runs.get(hand, [])
    return max([0.0, *(min(until, offset_s) - max(since, onset_s) for since, until in stretches)])


def is_hit(state: ExerciseState, hand: Hand, peak: float, held: float) -> bool | None:
    """Whether a squeeze was as asked; None where there is nothing to be judged by."""
    zone, hold_s = state.zone(hand), state.plan.hold_s
    if zone is None and state.plan.zone is not None:
        return None  # the child's best is not known
    if hold_s:
        return held >= ENOUGH * hold_s
    return None if zone is None else zone[0] <= peak <= zone[1]


def _length(runs: Sequence[tuple[float, float]]) -> float:
    return runs[-1][1] - runs[-1][0] if runs else 0.0
