"""An exercise in the hub: led by real sessions, committed with their squeezes, alive after a kill."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.hub.config import Config
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.live import LiveFrame
from griphub.hub.program.prescription import Hands
from griphub.hub.records.event import decode
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.session.coach import Coach
from griphub.hub.session.exercise import NoExercise, Phase, Plan
from griphub.hub.session.keeper import SessionKeeper
from griphub.hub.session.lead import Said

from .conftest import Home, HouseClock

FS_HZ = 100
PLAN = Plan(
    child_id="c-1",
    item_id="squeeze-right",
    activity_id="squeeze-ball",
    title="Squeezing",
    hands=Hands.RIGHT,
    sets=1,
    reps=4,
    unit=Unit.NEWTON,
    tools={Hand.RIGHT: "ball01"},
    warm_up=1,
    zone=(20, 80),
    best={Hand.RIGHT: 40.0},
    calibrations={Hand.RIGHT: None},
    pain_before=2,
)


class Led:
    """A hub's keeper with its coach, on the clock of a test."""

    def __init__(self, config: Config, clock: HouseClock | None = None) -> None:
        self.config = config
        self.clock = clock or HouseClock()
        self.outbox = Outbox(config.data_dir / "outbox.db")
        committer = Committer(self.outbox, lambda: None)
        self.tared: list[str] = []
        self.frames: list[LiveFrame] = []
        self.coach = Coach(
            config,
            self.clock,
            committer,
            tare=self._tare,
            streaming=lambda _: True,
            tests=lambda: self.keeper,
        )
        self.keeper = SessionKeeper(
            config, self.clock, committer, counted=lambda _: None, live=self.frames.append, coach=self.coach
        )
        self._tasks = [asyncio.create_task(committer.run()), asyncio.create_task(self.coach.run())]

    async def _tare(self, tool_id: str) -> None:
        self.tared.append(tool_id)

    async def play(self, t_s: np.ndarray, values: np.ndarray, first_index: int) -> int:
        """Stream samples as the tool would; the clock goes on with them."""
        for i in range(0, t_s.size, 5):
            cut = slice(i, i + 5)
            block = SampleBlock(
                "ball01", first_index + i, t_s[cut], values[cut], Unit.NEWTON, FS_HZ, 0,
                np.zeros(t_s[cut].size, bool), self.clock.utc_s(),
            )  # fmt: skip
            self.clock.now_s += t_s[cut].size / FS_HZ
            await self.keeper.take(block, Home.tool, self.config.tools[0])
            await asyncio.sleep(0)
        return first_index + t_s.size

    async def kill(self) -> "Led":
        """Another hub, after this one was killed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.outbox.close()
        after = Led(self.config, self.clock)
        after.keeper.restore(after.outbox.open_sessions())
        after.coach.restore(after.outbox.open_exercises())
        return after

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.outbox.close()

    def events(self, kind: type) -> list:  # type: ignore[type-arg]
        decoded = [decode(waiting.payload) for waiting in self.outbox.waiting(0, 10_000)]
        return [event for event in decoded if isinstance(event, kind)]


@pytest.fixture
async def led(config: Config) -> AsyncIterator[Led]:
    hub = Led(config)
    yield hub
    await hub.close()


def force(
    squeezes: int, start_s: float, *, still_s: float = 4.0, offset: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """A tool that lies still for a while and is then squeezed to 20 N, every 3 s."""
    t_s = np.arange(0, still_s + 3 * squeezes + 1, 1 / FS_HZ)
    values = sum(20 * np.exp(-(((t_s - still_s - 1.5 - 3 * k) / 0.4) ** 2)) for k in range(squeezes))
    return start_s + t_s, values + np.random.default_rng(2).normal(offset, 0.03, t_s.size)


async def test_a_session_is_led_and_its_result_committed(led: Led) -> None:
    view = await led.coach.start(PLAN)
    assert (view.phase, view.zones) == ("quiet", {Hand.RIGHT: (8.0, 32.0)})
    with pytest.raises(NoExercise, match="under way"):
        await led.coach.start(replace(PLAN, exercise_id=UUID(int=3)))
    await led.play(*force(6, 500.0, offset=1.5), first_index=1000)
    shown = led.coach.view("c-1")
    assert shown
    assert (shown.phase, shown.done, shown.hits, shown.ended_by) == ("ended", 4, 4, "done")
    assert led.tared == ["ball01"]  # it lay still and did not show zero
    (done,) = led.events(ActivityDone)
    assert (done.reps, done.reps_asked, done.hits, done.sets, done.evidence) == (4, 4, 4, 1, "sensor")
    assert (done.item_id, done.activity_id, done.hand) == ("squeeze-right", "squeeze-ball", Hand.RIGHT)
    assert done.source is Source.SIMULATED  # as the tool says, whatever the plan took it for
    squeezes = led.events(SqueezeCounted)
    assert {squeeze.session_id for squeeze in squeezes} == set(done.sessions)
    (pain,) = led.events(FeedbackGiven)
    assert (pain.pain_before, pain.pain_after) == (2, None)
    assert led.outbox.open_exercises() == {}
    assert any(frame.exercise and frame.exercise.phase == "set" for frame in led.frames)


async def test_a_killed_hub_goes_on_in_the_same_set(config: Config) -> None:
    hub = Led(config)
    await hub.coach.start(PLAN)
    t_s, values = force(6, 500.0)
    half = int((4 + 3 * 3) * FS_HZ)  # the warm-up and two squeezes
    at = await hub.play(t_s[:half], values[:half], 1000)
    before = hub.coach.view("c-1")
    assert before
    hub = await hub.kill()
    after = hub.coach.view("c-1")
    assert after
    assert (after.done, after.set_number) == (before.done, 1)
    assert after.done >= 1
    assert after.away == (Hand.RIGHT,)
    await hub.play(t_s[half:], values[half:], at)
    shown = hub.coach.view("c-1")
    assert shown
    assert shown.ended_by == "done"
    (done,) = hub.events(ActivityDone)
    assert done.reps == 4
    assert done.gap_s is not None
    await hub.close()


async def test_a_lost_link_marks_the_gap_and_is_told(led: Led) -> None:
    await led.coach.start(replace(PLAN, warm_up=0, reps=3))
    t_s, values = force(4, 500.0)
    half = int((4 + 3 * 2) * FS_HZ)
    at = await led.play(t_s[:half], values[:half], 1000)
    await led.keeper.link_lost("ball01")
    assert led.frames[-1].exercise
    assert led.frames[-1].exercise.cue == "come_nearer"
    led.clock.now_s += 20
    await led.play(t_s[half:] + 20, values[half:], at + 2000)
    (done,) = led.events(ActivityDone)
    assert done.reps == 3
    assert done.gap_s == pytest.approx(20, abs=0.5)


async def test_pain_ends_it_and_travels(led: Led) -> None:
    await led.coach.start(PLAN)
    seen = [view.phase async for view in _two(led)]
    assert seen == ["quiet", "asking"]
    view = await led.coach.tell("c-1", Said("pain", face=6))
    assert (view.phase, view.ended_by) == (Phase.ENDED, "pain")
    (done,) = led.events(ActivityDone)
    (pain,) = led.events(FeedbackGiven)
    assert (done.reps, done.ended_by) == (0, "pain")
    assert (pain.pain_before, pain.pain_after) == (2, 6)
    with pytest.raises(NoExercise):
        await led.coach.tell("c-1", Said("stop"))


async def _two(led: Led) -> AsyncIterator:  # type: ignore[type-arg]
    """Two views: the first, and the one after a face was shown."""
    watching = led.coach.watch("c-1")
    yield await anext(watching)
    await led.coach.tell("c-1", Said("pain", face=4))
    yield await anext(watching)
    await watching.aclose()  # type: ignore[attr-defined]


async def test_nobody_is_led_who_does_not_exercise(led: Led) -> None:
    await led.play(*force(3, 500.0), first_index=1000)
    assert led.coach.view("c-1") is None
    assert led.events(ActivityDone) == []
    assert len(led.events(SqueezeCounted)) == 3
    with pytest.raises(NoExercise):
        await led.coach.tell("c-1", Said("confirm"))
