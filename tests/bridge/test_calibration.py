"""Calibrations: readings become newtons; none is used that does not belong, none lost that was entered."""

import stat
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from griphub.firmware_bridge.calibration import (
    INTERVAL,
    Calibration,
    CalibrationBook,
    CalibrationError,
    Curve,
)
from griphub.firmware_bridge.samples import SampleBlock, Unit

MADE = date(2026, 3, 1)


def calibration(**about: object) -> Calibration:
    given = {
        "tool_id": "ball01",
        "unit": "kPa",
        "points": [(0, 0), (10, 20), (30, 100)],
        "uncertainty_n": 1.5,
        "made_on": MADE,
    }
    return Calibration.model_validate(given | about)


def block(values: list[float], unit: Unit = Unit.KILOPASCAL, tool_id: str = "ball01") -> SampleBlock:
    n = len(values)
    return SampleBlock(
        tool_id, 0, np.arange(n) / 100, np.array(values, float), unit, 100, 0, np.zeros(n, bool)
    )


def test_between_its_points_it_is_straight_and_beyond_them_the_nearest_straight_goes_on() -> None:
    force = calibration().apply(block([-5, 0, 5, 10, 20, 30, 40, np.nan]))
    assert force.unit is Unit.NEWTON
    np.testing.assert_allclose(force.values, [-10, 0, 10, 20, 60, 100, 140, np.nan])
    assert calibration().range_n == (pytest.approx(-5), pytest.approx(105))


def test_a_coefficient_is_two_points() -> None:
    """As of a Frez Dyno, whose maker gives kilograms per count."""
    given = calibration(unit="count", points=[(0, 0), (2_000_000, 2_000_000 * 0.00005 * 9.80665)])
    assert given.newtons(np.array([1_000_000.0])) == pytest.approx(490.3325)


points = st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0.01, 1e4)), min_size=2, max_size=20).map(
    lambda steps: [tuple(p) for p in np.cumsum(np.array(steps), axis=0).tolist()]
)


@given(points, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_it_meets_its_points_and_never_falls(
    points: list[tuple[float, float]], readings: list[float]
) -> None:
    given = calibration(points=points)
    raw, newtons = np.array(points).T
    np.testing.assert_allclose(given.newtons(raw), newtons, rtol=1e-9, atol=1e-6)
    force = given.newtons(np.sort(readings))
    assert (np.diff(force) >= -1e-9 * np.abs(force).max()).all()


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"points": [(0, 0)]}, "2 to 100 points"),
        ({"points": [(0, 0), (10, 20), (10, 30)]}, "growing"),
        ({"points": [(0, 0), (10, -1)]}, "growing"),
        ({"points": [(0, 0), (float("nan"), 1)]}, "finite"),
        ({"uncertainty_n": 0}, "greater than 0"),
        ({"unit": "N"}, "sends newtons already"),
        ({"due_on": MADE}, "due_on must come after"),
    ],
)
def test_what_is_no_calibration_is_refused(about: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        calibration(**about)


def test_it_is_due_after_a_year_unless_said_otherwise() -> None:
    assert calibration().due_on == MADE + INTERVAL
    assert calibration(due_on=date(2026, 6, 1)).due_on == date(2026, 6, 1)
    assert not calibration().overdue(MADE + INTERVAL)
    assert calibration().overdue(date(2027, 3, 2))


def test_for_another_unit_firmware_or_tool_it_is_refused_with_the_reason() -> None:
    given = calibration(firmware="2.1")
    assert given.refuses(Unit.KILOPASCAL, "2.1") is None
    assert given.refuses(Unit.COUNT, "2.1") == "it was made for readings in kPa, and the tool sends count"
    assert given.refuses(Unit.KILOPASCAL, "3.0") == "it was made with firmware 2.1, and the tool has 3.0"
    assert calibration().refuses(Unit.KILOPASCAL, "3.0") is None  # not noted: not checked
    with pytest.raises(CalibrationError, match="the tool sends count"):
        given.apply(block([1], Unit.COUNT))
    with pytest.raises(CalibrationError, match="ball02"):
        given.apply(block([1], tool_id="ball02"))


def test_the_book_keeps_all_and_gives_the_newest_that_belongs(tmp_path: Path) -> None:
    book = CalibrationBook(tmp_path / "new" / "calibrations.jsonl")
    assert book.find("ball01", Unit.KILOPASCAL, "2.1") == (None, None)
    first, second = calibration(firmware="2.1"), calibration(firmware="2.1", made_on=date(2026, 9, 1))
    other, newer = calibration(tool_id="ball02"), calibration(firmware="3.0")
    writer = CalibrationBook(tmp_path / "new" / "calibrations.jsonl")
    for entry in (first, other, second, newer):
        writer.add(entry)
    assert list(book.history("ball01")) == [first, second, newer]
    assert book.find("ball01", Unit.KILOPASCAL, "2.1") == (second, None)
    assert book.find("ball01", Unit.KILOPASCAL, "4.0")[0] is None
    assert "firmware 3.0" in str(book.find("ball01", Unit.KILOPASCAL, "4.0")[1])
    assert book.get("ball01", first.calibration_id) == first
    assert book.get("ball02", first.calibration_id) is None
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_that_was_torn_is_told_and_the_others_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    path = tmp_path / "calibrations.jsonl"
    kept, torn, later = calibration(), calibration(), calibration()
    CalibrationBook(path).add(kept)
    CalibrationBook(path).add(torn)
    data = path.read_bytes()
    path.write_bytes(data[: -1 - cut])  # the power failed
    caplog.clear()
    book = CalibrationBook(path)
    assert list(book.history("ball01")) == [kept]
    assert "Line 2" in caplog.text
    book.add(later)
    assert list(CalibrationBook(path).history("ball01")) == [kept, later]


def test_a_book_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "calibrations.jsonl").mkdir()
    book = CalibrationBook(tmp_path / "calibrations.jsonl")
    with pytest.raises(CalibrationError, match="belongs to the user"):
        book.add(calibration())
    with pytest.raises(CalibrationError, match="belongs to the user"):
        book.find("ball01", Unit.KILOPASCAL, "")


