"""A strength test that the program asks for: led by the coach, asked about, kept, and told."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.hub.cli.exercise import picture
from griphub.hub.config import Config
from griphub.hub.live import ExerciseView
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import SessionStarted
from griphub.hub.records.strength import StrengthTested
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session.exercise import Because, NoExercise, TestPlan
from griphub.hub.session.lead import Said
from griphub.hub.session.strength_lead import ANSWER_S, TestLead

from .conftest import Home
from .test_coach import PLAN, Led
from .test_led_test import force, trial

FS_HZ = 100
ASKED = TestPlan(
    child_id="c-1",
    item_id="test",
    title="How strong today?",
    protocol="asht",
    hands=(Hand.RIGHT,),
    tool_id="ball01",
    pain_before=2,
)


class Room(Led):
    """A hub whose tool is squeezed as the test asks."""

    at = 0

    async def give(self, values: np.ndarray) -> ExerciseView:
        t_s = 100.0 + (self.at + np.arange(values.size)) / FS_HZ
        for i in range(0, values.size, 10):
            cut = slice(i, i + 10)
            block = SampleBlock(
                "ball01", self.at + i, t_s[cut], values[cut], Unit.NEWTON, FS_HZ, 0,
                np.zeros(values[cut].size, bool), self.clock.utc_s(),
            )  # fmt: skip
            self.clock.now_s += values[cut].size / FS_HZ
            await self.keeper.take(block, Home.tool, self.config.tools[0])
        self.at += values.size
        await asyncio.sleep(0)
        return self.shown

    @property
    def shown(self) -> ExerciseView:
        view = self.coach.view("c-1")
        assert view
        return view

    async def kept(self) -> None:
        """Wait until all that was said is committed."""
        while self.coach._tasks:
            await asyncio.gather(*self.coach._tasks)

    async def again(self) -> "Room":
        await self.kept()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.outbox.close()
        after = Room(self.config, self.clock)
        after.at = self.at
        after.keeper.restore(after.outbox.open_sessions())
        after.coach.restore(after.outbox.open_exercises())
        return after


@pytest.fixture
async def hub(config: Config) -> AsyncIterator[Room]:
    opened = Room(config)
    yield opened
    await opened.close()


async def test_it_is_led_asked_about_and_then_told(hub: Room) -> None:
    view = await hub.coach.start(ASKED)
    assert (view.kind, view.phase, view.reps, view.trials) == ("strength_test", "quiet", 3, 3)
    assert view.script.startswith("The child is seated") and view.words.startswith("Lay the tool")
    await hub.give(force(100.0, 110.0))
    seen = [frame.exercise for frame in hub.frames if frame.exercise]
    assert {(one.phase, one.cue) for one in seen} >= {
        ("quiet", "lay_down"),
        ("set", "squeeze"),
        ("set", "hold"),
        ("set", "let_go"),
        ("rest", "rest"),
    }
    assert (hub.shown.done, hub.shown.trial, hub.shown.news) == (2, 3, ("That one counts.",))
    resting = [one.rest_left_s for one in seen if one.phase == "rest"]
    assert resting[0] == pytest.approx(15, abs=0.5)
    holding = [one.hold_left_s for one in seen if one.cue == "hold"]
    assert holding[0] == pytest.approx(3, abs=0.3)
    view = await hub.give(trial(105.0))
    assert (view.phase, view.cue, view.for_parent, view.done) == ("asking", "ask_after", True, 3)
    assert hub.events(StrengthTested) == [], "nothing is told before somebody was asked"
    view = await hub.coach.tell("c-1", Said("after", face=4, position_kept=True))
    assert (view.phase, view.ended_by, view.pain_before, view.pain_after) == ("ended", "done", 2, 4)
    (result,) = hub.events(StrengthTested)
    assert result.outcome.score == pytest.approx(105, rel=0.01)
    assert (result.pain_before, result.pain_after, result.position_kept) == (2, 4, True)
    assert result.stopped == "" and len(result.trials) == 3
    (said,) = hub.events(FeedbackGiven)
    assert (said.pain_before, said.pain_after, said.session_id) == (2, 4, result.session_id)
    assert hub.events(ActivityDone) == [], "the test itself is what was done"
    assert hub.outbox.open_exercises() == {}


async def test_nobody_answers_and_it_goes_without(hub: Room) -> None:
    await hub.coach.start(replace(ASKED, pain_before=None))
    await hub.give(force(100.0, 110.0, 105.0))
    hub.clock.now_s += ANSWER_S + 1
    async with asyncio.timeout(10):
        while not (found := hub.events(StrengthTested)):
            await asyncio.sleep(0.01)
    assert (found[0].pain_after, found[0].position_kept, hub.shown.ended_by) == (None, None, "done")
    assert hub.events(FeedbackGiven) == []


async def test_a_hub_that_is_killed_while_it_asks_asks_again(hub: Room) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0, 110.0, 105.0))
    after = await hub.again()
    assert (after.shown.cue, after.shown.done) == ("ask_after", 3)
    await after.coach.tell("c-1", Said("after", face=2, position_kept=False))
    (result,) = after.events(StrengthTested)
    assert (result.pain_after, result.position_kept) == (2, False)
    assert result.outcome.score == pytest.approx(105, rel=0.01)
    await after.close()


async def test_a_test_that_its_hub_did_not_survive_is_over(hub: Room) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0))
    after = await hub.again()
    assert after.shown.ended_by == "left"
    async with asyncio.timeout(10):
        while after.outbox.open_exercises():
            await asyncio.sleep(0.01)
    assert after.events(StrengthTested) == []
    await after.coach.start(replace(ASKED, exercise_id=PLAN.exercise_id))  # and may be begun anew
    await after.close()


async def test_pain_ends_it_by_the_rule_and_keeps_what_was_done(hub: Room) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0))
    view = await hub.coach.tell("c-1", Said("pain", face=6))
    assert (view.phase, view.ended_by, view.cue) == ("ended", "pain", "stopped_for_pain")
    await hub.kept()
    (result,) = hub.events(StrengthTested)
    assert (result.stopped, len(result.trials), result.pain_after) == ("pain", 1, 6)
    assert hub.outbox.open_exercises() == {}
    await hub.give(np.zeros(200))
    assert len(hub.events(SessionStarted)) == 2, "afterwards the tool is for exercise again"


async def test_a_little_pain_asks_and_nothing_counts_meanwhile(hub: Room) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0))
    view = await hub.coach.tell("c-1", Said("pain", face=4))
    assert (view.phase, view.cue) == ("asking", "ask_go_on")
    view = await hub.give(trial(90.0))
    assert (view.phase, view.done) == ("asking", 1)
    view = await hub.coach.tell("c-1", Said("confirm"))
    assert view.phase == "quiet"
    await hub.give(force(110.0, 105.0))
    assert (hub.shown.cue, hub.shown.done) == ("ask_after", 3)


@pytest.mark.parametrize("by", ["child", "parent"])
async def test_stopping_is_always_right(hub: Room, by: str) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0))
    view = await hub.coach.tell("c-1", Said("stop", by=by))  # type: ignore[arg-type]
    assert (view.ended_by, view.cue) == (by, "stopped")
    await hub.kept()
    assert [result.stopped for result in hub.events(StrengthTested)] == [by]


async def test_a_lost_link_costs_the_trial_and_no_more(hub: Room) -> None:
    await hub.coach.start(ASKED)
    values = force(100.0, 110.0, 105.0, 108.0)
    cut = 250 + 150  # in the first squeeze
    await hub.give(values[:cut])
    await hub.keeper.link_lost("ball01")
    assert (hub.shown.away, hub.shown.cue) == ((Hand.RIGHT,), "come_nearer")
    hub.at += 150  # what the link lost
    hub.clock.now_s += 1.5
    view = await hub.give(values[cut + 150 :])
    assert view.away == ()
    assert view.cue == "ask_after"
    await hub.coach.tell("c-1", Said("confirm"))
    (result,) = hub.events(StrengthTested)
    assert [one.faults for one in result.trials] == [("samples_lost",), (), (), ()]
    assert result.outcome.score == pytest.approx(107.7, rel=0.01)


async def test_a_tool_that_is_given_away_ends_it(hub: Room) -> None:
    await hub.coach.start(ASKED)
    await hub.give(force(100.0))
    await hub.keeper.reassigned("ball01")
    await hub.kept()
    assert hub.shown.ended_by == "left"
    assert [result.stopped for result in hub.events(StrengthTested)] == ["tool_reassigned"]


async def test_one_thing_at_a_time(hub: Room) -> None:
    await hub.coach.start(ASKED)
    for plan in (PLAN, ASKED):
        with pytest.raises(NoExercise, match="How strong today") as told:
            await hub.coach.start(plan)
        assert told.value.because is Because.UNDER_WAY


def test_what_is_kept_is_read_again() -> None:
    lead = TestLead.begin(ASKED, lambda: 5.0, lambda: None, away=True)
    assert lead.view(6.0).cue == "wake"
    again = TestLead.restore(lead.to_json(), lambda: 7.0)
    assert (again.ended_s, again.view(8.0).ended_by) == (7.0, "left")


async def test_a_terminal_shows_it(hub: Room) -> None:
    await hub.coach.start(ASKED)
    shown = []
    for values in (np.zeros(100), force(100.0)[:600]):
        console = Console(width=90, file=io.StringIO())
        console.print(picture(await hub.give(values)))
        shown.append(console.file.getvalue())  # type: ignore[attr-defined]
    assert "Lay the tool on the table" in shown[0]
    assert "The child is seated" in shown[0]
    assert "right hand, trial 1 of 3" in shown[1]
    assert "Let go." in shown[1] or "Hold!" in shown[1]
