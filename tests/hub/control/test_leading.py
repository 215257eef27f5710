"""Exercises and strength tests that are led over the hub's socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import numpy as np
import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link_state import LinkPhase
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub.cli.strength_test import describe, report
from griphub.hub.control.answers import ControlError
from griphub.hub.control.requests import StrengthTest
from griphub.hub.database.actor import Actor
from griphub.hub.live import ExerciseView
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.reading import picture
from griphub.hub.records.event import decode
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.strength import StrengthTested
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session import strength_test
from griphub.hub.session.strength_steps import Phase, Step
from griphub.hub.stores import open_store
from griphub.simulators.plays import Play
from griphub.simulators.tool import SimulatedTool

from .room import Room, until_status


def squeezes(n: int) -> Play:
    """A tool that is squeezed every 1.5 s: one of two such hands is never more than a second behind."""
    t_s = np.arange(0, 4 + 1.5 * n, 0.01)
    values = sum(30 * np.exp(-(((t_s - 3 - 1.5 * k) / 0.2) ** 2)) for k in range(n))
    values = values + np.random.default_rng(3).normal(0, 0.03, t_s.size)
    return Play(t_s, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "squeezes")


@pytest.mark.alone
async def test_both_hands_squeeze_together_and_rests_are_the_familys(room: Room) -> None:
    for name, hand in (("ball01", Hand.LEFT), ("ball02", Hand.RIGHT)):
        tool = SimulatedTool(name, WireKind.BALL, [squeezes(60)], link=room.link, clock=HostClock())
        room.tasks.append(asyncio.create_task(tool.run()))
        async with room.client.pairing(await room.candidate(name)) as held:
            await held.finish("c-1", hand)
        await until_status(room, name, LinkPhase.STREAMING)
    open_store(room.config, read_only=False).close()
    with home.opened(room.config) as database, database.work(Actor.part("test")) as work:
        asked = parse_program(
            """
            [[items]]
            id = "both"
            activity = "squeeze-both"
            dose = { days_per_week = 7 }
            squeezes = { sets = 2, reps = 3, hands = "both", warm_up = 0, rest_s = 600 }
            """,
            builtin(),
        )
        today = home.today(room.config, datetime.now(UTC))
        commands.prescribe(work, "c-1", asked, valid_from=today, today=today)
    view = await room.client.start_exercise("c-1")
    assert view.item_id == "both"
    rests: list[float] = []
    async with asyncio.timeout(60):
        async for view in room.client.watch_exercise("c-1"):
            if view.phase == "quiet":  # a child does not wait for a machine
                await room.client.tell_exercise("c-1", "skip")
            elif view.phase == "rest" and len(rests) < 2:
                rests.append(view.rest_left_s or 0)
                if len(rests) == 1:
                    longer = await room.client.tell_exercise("c-1", "longer")
                    rests.append(longer.rest_left_s or 0)
                    await room.client.tell_exercise("c-1", "skip")
    assert rests[1] == pytest.approx(rests[0] + 30, abs=2)
    assert (view.ended_by, view.done, view.reps * view.sets) == ("done", 6, 6)
    waiting = [decode(w.payload) for w in room.hub._outbox.waiting(0, 10_000)]
    (done,) = [event for event in waiting if isinstance(event, ActivityDone)]
    assert (done.item_id, done.reps, done.hand) == ("both", 6, None)
    assert len(done.sessions) == 2, "one session of each hand's tool"


@pytest.fixture
async def testing(room: Room, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """A room with a tool whose child squeezes at once when it may."""
    monkeypatch.setattr(strength_test, "REST_S", 0.5)
    t_s = np.arange(0, 7, 0.01)
    up, down = np.clip(t_s / 0.4, 0, 1), np.clip((t_s - 3.6) / 0.3, 0, 1)
    one = (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2
    values = np.concatenate([np.zeros(900), 60 * one, 90 * one, 90 * one, np.zeros(3000)])
    values += np.random.default_rng(0).normal(0, 0.05, values.size)
    play = Play(np.arange(values.size) / 100, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "trials")
    tool = SimulatedTool("ball01", WireKind.BALL, [play], link=room.link, clock=HostClock())
    room.tasks.append(asyncio.create_task(tool.run()))
    async with room.client.pairing(await room.candidate()) as held:
        await held.finish("c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)
    yield room


async def test_it_is_led_over_the_socket_and_told_in_words(testing: Room) -> None:
    said, final = [], ()
    async with asyncio.timeout(60):
        async for step in testing.client.strength_test(
            StrengthTest(tool="ball01", protocol="nih", grip="small")
        ):
            if isinstance(step, Step):
                said += [*step.news, describe(step)]
            else:
                final = step
    (result,) = final
    assert result.protocol == "NIH Toolbox" and result.hand is Hand.LEFT and result.grip == "small"
    assert result.outcome.score == pytest.approx(90, rel=0.02)
    waiting = [decode(w.payload) for w in testing.hub._outbox.waiting(0, 10_000)]
    assert [event for event in waiting if isinstance(event, StrengthTested)] == [result]
    assert any("practice 1 of 2, left hand] Left hand: try it once" in line for line in said)
    assert "Practice is done." in said and "That one counts." in said
    assert any("Hold!" in line for line in said)
    first, practice, counted = report(result)
    assert first.startswith("Left hand: 9") and "N (the trial)." in first
    assert practice.endswith("(practice)") and counted.startswith("  2. 9")


@pytest.fixture
def asked_for(room: Room) -> None:
    """The child's program asks for a test and for dough."""
    with home.opened(room.config) as database, database.work(Actor.part("test")) as work:
        asked = parse_program(
            """
            [[items]]
            id = "test"
            activity = "strength-test"
            dose = { days_per_week = 7 }
            test = { protocol = "nih", hands = "left" }
            [[items]]
            id = "dough"
            activity = "play-dough"
            dose = { days_per_week = 7 }
            minutes = 5
            """,
            builtin(),
        )
        today = home.today(room.config, datetime.now(UTC))
        commands.prescribe(work, "c-1", asked, valid_from=today, today=today)


