"""Control of force: how steadily it is held, how well it follows a target, how fast it is let go.

Status (words in docs/measures.md): steadiness as CV % while holding 5 to 25 % of the maximum, tracking error
as RMSE and the release apart: 2ND (notes of an open finger-force project, citing Camacho-Villa 2025 for older
adults). Children: not known. Release time: DERIVED, between the crossings that the detector uses.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.sentence import Sentence
from .effort import LOW_SHARE as LET_GO_SHARE
from .effort import NOISE_FACTOR, Effort, effort
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Recording, Timing
from .refusal import Reason, Refused

LOW_SHARE, HIGH_SHARE = 0.05, 0.25  #: of the maximum: a hold that steadiness is defined for
_LEAST_S = 2.0  #: shorter holds have too few swings of 1 Hz and less
_LEAST_HZ = 10.0  #: tremor is up to 12 Hz; slower tools see mostly the slow part
_LOST_PERCENT = 5.0
_NOISE_SHARE = 0.5
RELEASE_HZ = 15.0  #: zero-phase cut-off, as for the rise
_RELEASE_SAMPLES = 8  #: fewer tell it no better than to an eighth, as for the rise


@dataclass(frozen=True, slots=True)
class TrackingError:
    """Root mean square distance from a target, over all and while the target falls.

    Attributes
    ----------
    overall : Quantity
    release : Quantity or None
        None if the target never falls, or if the tool's noise hides how well the hand follows it then.
    """

    overall: Quantity
    release: Quantity | None


def steadiness(hold: Recording, maximum: float) -> Quantity | Refused:
    """Coefficient of variation of force during a hold, per cent; lower is steadier.

    Noise of the tool is taken off in quadrature. Nothing is smoothed: 15 Hz would lower it by 15 %.

    Parameters
    ----------
    hold : Recording
        The hold alone, without rise and release.
    maximum : float
        The child's greatest force with this tool, in the same unit.
    """
    measure = "steadiness"
    refused = _refused(hold, measure)
    if refused:
        return refused
    if not SMALLEST < maximum < LARGEST:
        return Refused(
            measure, Reason.NOT_KNOWN, "The child's maximum is not known. Make a strength test first."
        )
    mean, sd = float(hold.force.mean()), float(hold.force.std(ddof=1))
    if not LOW_SHARE <= mean / maximum <= HIGH_SHARE:
        because = Sentence(
            "It is defined for 5 to 25 % of the maximum; this hold was at {percent} %.",
            percent=round(100 * mean / maximum),
        )
        return Refused(measure, Reason.PROTOCOL, because)
    assert hold.noise is not None
    if hold.noise > _NOISE_SHARE * sd:
        return Refused(measure, Reason.NOISE, "The hand is about as steady as the tool's own noise.")
    own = sqrt(sd * sd - hold.noise * hold.noise)
    # the SD of a SD of n independent values is about 1 / √(2n) of it; swings of 1 Hz give two values a second
    values = 2 * (hold.t_s[-1] - hold.t_s[0])
    cv_percent = 100 * own / mean
    trust = Sentence("Known of older adults; of children it is not known how well it repeats.")
    return Quantity(cv_percent, "%", trust, cv_percent / sqrt(2 * values))


def tracking_error(recording: Recording, target: ArrayLike, maximum: float) -> TrackingError | Refused:
    """Distance of force from a target, per cent of the maximum; noise of the tool is taken off in quadrature.

    Parameters
    ----------
    target : array_like, shape (n,)
        What was asked for at each sample of the recording, in its unit.
    maximum : float
        The child's greatest force with this tool, in the same unit.
    """
    measure = "tracking error"
    asked = np.array(target, dtype=np.float64)
    if asked.shape != recording.force.shape or not np.isfinite(asked).all():
        raise InvalidInput(
            "target", f"must be finite, one value for each of the {len(recording)} samples read"
        )
    refused = _refused(recording, measure)
    if refused:
        return refused
    if recording.timing is Timing.ARRIVAL:
        because = Sentence(
            "Not available on this tool: it does not stamp its samples, so they do not fall on the target."
        )
        return Refused(measure, Reason.STAMPS, because)
    if not SMALLEST < maximum < LARGEST:
        return Refused(
            measure, Reason.NOT_KNOWN, "The child's maximum is not known. Make a strength test first."
        )
    squares = ((recording.force - asked) / maximum) ** 2
    falling = np.flatnonzero(np.diff(asked) < 0) + 1
    trust = Sentence("Of children it is not known how well it repeats.")

    assert recording.noise is not None
    noise = recording.noise / maximum

    def root(part: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Quantity | None:
        square = float(part.mean()) if part.size else 0.0
        if noise > _NOISE_SHARE * sqrt(square):
            return None
        return Quantity(100 * sqrt(square - noise * noise), "%", trust)

    overall = root(squares)
    if overall is None:
        return Refused(measure, Reason.NOISE, "The hand follows the target as well as the tool can show.")
    return TrackingError(overall, root(squares[falling]) if falling.size else None)


def release_time(recording: Recording) -> Quantity | Refused:
    """Time from the last nine tenths of the peak to 12 % of it, seconds."""
    measure = "release time"
    if recording.timing is Timing.ARRIVAL:
        because = Sentence(
            "Not available on this tool: it does not stamp its samples, and radio is too uneven."
        )
        return Refused(measure, Reason.STAMPS, because)
    if recording.noise is None:
        return Refused(measure, Reason.NOISE, "Noise is not known. Tare the tool before the test.")
    found = effort(recording, measure, RELEASE_HZ)
    if isinstance(found, Refused):
        return found
    if found.released_s is None:
        return Refused(measure, Reason.TOO_SHORT, "The recording ends before the hand let go.")
    took_s = found.released_s - found.left_s
    trust = "A soft tool comes back later than the hand."
    return _no_release(recording, found, found.released_s) or Quantity(took_s, "s", trust, recording.period_s)


def _no_release(recording: Recording, found: Effort, released_s: float) -> Refused | None:
    measure = "release time"
    if recording.clipped.any():
        return Refused(measure, Reason.SATURATED, "The sensor came to the end of its range.")
    if NOISE_FACTOR * (found.force.noise or 0.0) > LET_GO_SHARE * found.peak:
        return Refused(measure, Reason.NOISE, "Noise hides where force was let go.")
    if recording.has_gap(found.left_s, released_s):
        return Refused(measure, Reason.GAP, "Samples were lost during the release. Repeat the trial.")
    if round((released_s - found.left_s) / recording.period_s, 6) < _RELEASE_SAMPLES:
        because = (
            f"Not available on this tool: at {recording.rate_hz:.0f} samples a second, fewer than "
            f"{_RELEASE_SAMPLES} fall into the release."
        )
        return Refused(measure, Reason.RATE, because)
    return None


def _refused(recording: Recording, measure: str) -> Refused | None:
    if len(recording) < 2 or recording.t_s[-1] - recording.t_s[0] < _LEAST_S:
        return Refused(
            measure, Reason.TOO_SHORT, Sentence("It needs {seconds} s or more.", seconds=round(_LEAST_S))
        )
    if recording.rate_hz < _LEAST_HZ * (1 - 1e-9):
        because = Sentence(
            "Not available on this tool: {rate} samples a second are too few.",
            rate=round(recording.rate_hz, 1),
        )
        return Refused(measure, Reason.RATE, because)
    if recording.lost_percent() > _LOST_PERCENT:
        return Refused(
            measure,
            Reason.GAP,
            Sentence("More than {percent} % of the samples are missing.", percent=round(_LOST_PERCENT)),
        )
    if recording.clipped.any():
        return Refused(measure, Reason.SATURATED, "The sensor came to the end of its range.")
    if recording.noise is None:
        return Refused(measure, Reason.NOISE, "Noise is not known. Tare the tool before.")
    return None
