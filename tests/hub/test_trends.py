"""What sessions and strength tests say about change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.records.ids import event_id
from griphub.hub.records.strength import Outcome, StrengthTested
from griphub.hub.records.vocabulary import Hand, Purpose, Source
from griphub.hub.stores.models import SessionPoint
from griphub.hub.trends import Finding, Verdict, of_sessions, of_tests
from griphub.signal.measurement_error import Basis

START = datetime(2026, 9, 1, 15, tzinfo=UTC)


def point(days: float, peak: float | None, **more: object) -> SessionPoint:
    at = START + timedelta(days=days)
    fields = {
        "session_id": uuid4(),
        "child_id": "c-1",
        "tool_id": "ball-1",
        "tool_kind": ToolKind.BALL,
        "hand": Hand.LEFT,
        "source": Source.REAL,
        "unit": Unit.NEWTON,
        "started_at": at,
        "ended_at": at + timedelta(minutes=4),
        "ended_by": "tool_slept",
        "goal": 15,
        "squeezes": 15,
        "doubtful": 0,
        "peak": peak,
        "median_peak": peak,
        "received": 1,
        "lost": 0,
        "first_index": 0,
        "end_index": 1,
        "firmware": "1.2",
    }
    return SessionPoint(**fields | more)  # type: ignore[arg-type]


def series(rise: float, n: int = 24, sd: float = 2.0, seed: int = 1, **more: object) -> list[SessionPoint]:
    noise = np.random.default_rng(seed).normal(0, sd, n)
    return [point(k * 7 / 3, float(40 + rise * k / (n - 1) + noise[k]), **more) for k in range(n)]


def a_test(days: float, score: float | None, **more: object) -> StrengthTested:
    session_id = uuid4()
    fields = {
        "event_id": event_id(session_id, "strength_test"),
        "measured_at": START + timedelta(days=days),
        "site": "home",
        "hub": "hub",
        "session_id": session_id,
        "child_id": "c-1",
        "tool_id": "dyno-1",
        "tool_kind": ToolKind.DYNAMOMETER,
        "hand": Hand.LEFT,
        "source": Source.REAL,
        "unit": Unit.NEWTON,
        "protocol": "ASHT 2015",
        "outcome": Outcome(score=score, rule="mean"),
        "trials": (),
    }
    return StrengthTested(**fields | more)


def only(findings: list[Finding]) -> Finding:
    (found,) = findings
    return found


def test_a_rise_is_told_with_its_interval_its_error_and_a_band() -> None:
    found = only(of_sessions(series(rise=20.0)))
    assert found.trend.verdict is Verdict.RISING
    assert found.statement.startswith("Rises by ") and " in 8 weeks (95 %: +" in found.statement
    assert found.trend.error.basis is Basis.OWN and "own tests" in found.error
    band = found.band
    assert band and band.middle[1] - band.middle[0] == pytest.approx(found.trend.change.value)  # type: ignore[union-attr]
    assert band.half == pytest.approx(1.96 * 2.0, rel=0.4)
    inside = [
        abs(value - np.interp(at.timestamp(), [band.begin.timestamp(), band.end.timestamp()], band.middle))
        <= band.half
        for _, at, value in found.results
    ]
    assert np.mean(inside) > 0.85


def test_a_fall_is_told_without_a_judgement() -> None:
    found = only(of_sessions(series(rise=-20.0)))
    assert found.statement.startswith("Falls by ")
    assert not {"lost", "worse", "failed", "decline"} & set(found.statement.lower().split())


def test_chance_is_called_the_usual_variation_and_its_band_is_flat() -> None:
    found = only(of_sessions(series(rise=0.0)))
    assert found.statement.startswith("Within the usual variation: no clear change in 8 weeks (95 %: ")
    assert found.band and found.band.middle[0] == found.band.middle[1] == pytest.approx(40, abs=1.5)


def test_below_twelve_it_is_too_few_whatever_they_look_like() -> None:
    found = only(of_sessions(series(rise=60.0, n=11)))
    assert found.statement == "Too few to say: 11 of the 12 results that tell a change from chance."
    assert found.band is None


def test_no_error_is_borrowed_for_a_session_of_exercise_and_then_it_says_so() -> None:
    sparse = [replace(p, started_at=START + 4 * (p.started_at - START)) for p in series(rise=20.0, n=14)]
    sparse = [replace(p, tool_kind=ToolKind.DYNAMOMETER) for p in sparse]
    found = only(of_sessions(sparse))
    assert found.trend.error.basis is Basis.UNKNOWN and found.band is None
    assert "Whether that is more than measurement error is not known for this tool." in found.statement
    assert "Over more than three months growth is part of any rise." in found.statement


@pytest.mark.parametrize(
    ("change", "called"),
    [
        ({"tool_id": "ball-2"}, "tool"),
        ({"unit": Unit.KILOPASCAL}, "unit"),
        ({"firmware": "2.0"}, "firmware"),
        ({"calibration_id": "cal-1"}, "calibration"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else change,
)
def test_a_series_breaks_and_says_at_what(change: dict[str, object], called: str) -> None:
    first, later = series(0.0)[:12], [replace(p, **change) for p in series(0.0)[12:]]
    findings = of_sessions([*first, *later])
    assert [f.broke for f in findings] == [(), (called,)]
    assert [len(f.results) for f in findings] == [12, 12]


def test_the_other_hand_and_simulated_sessions_are_no_continuation() -> None:
    right = series(0.0, hand=Hand.RIGHT, tool_id="ball-2")
    simulated = series(0.0, source=Source.SIMULATED)
    findings = of_sessions([*series(0.0), *right, *simulated])
    assert [(f.key.side, f.key.simulated, f.broke) for f in findings] == [
        ("left", False, ()),
        ("right", False, ()),
        ("left", True, ()),
    ]


def test_what_is_no_point_of_a_trend() -> None:
    assert of_sessions([]) == []
    assert of_tests([]) == []
    assert of_sessions([point(0, None)]) == []
    assert of_sessions([point(0, 50.0, purpose=Purpose.STRENGTH_TEST)]) == []
    assert of_sessions([point(0, 50.0, time_known=False)]) == [], "when it was is not known"
    assert of_tests([a_test(0, None)]) == []


def test_tests_of_a_dynamometer_borrow_an_error_for_the_protocol_that_it_was_found_with() -> None:
    scores = [100 + 40 * k / 13 for k in range(14)]
    asht = only(of_tests([a_test(7 * k, score) for k, score in enumerate(scores)]))
    assert asht.trend.error.basis is Basis.BORROWED and asht.trend.verdict is Verdict.RISING
    assert "borrowed: healthy children" in asht.error
    other = only(of_tests([a_test(7 * k, score, protocol="NHANES") for k, score in enumerate(scores)]))
    assert other.trend.error.basis is Basis.UNKNOWN


def test_another_protocol_or_handle_is_another_series() -> None:
    tests = [a_test(0, 100.0), a_test(7, 100.0, protocol="NHANES"), a_test(14, 90.0, grip="handle 3")]
    findings = of_tests(tests)
    assert [(f.key.measure, f.key.grip, f.broke) for f in findings] == [
        ("ASHT 2015", "", ()),
        ("ASHT 2015", "handle 3", ("size or handle",)),
        ("NHANES", "", ()),
    ]


def test_a_change_that_is_clear_and_small_is_within_the_error() -> None:
    small = only(of_tests([a_test(7 * k, 100 + k) for k in range(14)]))
    assert small.trend.verdict is Verdict.NO_CLEAR_CHANGE
    assert small.statement == (
        "Within the measurement error: 13.0\N{NO-BREAK SPACE}N (13 %) in 3 months is less than two results "
        "may differ by chance."
    )