@pytest.mark.usefixtures("asked_for")
async def test_a_prescribed_test_is_led_as_an_exercise_and_counts(testing: Room) -> None:
    with pytest.raises(ControlError, match="without a tool") as told:
        await testing.client.start_exercise("c-1", "dough")
    assert (told.value.kind, told.value.problem) == ("NoExercise", "household")
    open_store(testing.config, read_only=False).close()
    view = await testing.client.start_exercise("c-1", pain_before=2)
    assert (view.kind, view.item_id, view.phase) == ("strength_test", "test", "quiet")
    seen: list[ExerciseView] = []
    async with asyncio.timeout(60):
        async for view in testing.client.watch_exercise("c-1"):
            seen.append(view)
            if view.cue == "ask_after":
                await testing.client.tell_exercise("c-1", "after", face=2, position_kept=True)
    assert (seen[-1].phase, seen[-1].ended_by, seen[-1].pain_after) == ("ended", "done", 2)
    phases = list(dict.fromkeys(view.phase for view in seen))
    assert phases == ["quiet", "warm_up", "rest", "set", "asking", "ended"]
    assert any(view.rest_left_s for view in seen) and any(view.hold_left_s for view in seen)
    (result,) = _results_of(testing)
    assert result.outcome.score == pytest.approx(90, rel=0.02)
    assert (result.pain_before, result.pain_after, result.position_kept) == (2, 2, True)
    store = open_store(testing.config, read_only=False)
    store.write([result])
    store.close()
    with home.opened(testing.config) as database:
        store = open_store(testing.config, read_only=True)
        seen_by = picture(testing.config, database, store, Actor.part("test"), "c-1", now=datetime.now(UTC))
        store.close()
    assert {item.id: did.share for item, did in seen_by.doings.due(seen_by.today)}["test"] == 1


async def test_who_hangs_up_ends_the_test(testing: Room) -> None:
    async with asyncio.timeout(40):
        async for step in testing.client.strength_test(StrengthTest(tool="ball01", protocol="asht")):
            if isinstance(step, Step) and step.phase is Phase.REST:
                break
    async with asyncio.timeout(10):
        while not (found := _results_of(testing)):
            await asyncio.sleep(0.05)
    assert found[0].stopped == "stopped" and len(found[0].trials) == 1


def _results_of(room: Room) -> list[StrengthTested]:
    waiting = [decode(w.payload) for w in room.hub._outbox.waiting(0, 10_000)]
    return [event for event in waiting if isinstance(event, StrengthTested)]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [({"tool": "nobody"}, "no tool of this home"), ({"tool": "ball01", "protocol": "none"}, "protocol")],
)
async def test_what_cannot_be_tested_is_said(room: Room, request_: dict[str, str], reason: str) -> None:
    request = StrengthTest.model_construct(**{"do": "test.strength", "hands": (), "grip": ""} | request_)
    with pytest.raises(ControlError, match=reason):
        async for _ in room.client.strength_test(request):
            pass
