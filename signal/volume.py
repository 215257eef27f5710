"""Volume of repetitions: how much was squeezed in a set, in words of the squeezes that were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..firmware_bridge.sentence import Sentence
from .counted import Squeeze
from .quantity import SMALLEST
from .refusal import Reason, Refused


@dataclass(frozen=True, slots=True)
class Volume:
    """What a set was made of.

    Attributes
    ----------
    count, doubtful : int
        Squeezes, and those of them with a reason to doubt.
    unit : str
        Of the following two; impulse is in `unit` times seconds.
    mean_peak : float
        Of squeezes without doubt.
    impulse : float
        Sum over all squeezes.
    peak_cv_percent : float or None
        SD (with n - 1) of those peaks, per cent of their mean; None below two.
    mean_duration_s : float
        From onset to offset.
    mean_pause_s, cadence_per_min : float or None
        Between an offset and the next onset, and squeezes a minute from first to last onset; None below two.
    """

    count: int
    doubtful: int
    unit: str
    mean_peak: float
    impulse: float
    peak_cv_percent: float | None
    mean_duration_s: float
    mean_pause_s: float | None
    cadence_per_min: float | None


def volume(squeezes: Sequence[Squeeze]) -> Volume | Refused:
    """Sum up the squeezes of one set with one tool, in their order."""
    measure = "repetition volume"
    if not squeezes:
        return Refused(measure, Reason.TOO_SHORT, "No squeeze was counted.")
    units = {one.unit for one in squeezes}
    if len(units) > 1:
        return Refused(
            measure,
            Reason.UNIT,
            Sentence("Squeezes are in {units}, which do not mix.", units=" and ".join(sorted(units))),
        )
    sure = np.array([one.peak for one in squeezes if not one.doubtful])
    if not sure.size:
        return Refused(measure, Reason.NOT_KNOWN, "Every squeeze of the set is doubtful.")
    onsets = np.array([one.onset_s for one in squeezes])
    offsets = np.array([one.offset_s for one in squeezes])
    span_s = float(onsets[-1] - onsets[0])
    several = len(squeezes) > 1 and span_s > 0
    mean_peak = float(sure.mean())
    return Volume(
        count=len(squeezes),
        doubtful=len(squeezes) - sure.size,
        unit=squeezes[0].unit.value,
        mean_peak=mean_peak,
        impulse=float(sum(one.impulse for one in squeezes)),
        peak_cv_percent=100 * float(sure.std(ddof=1)) / mean_peak
        if sure.size > 1 and mean_peak > SMALLEST
        else None,
        mean_duration_s=float((offsets - onsets).mean()),
        mean_pause_s=float(np.maximum(onsets[1:] - offsets[:-1], 0).mean()) if several else None,
        cadence_per_min=60 * (len(squeezes) - 1) / span_s if several else None,
    )
