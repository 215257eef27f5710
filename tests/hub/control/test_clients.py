"""The hub's socket, and what hostile, clumsy and vanishing clients cost."""

import asyncio
import json
import random
import stat
from pathlib import Path

import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.hub.config import Config
from griphub.hub.control import server, talk
from griphub.hub.control.address import HubNotRunning, socket_path
from griphub.hub.control.answers import ControlError
from griphub.hub.control.client import ControlClient
from griphub.hub.errors import SetupError
from griphub.hub.service import Hub

from .room import Room, running, until


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
