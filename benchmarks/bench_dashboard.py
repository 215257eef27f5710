"""How soon a page of the dashboard stands, for each role, with 200 children and a year of each.

A real store, a real server in a process of its own, a real Chromium on the same machine. Each page from the
call until its heading is there, and until nothing is drawn any more, by a browser that was never here, and
again; and what the read model behind it and the server took of that. The first page is the server's first.
"""

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import psutil
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from griphub.dashboard.access_key import load_key
from griphub.dashboard.queries import caseload
from griphub.dashboard.queries import child as child_page
from griphub.dashboard.results import Results
from griphub.dashboard.server import collect_seldom
from griphub.hub.config import ChildConfig, Config, DashboardConfig
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.people.household import let_treat, sign_in_household
from griphub.hub.people.sign_in import switch_role
from griphub.hub.program import commands, home
from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import parse_program
from griphub.hub.records.event import Event
from griphub.hub.records.ids import event_id, status_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.session import SessionEnded, SessionStarted
from griphub.hub.records.strength import Outcome, StrengthTested
from griphub.hub.records.tool import ToolSeen
from griphub.hub.stores import open_store
from griphub.hub.stores.sqlite import SqliteStore

CHILDREN, DAYS, REPEATS = 200, 365, 5
CHROMIUM = "/usr/bin/chromium"
#: A page that takes longer is too slow.
LIMIT_MS = 1500
#: By path, in each role; a page that needs a child shows the first one.
PAGES = {
    Role.THERAPIST: ("caseload", "child", "session", "program", "report", "messages"),
    Role.PARENT: ("today", "exercise", "how", "progress", "session", "report", "messages", "settings"),
    Role.ADMIN: ("tools", "people", "consent", "audit", "delivery", "settings"),
}

PROGRAM = """
title = "Home program"
[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 4 }
squeezes = { sets = 2, reps = 6, rest_s = 10, hands = "alternating" }
[[items]]
id = "dough"
activity = "play-dough"
dose = { days = ["mon", "wed", "fri"] }
minutes = 10
"""


def year_of(child: str, now: datetime, rng: np.random.Generator) -> Iterator[Event]:
    """A child's year: four days a week with each hand, ticks, feedback, and a test a month."""
    drift, spread = rng.normal(0.01, 0.02), rng.uniform(1, 4)
    for day in range(DAYS, 0, -1):
        at = now - timedelta(days=day, hours=2)
        if day % 7 in (0, 2, 4, 5):
            for hand in ("left", "right"):
                yield from _session(child, at, hand, 30 + drift * (DAYS - day) + rng.normal(0, spread))
        about = {"site": "home", "hub": "hub", "child_id": child, "measured_at": at, "day": at.date()}
        made = uuid5(UUID(int=1), f"{child}:{day}")
        if day % 7 in (0, 3):
            yield ActivityDone(
                event_id=event_id(made, "did"), item_id="dough", evidence="parent", minutes=9, **about
            )
            yield FeedbackGiven(
                event_id=event_id(made, "said"),
                said_by="parent",
                pain_before=0,
                pain_after=int(rng.choice([0, 0, 0, 2])),
                effort=5,
                enjoyment=int(rng.integers(4, 11)),
                observation="Laughed a lot." if day % 70 == 0 else "",
                **about,
            )
        if day % 30 == 0:
            yield StrengthTested(
                **_about(child, made, "right", "dynamometer", "dyno-01"),
                event_id=event_id(made, "test"),
                measured_at=at,
                protocol="ASHT 2015",
                outcome=Outcome(score=90 + rng.normal(0, 5), rule="mean"),
                trials=(),
            )
    for hand in ("left", "right"):
        yield ToolSeen(
            event_id=status_id("hub", f"{child}-{hand}", now),
            measured_at=now,
            site="home",
            hub="hub",
            tool_id=f"{child}-{hand}",
            tool_kind="ball",
            link="away",
            seen_at=now - timedelta(days=int(rng.choice([0, 0, 0, 0, 6]))),
            battery_percent=int(rng.integers(5, 100)),
        )


def _about(child: str, session_id: UUID, hand: str, kind: str, tool: str) -> dict[str, Any]:
    return {
        "site": "home", "hub": "hub", "session_id": session_id, "child_id": child, "tool_id": tool,
        "tool_kind": kind, "hand": hand, "source": "real", "unit": "N",
    }  # fmt: skip


def _session(child: str, at: datetime, hand: str, peak: float) -> Iterator[Event]:
    session_id = uuid5(UUID(int=2), f"{child}:{at}:{hand}")
    about = _about(child, session_id, hand, "ball", f"{child}-{hand}")
    yield SessionStarted(event_id=event_id(session_id, "start"), measured_at=at, goal=12, **about)
    yield SessionEnded(
        event_id=event_id(session_id, "end"), measured_at=at, ended_at=at + timedelta(minutes=2), goal=12,
        ended_by="idle", squeezes=12, peak=peak, median_peak=0.9 * peak, first_index=0, end_index=12_000,
        received=12_000, lost=0, **about,
    )  # fmt: skip


