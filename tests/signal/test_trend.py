"""Trends, measurement error, and what breaks a series."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import theilslopes

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import KGF_N, ToolKind, Unit
from griphub.signal.measurement_error import (
    GASIOR,
    SDD_FACTOR,
    Basis,
    Change,
    MeasurementError,
    compare,
    error_of,
)
from griphub.signal.quantity import Quantity
from griphub.signal.refusal import Reason
from griphub.signal.trend import SeriesKey, Test, Verdict, differences, split, theil_sen, trend, widened_slope

KEY = SeriesKey("ASHT 2015", "left", Unit.NEWTON, ToolKind.DYNAMOMETER, "dyno-1", "1.0")


def series_of(values, days_apart=2.0, key=KEY):
    return [Test(days_apart * i, float(value), key) for i, value in enumerate(values)]


def noisy(n, rise, seed=0, sd=4.0):
    return 100 * (1 + rise * np.linspace(0, 1, n)) + sd * np.random.default_rng(seed).standard_normal(n)


def test_eleven_tests_are_too_few():
    found = trend(series_of(noisy(11, 1.0)))
    assert found.verdict is Verdict.TOO_FEW
    assert (found.change, found.low, found.high, found.percent) == (None, None, None, None)
    assert found.tests == 11


def test_a_clear_rise():
    found = trend(series_of(noisy(20, 0.5)))
    assert found.verdict is Verdict.RISING
    assert found.change.value == pytest.approx(50, abs=12)
    assert found.low < found.change.value < found.high
    assert found.percent == pytest.approx(50, abs=15)
    assert found.change.unit == "N"
    assert found.days == 38


def test_a_clear_fall():
    assert trend(series_of(noisy(20, -0.5))).verdict is Verdict.FALLING


def test_flat_is_no_clear_change():
    assert trend(series_of(noisy(30, 0.0))).verdict is Verdict.NO_CLEAR_CHANGE
    assert trend(series_of(np.full(30, 100.0))).verdict is Verdict.NO_CLEAR_CHANGE


def test_a_sure_slope_below_measurement_error_is_no_clear_change():
    """A rise of 5 % with next to no scatter, judged by a borrowed error of 2.05 kgf."""
    found = trend(series_of(noisy(12, 0.05, sd=0.1), days_apart=7))
    assert found.low > 0
    assert found.error.basis is Basis.BORROWED
    assert found.verdict is Verdict.NO_CLEAR_CHANGE


def test_growth_is_named_after_three_months():
    assert trend(series_of(noisy(14, 0.5), days_apart=7.0)).growth is False
    assert trend(series_of(noisy(15, 0.5), days_apart=7.0)).growth is True


def test_false_alarms_and_power():
    """The benchmark prints the whole table; this guards its corner stones."""

    def series(rise, rng, n=20):
        wave = np.empty(n)
        wave[0] = rng.standard_normal()
        for i in range(1, n):
            wave[i] = 0.4 * wave[i - 1] + np.sqrt(1 - 0.16) * rng.standard_normal()
        return 100 * (1 + rise * np.linspace(0, 1, n) + 0.12 * wave)

    rng = np.random.default_rng(7)
    ball = replace(KEY, kind=ToolKind.BALL)
    clear = {Verdict.RISING, Verdict.FALLING}
    flat = [trend(series_of(series(0.0, rng), 7 / 3, ball)).verdict in clear for _ in range(400)]
    rises = [trend(series_of(series(0.4, rng), 7 / 3, ball)).verdict is Verdict.RISING for _ in range(200)]
    assert np.mean(flat) < 0.06
    assert np.mean(rises) > 0.55


def test_resemblance_widens():
    """Scipy's interval about the same slope: by what is always assumed, and by more if tests resemble."""
    x = np.arange(40.0)
    rough = np.random.default_rng(0).standard_normal(40)
    smooth = np.convolve(rough, np.ones(5), "same")
    always = np.sqrt(1.3 / 0.7)
    for y, least, most in ((rough, always, 1.001 * always), (smooth, 2.0, 1.001 * np.sqrt(1.9 / 0.1))):
        plain = theilslopes(y, x)
        slope, low, high = widened_slope(x, y)
        assert slope == plain.slope
        assert least * 0.999 < (slope - low) / (slope - plain.low_slope) < most
        assert least * 0.999 < (high - slope) / (plain.high_slope - slope) < most


