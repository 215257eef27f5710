"""How high a squeeze was and how fast it rose, each with what is known of its error."""

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

_LOW, _HIGH = 0.2, 0.8
_LEAST_SAMPLES = 8
_RFD_ERROR = 0.1
#: What the detection filter adds, in quadrature, to the time from 20 to 80 %: so that ramps of 0.1 to 0.8 s
#: read within 6 %.
_FILTER_RISE_S = 0.02

TOO_FEW_SAMPLES = "fewer than 8 samples between 20 % and 80 % of the climb"
TOO_NOISY = "noise makes the slope uncertain by more than a tenth"


def peak_of(rise: Rise, noise: float, quantum: float, creeping: Creeping) -> tuple[float, float]:
    """Peak above rest and its standard uncertainty.

    Parameters
    ----------
    noise : float
        SD of smoothed force at rest.
    quantum : float
        The sensor's resolution.
    creeping : Creeping
        What is known of the tool's creep.
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
    middle = len(window) // 2
    trembling = (window[middle - 3] - 2 * window[middle] + window[middle + 3]) / 4
    kept = _KEPT * (rise.base - rise.level)
    crept = rise.crept_at_top
    crept_sd = creeping.share_sd * crept
    sd = hypot(own, noise, quantum / sqrt(12), 0.5 * luck, 0.7 * trembling, kept, crept_sd)
    return read - rise.level - luck - creeping.share * crept, sd


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


def phases_s(rise: Rise, peak: float, onset_s: float, offset_s: float) -> tuple[float, float]:
    """Rise and release time, seconds."""
    high_s, _ = rise.ladder.reached(HIGH_SHARE * (peak + rise.level - rise.base))
    return max(high_s - onset_s, 0.0), max(offset_s - rise.left_top[0], 0.0)
