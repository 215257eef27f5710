"""How high a squeeze was and how fast it rose, each with what is known of its error."""

from collections import deque
from math import hypot, log, sqrt

from .creeping import Creeping
from .filters import WHITE_GAIN
from .grid import STEP_S
from .rise import HIGH_SHARE, Rise

#: Weights of a parabola fitted to that many steps, at its middle (Savitzky and Golay 1964). It keeps the
#: top of a brief squeeze, which a mean would flatten; the longer one for squeezes that noise would lift.
_SHARP = [w / 35 for w in (-3, 12, 17, 12, -3)]
_CALM = [w / 21 for w in (-2, 3, 6, 7, 6, 3, -2)]
_CALM_BELOW = 20.0  #: times the noise
_SHARP_GAIN, _CALM_GAIN = sqrt(17 / 35) / WHITE_GAIN, sqrt(7 / 21) / WHITE_GAIN
_CORRELATED_STEPS = 4.0  #: smoothed force is another one after so many steps

_KEPT = 0.25  #: of what the hand keeps hold by, rest is uncertain
_LATEST = 8
_RISEN = 1 / sqrt(3)  #: rest lies anywhere between the lowest level of late and the present one
#: A parabola whose top tenth lasts n steps bends by so much of its height, over n².
_BEND = 1.8
_BEND_NOISE = sqrt(6) / 4 / WHITE_GAIN  #: SD of a bend that is noise alone
_TREMBLING, _POINTED = (
    0.85,
    0.4,
)  #: of bends that are no parabola's, and of a parabola's that may have a point
_SEEN_S = 0.03  #: what lies between slower samples was not seen

_LOW, _HIGH = 0.2, 0.8
_LEAST_SAMPLES = 8
_RFD_ERROR = 0.1
#: What the detection filter adds, in quadrature, to the time from 20 to 80 %: so that ramps of 0.1 to 0.8 s
#: read within 6 %.
_FILTER_RISE_S = 0.02
#: What filters, and the intervals between samples, add in quadrature to rise and release.
_RISE_BLUR_S, _RISE_INTERVALS = 0.075, 0.8
_RELEASE_BLUR_S, _RELEASE_INTERVALS = 0.09, 1.2
_LEAST_INTERVALS = 2.5  #: between samples, in a phase that is to be timed

TOO_FEW_SAMPLES = "fewer than 8 samples between 20 % and 80 % of the climb"
TOO_NOISY = "noise makes the slope uncertain by more than a tenth"


class Latest:
    """What the latest squeezes tell of the next one's uncertainty: how rest moves, and how tops tremble."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_LATEST)
        self._trembling: deque[float] = deque(maxlen=_LATEST)

    def add(self, rise: Rise, noise: float) -> None:
        """Remember a squeeze."""
        self._levels.append(rise.level)
        share = _bends(rise, noise)[0] / rise.height
        self._trembling.append(share * share)

    def risen(self, rise: Rise) -> float:
        """By how much rest has risen: by drift, or by what a hand keeps hold by."""
        return max(rise.level - min(self._levels, default=rise.level), 0.0)

    def trembling(self, own: float, height: float) -> float:
        """How far tops tremble of late. One alone may have been met at a moment that shows nothing."""
        share = own / height
        squares = share * share + sum(self._trembling)
        return max(own, height * sqrt(squares / (1 + len(self._trembling))))


def peak_of(
    rise: Rise, noise: float, quantum: float, creeping: Creeping, latest: Latest
) -> tuple[float, float]:
    """Peak above rest and its standard uncertainty.

    Parameters
    ----------
    noise : float
        SD of smoothed force at rest.
    quantum : float
        The sensor's resolution.
    creeping : Creeping
        What is known of the tool's creep.
    latest : Latest
        The squeezes before.
    """
    window = rise.window
    calm = rise.height < _CALM_BELOW * noise
    weights, gain = (_CALM, _CALM_GAIN) if calm else (_SHARP, _SHARP_GAIN)
    skip = (len(window) - len(weights)) // 2
    read = sum(w * v for w, v in zip(weights, window[skip:], strict=False))
    own = noise * gain
    # The top is where noise happened to help. Of what force varies by near it, noise is one part: the
    # expected maximum of n values, less what it would be without noise.
    n = 1 + rise.near / _CORRELATED_STEPS
    total = max(rise.top_sd, own)
    luck = sqrt(2 * log(n)) * (total - sqrt(max(total * total - own * own, 0.0)))
    crept = rise.crept_at_top
    bends, parabola = _bends(rise, noise)
    unseen = max(1.0, _interval_s(rise) / _SEEN_S)
    sd = hypot(
        own,
        noise,
        quantum / sqrt(12),
        0.5 * luck,
        _TREMBLING * unseen * latest.trembling(bends, rise.height),
        _POINTED * unseen * parabola,
        _KEPT * (rise.base - rise.level),
        _RISEN * latest.risen(rise),
        creeping.share_sd * crept,
    )
    return read - rise.level - luck - creeping.share * crept, sd


def _bends(rise: Rise, noise: float) -> tuple[float, float]:
    """By how much force bends within 60 ms of the top: as no parabola nor noise would, and as a parabola."""
    window, middle = rise.window, len(rise.window) // 2
    bend = abs(window[middle - 3] - 2 * window[middle] + window[middle + 3]) / 4
    parabola = min(_BEND * rise.height / max(rise.near, 1) ** 2, bend)
    jagged, chance = bend - parabola, _BEND_NOISE * noise
    return sqrt(max(jagged * jagged - chance * chance, 0.0)), parabola


def _interval_s(rise: Rise) -> float:
    """Time between samples on the way up."""
    onset, (t_s, _, received) = rise.ladder.onset, rise.left_top
    return (t_s - onset.t_s) / max(received - onset.received, 1)


def rate_of_force(rise: Rise, peak: float, noise: float) -> tuple[float | None, str]:
    """Mean slope from 20 % to 80 % of the climb to `peak`, or why there is none."""
    climb = peak + rise.level - rise.base
    low_s, low_n = rise.ladder.reached(_LOW * climb)
    high_s, high_n = rise.ladder.reached(_HIGH * climb)
    if high_n - low_n < _LEAST_SAMPLES:
        return None, TOO_FEW_SAMPLES
    climb *= _HIGH - _LOW
    if sqrt(2) * noise > _RFD_ERROR * climb:
        return None, TOO_NOISY
    took_s = sqrt(max((high_s - low_s) ** 2 - _FILTER_RISE_S**2, STEP_S**2))
    return climb / took_s, ""


def phases_s(rise: Rise, peak: float, onset_s: float, offset_s: float) -> tuple[float | None, float | None]:
    """Rise and release time, seconds; None for one that is briefer than what blurs it."""
    high_s, _ = rise.ladder.reached(HIGH_SHARE * (peak + rise.level - rise.base))
    interval_s = _interval_s(rise)
    rise_blur_s = hypot(_RISE_BLUR_S, _RISE_INTERVALS * interval_s)
    release_blur_s = hypot(_RELEASE_BLUR_S, _RELEASE_INTERVALS * interval_s)
    few_s = _LEAST_INTERVALS * interval_s
    return (
        _sharp_s(high_s - onset_s, rise_blur_s, few_s),
        _sharp_s(offset_s - rise.left_top[0], release_blur_s, few_s),
    )


def _sharp_s(seen_s: float, blur_s: float, least_s: float) -> float | None:
    sharp_s = sqrt(max(seen_s * seen_s - blur_s * blur_s, 0.0))
    return sharp_s if seen_s > 0 and sharp_s >= max(blur_s, least_s) else None
