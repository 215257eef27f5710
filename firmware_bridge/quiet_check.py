"""Some seconds of a tool that nobody touches: whether it is well, and its zero where it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from .samples import FloatArray, SampleBlock, Unit
from .tool import Capabilities

#: Long enough to see a hand move or a sensor drift, short enough for a child to leave the tool alone.
QUIET_S: Final = 3.0

#: Movement is judged on means over so long, which tremor and noise do not reach and any hand does.
MEAN_S: Final = 0.25

#: Twelve means of noise alone span 3.3 of their standard deviations (mean range of 12 normal values), and 6
#: in fewer than one check of ten thousand.
NOISE_SPANS: Final = 6.0

#: Movement below this is nobody's hand: a tool in a child's hand moves by 0.5 N and more, a sensor that warms
#: up by 0.05 N in the time. A pressure ball gives some 0.4 kPa for a newton.
STILL: Final = {Unit.NEWTON: 0.3, Unit.KILOPASCAL: 0.15}
#: Where the unit has no known size, so many steps of the sensor.
STILL_STEPS: Final = 16.0

#: A zero that is further off than this is worth a tare; the hub takes rest as zero anyway, but strength is
#: shown as the tool has it.
ZERO: Final = {Unit.NEWTON: 1.0, Unit.KILOPASCAL: 2.0}

#: A sensor that works dithers by a step now and then. One that gives so many equal samples does not work,
#: unless it is so slow that it may be rounding them.
STUCK_SAMPLES: Final = 50
STUCK_RATE_HZ: Final = 20.0


class QuietVerdict(StrEnum):
    """What a quiet check found."""

    FINE = "fine"
    MOVING = "moving"  #: somebody holds it, or something touches it
    STUCK = "stuck"  #: the sensor gives nothing, or always the same
    NEEDS_TARE = "needs_tare"  #: at rest it does not show zero


_WORDS: Final = {
    QuietVerdict.FINE: "All is well: the tool lies still and its sensor works.",
    QuietVerdict.MOVING: "Something moves the tool. Lay it on the table, let go, and check again.",
    QuietVerdict.STUCK: "The sensor does not answer as it should. Switch the tool off and on, and check "
    "again; if it stays so, the tool needs repair.",
    QuietVerdict.NEEDS_TARE: "The tool does not show zero though nobody squeezes it. "
    "Let GripHub set it to zero.",
}


@dataclass(frozen=True, slots=True)
class QuietReport:
    """What some untouched seconds showed.

    Attributes
    ----------
    verdict : QuietVerdict
    words : str
        The verdict for a parent, with what to do.
    samples : int
        How many samples it rests on.
    unit : Unit
        Unit of the following.
    offset, noise : float or None
        Median, and standard deviation from one sample to the next; None without usable samples.
    movement : float or None
        Range of the means over `MEAN_S`.
    drift_per_s : float or None
        Slope of a straight line through the samples.
    """

    verdict: QuietVerdict
    words: str
    samples: int
    unit: Unit
    offset: float | None = None
    noise: float | None = None
    movement: float | None = None
    drift_per_s: float | None = None


def judge(blocks: Sequence[SampleBlock], capabilities: Capabilities) -> QuietReport:
    """Judge what a tool sent while nobody touched it.

    Parameters
    ----------
    blocks : sequence of SampleBlock
        Some seconds of one tool.
    capabilities : Capabilities
        Of the tool: only one that can be zeroed is asked to be.
    """
    unit = blocks[-1].unit if blocks else capabilities.unit
    t_s = np.concatenate([block.t_s for block in blocks]) if blocks else np.empty(0)
    values = np.concatenate([block.values for block in blocks]) if blocks else np.empty(0)
    clipped = np.concatenate([block.clipped for block in blocks]) if blocks else np.empty(0, bool)
    usable = np.isfinite(values) & ~clipped
    # half of the readings missing or at the end of the range is no reading
    if usable.sum() < max(values.size / 2, 2):
        return QuietReport(QuietVerdict.STUCK, _WORDS[QuietVerdict.STUCK], int(usable.sum()), unit)
    t_s, values = t_s[usable] - t_s[usable][0], values[usable]
    steps = np.diff(values)
    noise = float(np.sqrt(np.mean(steps**2) / 2))
    means = _means(t_s, values)
    movement = float(np.ptp(means))
    offset = float(np.median(values))
    span_s = float(np.ptp(t_s))
    moved = np.abs(steps[steps != 0])
    still = STILL.get(unit, STILL_STEPS * float(moved.min()) if moved.size else 0.0)
    blur = NOISE_SPANS * noise / np.sqrt(values.size / means.size)
    if not moved.size and values.size >= max(STUCK_SAMPLES, STUCK_RATE_HZ * span_s):
        verdict = QuietVerdict.STUCK
    elif movement > max(still, blur):
        verdict = QuietVerdict.MOVING
    elif capabilities.tare and abs(offset) > ZERO.get(unit, np.inf):
        verdict = QuietVerdict.NEEDS_TARE
    else:
        verdict = QuietVerdict.FINE
    return QuietReport(
        verdict,
        _WORDS[verdict],
        int(values.size),
        unit,
        offset=offset,
        noise=noise,
        movement=movement,
        drift_per_s=_slope(t_s, values),
    )


def _slope(t_s: FloatArray, values: FloatArray) -> float:
    centred = t_s - t_s.mean()
    spread = float(centred @ centred)
    return float(centred @ values) / spread if spread > 0 else 0.0


def _means(t_s: FloatArray, values: FloatArray) -> FloatArray:
    """Mean of each stretch of `MEAN_S`, without stretches of so few samples that noise would show."""
    _, stretch, counts = np.unique(t_s // MEAN_S, return_inverse=True, return_counts=True)
    means = np.bincount(stretch, values) / counts
    full: FloatArray = means[2 * counts >= counts.max()]
    return full
