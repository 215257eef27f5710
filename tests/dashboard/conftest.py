"""Plausible sessions, a real store, a real broker, and the configuration that ties the dashboard to both.

Sessions are half-sine squeezes over a resting level, made without the code under test.
"""

import asyncio
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import numpy as np
import paho.mqtt.client as paho
import pytest
from playwright.sync_api import Browser, sync_playwright

from griphub.dashboard import context, pairing_session, viewer
from griphub.firmware_bridge import held_tool
from griphub.firmware_bridge import pairing as bridge_pairing
from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.samples import ToolKind, Unit
from griphub.hub.config import BrokerConfig, ChildConfig, Config, DashboardConfig
from griphub.hub.control import handler as control_handler
from griphub.hub.control.address import socket_path
from griphub.hub.control.home import Home
from griphub.hub.control.server import serve
from griphub.hub.database.actor import Actor, Role
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery import mqtt
from griphub.hub.delivery.committer import Committer
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.people.household import let_treat
from griphub.hub.program import commands
from griphub.hub.program import home as program_home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.records.event import Event, decode
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.records.strength import Outcome, StrengthTested, TestTrial
from griphub.hub.records.vocabulary import Hand, Source
from griphub.hub.session.coach import Coach
from griphub.hub.session.exercises import Exercises
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.waveform import encode_samples

from .browsing import CHROMIUM, FLAGS
from .families import PROGRAM
from .house import House


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        data_dir=tmp_path,
        broker=BrokerConfig(port=free_port()),
        dashboard=DashboardConfig(port=free_port()),
        children=(
            ChildConfig(id="c-ada", alias="Ada", goal=15),
            ChildConfig(id="c-ben", alias="Ben", goal=10),
        ),
    )


@pytest.fixture
def sign_in(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Config]]:
    """Shows an installation to somebody in a role: a real session of the home's own account."""

    def as_role(role: Role = Role.PARENT, shown: Config = config) -> Config:
        context.bind(shown)
        let_treat(context.database(), shown)
        token = context.sign_ins().with_key().token
        if role is not Role.PARENT:
            token = context.sign_ins().switch(token, role).token
        # AppTest has no browser, and so no cookie
        monkeypatch.setattr(viewer, "token", lambda: token)
        return shown

    yield as_role
    context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; each test opens contexts of its own. While it is open no coroutine can be tested."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def house(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A running hub on a virtual radio, without any tool; waits are short."""
    monkeypatch.setattr(bridge_pairing, "FRESH_S", 1.0)
    monkeypatch.setattr(held_tool, "QUIET_S", 0.6)
    monkeypatch.setattr(control_handler, "LIST_S", 0.05)
    monkeypatch.setattr(pairing_session, "AGAIN_S", 0.05)
    made = House(config)
    made.open()
    made.start_hub()
    yield made
    made.close()


@pytest.fixture
def broker(config: Config) -> Iterator[subprocess.Popen[bytes]]:
    """The home's broker, answering."""
    child = subprocess.Popen(home_broker.command(config), stderr=subprocess.DEVNULL)
    try:
        wait_for_port(config.broker.port)
        yield child
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def hub_client(config: Config, broker: subprocess.Popen[bytes]) -> Iterator[paho.Client]:
    """A client with the hub's rights, to publish frames with."""
    client = mqtt.make_client(config, "hub", "test-hub", connected=lambda _: None)
    mqtt.start(client, config)
    deadline = time.monotonic() + 10
    while not client.is_connected():
        assert time.monotonic() < deadline, "the broker did not answer"
        time.sleep(0.01)
    yield client
    mqtt.stop(client)


