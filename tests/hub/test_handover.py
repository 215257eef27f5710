"""Over the radio: a tool played with while no hub was there, and a hub that comes later."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub.config import Config
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.records.event import Event, decode
from griphub.hub.records.session import SessionEnded, SqueezeCounted, WaveformSecond
from griphub.hub.service import Hub
from griphub.simulators import tool as tool_module
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import PlayStarted, SimulatedTool

SAMPLES = 450


def play() -> Play:
    t_s = np.arange(SAMPLES) / 100
    force = sum(20 * np.exp(-(((t_s - 1 - 1.3 * k) / 0.25) ** 2)) for k in range(3))
    return Play(t_s, np.round(1 + force, 2), WireUnit.NEWTON, -2, 100.0, (), "squeezes")


class Ball:
    """A ball, when each of its plays truly began, and the radio that it is reached by."""

    def __init__(self, folder: Path, plays: int) -> None:
        self.clock = HostClock()
        self.began_s: list[float] = []  # UTC

        def observer(event: object) -> None:
            if isinstance(event, PlayStarted):
                self.began_s.append(self.clock.utc_s())

        self.link = VirtualLink()
        self.radio = f"unix:{folder}/hci"
        self.tool = SimulatedTool(
            "ball01",
            WireKind.BALL,
            [play() for _ in range(plays)],
            link=self.link,
            clock=self.clock,
            pause_s=0.2,
            waits=False,
            bonds=folder / "ball01.json",
            flash=folder / "flash",
            observer=observer,
        )


@asynccontextmanager
async def on(ball: Ball) -> AsyncIterator[None]:
    life = asyncio.create_task(ball.tool.run())
    try:
        async with serve_hci(ball.link, ball.radio):
            yield
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


@asynccontextmanager
async def running(home: Config) -> AsyncIterator[Hub]:
    hub = Hub(home, HostClock(), counted=lambda _: None)
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=20)


async def until(condition: Callable[[], object], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


def events(home: Config) -> list[Event]:
    outbox = Outbox(home.data_dir / "outbox.db")
    try:
        return [decode(waiting.payload) for waiting in outbox.waiting(0, 10_000)]
    finally:
        outbox.close()


def ended(home: Config) -> list[SessionEnded]:
    return [event for event in events(home) if isinstance(event, SessionEnded)]


def indices(all_events: list[Event]) -> list[int]:
    pieces = [e for e in all_events if isinstance(e, WaveformSecond)]
    return sorted(i for p in pieces for i in range(p.first_index, p.first_index + p.samples))


@pytest.fixture
def house(config: Config, tmp_path: Path) -> Config:
    changes = {"radio": f"unix:{tmp_path}/hci", "session": {"resume_s": 0.3}}
    return Config(**(config.model_dump() | changes))


async def test_what_was_played_alone_arrives_once_and_with_its_time(
    house: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_module, "LINGER_S", 0.1)  # it does not wait for a hub after a play
    ball = Ball(tmp_path, plays=2)
    async with on(ball):
        await until(lambda: len(ball.began_s) == 2)  # the first is over; the second has only begun
        async with running(house):
            await until(lambda: len(ended(house)) == 2)
            await until(lambda: not ball.tool.log.sessions)  # it was told that it may forget them
    sessions = sorted(ended(house), key=lambda e: e.measured_at)
    assert [e.stored for e in sessions] == [True, False]  # the hub came while the second one lasted
    assert all(e.time_known for e in sessions)
    for session, began_s in zip(sessions, ball.began_s, strict=True):
        assert (session.received, session.lost) == (SAMPLES, 0)
        assert session.measured_at.timestamp() == pytest.approx(began_s, abs=0.05)
    assert indices(events(house)) == list(range(2 * SAMPLES))
    assert len([e for e in events(house) if isinstance(e, SqueezeCounted)]) == 6


async def test_a_hub_that_is_stopped_in_the_middle_goes_on_with_what_was_kept(
    house: Config, tmp_path: Path
) -> None:
    ball = Ball(tmp_path, plays=1)
    async with on(ball):
        async with running(house) as hub:
            await until(lambda: hub._keeper.taken("ball01", ball.tool.boot_id))
        await asyncio.sleep(1)  # nobody listens
        async with running(house):
            await until(lambda: sum(e.received for e in ended(house)) == SAMPLES)
    sessions = ended(house)
    assert sum(e.lost for e in sessions) == 0
    assert indices(events(house)) == list(range(SAMPLES))
