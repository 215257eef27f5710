"""Whether a child's results change, said only when chance and measurement error are unlikely to say it.

A trend is a Theil-Sen slope whose 95 % interval, widened for tests that resemble the one before by ``√((1 +
r) / (1 - r))``, leaves out zero, *and* a change of at least the smallest detectable difference where that is
known. Plain methods see trends in flat series: ``benchmarks/bench_trend.py`` prints how often. Another tool,
unit, firmware, calibration or grip begins another series; series are never joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.samples import FloatArray, ToolKind, Unit
from ..firmware_bridge.sentence import Sentence
from .measurement_error import MeasurementError, error_of, series
from .quantity import SMALLEST, Quantity
from .refusal import Reason, Refused
from .strength import ASHT, Side

LEAST_TESTS = 12  #: with fewer, even a rise of 40 % is seen less than half the time
GROWTH_DAYS = 91.0  #: over more than three months children grow stronger without anybody's help (derived)
#: Tests of one child resemble the one before, and a short series does not show by how much: never less than
#: this is taken. With 0.4 in truth flat series then alarm in 5 to 6 %, without this floor in 7 to 9 %.
_LOWEST_R = 0.3
_Z = NormalDist().inv_cdf(0.975)
_HIGHEST_R = 0.9  #: an interval more than 4.4 times as wide says nothing anyway


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What must be equal for results to be compared.

    Attributes
    ----------
    measure : str
        What was measured, and by which protocol.
    side : "left" or "right"
    unit : Unit
    kind : ToolKind
    tool, firmware : str
        Model and id of the tool, and its firmware.
    calibration : str or None
        Id of the calibration; None where there is none.
    grip : str
        Grip type, or size of the ball.
    simulated : bool
    """

    measure: str
    side: Side
    unit: Unit
    kind: ToolKind
    tool: str
    firmware: str = ""
    calibration: str | None = None
    grip: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Test:
    """One result: when, in days on any scale, how much, and of what series."""

    __test__ = False  # pytest takes it for its own otherwise

    day: float
    value: float
    key: SeriesKey


class Verdict(StrEnum):
    """What a series shows."""

    TOO_FEW = "too_few"  #: too few tests to say
    NO_CLEAR_CHANGE = "no_clear_change"
    RISING = "rising"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class Trend:
    """A series of tests, and what it shows.

    Attributes
    ----------
    verdict : Verdict
    tests : int
    days : float
        From the first test to the last.
    change : Quantity or None
        Slope times `days`, in the series' unit; None where there are too few tests. Its `sd` is a quarter of
        the widened interval.
    low, high : float or None
        The widened 95 % interval of the change.
    percent : float or None
        The change, of `start`.
    start : float or None
        The fitted value at the first test.
    error : MeasurementError
        What a change must exceed.
    growth : bool
        Whether growth is part of any change, so that it is not by itself an effect of treatment.
    """

    verdict: Verdict
    tests: int
    days: float
    change: Quantity | None
    low: float | None
    high: float | None
    percent: float | None
    start: float | None
    error: MeasurementError
    growth: bool


def split(tests: Sequence[Test]) -> dict[SeriesKey, list[Test]]:
    """Sort tests into the series that they belong to, tests and series in order of time."""
    found: dict[SeriesKey, list[Test]] = {}
    for test in sorted(tests, key=lambda test: test.day):
        found.setdefault(test.key, []).append(test)
    return found


def differences(one: SeriesKey, other: SeriesKey) -> tuple[str, ...]:
    """Names of what breaks a series between two tests."""
    return tuple(f.name for f in fields(SeriesKey) if getattr(one, f.name) != getattr(other, f.name))


def trend(tests: Sequence[Test]) -> Trend | Refused:
    """Say what a series of tests shows, in whatever order they come.

    Raises
    ------
    InvalidInput
        If a day or a value is not finite.
    """
    if not tests:
        return Refused("trend", Reason.TOO_SHORT, "There is no test yet.")
    ordered = sorted(tests, key=lambda test: test.day)
    key = ordered[0].key
    others = {test.key for test in ordered if test.key is not key}
    broken = sorted({name for other in others for name in differences(key, other)})
    if broken:
        because = Sentence(
            "The tests differ in {names} and do not compare. Look at each series apart.",
            names=", ".join(broken),
        )
        return Refused("trend", Reason.UNIT if "unit" in broken else Reason.PROTOCOL, because)
    x, y = series([test.day for test in ordered], [test.value for test in ordered])
    error = error_of(x.tolist(), y.tolist(), key.unit, key.kind, asht=key.measure == ASHT.name)
    days = float(x[-1] - x[0])
    growth = days > GROWTH_DAYS
    if x.size < LEAST_TESTS or days == 0:
        return Trend(Verdict.TOO_FEW, x.size, days, None, None, None, None, None, error, growth)
    slope, low, high = (days * part for part in widened_slope(x, y))
    verdict = Verdict.NO_CLEAR_CHANGE
    if low * high > 0 and abs(slope) >= (error.sdd or 0.0):
        verdict = Verdict.RISING if slope > 0 else Verdict.FALLING
    start = float(np.median(y) - slope / days * (np.median(x) - x[0]))
    percent = 100 * slope / start if start > SMALLEST else None
    change = Quantity(slope, key.unit.value, error.words, (high - low) / 4)
    return Trend(verdict, x.size, days, change, low, high, percent, start, error, growth)


def widened_slope(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Theil-Sen slope, and its 95 % interval widened for the resemblance of neighbouring tests."""
    slope, middle, low, high = theil_sen(x, y)
    rest = y - middle - slope * x
    rest = rest - rest.mean()
    power = float(rest @ rest)
    r = float(rest[1:] @ rest[:-1]) / power if power > 0 else 0.0
    # r of a short series is too low by about (1 + 4 r) / n (Marriott and Pope 1954)
    r = min(max((x.size * r + 1) / (x.size - 4), _LOWEST_R), _HIGHEST_R)
    wider = sqrt((1 + r) / (1 - r))
    return slope, slope - wider * (slope - low), slope + wider * (high - slope)


def theil_sen(x: FloatArray, y: FloatArray) -> tuple[float, float, float, float]:
    """Slope, intercept, and the slope's 95 % interval (Sen 1968), of points that are not all at one time.

    The same as SciPy's `theilslopes`, to the last digit but one, in a tenth of the time: a caseload has
    hundreds of series.
    """
    first, second = np.triu_indices(x.size, 1)
    run = x[second] - x[first]
    apart = run != 0
    slopes = np.sort((y[second] - y[first])[apart] / run[apart])
    slope = float(_middle(slopes))
    variance = (_ties(np.array([x.size])) - _ties(_repeats(x)) - _ties(_repeats(y))) / 18
    within = _Z * sqrt(variance) / 2
    low = max(round(slopes.size / 2 - within) - 1, 0)
    high = min(round(slopes.size / 2 + within), slopes.size - 1)
    intercept = float(_middle(np.sort(y)) - slope * _middle(np.sort(x)))
    return slope, intercept, float(slopes[low]), float(slopes[high])


def _middle(ordered: FloatArray) -> float:
    half = ordered.size // 2
    return float(ordered[half] if ordered.size % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _repeats(values: FloatArray) -> NDArray[np.int64]:
    """How often each value comes."""
    ordered = np.sort(values)
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) + 1
    return np.diff(ends, prepend=0)


def _ties(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1) * (2 * counts + 5)).sum())
