"""Two hands: how unequal they are, and how well they squeeze at the same moment.

Status (words in docs/measures.md): that right-handed children are up to about 10 % stronger on the right and
left-handers about equal is READ (Häger-Ross 2002, abstract), so a difference below 10 % is nothing to point
at. The formula of asymmetry is a convention among others: its denominator is part of every result. Bilateral
timing: DERIVED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.sentence import Sentence
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Timing
from .refusal import Reason, Refused
from .strength import Side

ORDINARY_PERCENT = 10.0  #: a difference that healthy children show

#: Squeezes of both hands whose onsets are further apart were not meant to be one.
PAIR_S = 0.5
_LEAST_PAIRS = 5
_LEAST_HZ = 25.0  #: onsets of slower tools are no better than the clocks have to be
_DENOMINATORS: dict[Side, Sentence] = {
    "left": Sentence("dominant hand (left)"),
    "right": Sentence("dominant hand (right)"),
}
_CLOCK_ERROR_S = 0.02  #: two tools whose clocks are known to each other no better show no lag worth telling


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Difference between the hands.

    Attributes
    ----------
    percent : Quantity
        ``100 (D - N) / D``: positive where the dominant hand is stronger.
    denominator : str
        What it is a percentage of.
    ordinary : bool
        Below 10 %, as in healthy children: nothing to point at.
    """

    percent: Quantity
    denominator: str
    ordinary: bool


@dataclass(frozen=True, slots=True)
class BilateralTiming:
    """Onsets of squeezes that were meant to be at the same moment.

    Attributes
    ----------
    lag : Quantity
        Median of right less left, seconds: positive where the right hand is later.
    spread : Quantity
        Median distance of the lags from their median, seconds.
    pairs : int
    alone : int
        Squeezes of one hand without one of the other.
    """

    lag: Quantity
    spread: Quantity
    pairs: int
    alone: int


def asymmetry(left: Quantity, right: Quantity, dominant: Side | None) -> Asymmetry | Refused:
    """Difference of the same measure of both hands, per cent of the dominant hand.

    Parameters
    ----------
    dominant : "left", "right" or None
        None where it is not recorded: the measure has no denominator then.
    """
    measure = "asymmetry"
    if left.unit != right.unit:
        because = Sentence(
            "The left hand is in {left}, the right in {right}. Use the same tool for both.",
            left=left.unit,
            right=right.unit,
        )
        return Refused(measure, Reason.UNIT, because)
    if dominant is None:
        return Refused(measure, Reason.NOT_KNOWN, "Which hand is the dominant one is not recorded.")
    first, other = (left, right) if dominant == "left" else (right, left)
    if not (SMALLEST < first.value < LARGEST and 0 <= other.value < LARGEST):
        return Refused(measure, Reason.NOT_KNOWN, "One hand has no result.")
    percent = 100 * (first.value - other.value) / first.value
    sd = None
    if first.sd is not None and other.sd is not None:
        sd = 100 * hypot(other.sd / first.value, other.value * first.sd / first.value**2)
    trust = Sentence("Healthy children differ by up to 10 %.")
    return Asymmetry(
        Quantity(percent, "%", trust, sd), _DENOMINATORS[dominant], abs(percent) < ORDINARY_PERCENT
    )


def bilateral_timing(
    left_s: Sequence[float],
    right_s: Sequence[float],
    *,
    clock_error_s: float,
    rate_hz: float,
    timing: Timing = Timing.TOOL,
) -> BilateralTiming | Refused:
    """How far apart both hands begin squeezes that were meant to be at the same moment.

    Parameters
    ----------
    left_s, right_s : sequence of float
        Onsets on one common clock, seconds, increasing.
    clock_error_s : float
        How well the two tools' clocks are known to each other; 0 for two sensors of one tool.
    rate_hz : float
        Samples a second of the slower tool.
    timing : Timing
        ``ARRIVAL`` if the times of either tool are.
    """
    measure = "bilateral timing"
    if timing is Timing.ARRIVAL:
        because = Sentence("Not available on these tools: one does not stamp its samples.")
        return Refused(measure, Reason.STAMPS, because)
    if not 0 <= clock_error_s <= _CLOCK_ERROR_S:
        because = Sentence(
            "The two tools' clocks are known to each other to {error_s} s only.",
            error_s=round(clock_error_s, 3),
        )
        return Refused(measure, Reason.STAMPS, because)
    if not rate_hz >= _LEAST_HZ:
        because = Sentence(
            "Not available on these tools: it takes {rate} samples a second from both.", rate=round(_LEAST_HZ)
        )
        return Refused(measure, Reason.RATE, because)
    left, right = (np.array(onsets, dtype=np.float64) for onsets in (left_s, right_s))
    for name, onsets in (("left_s", left), ("right_s", right)):
        if onsets.ndim != 1 or not (np.isfinite(onsets).all() and (np.diff(onsets) > 0).all()):
            raise InvalidInput(name, "must be finite times that increase")
    lags = []
    if left.size and right.size:
        apart = np.abs(right[None, :] - left[:, None])
        nearest_right, nearest_left = apart.argmin(axis=1), apart.argmin(axis=0)
        for i, j in enumerate(nearest_right):
            if nearest_left[j] == i and apart[i, j] <= PAIR_S:
                lags.append(right[j] - left[i])
    if len(lags) < _LEAST_PAIRS:
        because = Sentence(
            "{number} squeezes of both hands came together; {least} are needed.",
            number=len(lags),
            least=_LEAST_PAIRS,
        )
        return Refused(measure, Reason.TOO_SHORT, because)
    lag = float(np.median(lags))
    spread = float(np.median(np.abs(np.array(lags) - lag)))
    # 1.2533 is the SD of a median over that of a mean, 1.4826 makes an SD of a median distance
    sd = hypot(1.2533 * 1.4826 * spread / len(lags) ** 0.5, clock_error_s)
    trust = Sentence("Of children it is not known how well it repeats.")
    return BilateralTiming(
        Quantity(lag, "s", trust, sd),
        Quantity(spread, "s", trust),
        len(lags),
        left.size + right.size - 2 * len(lags),
    )
