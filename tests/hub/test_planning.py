"""From what a therapist asks to what a child is led through, where clinic and home are one installation."""

from collections.abc import Iterator
from datetime import date

import pytest

from griphub.firmware_bridge.samples import ToolKind
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.people import accounts, caseload
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.outgoing import Stand, post_of
from griphub.hub.program.post import notes, write_note
from griphub.hub.program.prescription import Program, parse_program
from griphub.hub.records import utc
from griphub.hub.session.exercise import Plan
from griphub.hub.session.planning import Near, make_plan
from griphub.hub.stores import open_store
from griphub.hub.tools import HomeTool

from .conftest import NOW_S

OWNER = Actor.part("test")
BALL = Near(
    HomeTool(id="ball01", child="c-1", hand="right"),
    ToolKind.BALL,
    simulated=True,
    streaming=True,
)


def program(reps: int, hands: str = "right") -> Program:
    return parse_program(
        f"""
        [[items]]
        id = "squeeze"
        activity = "squeeze-ball"
        dose = {{ days_per_week = 7 }}
        squeezes = {{ sets = 2, reps = {reps}, hands = "{hands}" }}
        [[items]]
        id = "dough"
        activity = "play-dough"
        dose = {{ days_per_week = 7 }}
        minutes = 10
        """,
        builtin(),
    )


@pytest.fixture
def people(config: Config) -> Iterator[Database]:
    open_store(config, read_only=False).close()
    with home.opened(config) as database:
        yield database


@pytest.fixture
def therapist(people: Database) -> Actor:
    with people.work(OWNER) as work:
        account = accounts.invite(work, login="t", name="T", role=Role.THERAPIST, site_id="home").account
        caseload.assign(work, account_id=account.id, child_id="c-1")
        return Actor.account(account.id, Role.THERAPIST)


def plan(config: Config, item: str | None = None) -> Plan:
    return make_plan(config, "c-1", item, near=[BALL], now_s=NOW_S)


def today(config: Config) -> date:
    return home.today(config, utc(NOW_S))


def test_what_a_therapist_changes_is_done_from_the_next_exercise_on(
    config: Config, people: Database, therapist: Actor
) -> None:
    parent = Actor.part("parent")
    for reps in (6, 9):
        with people.work(therapist) as work:
            commands.prescribe(work, "c-1", program(reps), valid_from=today(config), today=today(config))
            write_note(work, "c-1", f"Now {reps}")
        assert plan(config).reps == reps
        with people.reading(parent) as work:
            asked = commands.history(work, "c-1").program(today(config))
            assert asked == program(reps)
            assert notes(work, "c-1")[-1].words == f"Now {reps}"
            assert post_of(work, config, "c-1").stand is Stand.HERE
