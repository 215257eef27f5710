"""Greatest grip strength: trials, how protocols combine them, and how much they vary.

Sources and status (words in docs/measures.md): ASHT 2015 and Southampton 2011, READ in BMC Geriatrics 2017,
s12877-017-0625-y, table 3; NIH Toolbox, READ in the panel text of LOINC 83145-3; NHANES, trials and rest READ
(its sum of both hands is not, and is left out); Ploegmakers 2013, READ in the abstract. Mean, SD and CV as
the Jamar Smart shows them (READ in its manual).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt
from typing import Final, Literal

import numpy as np

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import Unit
from ..firmware_bridge.sentence import Sentence
from .effort import STRENGTH_HZ, effort
from .quality import RULES, Fault, TrialRules, faults
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Recording
from .refusal import Reason, Refused

Side = Literal["left", "right"]


class Score(StrEnum):
    """How a protocol makes one number of its trials."""

    MEAN = "mean"  #: of one hand's trials
    MAX = "max"  #: of one hand's trials
    MAX_OF_BOTH = "max_of_both"  #: of all trials of both hands
    SINGLE = "single"  #: the only trial of a hand that counts
    NOT_STATED = "not_stated"  #: not in what was read of the source


@dataclass(frozen=True, slots=True)
class Preset:
    """A published protocol. None: not in what was read of its source.

    Attributes
    ----------
    name, source : str
    trials : int
        For each hand.
    score : Score
    practice : int
        Trials before that do not count.
    hold_s, rest_s : float or None
        Least time to squeeze, and to rest between trials of one hand.
    alternating : bool
        Whether the hands take turns.
    position : str
        How the child sits or stands.
    """

    name: str
    source: str
    trials: int
    score: Score
    practice: int = 0
    hold_s: float | None = None
    rest_s: float | None = None
    alternating: bool = False
    position: str = ""


ASHT = Preset(
    "ASHT 2015",
    "BMC Geriatrics 2017, s12877-017-0625-y, table 3",
    3,
    Score.MEAN,
    hold_s=3.0,
    rest_s=15.0,
    position="seated without arm rests, hips and knees at about 90°, upper arm at the side and not turned, "
    "elbow at 90°, forearm neutral, wrist 15 to 30° extended and 0 to 15° towards the little finger; "
    "handle 2",
)
SOUTHAMPTON = Preset("Southampton 2011", ASHT.source, 3, Score.MAX_OF_BOTH, alternating=True)
NIH_TOOLBOX = Preset("NIH Toolbox", "LOINC 83145-3, panel text", 1, Score.SINGLE, practice=1)
NHANES = Preset(
    "NHANES",
    "NHANES muscle strength procedure (MGX)",
    3,
    Score.MAX,
    practice=1,
    rest_s=60.0,
    alternating=True,
    position="standing",
)
PLOEGMAKERS = Preset("Ploegmakers", "J Physiother 2013, abstract", 2, Score.NOT_STATED)
#: By the names that programs and commands call them.
PROTOCOLS: Final = {
    "asht": ASHT,
    "southampton": SOUTHAMPTON,
    "nih": NIH_TOOLBOX,
    "nhanes": NHANES,
    "ploegmakers": PLOEGMAKERS,
}
PRESETS = tuple(PROTOCOLS.values())

#: Below this share of the same hand's best trial it was no trial: nobody tires so much in three (derived).
HANDLING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Trial:
    """One squeeze of greatest strength.

    Attributes
    ----------
    side : "left" or "right"
    peak : Quantity
        Highest smoothed force; at a clipped sensor a lower bound.
    raw_peak : float
        Highest sample, same unit.
    rise_s : float or None
        From onset to nine tenths of the peak; None if the recording begins in the squeeze.
    held_s : float
        Time above eight tenths of the peak.
    cutoff_hz : float
        Of the zero-phase filter; 0 where the tool is too slow to be smoothed.
    faults : tuple of Fault
        Why it does not count; empty if it does.
    """

    side: Side
    peak: Quantity
    raw_peak: float
    rise_s: float | None
    held_s: float
    cutoff_hz: float
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Variation:
    """Spread of some trials: mean, SD (with n - 1) and coefficient of variation in per cent."""

    n: int
    mean: float
    sd: float
    cv_percent: float


@dataclass(frozen=True, slots=True)
class StrengthEstimate:
    """Result of a strength test.

    Attributes
    ----------
    preset : str
        Name of the protocol: results of two protocols do not compare.
    sides : tuple of "left" or "right"
        Hands that the score is of.
    score : Quantity
    trials : tuple of float
        The peaks that it is made of.
    left_out : int
        Trials that do not count, or are more than the protocol asks for.
    variation : Variation or None
        None with a single trial.
    """

    preset: str
    sides: tuple[Side, ...]
    score: Quantity
    trials: tuple[float, ...]
    left_out: int
    variation: Variation | None


def trial(recording: Recording, side: Side, rules: TrialRules = RULES) -> Trial | Refused:
    """Measure one squeeze of greatest strength."""
    found = effort(recording, "strength")
    if isinstance(found, Refused):
        return found
    smooths = recording.smooths(STRENGTH_HZ)
    trust = (
        "Highest of smoothed force." if smooths else "Highest sample: the tool is too slow to be smoothed."
    )
    return Trial(
        side,
        Quantity(found.peak, recording.unit.value, trust, found.force.noise),
        found.raw_peak,
        None if found.onset_s is None else found.arrived_s - found.onset_s,
        found.held_s,
        STRENGTH_HZ if smooths else 0.0,
        faults(found, rules),
    )


def without_handling(trials: Sequence[Trial]) -> list[Trial]:
    """The same trials, those marked that are so low beside the hand's best that they were none."""
    best = {
        side: max((one.peak.value for one in trials if one.side == side), default=0.0)
        for side in ("left", "right")
    }
    return [
        replace(one, faults=(*one.faults, Fault.HANDLING))
        if Fault.HANDLING not in one.faults and one.peak.value < HANDLING_SHARE * best[one.side]
        else one
        for one in trials
    ]


