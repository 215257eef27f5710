"""Visits, notes on the chart, the family's times and settings, as somebody types them."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from griphub.hub.cli.main import app
from griphub.hub.errors import FieldError, NotFound
from griphub.hub.records.strength import Outcome, StrengthTested
from griphub.hub.records.vocabulary import Hand
from griphub.hub.stores.sqlite import SqliteStore
from griphub.signal.strength import ASHT

Run = Callable[..., Result]
Read = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    file = tmp_path / "griphub.toml"
    data = tmp_path / "data"
    file.write_text(f'data_dir = "{data}"\ntime_zone = "UTC"\n[[children]]\nid = "c-1"\nalias = "Mia"\n')
    monkeypatch.setenv("GRIPHUB_CONFIG", str(file))
    data.mkdir()
    SqliteStore(data / "store.db").close()
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def read(run: Run) -> Read:
    def read(*words: str) -> Any:
        done = run(*words, "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output)

    return read


def strength(day: int, score: float) -> StrengthTested:
    return StrengthTested(
        event_id=uuid4(),
        measured_at=datetime(2026, 3, day, 9, tzinfo=UTC),
        site="home",
        hub="hub",
        child_id="c-1",
        tool_id="jamar01",
        tool_kind="dynamometer",
        hand=Hand.LEFT,
        unit="N",
        source="real",
        protocol=ASHT.name,
        session_id=uuid4(),
        trials=(),
        outcome=Outcome(score=score, rule="mean"),
    )


def test_visits_are_kept_and_say_what_was_retained(run: Run, read: Read, tmp_path: Path) -> None:
    assert "No visit is noted" in run("visits", "list", "Mia").output
    first = read("visits", "add", "Mia", "2026-03-02", "--words", "New putty")
    later = read("visits", "add", "Mia", "2026-03-17", "--kind", "home")
    assert read("visits", "change", later["id"], "--day", "2026-03-16")["day"] == "2026-03-16"
    with closing(SqliteStore(tmp_path / "data" / "store.db")) as store:
        store.write([strength(2, 100), strength(16, 160)])
    found = read("visits", "list", "c-1")
    assert [one["kind"] for one in found["visits"]] == ["clinic", "home"]
    (one,) = found["retained"]
    assert (one["since"], one["before"], one["after"], one["retained"]) == ("2026-03-02", 100, 160, "gained")
    said = run("visits", "list", "Mia").output
    assert "New putty" in said
    assert "Left hand, dynamometer jamar01, ASHT 2015: 100.0 N on 02 Mar, 160.0 N on 16 Mar: gained" in said
    wrong = run("visits", "add", "Mia", "2026-03-02").exception
    assert isinstance(wrong, FieldError) and wrong.field == "day"
    assert run("visits", "remove", first["id"]).exit_code == 0
    assert isinstance(run("visits", "remove", first["id"]).exception, NotFound)
    assert len(read("visits", "list", "Mia")["visits"]) == 1


def test_notes_on_the_chart(run: Run, read: Read) -> None:
    made = read("annotations", "add", "Mia", "Ill", "--from", "2026-03-02", "--to", "2026-03-06")
    read("annotations", "add", "Mia", "[red]New splint[/]")
    changed = read("annotations", "change", made["id"], "--to", "2026-03-07", "--share")
    assert (changed["last"], changed["shared"], changed["words"]) == ("2026-03-07", True, "Ill")
    assert "[red]New splint[/]" in run("annotations", "list", "Mia").output
    run("annotations", "remove", made["id"])
    assert [one["words"] for one in read("annotations", "list", "Mia")] == ["[red]New splint[/]"]
    wrong = run("annotations", "add", "Mia", "Ill", "--from", "2026-03-02", "--to", "2026-03-01").exception
    assert isinstance(wrong, FieldError) and wrong.field == "last"


def test_the_familys_times(run: Run, read: Read) -> None:
    assert run("routine", "set", "Mia", "after_school", "14:10").exit_code == 0
    assert "within the quiet hours" in run("routine", "set", "Mia", "in_the_bath", "20:30").output
    run("routine", "never", "Mia", "before_bed")
    found = read("routine", "show", "Mia")
    assert found["own"] == ["after_school", "before_bed", "in_the_bath"]
    assert (found["slots"]["after_school"], found["slots"]["before_bed"]) == ("14:10", None)
    assert "never  before_bed  (as the family said)" in run("routine", "show", "Mia").output
    run("routine", "reset", "Mia", "before_bed")
    assert read("routine", "show", "Mia")["slots"]["before_bed"] == "19:30"
    assert run("routine", "set", "Mia", "breakfast", "8:00").exit_code == 2


def test_settings_of_a_home_without_accounts(run: Run, read: Read) -> None:
    usual = {"language": None, "force_unit": "N", "first_hand": "left", "calm": False}
    assert read("settings", "show") == usual
    chosen = read("settings", "set", "--unit", "kgf", "--calm", "--language", "DE-at")
    assert chosen == usual | {"force_unit": "kgf", "calm": True, "language": "de-AT"}
    assert read("settings", "set", "--lively", "--first-hand", "right", "--language", "") == usual | {
        "force_unit": "kgf",
        "first_hand": "right",
    }
    wrong = run("settings", "set", "--language", "klingon!").exception
    assert isinstance(wrong, FieldError) and wrong.field == "language"
    assert "force_unit: kgf" in run("settings", "show").output
