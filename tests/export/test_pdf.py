"""The page for a visit: one page whatever is on it, and everything can be read back."""

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from griphub.hub.export.pdf import write
from griphub.hub.export.visit import Day, Line, Pain, Visit
from griphub.hub.program.adherence import DayStatus
from griphub.hub.records import Hand

LAST = date(2026, 11, 25)
FIRST = LAST - timedelta(days=83)


def points(begin, end, level):
    return tuple((FIRST + timedelta(days=day), level + 0.1 * day) for day in range(begin, end, 7))


FULL = Visit(
    child="Mia",
    first=FIRST,
    last=LAST,
    asked=("Squeeze the ball, 3 × 10, both hands", "Clothespins, 10 minutes"),
    goals=("Open her own lunch box",),
    days=tuple(Day(LAST - timedelta(days=27 - i), list(DayStatus)[i % 8], i / 28) for i in range(28)),
    adherence="61 % of what was asked: 44 % seen by a tool, 17 % reported by a parent.",
    lines=(
        Line(Hand.LEFT, "N", "ball 3f2a", points(0, 40, 30), 6.5, "within measurement error"),
        Line(Hand.LEFT, "N", "ball 77c0", points(42, 84, 24), None, "too few to say", "another tool"),
        Line(Hand.RIGHT, "kPa", "ball 3f2a", points(0, 84, 12), None, "rises by 3 kPa"),
    ),
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
        "61 % of what was asked", "Left hand, ball 3f2a: within measurement error", "another tool",
        "Right hand, ball 3f2a: rises by 3 kPa", "25 Nov: 0 → 2", "22 Nov: – → 4", "Tired after school",
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
@given(
    st.text(max_size=60),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
    st.none() | st.floats(0, 1e5),
)
def test_any_series_and_any_name_can_be_drawn(name, values, error):
    series = tuple((FIRST + timedelta(days=i), value) for i, value in enumerate(values))
    text_of(
        write(
            Visit(name, FIRST, LAST, lines=(Line(Hand.LEFT, "N", name, series, error, name),), notes=(name,))
        )
    )
