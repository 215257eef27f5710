"""What a page says to an exercise: a real hub, a real socket, and pages that are not ours."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from griphub.dashboard import live
from griphub.dashboard.live import AWAY, LiveHub
from griphub.dashboard.live_words import BURST, MAX_CHARACTERS, PER_S, Allowance, HubExercises, Word
from griphub.firmware_bridge.clock import HostClock
from griphub.hub.config import Config, ToolConfig
from griphub.hub.control.address import HubNotRunning, socket_path
from griphub.hub.control.client import ControlClient
from griphub.hub.errors import StoreError
from griphub.hub.records.vocabulary import Hand
from griphub.hub.service import Hub

WAIT_S = 15


@pytest.fixture
def home(config) -> Config:
    tools = (ToolConfig(id="ball-01", child="c-ada", hand=Hand.RIGHT),)
    return config.model_copy(update={"tools": tools, "radio": f"unix:{config.data_dir}/radio"})


@contextlib.asynccontextmanager
async def running(config) -> AsyncIterator[ControlClient]:
    """A hub whose radio is not there: its exercises wait for their tool."""
    task = asyncio.create_task(Hub(config, HostClock(), counted=lambda _: None).run())
    try:
        async with asyncio.timeout(WAIT_S):
            while not socket_path(config).exists():
                assert not task.done(), task.exception()
                await asyncio.sleep(0.01)
        yield ControlClient(socket_path(config))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def say(exercises, text, *, allowance=None, may=True):
    told = await exercises.tell("c-ada", text, allowance or Allowance(), lambda: may)
    return json.loads(told.answer)["refused"], told


async def test_a_word_of_somebody_who_cannot_be_looked_up_is_answered(home):
    def may():
        raise StoreError("people", "no database", "Restore it from a backup.")

    told = await HubExercises(home).tell("c-ada", '{"do":"stop"}', Allowance(), may)
    assert json.loads(told.answer)["refused"] == "people_away" and not told.rejected


async def test_a_word_reaches_the_hub_and_its_view_comes_back(home):
    exercises = HubExercises(home)
    async with running(home) as client:
        assert await exercises.view("c-ada") is None
        assert (await say(exercises, '{"do":"stop"}'))[0] == "no_exercise"
        started = await client.start_exercise("c-ada")
        seen = await exercises.view("c-ada")
        assert seen and (seen.exercise_id, seen.phase, seen.cue) == (started.exercise_id, "quiet", "wake")
        refused, told = await say(exercises, '{"do":"skip"}')
        assert refused == "" and told.view and told.view.phase == "set"
        refused, told = await say(exercises, '{"do":"pain","face":2}')
        assert told.view and told.view.phase == "asking"
        refused, told = await say(exercises, '{"do":"confirm"}')
        assert told.view and told.view.phase == "set"
        refused, told = await say(exercises, '{"do":"stop","by":"child"}')
        assert told.view and told.view.ended_by == "child"
    assert exercises.rejected == 0


async def test_without_a_hub_that_is_said_at_once(home):
    exercises = HubExercises(home)
    with pytest.raises(HubNotRunning):
        await exercises.view("c-ada")
    refused, told = await say(exercises, '{"do":"stop"}')
    assert refused == "hub_away" and not told.rejected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        "[" * 150,
        '{"do":"start"}',
        '{"do":"stop","child":"c-ben"}',
        '{"do":"pain","face":3}',
        '{"do":"stop","by":"therapist"}',
        '{"do":"stop","by":"child"' + " " * MAX_CHARACTERS + "}",
    ],
)
async def test_what_is_no_word_is_counted_and_answered(home, text, caplog):
    exercises = HubExercises(home)
    refused, told = await say(exercises, text)
    assert refused == "not_understood" and told.rejected and exercises.rejected == 1
    assert len(caplog.records) == 1 and "c-ben" not in caplog.text


async def test_who_may_not_is_not_listened_to(home):
    exercises = HubExercises(home)
    async with running(home) as client:
        await client.start_exercise("c-ada")
        refused, told = await say(exercises, '{"do":"stop"}', may=False)
        assert refused == "not_allowed" and told.rejected
        seen = await exercises.view("c-ada")
        assert seen and seen.ended_by is None


def test_a_page_that_presses_too_often_can_still_stop():
    now_s = [0.0]
    allowance = Allowance(lambda: now_s[0])
    skip, stop = Word(do="skip"), Word(do="stop")
    assert [allowance.take(skip) for _ in range(BURST + 2)] == [True] * BURST + [False] * 2
    assert allowance.take(stop)
    now_s[0] += 1 / PER_S
    assert allowance.take(skip) and not allowance.take(skip)


class Page:
    """The other end of a socket, as the web server would stand between them."""

    def __init__(self, hub: LiveHub, child: str) -> None:
        self._in: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        scope = {"type": "websocket", "path": f"/live/{child}", "root_path": "", "headers": []}
        self._in.put_nowait({"type": "websocket.connect"})
        routes = Starlette(routes=[hub.route()])
        self.task = asyncio.create_task(routes(scope, self._in.get, self._out.put))

    async def next(self) -> dict[str, object]:
        """The next message; of a closed socket its code."""
        async with asyncio.timeout(WAIT_S):
            message = await self._out.get()
        return json.loads(str(message["text"])) if message["type"] == "websocket.send" else message

    def say(self, **what: object) -> None:
        self._in.put_nowait({"type": "websocket.receive", **what})


async def test_the_socket_answers_and_closes_on_a_page_that_says_nothing_but_rubbish(home):
    hub = LiveHub(home, lambda connection, child: child == "c-ada")
    page = Page(hub, "c-ada")
    assert (await page.next())["type"] == "websocket.accept"
    assert await page.next() == json.loads(AWAY)
    page.say(bytes=b"\x00")
    assert (await page.next())["refused"] == "not_understood"
    page.say(text='{"do":"stop"}')
    assert await page.next() == {"answer": "stop", "refused": "hub_away", "why": ""}
    for _ in range(live.MAX_REJECTED - 1):
        page.say(text="rubbish")
    while "answer" in (last := await page.next()):
        assert last["refused"] == "not_understood"
    assert (last["type"], last["code"]) == ("websocket.close", 1008)
    await page.task
    assert hub.exercises.rejected == live.MAX_REJECTED
    stranger = Page(hub, "c-ben")
    assert (await stranger.next())["type"] == "websocket.accept"
    assert (await stranger.next())["code"] == 1008
    await stranger.task


async def test_an_exercise_whose_tool_sleeps_is_seen_by_every_page(home, monkeypatch):
    monkeypatch.setattr(live, "ASK_HUB_S", 0.05)
    hub = LiveHub(home, lambda connection, child: True)

    async def next_view(viewer):
        async with asyncio.timeout(WAIT_S):
            while True:
                message = json.loads(await viewer.get())
                if "exercise" in message:
                    return message["exercise"]

    async with running(home) as client:
        asking = asyncio.create_task(hub._go_on_asking())
        await client.start_exercise("c-ada")
        await client.tell_exercise("c-ada", "stop")  # before anybody watched: nobody is told
        with hub.watch("c-ada") as page, hub.watch("c-ada") as other:
            started = await client.start_exercise("c-ada")
            for viewer in (page, other):
                view = await next_view(viewer)
                assert (view["exercise_id"], view["cue"]) == (str(started.exercise_id), "wake")
            await client.tell_exercise("c-ada", "stop", by="parent")
            while (view := await next_view(page))["ended_by"] is None:
                pass
            assert (view["exercise_id"], view["ended_by"]) == (str(started.exercise_id), "parent")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
