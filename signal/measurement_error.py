"""Smallest difference between two tests that is more than measurement error, and where it comes from.

``SEM = SD √(1 - ICC)`` and ``SDD = 1.96 √2 SEM``. Published values, all of the same day, which flatters tests
weeks apart (status READ; words in docs/measures.md): Jamar Plus+, healthy 7 to 13 years, n = 338, ASHT,
dominant hand (Gasior 2020, IJERPH 17:8026). The rule that compares two tests, and the child's own error, are
DERIVED. For balls, putty and most Bluetooth tools nothing is published: their error is the child's own or not
known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from ..firmware_bridge.errors import InvalidInput
from ..firmware_bridge.samples import KGF_N, FloatArray, ToolKind, Unit
from ..firmware_bridge.sentence import Sentence
from .quantity import Quantity
from .refusal import Reason, Refused

SDD_FACTOR = 1.96 * sqrt(2)  #: 2.77: of the SEM, for a difference between two tests
OWN_TESTS = 8
_NO_SCATTER = 1e-9  #: of the results, as rounding leaves it
OWN_DAYS = 28.0  #: growth and practice are small beside error in four weeks


class Basis(StrEnum):
    """Where a smallest detectable difference comes from."""

    OWN = "own"  #: this child's own tests
    BORROWED = "borrowed"  #: other children, another tool
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MeasurementError:
    """Smallest detectable difference (SDD) of one series of tests.

    Attributes
    ----------
    basis : Basis
    sdd : float or None
        In the series' unit; None where it is not known.
    words : str
        A sentence for whoever reads the result.
    """

    basis: Basis
    sdd: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Published:
    """Measurement error as published.

    Attributes
    ----------
    source, group, tool : str
    sem_kgf, sdd_kgf, sdd_percent : float
    from_kgf, to_kgf : float
        Strength for which `sdd_kgf` holds; outside of it the percentage (derived).
    """

    source: str
    group: str
    tool: str
    sem_kgf: float
    sdd_kgf: float
    sdd_percent: float
    from_kgf: float
    to_kgf: float


GASIOR = Published(
    "Gasior 2020, IJERPH 17:8026",
    "healthy children of 7 to 13 years",
    "Jamar Plus+",
    0.74,
    2.05,
    15.52,
    8.0,
    25.0,
)


class Change(StrEnum):
    """What the difference between two tests amounts to."""

    WITHIN_ERROR = "within_error"
    LARGER_THAN_ERROR = "larger_than_error"
    ERROR_NOT_KNOWN = "error_not_known"


def error_of(
    days: Sequence[float], values: Sequence[float], unit: Unit, kind: ToolKind, *, asht: bool = True
) -> MeasurementError:
    """Measurement error of a series: the child's own where there are enough tests, else borrowed or unknown.

    Parameters
    ----------
    days, values : sequence of float, equally long
        When each test was, in days, increasing, and its score in `unit`.
    kind : ToolKind
        Borrowed values are of a dynamometer and go to no other kind of tool.
    asht : bool
        Whether the values are means of three trials by the ASHT's protocol, as the borrowed ones are.
    """
    x, y = series(days, values)
    own = _own(x, y)
    if own is not None:
        words = f"From this child's own tests ({own[1]} within four weeks)."
        return MeasurementError(Basis.OWN, SDD_FACTOR * own[0], words)
    if asht and kind is ToolKind.DYNAMOMETER and unit is Unit.NEWTON and y.size:
        baseline_kgf = float(np.median(y[:3])) / KGF_N
        if GASIOR.from_kgf <= baseline_kgf <= GASIOR.to_kgf:
            sdd_kgf = GASIOR.sdd_kgf
        else:
            sdd_kgf = GASIOR.sdd_percent / 100 * abs(baseline_kgf)
        words = f"Borrowed: {GASIOR.group}, {GASIOR.tool}, one day ({GASIOR.source}); not of this tool."
        return MeasurementError(Basis.BORROWED, sdd_kgf * KGF_N, words)
    words = f"Not known for this tool; {OWN_TESTS} tests within four weeks would show it."
    return MeasurementError(Basis.UNKNOWN, None, words)


def compare(before: Quantity, after: Quantity, error: MeasurementError) -> Change | Refused:
    """Judge the difference between two tests of one series.

    Examples
    --------
    >>> error = MeasurementError(Basis.BORROWED, 2.05, "")
    >>> tests = [Quantity(kgf, "kgf", "") for kgf in (10.6, 12.0, 12.9)]
    >>> compare(tests[0], tests[1], error), compare(tests[0], tests[2], error)
    (<Change.WITHIN_ERROR: 'within_error'>, <Change.LARGER_THAN_ERROR: 'larger_than_error'>)
    """
    if before.unit != after.unit:
        because = Sentence(
            "The tests are in {before} and {after}, which do not compare.",
            before=before.unit,
            after=after.unit,
        )
        return Refused("change", Reason.UNIT, because)
    if not np.isfinite([before.value, after.value]).all():
        return Refused("change", Reason.NOT_KNOWN, "One of the tests has no result.")
    if error.sdd is None:
        return Change.ERROR_NOT_KNOWN
    difference = abs(after.value - before.value)
    return Change.LARGER_THAN_ERROR if difference >= error.sdd else Change.WITHIN_ERROR


def series(days: Sequence[float], values: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Both as arrays; raises `InvalidInput` if they are no series of finite values in the order of time."""
    x, y = np.array(days, dtype=np.float64), np.array(values, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InvalidInput("values", f"must be one for each of {x.size} days, not {y.size}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidInput("values", "and days must be finite")
    if (np.diff(x) < 0).any():
        raise InvalidInput("days", "must not decrease")
    return x, y


def _own(x: FloatArray, y: FloatArray) -> tuple[float, int] | None:
    """SD around the child's straight line in the four weeks with most tests, and how many those are."""
    ends = np.searchsorted(x, x + OWN_DAYS, side="right")
    counts = ends - np.arange(x.size)
    if not x.size or counts.max() < OWN_TESTS:
        return None
    begin = int(x.size - 1 - counts[::-1].argmax())  # the latest of equals
    x, y = x[begin : ends[begin]], y[begin : ends[begin]]
    if x[0] == x[-1]:
        return None
    centred = x - x.mean()
    residuals = y - y.mean() - centred * float(centred @ y) / float(centred @ centred)
    sd = float(np.sqrt(residuals @ residuals / (x.size - 2)))
    # results without any scatter are those of a tool too coarse to show it, not of an error of nothing
    return (sd, int(x.size)) if sd > _NO_SCATTER * float(np.abs(y).max()) else None
