"""`griphub child` and `griphub people`, as a parent and a clinic's administrator type them."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from griphub.firmware_bridge.errors import GripError
from griphub.hub.cli.main import app
from griphub.hub.config import Config, load
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import open_database
from griphub.hub.database.migrate import upgrade
from griphub.hub.errors import FieldError
from griphub.hub.people.decisions import Decision, hear
from griphub.hub.people.home import Household, settle, with_children
from griphub.hub.records.vocabulary import Hand
from griphub.hub.tools import ToolRegistry

Run = Callable[..., Result]
Read = Callable[..., Any]


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "griphub.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n[[children]]\nid = "c-4f21"\nalias = "Mia"\n')
    monkeypatch.setenv("GRIPHUB_CONFIG", str(config))
    return config


@pytest.fixture
def run(config_file: Path) -> Run:
    """Run a command in a home whose configuration names one child."""
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.fixture
def read(run: Run) -> Read:
    """Run a command, and read what it prints as JSON."""

    def read(*arguments: str) -> Any:
        done = run(*arguments, "--json")
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    return read


def test_a_child_is_added_without_touching_the_file(read: Read, config_file: Path) -> None:
    before = config_file.read_text()
    leo = read("child", "add", "--name", "Leo", "--birth-month", "2018-04", "--dominant-hand", "left")
    assert [child["name"] for child in read("child", "list")] == ["Leo", "Mia"]
    assert leo["id"] != "c-4f21" and leo["birth_month"] == "2018-04-01"
    assert config_file.read_text() == before
    assert [child.alias for child in with_children(load()).children] == ["Mia", "Leo"]


def test_a_running_hub_knows_a_new_child_at_once(read: Read, run: Run) -> None:
    read("child", "list")
    registry = ToolRegistry(load().data_dir / "tools.db", load())
    leo = read("child", "add", "--name", "Leo", "--goal", "8")
    tool = registry.add("ball01", leo["id"], Hand.LEFT, driver="griphub", title="", address="", at_s=1.0)
    assert tool.child == leo["id"] and registry.use("ball01") is not None
    household = Household(load())
    assert [(child.alias, child.goal) for child in household.all()] == [("Mia", 15), ("Leo", 8)]
    run("child", "leave", "Leo")
    assert household.get(leo["id"]) is None
    assert registry.use("ball01") is None
    registry.close()
    household.close()


def test_what_stands_in_the_file_is_changed_there(read: Read, run: Run, config_file: Path) -> None:
    refused = run("child", "change", "Mia", "--name", "Maja")
    assert isinstance(refused.exception, FieldError) and "[[children]]" in str(refused.exception)
    assert isinstance(run("child", "leave", "Mia").exception, FieldError)
    assert read("child", "change", "Mia", "--birth-month", "2019-01")["birth_month"] == "2019-01-01"
    config_file.write_text(config_file.read_text().replace("Mia", "Maja"))
    assert [(c["name"], c["birth_month"]) for c in read("child", "list")] == [("Maja", "2019-01-01")]


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--name", "", "name"),
        ("--name", "<script>x</script>", "name"),
        ("--birth-month", "1826-01", "birth_month"),
        ("--birth-month", "2999-01", "birth_month"),
    ],
)
def test_bad_input_names_the_field_and_leaves_nothing(
    read: Read, run: Run, option: str, value: str, field: str
) -> None:
    read("child", "list")
    before = read("people", "audit")
    entered = {"--name": "Leo", option: value}
    refused = run("child", "add", *(part for pair in entered.items() for part in pair))
    assert isinstance(refused.exception, FieldError) and refused.exception.field == field
    assert read("people", "audit") == before


def test_a_clinic_is_set_up_from_the_command_line(read: Read, run: Run, tmp_path: Path) -> None:
    read("people", "site", "add", "ward", "--name", "Ward 3")
    family = read("people", "family", "add", "--name", "Ortiz", "--site", "ward", "--hub", "pi-7")["id"]
    leo = read("people", "child", "add", "--name", "Leo", "--family", family)["id"]
    where = ("--site", "ward")
    read(
        "people",
        "account",
        "invite",
        "ana@x.org",
        "--name",
        "Ana",
        "--role",
        "parent",
        "--family",
        family,
        *where,
    )
    kim = read("people", "account", "invite", "Kim@x.org", "--name", "Kim", "--role", "therapist", *where)
    assert kim["login"] == "kim@x.org" and len(kim["token"]) > 40
    assert read("people", "caseload", "assign", kim["id"], leo)["child_id"] == leo
    assert [entry["account_id"] for entry in read("people", "caseload", "list")] == [kim["id"]]
    text = tmp_path / "consent.txt"
    text.write_text("Results go to Ward 3.", encoding="utf-8")
    read("people", "consent", "publish", "v1", "--text", str(text), *where)
    read("people", "consent", "give", leo, "--version", "v1", "--by", "Ana Ortiz", "--on", "2026-01-02")
    read("people", "consent", "withdraw", leo, "--by", "Ana Ortiz")
    (consent,) = read("people", "consent", "list", leo)
    assert consent["given_on"] == "2026-01-02" and consent["withdrawn_on"] is not None
    roles = {
        a["login"]: [(r["role"], r["family_id"]) for r in a["roles"]]
        for a in read("people", "account", "list")
    }
    assert roles == {"ana@x.org": [("parent", family)], "kim@x.org": [("therapist", None)]}
    extra = read("people", "account", "grant", kim["id"], "--role", "admin", *where)
    read("people", "account", "revoke", extra["id"])
    assert read("people", "account", "disable", kim["id"])["disabled_at"]
    assert read("people", "account", "enable", kim["id"])["disabled_at"] is None
    assert "token" in read("people", "account", "reset-password", kim["id"])
    read("people", "caseload", "unassign", kim["id"], leo)
    assert read("people", "caseload", "list") == []
    assert {site["id"] for site in read("people", "site", "list")} == {"home", "ward"}
    assert {family["name"] for family in read("people", "family", "list")} == {"Home", "Ortiz"}
    twice = run("people", "account", "invite", "KIM@x.org", "--name", "K", "--role", "admin", *where)
    assert isinstance(twice.exception, FieldError) and twice.exception.field == "login"
    log = read("people", "audit", "--about", leo, "--since", "2026-01-01")
    said = [e["command"] for e in log if e["table"] in ("caseload", "consents")]
    assert said[:3] == ["caseload.unassign", "consent.withdraw", "consent.give"]
    (taken, given) = read("people", "audit", "--about", leo, "--table", "consents")
    assert (taken["did"], given["did"]) == ("update", "insert")
    assert read("people", "audit", "--until", "2026-01-01") == []
    assert read("people", "audit", "--actor", "nobody") == []
    assert all(e["actor"].startswith("owner:") for e in log)
    assert "Leo" not in json.dumps(log) and "Ortiz" not in json.dumps(
        read("people", "audit", "--rows", "500")
    )
    with closing(open_database(load())) as database, database.work(Actor.part("post")) as work:
        hear(work, leo, Decision(True, "v7", datetime(2026, 2, 1, tzinfo=UTC)))
    told = read("people", "consent", "list", leo)[-1]
    assert (told["version"], told["given_by"], told["given_on"]) == ("v7", "not recorded here", "2026-02-01")


def test_lists_are_tables_for_people(run: Run) -> None:
    assert "Mia" in run("child", "list").output
    assert "no accounts yet" in run("people", "account", "list").output
    assert isinstance(run("child", "change", "Nobody", "--goal", "3").exception, GripError)


def test_a_damaged_file_takes_no_child_from_the_hub(config_file: Path, read: Read) -> None:
    read("child", "add", "--name", "Leo")
    config: Config = load()
    household = Household(config)
    assert len(household.all()) == 2
    household.close()
    file = config.data_dir / "people.db"
    file.write_bytes(b"no database" * 1000)
    assert len(household.all()) == 2
    assert [child.alias for child in with_children(config).children] == ["Mia"]
    household.close()


def test_settling_twice_writes_once(config_file: Path) -> None:
    database = open_database(load())
    upgrade(database)
    settle(database, load())
    at = (load().data_dir / "people.db-wal").stat().st_mtime_ns
    settle(database, load())
    assert (load().data_dir / "people.db-wal").stat().st_mtime_ns == at
    assert datetime.fromtimestamp(at / 1e9, UTC)
    database.close()
