"""Rate of force development (RFD): how fast force rises, where rate, times and noise allow it to be said.

Status (words in docs/measures.md): the slope between 20 % and 80 % of the peak is reliable, the highest slope
has a large error and is therefore not offered (READ, UNC 2024, knee extension on a Progressor). Windows from
onset as in grip-connect's defaults (READ). The first 50 to 75 ms are hard to measure reliably (READ,
Maffiuletti 2016). Eight samples in what is measured, and times of the tool itself: DERIVED. "As fast as
possible" and "as hard as possible" are two tests; keep their results apart.
"""

from math import sqrt

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .effort import Effort, effort, reached_s
from .quantity import Quantity
from .recording import Recording, Timing
from .refusal import Reason, Refused

WINDOWS_S = (0.1, 0.15, 0.2, 0.25, 0.3, 1.0)

#: Zero-phase cut-off. It lowers the slope of a rise that takes 0.1, 0.15 and 0.2 s by 8, 4 and 2 %; the 5 Hz
#: of strength would by 44, 28 and 18 %.
RFD_HZ = 15.0

LEAST_SAMPLES = 8
_LOW, _HIGH = 0.2, 0.8
_NOISE_SHARE = 0.1  #: a slope that noise makes uncertain by more than this share is not given


def rfd_20_80(recording: Recording) -> Quantity | Refused:
    """Mean slope between 20 % and 80 % of the peak, unit per second."""
    measure = "RFD 20-80 %"
    found = _rise(recording, measure)
    if isinstance(found, Refused):
        return found
    force, (begin_s, onset_s) = found.force, (float(found.force.t_s[0]), found.onset_s)
    low_s = reached_s(force, _LOW * found.peak, onset_s if onset_s is not None else begin_s)
    high_s = reached_s(force, _HIGH * found.peak, low_s) if low_s is not None else None
    if low_s is None or high_s is None or high_s <= low_s:
        return Refused(measure, Reason.RATE, "The climb is faster than this tool can follow.")
    climbed = (_HIGH - _LOW) * found.peak
    return _slope(force, measure, climbed, low_s, high_s, "Reliable in a study of the knee (20 to 80 %).")


def rfd_window(recording: Recording, window_s: float) -> Quantity | Refused:
    """Mean slope from onset to the end of a window, unit per second.

    Parameters
    ----------
    window_s : float
        One of `WINDOWS_S`.
    """
    measure = f"RFD 0-{window_s * 1000:.0f} ms"
    if window_s not in WINDOWS_S:
        offered = ", ".join(f"{w * 1000:.0f}" for w in WINDOWS_S)
        return Refused(measure, Reason.PROTOCOL, Sentence("Windows are {offered} ms.", offered=offered))
    found = _rise(recording, measure)
    if isinstance(found, Refused):
        return found
    force, onset_s = found.force, found.onset_s
    assert onset_s is not None
    end_s = onset_s + window_s
    if end_s > force.t_s[-1]:
        return Refused(measure, Reason.TOO_SHORT, "The recording ends inside the window.")
    at_onset, at_end = np.interp((onset_s, end_s), force.t_s, force.force)
    trust = Sentence("Depends on where onset is set: here at 5 % of the peak, or three times noise.")
    return _slope(force, measure, float(at_end - at_onset), onset_s, end_s, trust)


def _rise(recording: Recording, measure: str) -> Effort | Refused:
    if recording.timing is Timing.ARRIVAL:
        because = Sentence(
            "Not available on this tool: it does not stamp its samples, and radio is too uneven."
        )
        return Refused(measure, Reason.STAMPS, because)
    if recording.noise is None:
        return Refused(measure, Reason.NOISE, "Noise is not known. Tare the tool before the test.")
    found = effort(recording, measure, RFD_HZ)
    if isinstance(found, Effort) and found.onset_s is None:
        return Refused(measure, Reason.PROTOCOL, "The recording begins in the squeeze. Start it at rest.")
    return found


def _slope(
    force: Recording, measure: str, climbed: float, begin_s: float, end_s: float, trust: str
) -> Quantity | Refused:
    took_s = end_s - begin_s
    if round(took_s / force.period_s, 6) < LEAST_SAMPLES:
        because = Sentence(
            "Not available on this tool: at {rate} samples a second, fewer than {least} fall into {span} ms.",
            rate=round(force.rate_hz),
            least=LEAST_SAMPLES,
            span=round(took_s * 1000),
        )
        return Refused(measure, Reason.RATE, because)
    if force.has_gap(begin_s, end_s):
        return Refused(measure, Reason.GAP, "Samples were lost during the climb. Repeat the trial.")
    if force.between(begin_s, end_s).clipped.any():
        return Refused(measure, Reason.SATURATED, "The sensor came to the end of its range during the climb.")
    sd = sqrt(2) * (force.noise or 0.0)
    if sd > _NOISE_SHARE * climbed:
        return Refused(measure, Reason.NOISE, "Noise makes the slope uncertain by more than a tenth.")
    return Quantity(climbed / took_s, f"{force.unit.value}/s", trust, sd / took_s)
