"""From what a therapist asks to what a child is led through, where clinic and home are one installation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

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
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.event import Event
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.strength import StrengthTested
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session.exercise import Because, NoExercise, Plan, TestPlan
from griphub.hub.session.near import Near
from griphub.hub.session.planning import make_plan
from griphub.hub.stores import open_store
from griphub.hub.tools import HomeTool
from griphub.hub.utc import utc

from .conftest import NOW_S

OWNER = Actor.part("test")
BALL = Near(
    HomeTool(id="ball01", child="c-1", hand="right"),
    ToolKind.BALL,
    simulated=True,
    streaming=True,
)


def program(reps: int, hands: str = "right", test: str = "both") -> Program:
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
        [[items]]
        id = "test"
        activity = "strength-test"
        dose = {{ days_per_week = 7 }}
        test = {{ hands = "{test}" }}
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


def plan(config: Config, item: str | None = None, near: Sequence[Near] = (BALL,)) -> Plan | TestPlan:
    return make_plan(config, "c-1", item, near=near, now_s=NOW_S)


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
        asked_for = plan(config)
        assert isinstance(asked_for, Plan)
        assert asked_for.reps == reps
        with people.reading(parent) as work:
            asked = commands.history(work, "c-1").program(today(config))
            assert asked == program(reps)
            assert notes(work, "c-1")[-1].words == f"Now {reps}"
            assert post_of(work, config, "c-1").stand is Stand.HERE


def prescribe(config: Config, people: Database, asked: Program | None) -> None:
    with people.work(OWNER) as work:
        commands.prescribe(work, "c-1", asked, valid_from=today(config), today=today(config))


def because(config: Config, item: str | None = None, near: Sequence[Near] = (BALL,)) -> NoExercise:
    with pytest.raises(NoExercise) as told:
        plan(config, item, near)
    return told.value


def stored(config: Config, *events: Event) -> None:
    store = open_store(config, read_only=False)
    store.write(events)
    store.close()


def test_a_strength_test_is_led_too_with_the_tool_of_the_last_one(config: Config, people: Database) -> None:
    prescribe(config, people, program(6))
    asked = plan(config, "test")
    assert isinstance(asked, TestPlan)
    assert (asked.protocol, asked.hands, asked.tool_id) == ("asht", (Hand.LEFT, Hand.RIGHT), "ball01")
    other = replace(BALL, tool=HomeTool(id="ball02", child="c-1", hand="left"), streaming=False)
    assert plan(config, "test", (BALL, other)).tool_id == "ball01", "the other one sleeps"  # type: ignore[union-attr]
    stored(config, strength("ball02"))
    assert plan(config, "test", (BALL, other)).tool_id == "ball02"  # type: ignore[union-attr]
    prescribe(config, people, program(6, test="right"))
    assert plan(config, "test").hands == (Hand.RIGHT,)
    putty = replace(BALL, kind=ToolKind.PUTTY)
    assert because(config, "test", [putty]).because is Because.NO_TOOL
    assert because(config, "test", []).because is Because.NO_TOOL


def strength(tool_id: str) -> StrengthTested:
    return StrengthTested(
        event_id=uuid4(), session_id=uuid4(), measured_at=utc(NOW_S - 86400), site="home", hub="hub",
        child_id="c-1", tool_id=tool_id, tool_kind="ball", hand="right", source="simulated", unit="N",
        protocol="ASHT 2015", outcome={"rule": "mean"}, trials=(),
    )  # fmt: skip


def test_what_was_done_today_is_not_led_again_unless_it_is_named(config: Config, people: Database) -> None:
    prescribe(config, people, program(6))
    first = plan(config)
    assert first.item_id == "squeeze"
    stored(config, done("squeeze", 12))
    second = plan(config)
    assert second.item_id == "test", "the next that a tool counts"
    stored(config, *[strength_now(hand) for hand in Hand])
    told = because(config)
    assert told.because is Because.NOTHING_DUE
    assert "name it" in str(told)
    assert plan(config, "squeeze").item_id == "squeeze"


def done(item: str, reps: int) -> ActivityDone:
    return ActivityDone(
        event_id=uuid4(), measured_at=utc(NOW_S - 60), site="home", hub="hub", child_id="c-1",
        item_id=item, evidence="sensor", reps=reps, sets=2, source="simulated",
    )  # fmt: skip


def strength_now(hand: Hand) -> StrengthTested:
    return strength("ball01").model_copy(
        update={"hand": hand, "measured_at": utc(NOW_S - 60), "event_id": uuid4()}
    )


def test_what_cannot_be_led_says_why_in_a_way_that_a_screen_can_use(config: Config, people: Database) -> None:
    assert isinstance(plan(config), Plan), "without any program there is the goal"
    prescribe(config, people, program(6))
    household = because(config, "dough")
    assert household.because is Because.HOUSEHOLD
    assert "griphub did c-1 dough" in str(household)
    assert because(config, "juggling").because is Because.NOT_ASKED
    assert because(config, near=[]).because is Because.NO_TOOL
    with people.work(OWNER) as work:
        commands.pause(work, "c-1", since=today(config), until=today(config), reason=PauseReason.ILLNESS)
    assert because(config).because is Because.NOTHING_DUE
    with people.work(OWNER) as work:
        commands.prescribe(
            work, "c-1", None, valid_from=today(config), today=today(config) - timedelta(days=1)
        )
    assert because(config).because is Because.NOTHING_DUE
    prescribe(config, people, program(6).model_copy(update={"max_reps_per_day": 12}))
    stored(config, done("squeeze", 12))
    assert because(config, "squeeze").because is Because.ENOUGH_TODAY


def test_both_hands_together_take_two_tools_or_one_between_them(config: Config, people: Database) -> None:
    prescribe(config, people, program(6, hands="both"))
    alone = plan(config)
    assert isinstance(alone, Plan)
    assert (dict(alone.tools), alone.pairs) == ({Hand.RIGHT: "ball01"}, False)
    other = replace(BALL, tool=HomeTool(id="ball02", child="c-1", hand="left"))
    pair = plan(config, near=(BALL, other))
    assert isinstance(pair, Plan)
    assert (dict(pair.tools), pair.pairs) == ({Hand.LEFT: "ball02", Hand.RIGHT: "ball01"}, True)
    assert because(config, near=[]).because is Because.NO_TOOL
