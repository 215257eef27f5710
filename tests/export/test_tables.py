"""What stands in the files."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import pytest

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.export.csv import BOM, dictionary
from griphub.hub.export.tables import (
    ACTIVITIES,
    ALL,
    FEEDBACK,
    SESSIONS,
    TRIALS,
    About,
    trial_rows,
)
from griphub.hub.records.vocabulary import Hand, Source


def rows(table, records):
    file = io.StringIO(newline="")
    table.write(file, records, UTC)
    return list(csv.DictReader(io.StringIO(file.getvalue().removeprefix(BOM))))


def test_one_row_for_each_trial(make):
    first, *_, last = rows(TRIALS, trial_rows([make.strength_test()], About(date(2018, 9, 1), Hand.LEFT)))
    assert (first["trial"], last["trial"]) == ("1", "3")
    assert first["measured_at"] == "2026-03-02T16:05:00.000+00:00"
    assert (first["peak"], first["unit"], first["peak_n"]) == ("102", "N", "102")
    assert float(first["peak_kgf"]) == pytest.approx(102 / 9.80665, rel=1e-9)
    assert (first["age_months"], first["dominant"]) == ("90", "false")
    assert first["valid"] == "true"


@pytest.mark.parametrize("unit", [Unit.KILOPASCAL, Unit.COUNT, Unit.UNKNOWN])
def test_what_is_no_force_has_neither_newtons_nor_kilograms(make, unit):
    (first, *_) = rows(TRIALS, trial_rows([make.strength_test(kind=ToolKind.BALL, unit=unit)], About()))
    assert (first["peak_n"], first["peak_kgf"]) == ("", "")
    assert first["peak"] == "102"
    assert (first["age_months"], first["dominant"]) == ("", "")
    (session,) = rows(SESSIONS, [make.session_point(unit=unit)])
    assert (session["peak_n"], session["peak_kgf"], session["peak"]) == ("", "", "21.5")


def test_sessions_tell_loss_and_leave_out_what_was_not_counted(make):
    counted, not_counted = rows(SESSIONS, [make.session_point(), replace(make.session_point(), counts=False)])
    assert counted["lost_pct"] == "1"
    assert (counted["squeezes"], not_counted["squeezes"]) == ("14", "")
    assert counted["drift_pct"] == ""


def test_words_of_a_family_are_no_formula(make):
    (told,) = rows(FEEDBACK, [make.feedback()])
    assert told["observation"] == "'=1+1 she laughed"
    (done,) = rows(ACTIVITIES, [make.activity()])
    assert (done["day"], done["minutes"], done["evidence"], done["hand"]) == (
        "2026-03-02",
        "10",
        "parent",
        "",
    )


def test_every_row_says_whether_it_was_simulated(make):
    for table, record in (
        (SESSIONS, make.session_point(source=Source.SIMULATED)),
        (FEEDBACK, make.feedback(source=Source.SIMULATED)),
        (ACTIVITIES, make.activity(source=Source.SIMULATED)),
    ):
        (row,) = rows(table, [record])
        assert row["source"] == "simulated"


def test_the_dictionary_explains_every_column_and_the_page_is_fresh():
    page = dictionary(ALL)
    for table in ALL:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert all(f"| `{name}` | " in page for name in names)
    assert (Path(__file__).parents[2] / "docs" / "columns.md").read_text(encoding="utf-8").endswith(page)
