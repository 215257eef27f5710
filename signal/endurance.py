"""Endurance and fatigue: how force falls over repeated squeezes, or over a hold.

Sources and status (words in docs/measures.md): first-last index READ (PMC3776088, adults); first and last
three READ as means, their percentage DERIVED; first and last 10 s of 30 s READ (Brauers, children with
unilateral cerebral palsy, n = 50, mean age 11); times to 75, 50 and 25 % READ (jbpe.sums.ac.ir, article
47456); force at 5 s READ (Kamimura 2001, abstract); sustained 10 s READ (Häger-Ross 2002, abstract). Children
of 6 to 11 are less reliable in every one of them (READ). A static fatigue index (SFI) is not offered: its
formula could not be checked, and its reliability in children is low (ICC .32 to .72). Critical force is not
for children.

A maximal hold of 30 s at home is for the therapist to switch on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .effort import effort
from .quantity import LARGEST, SMALLEST, Quantity
from .recording import Recording
from .refusal import Reason, Refused

REPETITIONS = 12  #: greatest squeezes of at most 3 s, 5 s apart
HOLD_S = 30.0
_ENDS_S = 10.0
_YOUNGER = Sentence("Less reliable in children of 6 to 11 years.")
_LEAST_SAMPLES = 8
_LOST_PERCENT = 5.0
_GAP_S = 1.0

FALLEN_TO = (0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Threes:
    """Fall over twelve squeezes, from the first three to the last three.

    Attributes
    ----------
    first, last : float
        Mean peaks of both, in the unit of the peaks.
    fall : Quantity
        From `first` to `last`, per cent of `first`.
    """

    first: float
    last: float
    fall: Quantity


def fatigue_index(peaks: Sequence[float]) -> Quantity | Refused:
    """First-last index, ``100 (P1 - P12) / P1``, of twelve greatest squeezes.

    Examples
    --------
    >>> index = fatigue_index([12, 11.8, 11.5, 11.2, 11, 10.8, 10.5, 10.4, 10.1, 10, 9.8, 9.6])
    >>> round(index.value, 1)
    20.0
    """
    x = _repetitions(peaks, "fatigue index")
    if isinstance(x, Refused):
        return x
    trust = Sentence(
        "Reliability in children is not known; adults lost 30 % on average. {younger}", younger=_YOUNGER
    )
    return Quantity(float(100 * (x[0] - x[-1]) / x[0]), "%", trust)


def fatigue_of_threes(peaks: Sequence[float]) -> Threes | Refused:
    """Fall from the mean of the first three to the mean of the last three of twelve greatest squeezes.

    Examples
    --------
    >>> threes = fatigue_of_threes([12, 11.8, 11.5, 11.2, 11, 10.8, 10.5, 10.4, 10.1, 10, 9.8, 9.6])
    >>> round(threes.first, 3), round(threes.last, 3), round(threes.fall.value, 2)
    (11.767, 9.8, 16.71)
    """
    x = _repetitions(peaks, "fatigue of threes")
    if isinstance(x, Refused):
        return x
    first, last = float(x[:3].mean()), float(x[-3:].mean())
    trust = Sentence(
        "The source gives the two means; the percentage is ours, its reliability is not known. {younger}",
        younger=_YOUNGER,
    )
    return Threes(first, last, Quantity(100 * (first - last) / first, "%", trust))


def force_kept(hold: Recording) -> Quantity | Refused:
    """Mean force of the last 10 s of a 30 s hold, per cent of the first 10 s."""
    measure = "force kept"
    found = _hold(hold, measure, HOLD_S)
    if isinstance(found, Refused):
        return found
    begin_s, force = found
    parts = [
        force.between(begin_s, begin_s + _ENDS_S),
        force.between(begin_s + HOLD_S - _ENDS_S, begin_s + HOLD_S),
    ]
    if min(map(len, parts)) < _LEAST_SAMPLES:
        return Refused(measure, Reason.RATE, "The tool sent too few samples in ten seconds.")
    first, last = (float(part.force.mean()) for part in parts)
    trust = Sentence(
        "A static hold repeats with an ICC of .56 to .88, repeated squeezing with .54 to .91. {younger}",
        younger=_YOUNGER,
    )
    return Quantity(100 * last / first, "%", trust)


def sustained(hold: Recording) -> Quantity | Refused:
    """Mean force over 10 s from onset, per cent of the peak."""
    measure = "sustained force"
    found = _hold(hold, measure, _ENDS_S)
    if isinstance(found, Refused):
        return found
    begin_s, force = found
    part = force.between(begin_s, begin_s + _ENDS_S)
    trust = Sentence("Children kept 80 to 85 % on average on another instrument. {younger}", younger=_YOUNGER)
    return Quantity(float(100 * part.force.mean() / force.force.max()), "%", trust)


def force_at_5_s(hold: Recording) -> Quantity | Refused:
    """Force 5 s after onset of a hold of 6 s, per cent of the peak."""
    measure = "force at 5 s"
    found = _hold(hold, measure, 6.0)
    if isinstance(found, Refused):
        return found
    begin_s, force = found
    part = force.between(begin_s, begin_s + 6.0)
    value = 100 * float(np.interp(begin_s + 5.0, force.t_s, force.force)) / float(part.force.max())
    return Quantity(
        value,
        "%",
        Sentence("Young adults kept 82 to 87 %; children are not known. {younger}", younger=_YOUNGER),
    )


def time_until(hold: Recording, share: float) -> Quantity | Refused:
    """Time from the peak until force falls below a share of it, in a hold for as long as possible.

    Parameters
    ----------
    share : float
        One of `FALLEN_TO`.
    """
    measure = f"time to {100 * share:.0f} %"
    if share not in FALLEN_TO:
        return Refused(measure, Reason.PROTOCOL, "Shares are 75, 50 and 25 %.")
    found = _hold(hold, measure, 0.0)
    if isinstance(found, Refused):
        return found
    _, force = found
    top = int(force.force.argmax())
    below = np.flatnonzero(force.force[top:] < share * force.force[top])
    if not below.size:
        because = Sentence(
            "Force was still above {percent} % of the peak when the recording ended.",
            percent=round(100 * share),
        )
        return Refused(measure, Reason.TOO_SHORT, because)
    trust = Sentence("Letting go looks like tiring. {younger}", younger=_YOUNGER)
    return Quantity(float(force.t_s[top + below[0]] - force.t_s[top]), "s", trust, force.period_s)


def _repetitions(
    peaks: Sequence[float], measure: str
) -> np.ndarray[tuple[int], np.dtype[np.float64]] | Refused:
    x = np.array(peaks, dtype=np.float64).ravel()
    if x.size != REPETITIONS:
        return Refused(
            measure,
            Reason.PROTOCOL,
            Sentence("It is defined for {wanted} squeezes, not {number}.", wanted=REPETITIONS, number=x.size),
        )
    if not ((x > SMALLEST) & (x < LARGEST)).all():
        return Refused(measure, Reason.GAP, "A squeeze is missing or has no peak. Repeat the test.")
    return x


def _hold(recording: Recording, measure: str, lasting_s: float) -> tuple[float, Recording] | Refused:
    """When a hold began, and its smoothed force, if it can be judged over that time."""
    found = effort(recording, measure)
    if isinstance(found, Refused):
        return found
    if found.onset_s is None:
        return Refused(measure, Reason.PROTOCOL, "The recording begins in the squeeze. Start it at rest.")
    begin_s = found.onset_s
    if lasting_s and found.released_s is not None and found.released_s < begin_s + lasting_s:
        because = Sentence("The hand let go before {seconds} s of the hold.", seconds=round(lasting_s))
        return Refused(measure, Reason.PROTOCOL, because)
    end_s = begin_s + lasting_s if lasting_s else float(recording.t_s[-1])
    return _no_hold(recording, measure, begin_s, end_s) or (begin_s, found.force)


def _no_hold(recording: Recording, measure: str, begin_s: float, end_s: float) -> Refused | None:
    if recording.clipped.any():
        return Refused(measure, Reason.SATURATED, "The sensor came to the end of its range.")
    if recording.t_s[-1] + recording.period_s < end_s:
        because = Sentence(
            "The recording ends before {seconds} s of the hold.", seconds=round(end_s - begin_s)
        )
        return Refused(measure, Reason.TOO_SHORT, because)
    if end_s - begin_s < _LEAST_SAMPLES * recording.period_s * (1 - 1e-9):
        because = Sentence(
            "The tool sends fewer than {least} samples in {seconds} s.",
            least=_LEAST_SAMPLES,
            seconds=round(end_s - begin_s),
        )
        return Refused(measure, Reason.RATE, because)
    if recording.lost_percent(begin_s, end_s) > _LOST_PERCENT:
        because = Sentence(
            "More than {percent} % of the hold's samples are missing.", percent=round(_LOST_PERCENT)
        )
        return Refused(measure, Reason.GAP, because)
    if recording.longest_gap_s(begin_s, end_s) > _GAP_S:
        because = Sentence("More than {seconds} s of the hold are missing.", seconds=round(_GAP_S))
        return Refused(measure, Reason.GAP, because)
    return None