# a sealed ball, which stiffens, and a film sensor, which flattens: 1 kPa or count for what force
BALL_N = np.array([0.0, 10, 25, 50, 80, 110])
BALL_KPA = 30 * np.log1p(BALL_N / 40)
FILM_N = np.array([0.0, 15, 35, 60, 85, 110])
FILM_COUNT = 20 * FILM_N - 0.06 * FILM_N**2


def worst(curve: Curve, readings: np.ndarray, newtons: np.ndarray, true: object) -> float:
    given = calibration(points=list(zip(readings.tolist(), newtons.tolist(), strict=True)), curve=curve)
    at_n = np.linspace(10, 100, 200)
    return float(np.abs(given.newtons(true(at_n)) / at_n - 1).max())  # type: ignore[operator]


def test_a_smooth_curve_through_five_weights_is_better_than_straights() -> None:
    def ball(n: np.ndarray) -> np.ndarray:
        return 30 * np.log1p(n / 40)

    two = worst(Curve.STRAIGHTS, BALL_KPA[[0, -1]], BALL_N[[0, -1]], ball)
    straights = worst(Curve.STRAIGHTS, BALL_KPA, BALL_N, ball)
    pchip = worst(Curve.PCHIP, BALL_KPA, BALL_N, ball)
    assert two > 0.15 > straights > 2 * pchip
    assert pchip < 0.02


def test_a_quadratic_is_for_a_sensor_that_bends_one_way_and_bears_noise() -> None:
    def film(n: np.ndarray) -> np.ndarray:
        return 20 * n - 0.06 * n**2

    noisy = FILM_COUNT + np.random.default_rng(3).normal(0, 12, FILM_N.size) * (FILM_N > 0)
    assert worst(Curve.QUADRATIC, noisy, FILM_N, film) < 0.15
    assert worst(Curve.STRAIGHTS, FILM_COUNT[[0, -1]], FILM_N[[0, -1]], film) > 0.3
    given = calibration(points=list(zip(FILM_COUNT, FILM_N, strict=True)), curve="quadratic")
    assert given.misfit_n is not None and given.misfit_n < 2.5


@pytest.mark.parametrize("curve", Curve)
def test_beyond_its_points_a_curve_goes_on_straight_and_missing_stays_missing(curve: Curve) -> None:
    given = calibration(points=list(zip(BALL_KPA, BALL_N, strict=True)), curve=curve)
    beyond = given.newtons(np.array([np.nan, -2.0, -1.0, 0.0, *(BALL_KPA[-1] + np.array([0.0, 1, 2]))]))
    assert np.isnan(beyond[0])
    for three in (beyond[1:4], beyond[4:]):
        assert np.diff(three)[0] == pytest.approx(np.diff(three)[1], rel=1e-6)
        assert (np.diff(three) > 0).all()


@given(points, st.sampled_from([Curve.STRAIGHTS, Curve.PCHIP]))
def test_more_reading_is_never_less_force(some: list[tuple[float, float]], curve: Curve) -> None:
    if curve is Curve.PCHIP and len(some) < 3:
        return
    given = calibration(points=some, curve=curve)
    low, high = some[0][0], some[-1][0]
    force = given.newtons(np.linspace(low, high, 50))
    assert (np.diff(force) >= -1e-9 * some[-1][1]).all()
    np.testing.assert_allclose(given.newtons(np.array([p[0] for p in some])), [p[1] for p in some], rtol=1e-7)


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"curve": "quadratic"}, "4 points or more"),
        ({"curve": "pchip", "points": [(0, 0), (1, 1)]}, "3 points or more"),
        ({"curve": "quadratic", "points": [(0, 0), (1, 50), (2, 90), (3, 91), (4, 92)]}, "turns back"),
    ],
)
def test_a_curve_that_the_points_cannot_carry_is_refused(about: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        calibration(**about)


def test_hysteresis_is_stated_and_not_fitted() -> None:
    falling = [(25.0, 60.0), (8.0, 14.0)]
    plain, stated = calibration(), calibration(unloading=falling)
    readings = np.array([3.0, 12.0, 29.0])
    np.testing.assert_array_equal(plain.newtons(readings), stated.newtons(readings))
    assert plain.hysteresis_percent is None
    assert stated.hysteresis_percent == pytest.approx(20)  # 80 N on the way up, 60 on the way down, of 100


def test_a_line_of_an_older_book_joins_its_points_as_it_always_did(tmp_path: Path) -> None:
    book = CalibrationBook(tmp_path / "calibrations.jsonl")
    book.add(calibration())
    text = (tmp_path / "calibrations.jsonl").read_text()
    for name in ("curve", "unloading", "creep"):
        text = text.replace(f'"{name}"', f'"not_{name}"')
    (tmp_path / "calibrations.jsonl").write_text(text)
    (old,) = book.history("ball01")
    assert old.curve is Curve.STRAIGHTS and old.creep is None
    assert old.newtons(np.array([20.0])) == pytest.approx(60)
