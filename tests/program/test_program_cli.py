"""`griphub program`, as a therapist types it."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from griphub.firmware_bridge.errors import GripError
from griphub.hub.cli.main import app
from griphub.hub.program.activity import builtin
from griphub.hub.program.activity_text import as_markdown
from griphub.hub.program.errors import ProgramError

from .conftest import WINTER

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a home with one child."""
    config = tmp_path / "griphub.toml"
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\ntime_zone = "UTC"\n[[children]]\nid = "c-4f21"\nalias = "Mia"\n'
    )
    monkeypatch.setenv("GRIPHUB_CONFIG", str(config))
    (tmp_path / "winter.toml").write_text(WINTER)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=True)

    return run


def test_a_program_is_looked_at_before_it_is_set(run: Run) -> None:
    looked = run("program", "set", "Mia", "winter.toml", "--dry-run")
    assert looked.exit_code == 0, looked.output
    assert "+ dough: Play dough and putty, 10 minutes, on Mon, Wed, Fri" in looked.output
    assert "Nothing is asked" in run("program", "show", "Mia").output
    assert "Version 1 holds" in run("program", "set", "mia", "winter.toml").output
    shown = json.loads(run("program", "show", "c-4f21", "--json").output)
    assert [item["id"] for item in shown["program"]["items"]] == ["squeeze-right", "dough", "pins"]
    assert "Opens the lunch box alone" in run("program", "show", "Mia").output
    assert "Nothing changes" in run("program", "set", "mia", "winter.toml").output


def test_what_was_asked_on_a_day_is_said_after_it_changed(run: Run, tmp_path: Path) -> None:
    run("program", "set", "Mia", "winter.toml")
    later = tmp_path / "later.toml"
    later.write_text(WINTER.replace("sets = 3", "sets = 4"))
    tomorrow = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - the home is at UTC
    changed = run("program", "set", "Mia", "later.toml", "--from", tomorrow, "--because", "More")
    assert "3 × 10" in changed.output
    assert "4 × 10" in changed.output
    on = {
        day: json.loads(run("program", "asked-on", "Mia", day, "--json").output)
        for day in ("2020-01-01", (date.today() + timedelta(days=1)).isoformat(), tomorrow)  # noqa: DTZ011
    }
    assert [one["version"] for one in on.values()] == [None, 1, 2]
    listed = json.loads(run("program", "versions", "Mia", "--json").output)
    assert [one["because"] for one in listed["versions"]] == ["", "More"]


@pytest.mark.parametrize(
    ("wrong", "right", "field"),
    [
        ("dose = { days_per_week = 7 }", "", "items.0.dose"),
        ('activity = "clothespins"', 'activity = "juggling"', "items.2.activity"),
        ("zone = [40, 60]", "zone = [40, 150]", "items.0.squeezes.zone"),
        ("minutes = 10", "minutes = -10", "items.1.minutes"),
        ('title = "Winter"', "title = ", "program"),
    ],
)
def test_bad_input_is_told_on_its_field_and_nothing_is_written(
    run: Run, tmp_path: Path, wrong: str, right: str, field: str
) -> None:
    assert wrong in WINTER
    (tmp_path / "bad.toml").write_text(WINTER.replace(wrong, right, 1))
    result = run("program", "set", "Mia", "bad.toml")
    assert isinstance(result.exception, GripError)
    assert f"`{field}`" in str(result.exception)
    assert "There is no program yet" in run("program", "versions", "Mia").output


def test_a_pause_is_made_corrected_and_withdrawn(run: Run) -> None:
    run("program", "set", "Mia", "winter.toml")
    run("program", "pause", "Mia", "--reason", "illness", "--from", "2026-01-01", "--to", "2026-01-03")
    (first,) = json.loads(run("program", "versions", "Mia", "--json").output)["pauses"]
    wider = ("--from", "2026-01-01", "--to", "2026-01-05")
    assert isinstance(run("program", "pause", "Mia", *wider).exception, GripError)
    run("program", "pause", "Mia", *wider, "--reason", "illness", "--replaces", first["id"])
    second = json.loads(run("program", "versions", "Mia", "--json").output)["pauses"][1]
    assert (second["until"], second["replaces"]) == ("2026-01-05", first["id"])
    run("program", "pause", "Mia", "--withdraw", second["id"])
    assert run("program", "versions", "Mia").output.count("2026-01-0") == 6


def test_training_and_the_end_of_a_program(run: Run) -> None:
    run("program", "set", "Mia", "winter.toml")
    run("program", "trained", "Mia", "faces", "tools")
    assert json.loads(run("program", "show", "Mia", "--json").output)["training_left"] == [
        "saw_it",
        "did_it",
        "stop_rule",
        "help",
    ]
    assert run("program", "end", "Mia", "--because", "Reached").exit_code == 0
    assert "Nothing is asked" in run("program", "show", "Mia").output


def test_the_library_and_a_clinics_own(run: Run, tmp_path: Path) -> None:
    assert len(json.loads(run("program", "library", "--json").output)) == len(builtin())
    assert "Lay all pieces face up" in run("program", "library", "puzzle").output
    own = tmp_path / "own.toml"
    own.write_text(
        '[[activity]]\nid = "marbles"\ntitle = "Marbles"\nkind = "household"\npicture = "🔵"\n'
        'skills = ["fine_motor"]\n'
        'minutes = 5\nsteps = ["Roll them."]\neasier = "Big ones."\nharder = "Small ones."\n'
        'safety = ["Not for the mouth."]\neveryday = "Coins."\n'
    )
    assert "Marbles (own)" in run("program", "library", "--add", "own.toml").output
    own.write_text(own.read_text().replace("minutes = 5", "minutes = 500"))
    refused = run("program", "library", "--add", "own.toml")
    assert "`activity.0.minutes`" in str(refused.exception)


def test_the_page_of_activities_is_that_of_the_library() -> None:
    page = Path(__file__).parents[2] / "docs" / "activities.md"
    assert page.read_text(encoding="utf-8") == as_markdown(builtin())


def test_a_home_that_has_joined_a_clinic_writes_instead_of_prescribing(run: Run) -> None:
    run("program", "set", "Mia", "winter.toml")
    key = run("program", "key").output.strip()
    assert run("program", "trust", key).exit_code == 0
    for command in (["set", "Mia", "winter.toml"], ["end", "Mia"], ["suggest", "Mia", "--accept"]):
        refused = run("program", *command)
        assert isinstance(refused.exception, ProgramError)
        assert "made by the clinic that this home has joined" in str(refused.exception)
        assert "griphub program tell c-4f21" in str(refused.exception)
    assert run("program", "versions", "Mia").output.count("owner:") == 1
    assert run("program", "suggest", "Mia").exit_code == 0, "what the rules say may be read"
    assert run("program", "tell", "Mia", "Less, please", "--from-family").exit_code == 0
