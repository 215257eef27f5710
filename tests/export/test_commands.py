"""The commands, as somebody types them."""

import csv
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from griphub.dashboard.words import short_date
from griphub.hub.cli.main import app
from griphub.hub.config import load
from griphub.hub.database.actor import Actor
from griphub.hub.delivery.journal import Journal
from griphub.hub.export.errors import ExportError, ImportFailed
from griphub.hub.program import annotations, visits
from griphub.hub.program.home import opened
from griphub.hub.records.event import decode
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted
from griphub.hub.records.vocabulary import Source
from griphub.hub.stores.sqlite import SqliteStore


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Type a command in a home with a store."""
    monkeypatch.setenv("GRIPHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GRIPHUB_CONFIG", str(tmp_path / "griphub.toml"))
    (tmp_path / "griphub.toml").write_text('[[children]]\nid = "c-ada"\nalias = "Ada"\n')

    def typed(*words, fails=None):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if fails:
            assert isinstance(result.exception, fails), result.output
            return str(result.exception)
        assert result.exit_code == 0, result.output + str(result.exception)
        return result.output

    return typed


@pytest.fixture
def filled(tmp_path, make):
    """A store with a session, a test, an activity and a word of the family."""
    point, test = make.session_point(), make.strength_test()
    about = test.model_dump(
        include=set(SqueezeCounted.model_fields) & set(type(test).model_fields) - {"schema_"}
    )
    about |= {
        "session_id": point.session_id,
        "tool_kind": point.tool_kind,
        "hand": point.hand,
        "unit": point.unit,
    }
    ids = iter([UUID(int=i) for i in range(1, 9)])
    session = {"goal": 15, "firmware": "1.2"}
    ended = {"ended_at": point.ended_at, "ended_by": "idle", "squeezes": 1, "peak": 21.5, "median_peak": 21.5,
             "first_index": 0, "end_index": 100, "received": 99, "lost": 1}  # fmt: skip
    squeeze = {"number": 1, "onset_s": 1.0, "peak_s": 1.4, "offset_s": 2.0, "decided_s": 2.1, "peak": 21.5,
               "rest": 0.4, "impulse": 12.0, "ended_by": "release"}  # fmt: skip
    store = SqliteStore(tmp_path / "data" / "store.db")
    store.write(
        [
            SessionStarted(**about | {"event_id": next(ids)} | session),
            SqueezeCounted(**about | {"event_id": next(ids)} | squeeze),
            SessionEnded(**about | {"event_id": next(ids)} | session | ended),
            test,
            make.feedback(),
            make.activity(),
        ]
    )
    store.close()


def test_csv_of_a_child(run, filled, tmp_path):
    said = run("export", "csv", "c-ada", "--to", tmp_path / "ada")
    assert "3 trials, 1 sessions, 1 squeezes, 1 activities, 1 feedback" in said
    for name in ("trials", "sessions", "squeezes", "activities", "feedback"):
        with (tmp_path / "ada" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.DictReader(file))["source"] == "real"
    assert "| `peak_kgf` |" in (tmp_path / "ada" / "columns.md").read_text()
    assert "exists already" in run("export", "csv", "c-ada", "--to", tmp_path / "ada", fails=ExportError)


def test_visits_and_notes_on_the_chart_are_among_the_files(run, filled, tmp_path):
    with opened(load(tmp_path / "griphub.toml")) as database, database.work(Actor.part("test")) as work:
        visits.add(work, "c-ada", day=date(2026, 3, 2), words="=SUM(A1)")
        annotations.add(work, "c-ada", first=date(2026, 3, 5), words="Ill", shared=True)
        annotations.add(work, "c-ada", first=date(2026, 4, 5), words="Cast")
    run("export", "csv", "c-ada", "--to", tmp_path / "ada")
    found = {}
    for name in ("visits", "annotations"):
        with (tmp_path / "ada" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            found[name] = list(csv.DictReader(file))
    (visit,) = found["visits"]
    assert (visit["day"], visit["kind"], visit["words"]) == ("2026-03-02", "clinic", "'=SUM(A1)")
    assert [(row["words"], row["shared"]) for row in found["annotations"]] == [
        ("Ill", "true"), ("Cast", "false")
    ]  # fmt: skip
    run("export", "csv", "c-ada", "--until", "2026-03-10", "--to", tmp_path / "march")
    said = (tmp_path / "march" / "annotations.csv").read_text(encoding="utf-8")
    assert "Ill" in said and "Cast" not in said


def test_fhir_of_a_child(run, filled, tmp_path):
    run("export", "fhir", "c-ada", "--to", tmp_path / "ada.json")
    made = json.loads((tmp_path / "ada.json").read_text())
    kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert kinds.count("Observation") == 4
    assert "CarePlan" not in kinds
    (tmp_path / "program.toml").write_text(PROGRAM)
    run("program", "set", "c-ada", tmp_path / "program.toml")
    run("export", "fhir", "Ada", "--to", tmp_path / "planned.json")
    made = json.loads((tmp_path / "planned.json").read_text())
    (plan,) = [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] == "CarePlan"]
    assert plan["activity"][0]["detail"]["description"] == "Play dough and putty"
    assert plan["activity"][0]["detail"]["scheduledString"] == "10 minutes, every day"
    assert "exists already" in run(
        "export", "fhir", "c-ada", "--to", tmp_path / "ada.json", fails=ExportError
    )


def test_of_an_unknown_child_nothing_is_written(run, filled, tmp_path):
    said = run("export", "csv", "c-bea", "--to", tmp_path / "bea", fails=ExportError)
    assert "Nothing is stored of c-bea" in said
    assert "c-ada" in said
    assert not list(tmp_path.glob("*bea*"))
    assert "any child" in run(
        "export", "csv", "c-ada", "--since", "2030-01-01", "--to", tmp_path / "b", fails=ExportError
    )


@pytest.mark.parametrize("dry", [True, False])
def test_import_says_what_it_does_and_does_it_once(run, filled, tmp_path, dry, make):
    run("export", "csv", "c-ada", "--to", tmp_path / "ada")
    trials = (tmp_path / "ada" / "trials.csv").read_text(encoding="utf-8")
    other = trials.replace(str(make.strength_test().event_id), "5b0f8a52-6f0e-4d43-9a57-3b1a6f1c2e70")
    (tmp_path / "both.csv").write_text(
        trials + "".join(other.splitlines(keepends=True)[1:]), encoding="utf-8"
    )
    said = run("import", tmp_path / "both.csv", *(["--dry-run"] if dry else []))
    assert "1 tests with 3 trials, of 1 children; 1 are here already" in said
    assert ("Would import" in said) == dry
    if dry:
        assert not (tmp_path / "data" / "journal.db").exists()
        return
    run("import", tmp_path / "both.csv")
    journal = Journal(tmp_path / "data" / "journal.db")
    (row,) = journal.read(0, 10)
    journal.close()
    event = decode(row[1])
    assert (event.protocol, event.source) == ("ASHT 2015", Source.REAL)


def test_a_bad_file_imports_nothing(run, filled, tmp_path):
    (tmp_path / "bad.csv").write_text("weight\n3\n")
    assert "Nothing was imported" in run("import", tmp_path / "bad.csv", fails=ImportFailed)
    assert not (tmp_path / "data" / "journal.db").exists()


PROGRAM = """
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
goal = "lunch"
"""


def test_a_page_for_the_visit(run, tmp_path, make):
    (tmp_path / "program.toml").write_text(PROGRAM)
    today = datetime.now(UTC)
    store = SqliteStore(tmp_path / "data" / "store.db")
    store.write(
        [
            make.activity(
                event_id=UUID(int=n), measured_at=today - timedelta(days=n), day=None, item_id="dough"
            )
            for n in range(1, 8)
        ]
        + [make.feedback(measured_at=today - timedelta(days=1), observation="She laughed")]
        + [
            make.strength_test(event_id=UUID(int=100 + n), measured_at=today - timedelta(days=3 * n))
            for n in range(14)
        ]
    )
    store.close()
    since = (today - timedelta(days=14)).date()
    run("program", "set", "Ada", tmp_path / "program.toml", "--from", since)
    met = [(today - timedelta(days=days)).date() for days in (30, 9)]
    with opened(load(tmp_path / "griphub.toml")) as database, database.work(Actor.part("test")) as work:
        for day in met:
            visits.add(work, "c-ada", day=day)
        annotations.add(work, "c-ada", first=met[1], last=today.date(), words="New splint", shared=True)
        annotations.add(work, "c-ada", first=met[1], words="Ask about school")
    run("export", "visit", "Ada", "--to", tmp_path / "ada.pdf")
    (page,) = PdfReader(tmp_path / "ada.pdf").pages
    text = " ".join(page.extract_text().split())
    for words in (
        "Ada", "Play dough", "10 minutes", "Opens the lunch box alone", "of what was asked was done",
        "told by a parent", "Within the usual variation", "0 → 2", "She laughed", "Dynamometer ball3f2a",
    ):  # fmt: skip
        assert words in text
    assert f"{short_date(met[1])} to {short_date(today.date())}: New splint" in text
    assert "Ask about school" not in text  # the family holds the page in its hands
    assert "Between visits" in text and "held: any difference is within the measurement error" in text
    assert "c-ada" not in text
    assert "SIMULATED" not in text
    assert "No program is recorded" not in text


LIMITED = """
import resource, signal, sys
from griphub.hub.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
sys.argv = ["griphub", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("kind", ["csv", "fhir"])
def test_where_there_is_no_room_nothing_is_left_half_written(run, filled, make, tmp_path, kind):
    words = [make.feedback(event_id=UUID(int=1000 + i), observation="x" * 1000) for i in range(600)]
    store = SqliteStore(tmp_path / "data" / "store.db")
    store.write(words)
    store.close()
    run("program", "library")  # makes the database of people, which needs room too
    target = tmp_path / "out" / "ada"
    target.parent.mkdir()
    command = [sys.executable, "-c", LIMITED, "export", kind, "c-ada", "--to", str(target)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "cannot be written: File too large" in ended.stderr
    assert not list(target.parent.iterdir())
