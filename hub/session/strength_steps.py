"""What a strength test says: what is to be done now, and what became of the trial before."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...firmware_bridge.samples import Unit
from ...signal.quality import Fault
from ..records.strength import TestTrial
from ..records.vocabulary import Hand

_FAULTS: Final[dict[str, str]] = {
    Fault.SLOW_RISE: "it took long to get strong",
    Fault.SHORT_HOLD: "it was let go early",
    Fault.SAMPLES_LOST: "the radio lost a part of it",
    Fault.SATURATED: "the tool cannot measure so much",
    Fault.NO_TARE: "the tool had no zero",
    Fault.HANDLING: "the tool was only being picked up",
}


class Phase(StrEnum):
    """What is to be done."""

    QUIET = "quiet"  #: nobody touches the tool
    READY = "ready"  #: squeeze
    HOLD = "hold"
    LET_GO = "let_go"
    REST = "rest"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Step:
    """What to show now.

    Attributes
    ----------
    trial, trials : int
        Which trial of this hand it is, from 1, and how many there are to be; practice included.
    left_s : float or None
        Until the hand may let go, or the rest is over.
    force : float
        Above zero, in `unit`.
    say : str
        What to do.
    news : tuple of str
        What became of the trial before, each told once.
    """

    phase: Phase
    hand: Hand
    trial: int
    trials: int
    practice: bool
    left_s: float | None
    force: float
    unit: Unit
    say: str
    news: tuple[str, ...] = ()


def words(phase: Phase, hand: Hand, *, practice: bool) -> str:
    """What to do now, in a sentence. It never says how hard the child tried."""
    match phase:
        case Phase.QUIET:
            return "Lay the tool on the table and let go of it."
        case Phase.READY:
            once = "try it once, to learn how" if practice else "squeeze as hard as you can"
            return f"{hand.capitalize()} hand: {once}. Stop at once if it hurts in an unusual way."
        case Phase.HOLD:
            return "Hold!"
        case Phase.LET_GO:
            return "Let go."
        case Phase.REST:
            return f"Rest. The {hand} hand is next; lay the tool down meanwhile."
        case Phase.OVER:
            return "That is all. Thank you."


def verdict(trial: TestTrial, *, again: bool) -> str:
    """What became of a trial, and whether another one follows."""
    if trial.because:
        return f"That was no trial: {trial.because}"
    if trial.faults:
        why = " and ".join(_FAULTS[fault] for fault in trial.faults)
        return f"This one does not count: {why}." + (" Once more after the rest." if again else "")
    return "Practice is done." if trial.practice else "That one counts."
