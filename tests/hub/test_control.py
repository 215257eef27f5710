"""The hub's socket: what it answers, and what hostile, clumsy and vanishing clients cost."""

import asyncio
import json
import random
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from griphub.firmware_bridge import held_tool
from griphub.firmware_bridge import pairing as pairing_module
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.link_state import LinkPhase
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.firmware_bridge.quiet_check import QuietVerdict
from griphub.hub.cli.strength_test import describe, report
from griphub.hub.config import Config
from griphub.hub.control import handler, server, talk
from griphub.hub.control.address import HubNotRunning, socket_path
from griphub.hub.control.answers import ControlError
from griphub.hub.control.client import ControlClient
from griphub.hub.control.requests import StrengthTest
from griphub.hub.database.actor import Actor
from griphub.hub.errors import SetupError
from griphub.hub.live import ExerciseView
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.reading import picture
from griphub.hub.records.event import decode
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.session import SessionEnded, SessionStarted
from griphub.hub.records.strength import StrengthTested
from griphub.hub.records.vocabulary import Hand
from griphub.hub.service import Hub
from griphub.hub.session import strength_test
from griphub.hub.session.strength_steps import Phase, Step
from griphub.hub.stores import open_store
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool


def still(seconds: float = 60.0) -> Play:
    values = 0.06 * np.random.default_rng(5).standard_normal(round(seconds * 100))
    return Play(np.arange(values.size) / 100, np.round(values, 2), WireUnit.NEWTON, -2, 100.0, (), "still")


