"""Why a measure was not given: refusing is an answer, with a reason to read."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """What forbids a measure."""

    TOO_SHORT = "too_short"  #: fewer samples, repetitions or seconds than the measure is made of
    RATE = "rate"  #: too few samples in the time that matters
    STAMPS = "stamps"  #: times are of arrival, good to the radio's jitter only
    NOISE = "noise"  #: noise is too large beside what is measured, or was never measured
    GAP = "gap"  #: samples are missing where it matters
    SATURATED = "saturated"  #: the sensor was at the end of its range
    UNIT = "unit"  #: this unit, or this mixture of units, cannot carry it
    TOOL = "tool"  #: no reference exists for this kind of tool
    PROTOCOL = "protocol"  #: what was done is not what the measure is defined for
    NOT_KNOWN = "not_known"  #: something that it needs was not recorded


@dataclass(frozen=True, slots=True)
class Refused:
    """A measure that is not given.

    Attributes
    ----------
    measure : str
        Its name.
    reason : Reason
        For programmes.
    because : str
        For people: a sentence that ends in what would help, where something would. A `Sentence` where it
        holds numbers, so that it can be said in another language.
    """

    measure: str
    reason: Reason
    because: str
