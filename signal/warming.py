"""When a tool that a hand has warmed wants to be set to zero anew.

A sealed ball is a gas thermometer: at constant volume its pressure grows with absolute temperature, 101.3 kPa
in 293 K or 0.35 kPa for each kelvin (Gay-Lussac's law; DERIVED, for a ball that does not stretch). A hand
warms it by some kelvin in minutes. What that shifts zero by is no force of the hand.
"""

from dataclasses import dataclass

from ..firmware_bridge.samples import ToolKind, Unit
from ..firmware_bridge.sentence import Sentence
from .quality import Drift
from .quantity import LARGEST, Quantity
from .refusal import Reason, Refused

SEALED_KPA_PER_K = 101.325 / 293.15  #: 0.346
#: A hand of 33 degrees warms a tool that lay at 20 by no more.
MOST_K = 13.0


@dataclass(frozen=True, slots=True)
class Warming:
    """A shift of zero, read as warming.

    Attributes
    ----------
    kelvin : Quantity
        By how much a sealed ball must have warmed to shift so far.
    by_hand : bool
        Whether a hand can have done that; else look for a leak, a squeezed hose or something that lies on it.
    retare : bool
        Whether to set zero anew before the next measurement.
    """

    kelvin: Quantity
    by_hand: bool
    retare: bool


def warming(drift: Drift, kind: ToolKind) -> Warming | Refused:
    """Say whether a drift of a sealed ball may be the warmth of a hand, and whether to tare again."""
    measure = "warming"
    if kind is not ToolKind.BALL or drift.moved.unit != Unit.KILOPASCAL:
        return Refused(measure, Reason.TOOL, "Only the pressure of a sealed ball tells of its temperature.")
    if not abs(drift.moved.value) < LARGEST:
        return Refused(measure, Reason.NOT_KNOWN, "How far zero moved is not known.")
    kelvin = drift.moved.value / SEALED_KPA_PER_K
    sd = None if drift.moved.sd is None else drift.moved.sd / SEALED_KPA_PER_K
    trust = Sentence("At least: a ball that stretches shifts less for each kelvin.")
    return Warming(Quantity(kelvin, "K", trust, sd), 0 <= kelvin <= MOST_K, drift.too_far)