def test_order_does_not_matter():
    tests = series_of(noisy(20, 0.3))
    assert trend(tests[::-1]) == trend(tests)


@given(scale=st.floats(0.01, 1000), seed=st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_only_proportions_matter_on_a_ball(scale, seed):
    ball = replace(KEY, kind=ToolKind.BALL, unit=Unit.KILOPASCAL)
    values = noisy(20, 0.3, seed, sd=12.0)
    one, other = trend(series_of(values, key=ball)), trend(series_of(values * scale, key=ball))
    assert other.verdict is one.verdict
    assert other.change.value == pytest.approx(one.change.value * scale)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("side", "right"),
        ("unit", Unit.KILOPASCAL),
        ("kind", ToolKind.BALL),
        ("tool", "dyno-2"),
        ("firmware", "1.1"),
        ("calibration", "c2"),
        ("grip", "tip pinch"),
        ("measure", "Southampton 2011"),
        ("simulated", True),
    ],
)
def test_what_breaks_a_series(name, value):
    other = replace(KEY, **{name: value})
    tests = [*series_of(noisy(12, 0.3)), Test(99.0, 140.0, other)]
    refused = trend(tests)
    assert refused.reason is (Reason.UNIT if name == "unit" else Reason.PROTOCOL)
    assert name in refused.because
    assert differences(KEY, other) == (name,)
    assert [len(part) for part in split(tests).values()] == [12, 1]


def test_no_test_and_impossible_tests():
    assert trend([]).reason is Reason.TOO_SHORT
    assert trend([Test(0.0, 100.0, KEY)]).verdict is Verdict.TOO_FEW
    assert trend([Test(0.0, 100.0 + i, KEY) for i in range(20)]).verdict is Verdict.TOO_FEW
    with pytest.raises(GripError, match="finite"):
        trend(series_of([np.nan] * 12))


def test_examples_of_the_reference():
    error = MeasurementError(Basis.BORROWED, 2.05, "")
    before, within, beyond = (Quantity(kgf, "kgf", "") for kgf in (10.6, 12.0, 12.9))
    assert compare(before, within, error) is Change.WITHIN_ERROR
    assert compare(before, beyond, error) is Change.LARGER_THAN_ERROR
    assert compare(beyond, before, error) is Change.LARGER_THAN_ERROR
    unknown = MeasurementError(Basis.UNKNOWN, None, "")
    assert compare(before, beyond, unknown) is Change.ERROR_NOT_KNOWN
    assert compare(before, Quantity(1, "kPa", ""), error).reason is Reason.UNIT
    assert compare(before, Quantity(np.nan, "kgf", ""), error).reason is Reason.NOT_KNOWN


def test_own_error_is_scatter_around_the_childs_own_line():
    rng = np.random.default_rng(0)
    days = np.arange(0, 28, 2.0)
    found = [
        error_of(days, 100 + days + 5 * rng.standard_normal(14), Unit.KILOPASCAL, ToolKind.BALL).sdd
        for _ in range(300)
    ]
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(SDD_FACTOR * 5, rel=0.05)


@pytest.mark.parametrize(
    ("days", "basis"),
    [
        (np.arange(8) * 4.0, Basis.OWN),  # the eighth on day 28
        (np.arange(8) * 4.1, Basis.UNKNOWN),
        (np.arange(7) * 1.0, Basis.UNKNOWN),
        ([0.0, 100, 200, *range(300, 308)], Basis.OWN),
        ([], Basis.UNKNOWN),
    ],
)
def test_own_error_needs_eight_tests_in_four_weeks(days, basis):
    values = np.random.default_rng(0).normal(100, 5, len(days))
    error = error_of(days, values, Unit.NEWTON, ToolKind.BALL)
    assert error.basis is basis
    assert (error.sdd is None) is (basis is Basis.UNKNOWN)


