"""Mirror force: what the resting hand does while the other one works.

Status (words in docs/measures.md): 2ND, from the notes of an open finger-force project; of children nothing
is known. It takes two tools, one in each hand.
"""

from dataclasses import dataclass
from math import inf

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .effort import STRENGTH_HZ, Effort, effort
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Recording, Timing
from .refusal import Reason, Refused

_LEAST_SAMPLES = 8
_LOST_PERCENT = 5.0
_CLOCK_ERROR_S = 0.2  #: a hold lasts seconds: so little does not bring rest into it


@dataclass(frozen=True, slots=True)
class MirrorForce:
    """What the resting hand did while the other one worked.

    Attributes
    ----------
    mean, highest : Quantity
        Above its level before, per cent of that hand's own maximum.
    worked_s : float
        How long the other hand worked.
    """

    mean: Quantity
    highest: Quantity
    worked_s: float


def mirror_force(
    working: Recording, resting: Recording, resting_maximum: float, *, clock_error_s: float
) -> MirrorForce | Refused:
    """Force of a hand that is to rest while the other one squeezes, per cent of its maximum.

    Both tools are held: the resting hand's level before the squeeze is its zero.

    Parameters
    ----------
    working, resting : Recording
        Of one squeeze or hold, on one common clock, from a second before it on.
    resting_maximum : float
        Greatest force of the resting hand with its tool, in the unit of `resting`.
    clock_error_s : float
        How well the two tools' clocks are known to each other; 0 for two sensors of one tool.
    """
    measure = "mirror force"
    if Timing.ARRIVAL in (working.timing, resting.timing) or not 0 <= clock_error_s <= _CLOCK_ERROR_S:
        because = Sentence(
            "The two tools' times are not known to each other within {error_s} s.",
            error_s=_CLOCK_ERROR_S,
        )
        return Refused(measure, Reason.STAMPS, because)
    if not SMALLEST < resting_maximum < LARGEST:
        because = Sentence("The resting hand's maximum is not known. Make a strength test first.")
        return Refused(measure, Reason.NOT_KNOWN, because)
    found = effort(working, measure)
    if isinstance(found, Refused):
        return found
    if found.onset_s is None:
        return Refused(measure, Reason.PROTOCOL, "The recording begins in the squeeze. Start it at rest.")
    return _refused(resting, found, measure) or _mirrored(resting, found, found.onset_s, resting_maximum)


def _mirrored(resting: Recording, work: Effort, onset_s: float, maximum: float) -> MirrorForce | Refused:
    smooth = resting.smoothed(STRENGTH_HZ)
    before, during = smooth.between(-inf, onset_s), smooth.between(work.arrived_s, work.left_s)
    if min(len(before), len(during)) < _LEAST_SAMPLES:
        because = Sentence("The resting hand's tool sent too few samples before or during the squeeze.")
        return Refused("mirror force", Reason.TOO_SHORT, because)
    own = 100 * (during.force - float(np.median(before.force))) / maximum
    noise = 100 * (smooth.noise or 0.0) / maximum
    trust = Sentence("Of children it is not known how well it repeats, nor how much is usual.")
    mean, highest = (Quantity(float(value), "%", trust, noise) for value in (own.mean(), own.max()))
    return MirrorForce(mean, highest, work.left_s - work.arrived_s)


def _refused(resting: Recording, work: Effort, measure: str) -> Refused | None:
    begin_s, end_s = work.arrived_s, work.left_s
    if resting.lost_percent(begin_s, end_s) > _LOST_PERCENT:
        because = Sentence(
            "More than {percent} % of the resting hand's samples are missing.",
            percent=round(_LOST_PERCENT),
        )
        return Refused(measure, Reason.GAP, because)
    if resting.between(begin_s, end_s).clipped.any():
        return Refused(measure, Reason.SATURATED, "The resting hand's sensor came to the end of its range.")
    if resting.noise is None:
        return Refused(measure, Reason.NOISE, "Noise is not known. Tare the resting hand's tool before.")
    return None
