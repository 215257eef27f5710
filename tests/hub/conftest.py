"""A home in a temporary folder, and its real broker."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.samples import SampleBlock, ToolKind
from griphub.firmware_bridge.tool import ToolDescription
from griphub.hub.config import Config, ToolConfig
from griphub.hub.database.engine import Database
from griphub.hub.delivery import broker
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.live import LiveFrame
from griphub.hub.program import home as program_home
from griphub.hub.records.event import Event, decode
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionEnded, SqueezeCounted
from griphub.hub.session.keeper import SessionKeeper
from griphub.hub.utc import utc

from .letters import share_passwords

SESSION = UUID(int=7)
NOW_S = 1_800_000_000.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Config(
        data_dir=tmp_path,
        broker={"port": port},
        children=[{"id": "c-1", "alias": "Mia", "goal": 5}],
        tools=[{"id": "ball01", "child": "c-1", "hand": "right"}],
    )


class Broker:
    """The home's real nats-server, which can be killed and started again."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            broker.command(self._config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._config.broker.port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None, "the broker ended"

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()


@pytest.fixture
def running_broker(config: Config) -> Iterator[Broker]:
    server = Broker(config)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def squeeze() -> Callable[[int], SqueezeCounted]:
    """Make the n-th squeeze of a session."""

    def make(n: int) -> SqueezeCounted:
        return SqueezeCounted(
            event_id=event_id(SESSION, f"squeeze:{n}"),
            measured_at=utc(1_700_000_000 + n),
            site="home",
            hub="hub",
            session_id=SESSION,
            child_id="c-1",
            tool_id="ball01",
            tool_kind="ball",
            hand="right",
            source="simulated",
            unit="N",
            number=n + 1,
            onset_s=n,
            peak_s=n + 0.3,
            offset_s=n + 0.8,
            decided_s=n + 1.0,
            peak=20.5,
            rest=0.2,
            impulse=9.0,
            ended_by="release",
        )

    return make


class HouseClock(HostClock):
    """Shows what it is told; UTC is `NOW_S` at first."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.set_s = NOW_S - 1000.0
        super().__init__()

    def monotonic_s(self) -> float:
        return self.now_s

    def _system_utc_s(self) -> float:
        return self.now_s + self.set_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Home:
    """A keeper with its outbox, on a clock of its own."""

    tool = ToolDescription(
        tool_id="ball01",
        kind=ToolKind.BALL,
        manufacturer="",
        model="",
        firmware="1",
        boot_id=77,
        rate_hz=100,
        simulated=True,
        battery_percent=80,
    )

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = HouseClock()
        self.frames: list[LiveFrame] = []
        self.squeezes: list[SqueezeCounted] = []
        self.outbox = Outbox(config.data_dir / "outbox.db")
        committer = Committer(self.outbox, lambda: None)
        self.keeper = SessionKeeper(
            config, self.clock, committer, counted=self.squeezes.append, live=self.frames.append
        )
        self.use = config.tools[0]
        self._after: Home | None = None
        self._tasks = [asyncio.create_task(committer.run()), asyncio.create_task(self.keeper.expire())]

    def use_at(self, at_s: float) -> ToolConfig:
        """Who used the tool; always the same one here."""
        return self.use

    async def play(self, all_blocks: list[SampleBlock], tool: ToolDescription = tool) -> None:
        """Stream blocks as fast as they come; the clock goes on as if they were live."""
        for block in all_blocks:
            self.clock.now_s += len(block) / tool.rate_hz
            await self.keeper.take(block, tool, self.use)

    def events(self) -> list[Event]:
        return [decode(waiting.payload) for waiting in self.outbox.waiting(0, 10_000)]

    def ended(self) -> list[SessionEnded]:
        return [e for e in self.events() if isinstance(e, SessionEnded)]

    async def again(self) -> "Home":
        """The hub that is started after this one was killed."""
        await self.close()
        after = Home(self.config)
        after.clock.now_s = self.clock.now_s
        after.keeper.restore(after.outbox.open_sessions())
        self._after = after
        return after

    async def close(self) -> None:
        if self._after:
            await self._after.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.outbox.close()


@pytest.fixture
async def home(config: Config) -> AsyncIterator[Home]:
    opened = Home(config)
    yield opened
    await opened.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, to be filled."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "griphub-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system (run as root)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def clinic(config: Config, tmp_path: Path) -> Iterator[tuple[Config, Database]]:
    """The clinic has the child's home in its own database, and uses the same broker."""
    there = config.model_copy(update={"data_dir": tmp_path / "clinic"})
    with program_home.opened(there):
        pass
    share_passwords(config, there)
    desk = there.model_copy(update={"hub": "desk", "children": (), "tools": ()})
    with program_home.opened(desk) as database:
        yield desk, database


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("griphub.hub.program.sending.POLL_S", 0.05)
    monkeypatch.setattr("griphub.hub.program.sending.RETRY_S", 0.05)
