"""A child's strength beside that of other children of the same age and sex, by the LMS method.

``z = ((x / M)^L - 1) / (L S)``, and ``ln(x / M) / S`` where L is 0; the percentile is the normal distribution
of z (Cole and Green 1992).

**No reference values come with GripHub.** The one table at hand, a transcription of Dodds 2014, could be
compared with an independent copy of the paper's centiles for adults only, not below 15 years. A clinic that
has a table brings it with some of its published centiles; it is used only if the formula gives those centiles
back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import KGF_N, ToolKind, Unit
from ..firmware_bridge.sentence import Sentence
from .quantity import LARGEST, SMALLEST, Quantity
from .refusal import Reason, Refused

Sex = Literal["female", "male"]


class Lms(NamedTuple):
    """One row of a reference: age in years, L, M in kilograms-force, S."""

    age_years: float
    l: float  # noqa: E741 - the method's own letter
    m_kgf: float
    s: float


class Centile(NamedTuple):
    """One published value to check a reference against."""

    age_years: float
    percent: float
    kgf: float


@dataclass(frozen=True, slots=True)
class GrowthReference:
    """Reference values of one sex and one class of tools that give back their own published centiles.

    Parameters
    ----------
    source, tools : str
        Where it is from, and which tools it was made with.
    sex : "female" or "male"
    rows : sequence of Lms
        By age.
    published : sequence of Centile
        From the paper itself, at ages of `rows`, at least one below and one above the median.
    rounding_kgf : float
        Half of the last digit of the published centiles.

    Raises
    ------
    InvalidInput
        If rows are out of order or impossible, or a centile does not come back within its rounding.
    """

    source: str
    tools: str
    sex: Sex
    rows: Sequence[Lms]
    published: Sequence[Centile]
    rounding_kgf: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(Lms(*row) for row in self.rows))
        object.__setattr__(self, "published", tuple(Centile(*one) for one in self.published))
        if len(self.rows) < 2 or any(b.age_years <= a.age_years for a, b in pairwise(self.rows)):
            raise InvalidInput("rows", "must be two or more, by increasing age")
        if not (np.isfinite(self.rows).all() and all(row.m_kgf > 0 and row.s > 0 for row in self.rows)):
            raise InvalidInput("rows", "must be finite, with M and S above 0")
        percents = [one.percent for one in self.published]
        if not (any(0 < p < 50 for p in percents) and any(50 < p < 100 for p in percents)):
            raise InvalidInput("published", "must hold a centile below the median and one above it")
        for one in self.published:
            row = next((row for row in self.rows if row.age_years == one.age_years), None)
            if row is None or not 0 < one.percent < 100:
                raise InvalidInput("published", f"{one} has no row of its age, or is no centile")
            kgf = _force_kgf(row, NormalDist().inv_cdf(one.percent / 100))
            if not abs(kgf - one.kgf) <= self.rounding_kgf * (1 + 1e-9):
                raise InvalidInput(
                    "rows",
                    f"give {kgf:.2f} kgf for centile {one.percent:g} at {one.age_years:g} years, "
                    f"where {one.kgf:g} is published",
                )


@dataclass(frozen=True, slots=True)
class GrowthScore:
    """Where a child stands among others of the same age and sex.

    Attributes
    ----------
    z, percentile : float
    source : str
        Of the reference.
    """

    z: float
    percentile: float
    source: str


def growth_score(
    score: Quantity, kind: ToolKind, sex: Sex, age_years: float, reference: GrowthReference | None = None
) -> GrowthScore | Refused:
    """Compare a strength test with a reference, on exact age.

    Only for a force, in newtons, from a dynamometer: a ball, putty or a pressure has no reference.
    """
    measure = "percentile"
    if kind is not ToolKind.DYNAMOMETER:
        because = Sentence(
            "There is no reference for a {kind}: tools do not agree, one read 69 % of another.", kind=kind
        )
        return Refused(measure, Reason.TOOL, because)
    if score.unit != Unit.NEWTON:
        return Refused(
            measure, Reason.UNIT, Sentence("{unit} is no force. Calibrate the tool.", unit=score.unit)
        )
    if reference is None or reference.sex != sex:
        return Refused(measure, Reason.NOT_KNOWN, "No checked reference is installed. See docs/measures.md.")
    first, last = reference.rows[0].age_years, reference.rows[-1].age_years
    if not first <= age_years <= last:
        because = Sentence(
            "{source} is for {first} to {last} years.", source=reference.source, first=first, last=last
        )
        return Refused(measure, Reason.NOT_KNOWN, because)
    if not SMALLEST < score.value < LARGEST:
        return Refused(measure, Reason.NOT_KNOWN, "The test has no result.")
    ages = [row.age_years for row in reference.rows]
    columns = [[row[i] for row in reference.rows] for i in (1, 2, 3)]
    row = Lms(age_years, *(float(np.interp(age_years, ages, column)) for column in columns))
    z = z_score(score.value / KGF_N, row)
    return GrowthScore(z, 100 * NormalDist().cdf(z), reference.source)


def z_score(kgf: float, row: Lms) -> float:
    """Distance from the median in SD.

    Examples
    --------
    >>> round(z_score(10.4, Lms(7.0, 0.42, 11.22, 0.23)), 3)
    -0.325
    """
    ratio = log(kgf / row.m_kgf)
    if abs(row.l * ratio) < 1e-9:
        return ratio / row.s
    return (exp(row.l * ratio) - 1) / (row.l * row.s)


def _force_kgf(row: Lms, z: float) -> float:
    """The force of a z-score; NaN where the formula has none."""
    if abs(row.l) < 1e-9:
        return row.m_kgf * exp(row.s * z)
    base = 1 + row.l * row.s * z
    return float(row.m_kgf * base ** (1 / row.l)) if base > 0 else float("nan")
