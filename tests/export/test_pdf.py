"""The page for a visit: one page whatever is on it, and everything can be read back."""

import io
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.export.pdf import write
from griphub.hub.export.visit import Day, Pain, Visit
from griphub.hub.program.adherence import DayStatus
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Hand
from griphub.hub.trends import of_tests

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
from makers import an_id, strength_test

LAST = date(2026, 11, 25)
FIRST = LAST - timedelta(days=83)


def weekly(hand, begin, end, level, step=0.1, **more):
    """Strength tests of a hand, one a week."""
    return [
        strength_test(
            hand,
            event_id=an_id(f"{hand}:{day}:{more}"),
            measured_at=datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC) + timedelta(days=day),
            outcome=Outcome(score=level + step * day + day % 2, rule="mean"),
            **more,
        )
        for day in range(begin, end, 3)
    ]


FINDINGS = of_tests(
    [
        *weekly(Hand.LEFT, 0, 40, 60),
        *weekly(Hand.LEFT, 42, 84, 48, firmware="1.3"),
        *weekly(Hand.RIGHT, 0, 84, 12, kind=ToolKind.BALL, unit=Unit.KILOPASCAL),
    ]
)

FULL = Visit(
    child="Mia",
    first=FIRST,
    last=LAST,
    asked=("Squeeze the ball, 3 × 10, both hands", "Clothespins, 10 minutes"),
    goals=("Open her own lunch box",),
    days=tuple(
        Day(
            LAST - timedelta(days=27 - i),
            (status := list(DayStatus)[i % 8]),
            i / 28 if status == "partly" else 0.0,
        )
        for i in range(28)
    ),
    adherence="61 % of what was asked: 44 % seen by a tool, 17 % reported by a parent.",
    findings=tuple(FINDINGS),
    pains=(Pain(LAST, 0, 2), Pain(LAST - timedelta(days=3), None, 4)),
    notes=("Tired after school",),
    method="Ball 3f2a, firmware 1.2",
)


def text_of(pdf):
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def test_everything_on_the_page_can_be_read():
    text = text_of(write(FULL))
    for words in (
        "Mia", "03 Sep 2026 to 25 Nov 2026", "Squeeze the ball, 3 × 10, both hands", "Open her own lunch box",
        "61 % of what was asked", "another firmware", "N, ASHT 2015", "kPa, ASHT 2015",
        "Left hand, dynamometer ball3f2a, ASHT 2015:",
        *(" ".join(found.statement.split()) for found in FINDINGS),
        "Right hand, ball ball3f2a, ASHT 2015:", "25 Nov: 0 → 2", "22 Nov: – → 4", "Tired after school",
        "makes no diagnosis", "firmware 1.2", "? not known",
    ):  # fmt: skip
        assert words in text


def test_an_empty_period_says_so():
    text = text_of(write(Visit("Mia", FIRST, LAST)))
    for words in ("No program is recorded", "No strength was measured", "Nobody recorded pain", "No notes"):
        assert words in text


def test_simulated_results_are_called_so():
    assert "SIMULATED" in text_of(write(replace(FULL, simulated=True)))
    assert "SIMULATED" not in text_of(write(FULL))


def test_the_same_page_is_the_same_file():
    assert write(FULL) == write(FULL)


def test_a_name_is_text_and_nothing_else():
    assert "<script>alert(1)</script> & Co" in text_of(
        write(replace(FULL, child="<script>alert(1)</script> & Co"))
    )


@pytest.mark.parametrize("count", [1, 200])
def test_it_stays_one_page(count):
    text_of(
        write(replace(FULL, notes=("A long note about a long day. " * 8,) * count, asked=FULL.asked * count))
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_any_series_and_any_name_can_be_drawn(name, values):
    noon = datetime(FIRST.year, FIRST.month, FIRST.day, 12, tzinfo=UTC)
    tests = [
        strength_test(event_id=an_id(str(i)), measured_at=noon + timedelta(days=i),
                      outcome=Outcome(score=value, rule="mean"))
        for i, value in enumerate(values)
    ]  # fmt: skip
    text_of(write(Visit(name, FIRST, LAST, findings=tuple(of_tests(tests)), notes=(name,))))