def make(folder: Path, port: int) -> tuple[Config, Path]:
    """A caseload in a folder, unless it is there from before."""
    children = tuple(ChildConfig(id=f"c-{n:03}", alias=f"Child {n:03}") for n in range(CHILDREN))
    config = Config(data_dir=folder, dashboard=DashboardConfig(port=port), children=children)
    file = folder / "griphub.toml"
    lines = [f'data_dir = "{folder}"', f"dashboard.port = {port}"]
    for child in children:
        lines += ["[[children]]", f'id = "{child.id}"', f'alias = "{child.alias}"']
    file.write_text("\n".join(lines))
    if (folder / "store.db").exists():
        return config, file
    now, rng = datetime.now(UTC), np.random.default_rng(1)
    with contextlib.closing(SqliteStore(folder / "store.db")) as store:
        for child in children:
            store.write(list(year_of(child.id, now, rng)))
    program = parse_program(PROGRAM, builtin())
    with home.opened(config) as database:
        let_treat(database, config)
        begin = now.date() - timedelta(days=DAYS)
        with database.work(Actor.part("bench")) as work:
            for child in children:
                commands.prescribe(work, child.id, program, valid_from=begin, today=begin)
    return config, file


def therapist(config: Config, database: Database) -> Actor:
    """Whom the pages are drawn for."""
    signed_in = sign_in_household(database, config)
    return switch_role(database, signed_in.token, Role.THERAPIST).actor


def median_ms(what: Callable[[], object]) -> tuple[float, float]:
    """Median time of some runs after one that warms up: by the clock, and of the processor."""
    what()
    times, busy = [], []
    for _ in range(REPEATS):
        began, worked = time.perf_counter(), time.process_time()
        what()
        times.append(time.perf_counter() - began)
        busy.append(time.process_time() - worked)
    return 1e3 * statistics.median(times), 1e3 * statistics.median(busy)


def read_models(config: Config) -> dict[str, tuple[float, float]]:
    """Milliseconds of the questions behind the pages: by the clock, and of the processor."""
    collect_seldom()  # as the server does
    with home.opened(config) as database, contextlib.closing(open_store(config, read_only=True)) as store:
        actor, now = therapist(config, database), datetime.now(UTC)
        results = Results(store, [child.id for child in config.children])

        def lines() -> None:
            with database.reading(actor, "bench") as work:
                caseload.lines(work, results, config, now)

        def one() -> None:
            with database.reading(actor, "bench") as work:
                child_page.read(work, results, config, config.children[0].id, now, weeks=8)

        return {"caseload": median_ms(lines), "child": median_ms(one)}


@contextlib.contextmanager
def served(config: Config, file: Path) -> Iterator[psutil.Process]:
    """The dashboard in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "griphub", "dashboard", "--config", str(file)])
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", config.dashboard.port), timeout=1).close()
                break
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def paint_ms(
    browser: Browser, config: Config, server: psutil.Process, role: Role, path: str
) -> tuple[float, ...]:
    """Milliseconds of a page, cold and again: until its heading, until all, and of the server's processor."""
    address = f"http://127.0.0.1:{config.dashboard.port}"
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        tab = context.new_page()
        for door in (f"?key={load_key(config)}", f"access/role/{role}"):
            context.request.get(f"{address}/{door}", max_redirects=0)  # a page would be a call already
        calls = []
        for _ in range(1 + REPEATS):
            began, before = time.perf_counter(), server.cpu_times()
            tab.goto(f"{address}/{path}", wait_until="commit")
            tab.locator("h1").first.wait_for()
            headed = time.perf_counter()
            tab.locator('[data-test-script-state="notRunning"]').first.wait_for(state="attached")
            whole, after = time.perf_counter(), server.cpu_times()
            busy = after.user + after.system - before.user - before.system
            calls.append((1e3 * (headed - began), 1e3 * (whole - began), 1e3 * busy))
        return (*calls[0], *(statistics.median(some) for some in zip(*calls[1:], strict=True)))
    finally:
        context.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder to keep the caseload in, for another run")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack, socket.socket() as probe:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        config, file = make(folder, port)
        read = read_models(config)
        load = os.getloadavg()[0] / (os.cpu_count() or 1)  # above 1 times by the clock say little
        title = (
            f"Milliseconds; {CHILDREN} children, {DAYS} days of each; "
            f"{load:.1f} processes wait for each processor"
        )
        table = Table(title=title, box=None)
        for column in (
            "page",
            "read: clock, processor",
            "first call: heading",
            "all of it",
            "server's processor",
            "again: heading",
            "all of it",
            "server's processor",
            f"under {LIMIT_MS} ms",
        ):
            table.add_column(column, justify="left" if column == "page" else "right")
        with served(config, file) as server, sync_playwright() as playwright:
            options_ = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options_)
            for role, path in [(role, path) for role, paths in PAGES.items() for path in paths]:
                times = paint_ms(browser, config, server, role, path)
                asked = "{:.0f}, {:.0f}".format(*read[path]) if path in read else "–"
                verdict = "yes" if max(times[0], times[4]) < LIMIT_MS else "NO"
                table.add_row(f"{role}: {path}", asked, *(f"{ms:.0f}" for ms in times), verdict)
            browser.close()
        Console(width=130).print(table)


if __name__ == "__main__":
    main()