class Room:
    """Simulated tools, a running hub without any tool in its configuration, and a client of it."""

    def __init__(self, config: Config, link: VirtualLink, hub: Hub) -> None:
        self.config = config
        self.link = link
        self.hub = hub
        self.path = socket_path(config)
        self.client = ControlClient(self.path)
        self.tasks: list[asyncio.Task[None]] = []

    def tool(self, name: str = "ball01", **options: Any) -> SimulatedTool:
        tool = SimulatedTool(name, WireKind.BALL, [still()], link=self.link, clock=HostClock(), **options)
        self.tasks.append(asyncio.create_task(tool.run()))
        return tool

    async def candidate(self, name: str = "ball01") -> str:
        async with asyncio.timeout(5):
            async for candidates in self.client.candidates():
                for candidate in candidates:
                    if candidate.name == name:
                        return candidate.id
        raise AssertionError("unreachable")

    async def status(self, tool: str) -> LinkPhase | None:
        for status in await self.client.tools():
            if status.tool.id == tool and status.link:
                return status.link.phase
        return None

    async def raw(self, *lines: bytes, hang_up: bool = False) -> list[dict[str, Any]]:
        """What a client gets that speaks for itself."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(b"".join(lines))
        if hang_up:
            writer.write_eof()
        answers = []
        async with asyncio.timeout(5):
            while len(answers) < len(lines) and (line := await reader.readline()):
                answers.append(json.loads(line))
        writer.close()
        return answers


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def until_status(room: Room, tool: str, phase: LinkPhase) -> None:
    async with asyncio.timeout(10):
        while await room.status(tool) is not phase:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Hub]:
    hub = Hub(config, HostClock(), counted=lambda _: None)
    task = asyncio.create_task(hub.run())
    try:
        await until(lambda: socket_path(config).exists() or task.done())
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def room(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(pairing_module, "FRESH_S", 1.0)
    monkeypatch.setattr(held_tool, "QUIET_S", 0.6)
    monkeypatch.setattr(handler, "LIST_S", 0.05)
    children = [{"id": "c-1", "alias": "Mia"}, {"id": "c-2", "alias": "Noah"}]
    changes = {"radio": f"unix:{tmp_path}/hci", "tools": [], "children": children}
    home = Config(**(config.model_dump() | changes))
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci"), running(home) as hub:
        made = Room(home, link, hub)
        yield made
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


# -- a parent's way


async def test_from_a_list_to_a_tool_that_the_hub_uses(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()
    assert await room.client.tools() == []
    async with room.client.pairing(candidate) as held:
        assert (held.tool.tool_id, held.tool.title) == ("ball01", "GripHub ball")
        assert held.tool.simulated and held.tool.can_blink and held.tool.can_tare
        await held.blink()
        assert tool.blinking
        assert (await held.quiet_check()).verdict is QuietVerdict.FINE
        await held.tare()
        finished = await held.finish("c-1", Hand.LEFT)
    assert (finished.id, finished.child, finished.hand) == ("ball01", "c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)  # without a restart
    (status,) = await room.client.tools()
    assert status.tool == finished and status.words
    history = await room.client.links("ball01")
    assert history[-1].phase is LinkPhase.STREAMING
    await room.client.identify("ball01", 20)
    assert tool.blinking
    await room.client.tare("ball01")


async def test_what_the_hub_knows_of_a_tool_and_of_its_radio(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()  # heard, and so the radio is open
    (radio,) = await room.client.radios()
    assert radio.open and radio.simulated and (radio.links, radio.most, radio.full) == (0, None, False)
    async with room.client.pairing(candidate) as held:
        await held.finish("c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)
    facts = None
    async with asyncio.timeout(10):
        while not (facts and facts.received):
            (status,) = await room.client.tools()
            facts = status.facts
            await asyncio.sleep(0.02)
    assert facts.kind == "ball" and facts.unit == "N" and facts.rate_hz == 100 and facts.simulated
    assert facts.can_blink and facts.can_tare and facts.battery_percent is not None
    assert facts.lost == 0 and facts.lost_percent == 0 and facts.calibration_due is None
    assert [radio.links for radio in await room.client.radios()] == [1]
    tool.peripheral.lose_link()
    async with asyncio.timeout(10):
        while not ((await room.client.tools())[0].facts or facts).link_losses:
            await asyncio.sleep(0.02)
    await until_status(room, "ball01", LinkPhase.STREAMING)


async def test_a_radio_that_is_full_says_how_many_it_holds(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LIST_S", 0.05)
    home = Config(**(config.model_dump() | {"radio": f"unix:{tmp_path}/hci", "tools": []}))
    link = VirtualLink()
    async with serve_hci(link, f"unix:{tmp_path}/hci", slots=1), running(home) as hub:
        room = Room(home, link, hub)
        try:
            room.tool("ball01")
            async with room.client.pairing(await room.candidate("ball01")) as held:
                await held.finish("c-1", Hand.LEFT)
            await until_status(room, "ball01", LinkPhase.STREAMING)
            room.tool("ball02")
            with pytest.raises(ControlError, match="holds as many tools as it can") as refused:
                async with room.client.pairing(await room.candidate("ball02")):
                    pytest.fail("there is no place for it")
            assert refused.value.problem == "no_free_slot"
            (radio,) = await room.client.radios()
            assert (radio.links, radio.most, radio.full) == (1, 1, True)
        finally:
            for task in room.tasks:
                task.cancel()
            await asyncio.gather(*room.tasks, return_exceptions=True)


async def test_a_change_of_hand_and_a_goodbye(room: Room) -> None:
    room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        await held.finish("c-1", Hand.LEFT)
    await until_status(room, "ball01", LinkPhase.STREAMING)
    assert (await room.client.use("ball01", "c-2", Hand.RIGHT)).child == "c-2"
    assert [use.child for use in room.hub.registry.history("ball01")] == ["c-1", "c-2"]
    await room.client.forget("ball01")
    assert await room.client.tools() == []
    await until(lambda: not room.hub.supervisor.clients())
    adapter = room.hub.supervisor.radios[0].adapter
    assert adapter
    await until(room.hub.supervisor.heard)
    assert not await adapter.bonded(room.hub.supervisor.heard()[0].device)


async def test_a_tool_that_is_not_there_is_forgotten_with_its_key(room: Room) -> None:
    tool = room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        address = (await held.finish("c-1", Hand.LEFT)).address
    keys = room.config.data_dir / "bonds" / "bonds.json"
    assert address in keys.read_text()
    tool.power_off()
    room.hub.supervisor._neighbours.forget(float("inf"))
    await room.client.forget("ball01")
    assert address not in keys.read_text()


async def test_a_change_in_the_middle_ends_the_session_and_begins_the_next_childs(room: Room) -> None:
    room.tool()
    async with room.client.pairing(await room.candidate()) as held:
        await held.finish("c-1", Hand.LEFT)
    outbox = room.hub._outbox
    await until(outbox.open_sessions)
    await room.client.use("ball01", "c-2", Hand.RIGHT)
    await until(lambda: '"c-2"' in outbox.open_sessions().get("ball01", ""))
    events = [decode(row.payload) for row in outbox.waiting(0, 10_000)]
    (ended,) = [event for event in events if isinstance(event, SessionEnded)]
    assert (ended.child_id, ended.hand, ended.ended_by) == ("c-1", "left", "tool_reassigned")
    begun = [(event.child_id, event.hand) for event in events if isinstance(event, SessionStarted)]
    assert begun == [("c-1", "left"), ("c-2", "right")]


async def test_the_digits_on_a_tool_are_asked_for(room: Room) -> None:
    room.tool(passkey=42)

    async def digits() -> int:
        return 42

    candidate = await room.candidate()
    with pytest.raises(ControlError) as refused:
        async with room.client.pairing(candidate):
            pytest.fail("nobody gave the digits")
    assert refused.value.problem == "passkey_wrong"
    async with room.client.pairing(candidate, digits=digits) as held:
        assert held.tool.tool_id == "ball01"


async def test_a_problem_is_told_in_words_for_a_parent(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()
    await tool.peripheral.hide(0)
    with pytest.raises(ControlError, match="Squeeze it once") as refused:
        async with room.client.pairing(candidate):
            pytest.fail("it sleeps")
    assert (refused.value.kind, refused.value.problem) == ("CannotPair", "asleep")


async def test_what_is_not_there(room: Room) -> None:
    for call in (
        room.client.tare("ball09"),
        room.client.identify("ball09"),
        room.client.forget("ball09"),
        room.client.use("ball09", "c-1", Hand.LEFT),
    ):
        with pytest.raises(ControlError, match="ball09"):
            await call
    assert await room.client.links("ball09") == []


# -- clients that vanish, and that are clumsy or hostile


async def test_a_client_that_vanishes_releases_what_it_held(room: Room) -> None:
    tool = room.tool()
    candidate = await room.candidate()
    reader, writer = await asyncio.open_unix_connection(room.path)
    for request in ({"do": "pair.pair", "candidate": candidate}, {"do": "pair.blink"}):
        writer.write(json.dumps(request).encode() + b"\n")
        assert "error" not in json.loads(await reader.readline())
    assert tool.blinking and tool.peripheral.connection
    writer.write(b'{"do": "pair.quiet_check"}\n')
    writer.transport.abort()
    await until(lambda: not tool.peripheral.connection)
    await until(lambda: not tool.blinking)
    assert await room.client.tools() == []


async def test_a_client_that_says_nothing_does_not_keep_the_tool(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "HOLD_S", 0.3)
    tool = room.tool()
    async with room.client.pairing(await room.candidate()):
        assert tool.peripheral.connection
        await until(lambda: not tool.peripheral.connection)


async def test_only_the_hubs_user_may_ask(room: Room) -> None:
    assert stat.S_IMODE(room.path.stat().st_mode) == 0o600


NONSENSE = [
    b"\n",
    b"nonsense\n",
    b"[]\n",
    b"{}\n",
    b'{"do": "tools.burn"}\n',
    b'{"do": "tools.list", "and": "more"}\n',
    b'{"do": "tools.use", "tool": "x", "child": "../..", "hand": "left"}\n',
    b'{"do": "tools.use", "tool": "x", "child": "c-1", "hand": "third"}\n',
    b'{"do": "tool.identify", "tool": "x", "seconds": 1e9}\n',
    b'{"do": "pair.blink"}\n',
    b'{"do": "pair.finish", "child": "c-1", "hand": "left"}\n',
    b'{"do": "passkey", "passkey": 1}\n',
    b'{"do": "pair.pair", "candidate": "' + b"x" * 3000 + b'"}\n',
    b"\xff\xfe\n",
]


async def test_nonsense_gets_a_clear_error_and_the_next_request_an_answer(room: Room) -> None:
    for line in NONSENSE:
        refused, served = await room.raw(line, b'{"do": "tools.list"}\n')
        assert refused["error"]["message"].endswith("."), line
        assert "Traceback" not in refused["error"]["message"]
        assert served == {"result": []}


async def test_a_line_without_end_costs_the_connection_and_no_memory(room: Room) -> None:
    (refused,) = await room.raw(b'{"do": "' + b"x" * 100_000)
    assert "16384 bytes" in refused["error"]["message"]
    assert await room.client.answers()


async def test_requests_that_pile_up_cost_the_connection(room: Room) -> None:
    candidates = b'{"do": "pair.candidates"}\n'
    reader, writer = await asyncio.open_unix_connection(room.path)
    writer.write(candidates * 50)
    async with asyncio.timeout(5):
        lines = [json.loads(line) async for line in reader]
    assert "before the answers" in lines[-1]["error"]["message"]
    writer.close()


async def test_too_many_clients_are_told_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_TALKS", 3)
    opened = [await asyncio.open_unix_connection(room.path) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(ControlError, match="talking already"):
        await room.client.tools()
    for _, writer in opened:
        writer.close()
    async with asyncio.timeout(5):
        while True:
            try:
                assert await room.client.tools() == []
                break
            except ControlError:
                await asyncio.sleep(0.01)


async def test_whatever_is_asked_gets_one_answer(room: Room) -> None:
    rng = random.Random(3)
    words = ["tools.list", "tools.use", "tools.forget", "tool.tare", "links", "pair.pair", "pair.tare"]
    values = [*words, "ball01", "c-1", "left", 0, -1, 1e300, None, True, [], {}, "\u202e", "x" * 200]
    keys = ["tool", "child", "hand", "candidate", "seconds", "mend", "x"]
    asked = [
        {"do": rng.choice(words), **{rng.choice(keys): rng.choice(values) for _ in range(rng.randrange(4))}}
        for _ in range(200)
    ]
    reader, writer = await asyncio.open_unix_connection(room.path)
    async with asyncio.timeout(20):
        for line in (*(json.dumps(one) for one in asked), "[" * 4000, "1" * 4000, '{"do": 1e999}'):
            writer.write(line.encode() + b"\n")
            answer = json.loads(await reader.readline())
            assert len(answer) == 1 and answer.keys() <= {"result", "error"}, line
    writer.close()
    assert await room.client.tools() == []


# -- the socket itself


async def test_the_socket_of_a_killed_hub_is_replaced(config: Config) -> None:
    path = socket_path(config)
    server = await asyncio.start_unix_server(lambda *_: None, path)
    server.close()
    await server.wait_closed()
    assert path.exists()  # as a kill leaves it
    with pytest.raises(HubNotRunning, match="griphub up"):
        await ControlClient(path).tools()
    async with running(config):
        async with asyncio.timeout(5):
            while not await ControlClient(path).answers():
                await asyncio.sleep(0.01)
    assert not path.exists()


def test_a_data_folder_with_too_long_a_name_is_told(config: Config) -> None:
    deep = config.model_copy(update={"data_dir": config.data_dir / ("x" * 100)})
    with pytest.raises(SetupError, match="GRIPHUB_DATA_DIR"):
        socket_path(deep)


async def test_such_a_hub_runs_all_the_same_and_says_what_does_not(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    deep = config.model_copy(update={"data_dir": config.data_dir / ("x" * 100)})
    hub = Hub(deep, HostClock(), counted=lambda _: None)
    task = asyncio.create_task(hub.run())
    await until(lambda: "too long a name" in caplog.text)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nobody_is_there(tmp_path: Path) -> None:
    client = ControlClient(tmp_path / "hub.sock")
    assert not await client.answers()
    (tmp_path / "hub.sock").symlink_to("/nowhere")
    assert not await client.answers()


# -- an exercise of both hands


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


# -- a strength test


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
