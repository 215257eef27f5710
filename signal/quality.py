"""How good a recording is: its tare, its drift, what was lost, what the sensor could not show.

The limits are derived: no source that was read gives them. They are
settings of a clinic.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .effort import Effort
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Recording, Timing
from .refusal import Reason, Refused
from .untouched import DRIFT_PERCENT

TARE_S = 1.0  #: shortest quiet time that a zero is taken from
_TARE_SAMPLES = 8  #: fewer show no noise


class Fault(StrEnum):
    """Why a trial does not count. None of these says anything about how hard a child tried."""

    SLOW_RISE = "slow_rise"
    SHORT_HOLD = "short_hold"
    SAMPLES_LOST = "samples_lost"
    SATURATED = "saturated"
    NO_TARE = "no_tare"
    HANDLING = "handling"  #: far below the hand's best: the tool was picked up or put down


@dataclass(frozen=True, slots=True)
class TrialRules:
    """When a trial of greatest strength counts (derived, configurable).

    Attributes
    ----------
    rise_s : float
        Longest time from onset to nine tenths of the peak.
    hold_s : float
        Shortest time above eight tenths of the peak.
    lost_percent : float
        Largest share of lost samples.
    """

    rise_s: float = 3.0
    hold_s: float = 1.0
    lost_percent: float = 5.0


RULES = TrialRules()


@dataclass(frozen=True, slots=True)
class Tare:
    """Zero of an untouched tool.

    Attributes
    ----------
    level, noise : float
        Median, and SD, in `unit`.
    unit : str
    quiet_s : float
        Length of the quiet time.
    """

    level: float
    noise: float
    unit: str
    quiet_s: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How far zero moved from the tare before a session to the one after it.

    Attributes
    ----------
    moved : Quantity
        After less before, in the tool's unit.
    percent : float
        The same, of the child's maximum, without sign.
    too_far : bool
        More than 2 %: tare more often, or let the tool warm up.
    """

    moved: Quantity
    percent: float
    too_far: bool


def tare(quiet: Recording, noise_limit: float) -> Tare | Refused:
    """Take zero from a tool that nobody touches: the median of a second or more.

    Parameters
    ----------
    noise_limit : float
        SD above which the tool was not at rest, in the recording's unit.
    """
    measure = "tare"
    lasted_s = float(np.ptp(quiet.t_s)) if len(quiet) else 0.0
    # what one period lasts longer than its first and last sample are apart
    if len(quiet) < _TARE_SAMPLES or lasted_s + quiet.period_s < TARE_S * (1 - 1e-9):
        return Refused(
            measure,
            Reason.TOO_SHORT,
            "Leave the tool alone for a second or more, a slow tool for some seconds.",
        )
    # what the radio delays is no gap, but a second without a word is
    if quiet.has_gap() and (quiet.timing is Timing.TOOL or quiet.longest_gap_s() > TARE_S):
        return Refused(measure, Reason.GAP, "Samples were lost meanwhile. Bring the tool near and repeat.")
    if quiet.clipped.any():
        return Refused(
            measure, Reason.SATURATED, "The sensor is at the end of its range without a hand on it."
        )
    noise = float(quiet.force.std(ddof=1))
    if noise > noise_limit:
        return Refused(measure, Reason.NOISE, "The tool was not at rest. Lay it down and repeat.")
    return Tare(float(np.median(quiet.force)), noise, quiet.unit.value, lasted_s)


def drift(before: Tare, after: Tare, maximum: float) -> Drift | Refused:
    """Compare zero before and after a session with the child's maximum, all in one unit."""
    if before.unit != after.unit:
        return Refused(
            "drift",
            Reason.UNIT,
            Sentence("Zero was {before} before and {after} after.", before=before.unit, after=after.unit),
        )
    if not SMALLEST < maximum < LARGEST:
        return Refused(
            "drift", Reason.NOT_KNOWN, "The child's maximum is not known. Make a strength test first."
        )
    moved = after.level - before.level
    percent = 100 * abs(moved) / maximum
    trust = Sentence("Warming by the hand and a sensor that creeps look the same.")
    sd = float(np.hypot(before.noise, after.noise))
    return Drift(Quantity(moved, before.unit, trust, sd), percent, percent > DRIFT_PERCENT)


def loss(recording: Recording) -> Quantity | Refused:
    """Share of samples that were lost, in per cent."""
    if recording.timing is Timing.ARRIVAL:
        because = Sentence("This tool stamps no samples, so a lost one does not show.")
        return Refused("loss", Reason.STAMPS, because)
    if len(recording) < 2:
        return Refused("loss", Reason.TOO_SHORT, "Nothing was recorded that could have lost a part.")
    return Quantity(
        recording.lost_percent(), "%", "Samples lost before the first and after the last do not show."
    )


def saturation(recording: Recording) -> Quantity | Refused:
    """Share of samples at the end of the sensor's range, in per cent."""
    if not len(recording):
        return Refused("saturation", Reason.TOO_SHORT, "Nothing was recorded.")
    return Quantity(
        float(100 * recording.clipped.mean()), "%", "As the tool marks it; true force was higher."
    )


def faults(trial: Effort, rules: TrialRules = RULES) -> tuple[Fault, ...]:
    """Why a trial does not count; empty if it does."""
    force = trial.force
    begin_s = float(force.t_s[0]) if trial.onset_s is None else trial.onset_s
    found = {
        Fault.SLOW_RISE: trial.arrived_s - begin_s > rules.rise_s,
        Fault.SHORT_HOLD: trial.held_s < rules.hold_s,
        Fault.SAMPLES_LOST: force.lost_percent() > rules.lost_percent,
        Fault.SATURATED: bool(force.clipped.any()),
        Fault.NO_TARE: force.noise is None,
    }
    return tuple(fault for fault, there in found.items() if there)