def variation(peaks: Sequence[float]) -> Variation | Refused:
    """Mean, SD and coefficient of variation of some peaks.

    A high CV never says that a child did not try: no cut-off for that was found in any source.

    Examples
    --------
    >>> v = variation([10.2, 11.0, 10.6])
    >>> round(v.mean, 1), round(v.sd, 1), round(v.cv_percent, 2)
    (10.6, 0.4, 3.77)
    """
    x = np.array(peaks, dtype=np.float64)
    if x.size < 2:
        return Refused("variation", Reason.TOO_SHORT, "One trial does not vary. Make two or more.")
    if not ((np.abs(x) < LARGEST).all() and x.mean() > SMALLEST):
        return Refused("variation", Reason.NOT_KNOWN, "A trial has no peak.")
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    return Variation(x.size, mean, sd, 100 * sd / mean)


def strength(
    trials: Sequence[Trial], preset: Preset = ASHT, side: Side | None = None
) -> StrengthEstimate | Refused:
    """Score a test by its protocol, from the trials that count, in their order.

    Parameters
    ----------
    trials : sequence of Trial
        Of one or both hands, without practice.
    side : "left" or "right", optional
        The hand to score; left out for a protocol that scores both at once.

    Raises
    ------
    InvalidInput
        If the protocol needs a side and none is given.
    """
    if preset.score is Score.NOT_STATED:
        because = Sentence(
            "What was read of {name} does not say how its trials make a score.", name=preset.name
        )
        return Refused("strength", Reason.PROTOCOL, because)
    if side is None and preset.score is not Score.MAX_OF_BOTH:
        raise InvalidInput("side", f"must be given: {preset.name} scores each hand")
    sides: tuple[Side, ...] = ("left", "right") if preset.score is Score.MAX_OF_BOTH else (side or "left",)
    units = {one.peak.unit for one in trials if one.side in sides}
    if len(units) > 1:
        because = Sentence(
            "Trials are in {units}, which do not mix. Repeat the test with one tool.",
            units=" and ".join(sorted(units)),
        )
        return Refused("strength", Reason.UNIT, because)
    counted: list[Trial] = []
    for hand in sides:
        good = [one for one in trials if one.side == hand and not one.faults]
        if len(good) < preset.trials:
            because = Sentence(
                "{name} needs {trials} trials of the {hand} hand that count; {number} do.",
                name=preset.name,
                trials=preset.trials,
                hand=hand,
                number=len(good),
            )
            return Refused("strength", Reason.TOO_SHORT, because)
        counted += good[: preset.trials]
    peaks = tuple(one.peak.value for one in counted)
    found = variation(peaks)
    spread = None if isinstance(found, Refused) else found
    if preset.score is Score.MEAN and spread is not None:
        value, sd = spread.mean, spread.sd / sqrt(spread.n)
    else:
        value, sd = max(peaks), None
    unit = counted[0].peak.unit
    trust = "Compares only with the same tool, handle and protocol."
    if unit != Unit.NEWTON:
        trust += " No force: the tool is not calibrated."
    left_out = sum(one.side in sides for one in trials) - len(counted)
    return StrengthEstimate(preset.name, sides, Quantity(value, unit, trust, sd), peaks, left_out, spread)
