"""One effort in a recording: where it begins, how high it goes, how long it is held, when it is let go."""

from dataclasses import dataclass

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .quantity import SMALLEST
from .recording import Recording
from .refusal import Reason, Refused

#: Zero-phase cut-off for strength: one study of grip found its best agreement with 5 Hz (abstract read).
STRENGTH_HZ = 5.0

HIGH_SHARE = 0.9  #: of the peak: force has arrived
HELD_SHARE = 0.8  #: of the peak: force is being held
LOW_SHARE = 0.12  #: of the peak: force has been let go, as in the labels of the recorded hands
ONSET_SHARE = 0.05  #: of the peak, or `NOISE_FACTOR` times noise if that is more: force has left rest
NOISE_FACTOR = 3.0
_LEAST_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Effort:
    """The highest effort of a recording. Times are the recording's, seconds; None: not in the recording.

    Attributes
    ----------
    force : Recording
        The recording, smoothed.
    peak : float
        Highest smoothed force.
    raw_peak : float
        Highest sample; noise makes it too high.
    peak_s : float
    onset_s : float or None
        Where force left rest for the last time before it arrived.
    arrived_s : float
        Where force first reached nine tenths of the peak.
    left_s : float
        Where force was there for the last time.
    released_s : float or None
        Where force then fell below 12 % of the peak.
    held_s : float
        Longest time above eight tenths of the peak without a break.
    """

    force: Recording
    peak: float
    raw_peak: float
    peak_s: float
    onset_s: float | None
    arrived_s: float
    left_s: float
    released_s: float | None
    held_s: float


def effort(recording: Recording, measure: str, cutoff_hz: float = STRENGTH_HZ) -> Effort | Refused:
    """Find the highest effort, or refuse in the name of a measure."""
    if len(recording) < _LEAST_SAMPLES:
        because = Sentence(
            "There are {number} samples, and fewer than {least} show no squeeze.",
            number=len(recording),
            least=_LEAST_SAMPLES,
        )
        return Refused(measure, Reason.TOO_SHORT, because)
    smooth = recording.smoothed(cutoff_hz)
    force, t_s = smooth.force, smooth.t_s
    top = int(force.argmax())
    peak = float(force[top])
    noise = smooth.noise or 0.0
    if peak <= NOISE_FACTOR * noise or peak <= force.min() or peak <= SMALLEST:
        return Refused(measure, Reason.NOISE, "No squeeze stands out of the noise of the resting tool.")
    high = np.flatnonzero(force >= HIGH_SHARE * peak)
    first, last = int(high[0]), int(high[-1])
    rest = max(ONSET_SHARE * peak, NOISE_FACTOR * noise)
    low = np.flatnonzero(force[:first] < rest)
    gone = np.flatnonzero(force[last:] < LOW_SHARE * peak)
    held = np.flatnonzero(np.diff(np.concatenate(([False], force >= HELD_SHARE * peak, [False])).astype(int)))
    return Effort(
        force=smooth,
        peak=peak,
        raw_peak=float(recording.force.max()),
        peak_s=float(t_s[top]),
        onset_s=reached_s(smooth, rest, float(t_s[low[-1]])) if low.size else None,
        arrived_s=float(t_s[first]),
        left_s=float(t_s[last]),
        released_s=float(t_s[last + gone[0]]) if gone.size else None,
        held_s=float((t_s[held[1::2] - 1] - t_s[held[::2]]).max()),
    )


def reached_s(force: Recording, level: float, after_s: float) -> float | None:
    """When force first reaches a level after a time, between samples by a straight line; None: never."""
    begin = int(np.searchsorted(force.t_s, after_s))
    above = np.flatnonzero(force.force[begin:] >= level)
    if not above.size:
        return None
    i = begin + int(above[0])
    if i == begin:
        return float(force.t_s[i])
    part = (level - force.force[i - 1]) / (force.force[i] - force.force[i - 1])
    return float(force.t_s[i - 1] + part * (force.t_s[i] - force.t_s[i - 1]))
