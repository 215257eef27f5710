"""The page for a visit: one page whatever is on it, and everything can be read back."""

import io
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from griphub.dashboard import i18n
from griphub.dashboard.paper import write
from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.export.visit import Day, Note, Pain, Visit
from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import Adherence, DayStatus, Dose
from griphub.hub.program.prescription import Dose as Asked
from griphub.hub.program.prescription import Item
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Evidence, Hand
from griphub.hub.trends import of_tests

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
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
    asked=(
        Item(
            id="ball",
            activity="squeeze-ball",
            dose=Asked(days_per_week=7),
            squeezes={"sets": 3, "reps": 10, "hands": "both", "zone": (20, 80)},
        ),
        Item(id="dough", activity="play-dough", dose=Asked(days=("mon", "thu")), minutes=10),
    ),
    library=builtin(),
    goals=("Open her own lunch box",),
    days=tuple(
        Day(
            LAST - timedelta(days=27 - i),
            (status := list(DayStatus)[i % 8]),
            i / 28 if status == "partly" else 0.0,
        )
        for i in range(28)
    ),
    adherence=Adherence(
        FIRST,
        LAST,
        done_days=17.0,
        asked_days=28.0,
        by_evidence={Evidence.SENSOR: 12.0, Evidence.PARENT: 5.0, Evidence.THERAPIST: 0.0},
        dose={},
        together=Dose(17.0, 28.0),
        paused=(),
        unknown=(LAST,),
    ),
    findings=tuple(FINDINGS),
    pains=(Pain(LAST, 0, 2), Pain(LAST - timedelta(days=3), None, 4)),
    notes=(Note(LAST, LAST, "Tired after school"), Note(FIRST, LAST, "A splint at night")),
)


def text_of(pdf):
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def test_everything_on_the_page_can_be_read():
    text = text_of(write(FULL))
    for words in (
        "Mia", "3 Sept 2026 to 25 Nov 2026", "Open her own lunch box", "A splint at night",
        "Squeezing the grip ball, 3 × 10 squeezes, both hands together, at 20 to 80 % of the own best",
        "61 % of what was asked was done: 43 % measured by a tool, 18 % told by a parent.",
        "A new series: firmware changed.", "Force (N), ASHT 2015", "Pressure (kPa), ASHT 2015",
        "Left hand, Dynamometer ball3f2a, ASHT 2015: Rises by", "95 %:", "Measurement error:",
        "Right hand, Squeeze ball ball3f2a, ASHT 2015:", "25 Nov: 0 → 2", "22 Nov: – → 4",
        "25 Nov: Tired after school", "makes no diagnosis", "firmware 1.3", "? not known",
    ):  # fmt: skip
        assert words in text


def test_it_speaks_the_language_that_was_chosen():
    with i18n.speaking("de"):
        text = text_of(write(FULL))
    for words in (
        "03.09.2026 bis 25.11.2026", "61 % des Vereinbarten", "Open her own lunch box", "Linke Hand",
        "Montag und Donnerstag", "Messfehler:", "kein Medizinprodukt", "25. Nov.: 0 → 2", "? nicht bekannt",
    ):  # fmt: skip
        assert words in text
    assert " and " not in text and " of " not in text and "hand," not in text
    assert re.search(r"\d,\d\xa0?\s?N", text) and not re.search(r"\d\.\d+ (N|kPa|%)", text)


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
        write(
            replace(
                FULL,
                notes=(Note(LAST, LAST, "A long note about a long day. " * 8),) * count,
                asked=FULL.asked * count,
            )
        )
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
    text_of(write(Visit(name, FIRST, LAST, findings=tuple(of_tests(tests)), notes=(Note(LAST, LAST, name),))))