def test_borrowed_only_for_the_force_of_a_dynamometer():
    week = np.arange(3) * 7.0
    ten = np.full(3, 10 * KGF_N)
    error = error_of(week, ten, Unit.NEWTON, ToolKind.DYNAMOMETER)
    assert error.basis is Basis.BORROWED
    assert error.sdd == pytest.approx(2.05 * KGF_N)
    assert error.words.startswith("Borrowed:")
    weak = error_of(week, ten / 2, Unit.NEWTON, ToolKind.DYNAMOMETER)
    assert weak.sdd == pytest.approx(0.1552 * 5 * KGF_N)
    for unit, kind in (
        (Unit.NEWTON, ToolKind.BALL),
        (Unit.NEWTON, ToolKind.PUTTY),
        (Unit.KILOPASCAL, ToolKind.BALL),
        (Unit.COUNT, ToolKind.DYNAMOMETER),
    ):
        assert error_of(week, ten, unit, kind).basis is Basis.UNKNOWN


@pytest.mark.parametrize(("kgf", "sdd_kgf"), [(7.99, 1.240), (8.0, 2.05), (25.0, 2.05), (25.01, 3.882)])
def test_where_the_published_sdd_becomes_a_percentage(kgf, sdd_kgf):
    error = error_of([0.0], [kgf * KGF_N], Unit.NEWTON, ToolKind.DYNAMOMETER)
    assert error.sdd / KGF_N == pytest.approx(sdd_kgf, abs=5e-4)


def test_results_without_scatter_are_no_error_of_nothing():
    """A tool that tells whole kilograms may tell the same eight times."""
    for level in (12.0, 0.1):
        coarse = error_of(range(8), [level] * 8, Unit.NEWTON, ToolKind.BALL)
        assert (coarse.basis, coarse.sdd) == (Basis.UNKNOWN, None)


def test_impossible_series():
    for days, values, says in (
        ([0, 1], [1.0], "one for each"),
        ([1, 0], [1.0, 2.0], "decrease"),
        ([0, np.inf], [1.0, 2.0], "finite"),
    ):
        with pytest.raises(GripError, match=says):
            error_of(days, values, Unit.NEWTON, ToolKind.BALL)


def test_published_errors_come_back_from_their_formula():
    """SDD = 1.96 √2 SEM (Gasior 2020): 0.74 kg gives 2.051, 0.78 kg gives 2.162."""
    assert pytest.approx(2.051, abs=5e-4) == SDD_FACTOR * 0.74
    assert pytest.approx(2.162, abs=5e-4) == SDD_FACTOR * 0.78
    assert SDD_FACTOR * GASIOR.sem_kgf == pytest.approx(GASIOR.sdd_kgf, abs=0.005)
    assert (GASIOR.sem_kgf, GASIOR.sdd_kgf, GASIOR.sdd_percent) == (0.74, 2.05, 15.52)
    assert round(SDD_FACTOR, 2) == 2.77


def test_nothing_is_borrowed_but_for_means_of_three_by_the_ashts_protocol():
    days, values = list(range(0, 70, 7)), [100.0] * 10
    borrowed = error_of(days, values, Unit.NEWTON, ToolKind.DYNAMOMETER)
    assert borrowed.basis is Basis.BORROWED
    assert error_of(days, values, Unit.NEWTON, ToolKind.DYNAMOMETER, asht=False).basis is Basis.UNKNOWN


@pytest.mark.parametrize("seed", range(20))
def test_the_slope_and_its_interval_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 80))
    x = np.sort(rng.uniform(0, 60, n).round(seed % 3))  # rounded: several at one time
    y = (20 + 0.1 * x + rng.normal(0, 3, n)).round(seed % 4)
    slope, intercept, low, high = theil_sen(x, y)
    oracle = theilslopes(y, x, alpha=0.95)
    assert (slope, intercept) == pytest.approx((oracle.slope, oracle.intercept))
    assert (low, high) == pytest.approx((oracle.low_slope, oracle.high_slope))
