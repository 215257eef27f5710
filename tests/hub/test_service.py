"""The hub on a virtual radio that goes away, hangs, or carries strangers' tools."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from griphub.firmware_bridge import radio
from griphub.firmware_bridge.adapter import open_adapter
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.profile import WireKind, WireUnit
from griphub.hub import tool_status
from griphub.hub.config import Config
from griphub.hub.delivery.outbox import Entry
from griphub.hub.errors import SetupError, StoreError
from griphub.hub.records.event import decode
from griphub.hub.records.session import SessionEnded
from griphub.hub.records.tool import ToolSeen
from griphub.hub.service import Hub
from griphub.simulators import radio as radio_module
from griphub.simulators.plays import Play
from griphub.simulators.radio import VirtualLink, serve_hci
from griphub.simulators.tool import SimulatedTool

#: A hub ends within this time, whatever it is in the middle of.
STOP_S = 4.0


@asynccontextmanager
async def _tools(folder: Path, *names: str, rests: bool = False) -> AsyncIterator[list[SimulatedTool]]:
    """Tools that stream for a minute each, until the radio is switched off; one that rests is squeezed."""
    t_s = np.arange(6000) / 100
    force = 28 * np.sin(1.5 * t_s) ** 8 if rests else 15 + 14 * np.sin(3 * t_s)
    play = Play(t_s, np.round(force, 2), WireUnit.NEWTON, -2, 100.0, (), "wave")
    link = VirtualLink()
    tools = [
        SimulatedTool(n, WireKind.BALL, [play], link=link, clock=HostClock(), bonds=folder / f"{n}.json")
        for n in names
    ]
    tasks = [asyncio.create_task(tool.run()) for tool in tools]
    try:
        async with serve_hci(link, f"unix:{folder}/hci"):
            yield tools
        # the radio goes first, as by a kill: no tool can say that its link is lost
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def home(config: Config, tmp_path: Path) -> Config:
    changes = {"radio": f"unix:{tmp_path}/hci", "session": {"resume_s": 0.3}}
    return Config(**(config.model_dump() | changes))


@asynccontextmanager
async def _running(home: Config) -> AsyncIterator[Hub]:
    hub = Hub(home, HostClock(), counted=lambda _: None)
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        began_s = time.monotonic()
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert time.monotonic() - began_s < STOP_S


async def _until(condition: Callable[[], object], timeout_s: float = 15) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_session_ends_though_the_radio_never_comes_back(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, go_on = threading.Event(), threading.Event()
    async with _running(home) as hub:
        commit = hub._outbox.commit_all

        def slow(entries: Sequence[Entry]) -> None:
            committing.set()
            go_on.wait(10)
            commit(entries)

        async with _tools(tmp_path, "ball01"):
            await _until(hub._outbox.open_sessions)
            monkeypatch.setattr(hub._outbox, "commit_all", slow)
            await _until(committing.is_set)  # the radio goes while the hub is not listening for it
        await _until(lambda: not hub.supervisor.clients())
        go_on.set()
        await _until(lambda: not hub._outbox.open_sessions())
        last = decode(hub._outbox.waiting(0, 10_000)[-1].payload)
    assert isinstance(last, SessionEnded) and last.ended_by == "link_lost"


async def test_a_radio_that_answers_no_more_does_not_keep_the_hub_from_stopping(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _tools(tmp_path, "ball01"), _running(home) as hub:
        await _until(hub._outbox.open_sessions)
        monkeypatch.setattr(radio_module._Port, "data_received", lambda *_: None)


async def test_a_full_disk_does_not_keep_the_hub_from_stopping(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("outbox", "database or disk is full", "Free some space.")

    async with _tools(tmp_path, "ball01") as (tool,), _running(home) as hub:
        await _until(hub._outbox.open_sessions)
        monkeypatch.setattr(hub._outbox, "commit_all", full)
        sent = tool.sent
        await _until(lambda: tool.sent > sent + 20)


async def test_a_hub_whose_committer_died_says_so_and_ends(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    async with _tools(tmp_path, "ball01"):
        hub = Hub(home, HostClock(), counted=lambda _: None)
        monkeypatch.setattr(hub._outbox, "commit_all", broken)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await asyncio.wait_for(hub.run(), 15)


async def test_a_scan_that_went_deaf_is_started_anew(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "RESCAN_S", 0.3)
    async with _tools(tmp_path, "ball02") as (stranger,), _running(home) as hub:
        await _until(hub.supervisor.heard)  # it scans, and leaves a stranger's tool alone
        assert not hub.supervisor.clients()
        controllers = stranger.peripheral._link.controllers
        (controller,) = [c for c in controllers if c.name == "hub"]
        controller.le_scan_enable = False
        ours = SimulatedTool(
            "ball01", WireKind.BALL, stranger._plays, link=stranger.peripheral._link, clock=HostClock()
        )
        task = asyncio.create_task(ours.run())
        await _until(hub._outbox.open_sessions)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_without_a_radio_it_says_so_once_and_stays(
    home: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(radio, "REOPEN_MAX_S", 0.1)
    monkeypatch.setattr(radio, "REOPEN_S", 0.05)
    opened = 0

    def counting(*arguments: object, **options: object) -> object:
        nonlocal opened
        opened += 1
        return open_adapter(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(radio, "open_adapter", counting)
    async with _running(home):
        await _until(lambda: opened > 5)
    assert caplog.text.count("cannot be used") == 1
    assert "goes on trying" in caplog.text


async def test_two_hubs_on_one_data_folder(home: Config) -> None:
    async with _running(home) as hub:
        await _until(lambda: hub.supervisor.radios[0].failure)  # it runs
        second = Hub(home, HostClock(), counted=lambda _: None)
        with pytest.raises(SetupError, match="is running already"):
            await second.run()


async def test_the_log_tells_what_became_of_a_tool_and_of_strangers(
    home: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with _running(home) as hub:
        async with _tools(tmp_path, "ball01", "ball02"):
            await _until(hub.supervisor.clients)
            await _until(lambda: "ball02 belongs to nobody here" in caplog.text)
        await _until(lambda: not hub.supervisor.clients())
    phases = [str(state.phase) for state in hub.links.history("ball01")]
    assert phases[:3] == ["connecting", "streaming", "lost"]
    assert hub.links.state("ball02") is None
    assert "ball01 is lost" in caplog.text
    assert caplog.text.count("belongs to nobody") == 1


async def test_how_a_tool_is_is_told_when_it_changes_and_now_and_then(
    home: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_status, "LOOK_S", 0.05)

    def told(hub: Hub) -> list[ToolSeen]:
        events = [decode(waiting.payload) for waiting in hub._outbox.waiting(0, 10_000)]
        return [event for event in events if isinstance(event, ToolSeen)]

    async with _running(home) as hub:
        async with _tools(tmp_path, "ball01"):
            await _until(lambda: told(hub))
            looks = hub.supervisor.clients()["ball01"]
            await _until(lambda: hub._statuses._known["ball01"].tool is looks.tool)
            (first,) = told(hub)  # nothing changed since
            assert (first.tool_id, first.link, first.source) == ("ball01", "streaming", "simulated")
            assert first.battery_percent is not None and first.firmware and first.rate_hz
            monkeypatch.setattr(tool_status, "REPEAT_S", 0.0)
            await _until(lambda: len(told(hub)) > 1)
            monkeypatch.setattr(tool_status, "REPEAT_S", 300.0)
        await _until(lambda: told(hub)[-1].link in ("lost", "retrying", "away"))
        last = told(hub)[-1]
        assert last.seen_at and first.seen_at and first.seen_at <= last.seen_at <= last.measured_at