@pytest.fixture
def start_dashboard(config: Config) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the dashboard in a process of its own and waits until it answers."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        file = config.data_dir / "griphub.toml"
        lines = [
            f'data_dir = "{config.data_dir}"',
            f"broker.port = {config.broker.port}",
            f"dashboard.port = {config.dashboard.port}",
        ]
        for child in config.children:
            lines += [
                "[[children]]",
                f'id = "{child.id}"',
                f'alias = "{child.alias}"',
                f"goal = {child.goal}",
            ]
        file.write_text("\n".join(lines))
        process = subprocess.Popen(
            [sys.executable, "-m", "griphub", "dashboard", "--config", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        wait_for_port(config.dashboard.port)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def wait_for_port(port: int, timeout_s: float = 20) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)


FS = 100
REST = 0.8
#: One squeeze every two seconds, each 0.9 s long.
PERIOD_S, SQUEEZE_S = 2.0, 0.9


def _session_events(
    name: str,
    started_at: datetime,
    *,
    child: str = "c-ada",
    hand: Hand = Hand.LEFT,
    tool: str = "ball-01",
    kind: ToolKind = ToolKind.BALL,
    unit: Unit = Unit.NEWTON,
    source: Source = Source.SIMULATED,
    peaks: tuple[float, ...] = (30.0, 34.0, 32.0),
    goal: int = 15,
    gap_s: tuple[float, float] | None = None,
    doubtful: dict[int, tuple[str, ...]] | None = None,
) -> list[Event]:
    """All events of one session; samples within `gap_s` are lost."""
    doubtful = doubtful or {}
    session_id = uuid5(UUID(int=7), name)
    shared = {
        "site": "home",
        "hub": "hub",
        "session_id": session_id,
        "child_id": child,
        "tool_id": tool,
        "tool_kind": kind,
        "hand": hand,
        "source": source,
        "unit": unit,
    }

    def head(what: str, offset_s: float = 0.0) -> dict[str, object]:
        return {
            **shared,
            "event_id": event_id(session_id, what),
            "measured_at": started_at + timedelta(seconds=offset_s),
        }

    length_s = PERIOD_S * len(peaks) + 1.0
    t_s = np.arange(round(length_s * FS)) / FS
    values = np.full(t_s.size, REST) + 0.05 * np.sin(37 * t_s)
    events: list[Event] = [SessionStarted(**head("start"), goal=goal)]
    for number, peak in enumerate(peaks, 1):
        onset = 0.5 + PERIOD_S * (number - 1)
        within = (t_s >= onset) & (t_s < onset + SQUEEZE_S)
        values[within] += peak * np.sin(np.pi * (t_s[within] - onset) / SQUEEZE_S)
        events.append(
            SqueezeCounted(
                **head(f"squeeze:{number}", onset),
                number=number,
                onset_s=onset,
                peak_s=onset + SQUEEZE_S / 2,
                offset_s=onset + SQUEEZE_S,
                decided_s=onset + SQUEEZE_S + 0.3,
                peak=peak,
                rest=REST,
                impulse=peak * SQUEEZE_S * 2 / np.pi,
                ended_by="release",
                doubtful=doubtful.get(number, ()),
            )
        )
    kept = np.ones(t_s.size, bool) if gap_s is None else (t_s < gap_s[0]) | (t_s >= gap_s[1])
    for second in range(int(np.ceil(length_s))):
        at = np.flatnonzero(kept & (t_s >= second) & (t_s < second + 1))
        if at.size:
            start_s = float(t_s[at[0]])
            events.append(
                WaveformSecond(
                    **head(f"waveform:{at[0]}", start_s),
                    first_index=int(at[0]),
                    start_s=start_s,
                    samples=int(at.size),
                    data=encode_samples(t_s[at] - start_s, values[at]),
                )
            )
    events.append(
        SessionEnded(
            **head("end"),
            ended_at=started_at + timedelta(seconds=length_s),
            ended_by="idle",
            goal=goal,
            squeezes=len(peaks),
            doubtful=len(doubtful),
            peak=max(peaks, default=None),
            median_peak=float(np.median(peaks)) if peaks else None,
            first_index=0,
            end_index=t_s.size,
            received=int(kept.sum()),
            lost=int((~kept).sum()),
        )
    )
    return events


def _eight_weeks(now: datetime | None = None, *, child: str = "c-ada") -> list[Event]:
    """Four sessions a week with each hand: the stronger right hand with one ball, the left with two."""
    now = now or datetime.now(UTC)
    rng = np.random.default_rng(7)
    events: list[Event] = []
    for week in range(8):
        for day in (0, 2, 4, 5):
            started = now - timedelta(weeks=7 - week, days=6 - day, hours=2)
            for hand, base, tool in (
                (Hand.LEFT, 26.0, "ball-01" if week < 5 else "ball-03"),
                (Hand.RIGHT, 38.0, "ball-02"),
            ):
                top = base + 0.9 * week + rng.normal(0, 1.6)
                peaks = tuple(float(p) for p in top * rng.uniform(0.72, 1.0, 15))
                last = week == 7 and day == 5
                events += _session_events(
                    f"{child}:{week}:{day}:{hand}",
                    started + (timedelta(minutes=12) if hand is Hand.RIGHT else timedelta()),
                    child=child,
                    hand=hand,
                    tool=tool,
                    peaks=peaks,
                    gap_s=(11.2, 12.1) if last else None,
                    doubtful={6: ("many of its samples were lost",), 11: ("sensor at the end of its range",)}
                    if last
                    else None,
                )
    return events


def _strength_test(
    child: str = "c-ada", *, days_ago: float = 1, score: float | None = 100.0, **more: Any
) -> StrengthTested:
    """A strength test with a dynamometer, as the hub tells it."""
    session_id = uuid4()
    trials = tuple(
        TestTrial(
            session_id=session_id,
            begin_s=20.0 * n,
            end_s=20.0 * n + 5,
            practice=n == 0,
            peak=(score or 50.0) + n,
            faults=("short_hold",) if n == 2 else (),
        )
        for n in range(4)
    )
    return StrengthTested(
        **{
            "event_id": event_id(session_id, "strength_test"),
            "measured_at": datetime.now(UTC) - timedelta(days=days_ago),
            "site": "home",
            "hub": "hub",
            "session_id": session_id,
            "child_id": child,
            "tool_id": "dyno-01",
            "tool_kind": ToolKind.DYNAMOMETER,
            "hand": Hand.RIGHT,
            "source": Source.REAL,
            "unit": Unit.NEWTON,
            "protocol": "ASHT 2015",
            "outcome": Outcome(score=score, rule="mean", cv_percent=2.0, left_out=1),
            "trials": trials,
            "firmware": "1.2",
            "calibration_id": "cal-1",
        }
        | more
    )


@pytest.fixture
def make_strength_test() -> Callable[..., StrengthTested]:
    """Make a strength test."""
    return _strength_test


@pytest.fixture
def session_events() -> Callable[..., list[Event]]:
    """Builds all events of one session."""
    return _session_events


@pytest.fixture
def eight_weeks() -> Callable[..., list[Event]]:
    """Builds a child's eight weeks."""
    return _eight_weeks


@pytest.fixture
def fill(config: Config) -> Callable[[list[Event]], None]:
    """Writes events to the configured store, as ingest does."""

    def write(events: list[Event]) -> None:
        store = SqliteStore(config.data_dir / "store.db")
        store.write(events)
        store.close()

    return write


@pytest.fixture
def home_hub(config: Config, fill: Callable[[list[Event]], None]) -> Iterator[Callable[[], list[Event]]]:
    """A hub that takes in what a family tells, by its real socket, committer and outbox; it has no radio.

    Called, it delivers to the store what waits in the outbox, and returns it.
    """
    outbox = Outbox(config.data_dir / "outbox.db")
    committer = Committer(outbox, committed=lambda: None)
    exercises = Exercises(config, HostClock(), cast("Coach", None), committer, near=list)
    home = cast("Home", SimpleNamespace(exercises=exercises))
    loop, ended, listening = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def run() -> None:
        async with serve(socket_path(config), home):
            committing = asyncio.ensure_future(committer.run())
            listening.set()
            await ended.wait()
            committing.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert listening.wait(10)
    sent: set[UUID] = set()

    def deliver() -> list[Event]:
        with sqlite3.connect(config.data_dir / "outbox.db") as db:
            waiting = [decode(payload) for (payload,) in db.execute("SELECT payload FROM outbox")]
        new = [one for one in waiting if one.event_id not in sent]
        sent.update(one.event_id for one in new)
        fill(new)
        return new

    yield deliver
    loop.call_soon_threadsafe(ended.set)
    thread.join(10)
    loop.close()
    outbox.close()


@pytest.fixture
def prescribe(sign_in: Callable[..., Config]) -> Callable[..., date]:
    """Gives a child a program that holds since three weeks ago; returns the family's today."""

    def give(text: str = PROGRAM, child: str = "c-ada", weeks: int = 3) -> date:
        day = program_home.today(context.config(), datetime.now(UTC))
        begin = day - timedelta(weeks=weeks)
        program = parse_program(text, builtin())
        with context.database().work(Actor.part("test")) as work:
            commands.prescribe(work, child, program, valid_from=begin, today=begin)
        return day

    return give
