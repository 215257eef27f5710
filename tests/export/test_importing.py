"""Strength tests from files: GripHub's own, typed ones, and ones from other programs."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.export.errors import ImportFailed
from griphub.hub.export.importing import NEEDED, read_tests
from griphub.hub.export.tables import TRIALS, About, trial_rows
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Hand

TYPED = {
    "measured_at": "2026-03-02T17:05:00+01:00", "child_id": "c-ada", "hand": "left", "preset": "ASHT 2015",
    "trial": "1", "peak": "10.2", "unit": "kgf", "device_id": "jamar-1", "device_model": "dynamometer",
}  # fmt: skip


def write(path: Path, rows, header=None):
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, header or list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(file.getvalue(), encoding="utf-8")
    return path


def typed(tmp_path, *changes, **more):
    return write(tmp_path / "typed.csv", [TYPED | more | change for change in changes])


def read(path):
    return read_tests(path, "home", "hub")


def own(tmp_path, tests):
    path = tmp_path / "trials.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        TRIALS.write(file, trial_rows(tests, About()), UTC)
    return path


def test_what_griphub_wrote_comes_back(tmp_path, make):
    tests = [
        make.strength_test(Hand.LEFT),
        make.strength_test(kind=ToolKind.BALL, unit=Unit.KILOPASCAL, calibration_id="cal-1", grip="-5 cm"),
        make.strength_test(
            kind=ToolKind.PUTTY, peaks=(3.0,), outcome=Outcome(rule="mean", because="Only one trial counts.")
        ),
    ]
    for before, after in zip(tests, read(own(tmp_path, tests)), strict=True):
        same = {"session_id", "trials", "outcome"}
        assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
        assert [t.peak for t in after.trials] == pytest.approx([t.peak for t in before.trials])
        assert after.outcome.score == pytest.approx(before.outcome.score)
        assert after.outcome.because == before.outcome.because


def test_typed_trials_are_scored_by_their_protocol(tmp_path):
    (test,) = read(typed(tmp_path, {}, {"trial": "2", "peak": "11.0"}, {"trial": "3", "peak": "10.6"}))
    assert test.unit is Unit.NEWTON
    assert test.outcome.score == pytest.approx(10.6 * 9.80665)
    assert test.outcome.cv_percent == pytest.approx(3.77, abs=0.005)
    assert test.measured_at == datetime(2026, 3, 2, 16, 5, tzinfo=UTC)


def test_pounds_become_newtons_and_a_pressure_stays_one(tmp_path):
    (pounds,) = read(typed(tmp_path, {"unit": "lbf", "peak": "20"}))
    assert pounds.trials[0].peak == pytest.approx(88.964, abs=1e-3)
    (pressure,) = read(typed(tmp_path, {"unit": "kPa", "device_model": "ball"}))
    assert (pressure.unit, pressure.trials[0].peak) == (Unit.KILOPASCAL, 10.2)


def test_too_few_trials_that_count_give_no_score_and_say_so(tmp_path):
    (test,) = read(typed(tmp_path, {}, {"trial": "2"}, {"trial": "3", "valid": "false"}, valid="true"))
    assert test.outcome.score is None
    assert "3 trials" in test.outcome.because
    assert test.trials[2].faults


def test_the_same_file_gives_the_same_tests(tmp_path):
    path = typed(tmp_path, {}, {"trial": "2"})
    assert read(path) == read(path)
    (left,), (right,) = read(typed(tmp_path, {})), read(typed(tmp_path, {"hand": "right"}))
    assert left.event_id != right.event_id


@pytest.mark.parametrize(
    ("change", "line", "column"),
    [
        ({"measured_at": "2026-03-02T17:05:00"}, 2, "measured_at"),
        ({"measured_at": "02.03.2026"}, 2, "measured_at"),
        ({"hand": "both"}, 2, "hand"),
        ({"child_id": "Mia Müller"}, 2, "child_id"),
        ({"preset": "my own"}, 2, "preset"),
        ({"peak": "10,2"}, 2, "peak"),
        ({"peak": "-3"}, 2, "peak"),
        ({"peak": "inf"}, 2, "peak"),
        ({"unit": "kg"}, 2, "unit"),
        ({"unit": ""}, 2, "unit"),
        ({"trial": "0"}, 2, "trial"),
        ({"device_model": "Jamar"}, 2, "device_model"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(tmp_path, change, line, column):
    with pytest.raises(ImportFailed, match="Nothing was imported") as failed:
        read(typed(tmp_path, change))
    assert [(p.line, p.column) for p in failed.value.problems] == [(line, column)]


def test_a_file_of_another_program_is_told_what_it_lacks(tmp_path):
    with pytest.raises(ImportFailed, match=r"lacks child_id, .*trials\.csv"):
        read(write(tmp_path / "x.csv", [{"measured_at": "1", "weight": "3"}]))
    (tmp_path / "x.csv").write_text(";".join(NEEDED) + "\n")
    with pytest.raises(ImportFailed, match="semicolons"):
        read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "lacks"),
        (b"\xff\xfe\x00m", "UTF-8"),
        ((",".join(NEEDED) + "\n1,2\n").encode(), "2 cells under 9 columns"),
        ((",".join([*NEEDED, "hand"]) + "\n").encode(), "twice"),
        (('"' + ",".join(NEEDED)).encode(), "no CSV|lacks"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(tmp_path, content, why):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(ImportFailed, match=why):
        read(tmp_path / "x.csv")


def test_a_missing_file_is_told():
    with pytest.raises(ImportFailed, match="cannot be read: No such file"):
        read(Path("nowhere.csv"))


def test_trials_of_one_test_must_agree(tmp_path):
    shared = {"event_id": "5b0f8a52-6f0e-4d43-9a57-3b1a6f1c2e70"}
    with pytest.raises(ImportFailed, match="line 3, hand differs"):
        read(typed(tmp_path, {}, {"trial": "2", "hand": "right"}, **shared))
    with pytest.raises(ImportFailed, match="trial stands twice"):
        read(typed(tmp_path, {}, {"peak": "9"}))


def test_of_many_problems_the_first_are_told_and_all_are_counted(tmp_path):
    with pytest.raises(ImportFailed, match=r"and 30 more") as failed:
        read(typed(tmp_path, *[{"trial": str(i), "hand": "x"} for i in range(1, 51)]))
    assert len(failed.value.problems) == 20


def test_a_header_alone_holds_nothing(tmp_path):
    assert read(write(tmp_path / "x.csv", [], list(NEEDED))) == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300)
    | st.text(alphabet=',"\n;=\r\x00é0', max_size=80).map(lambda t: (",".join(NEEDED) + "\n" + t).encode())
)
def test_whatever_is_in_a_file_it_is_taken_or_refused(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    try:
        read(tmp_path / "x.csv")
    except ImportFailed as failed:
        assert str(failed).endswith("try again.")
