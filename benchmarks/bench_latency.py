"""From the last sample of a squeeze on the ball to its row in the store, and to the live page.

Aims: p99 under 300 ms to the store and 150 ms to the page, beyond what the detector itself waits.
"""

import asyncio
import json
import sqlite3
import time
import urllib.request
from http.cookiejar import CookieJar
from uuid import UUID

import numpy as np
import psutil
from many_tools import child
from path import all_started, running
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect

from griphub.dashboard.access_key import link
from griphub.hub.cli.rig import TRUTH, Rig

TOOLS = 4
PLAY_S = 90.0
POLL_S = 0.002


async def _watch_store(rig: Rig, stored: dict[tuple[str, int], tuple[float, float, float]]) -> None:
    """Note when each squeeze's row is first seen by another process than the writer."""
    path = rig.config.data_dir / "store.db"
    while not path.exists():
        await asyncio.sleep(POLL_S)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    query = "SELECT rowid, session_id, number, offset_s, decided_s FROM squeeze WHERE rowid > ?"
    last = 0
    try:
        while True:
            rows = db.execute(query, (last,)).fetchall()
            now_s = time.time()
            for rowid, session, number, offset_s, decided_s in rows:
                last = rowid
                stored[_key(session), number] = (now_s, offset_s, decided_s)
            await asyncio.sleep(POLL_S)
    finally:
        db.close()


async def _watch_page(
    rig: Rig, child_id: str, cookie: str, shown: dict[tuple[str, int], float], sessions: dict[str, str]
) -> None:
    """Note when each count arrives at a browser's socket."""
    host = f"{rig.config.dashboard.host}:{rig.config.dashboard.port}"
    headers = {"Cookie": cookie}
    async with connect(
        f"ws://{host}/live/{child_id}", origin=f"http://{host}", additional_headers=headers
    ) as page:
        async for message in page:
            frame = json.loads(message)
            if frame.get("session_id"):
                session = _key(frame["session_id"])
                sessions[session] = frame["tool_id"]
                shown.setdefault((session, frame["count"]), time.time())


def _key(session: object) -> str:
    return str(UUID(bytes=session)) if isinstance(session, bytes) else str(UUID(str(session)))


def _cookie(rig: Rig) -> str:
    jar = CookieJar()
    urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open(link(rig.config)).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


async def measure() -> None:
    """Run the path and print the delays."""
    stored: dict[tuple[str, int], tuple[float, float, float]] = {}
    shown: dict[tuple[str, int], float] = {}
    sessions: dict[str, str] = {}
    async with running(TOOLS, play_s=PLAY_S, dashboard=True) as rig:
        cookie = await asyncio.to_thread(_cookie, rig)
        watchers = [asyncio.create_task(_watch_store(rig, stored))]
        watchers += [
            asyncio.create_task(_watch_page(rig, child(n), cookie, shown, sessions)) for n in range(TOOLS)
        ]
        await all_started(rig, TOOLS)
        dashboard = psutil.Process(int((rig.config.data_dir / "run" / "dashboard.pid").read_text()))
        began_cpu_s, began = sum(dashboard.cpu_times()[:2]), time.monotonic()
        await rig.simulator_done.wait()
        share = (sum(dashboard.cpu_times()[:2]) - began_cpu_s) / (time.monotonic() - began)
        await rig.drain()
        await asyncio.sleep(10 * POLL_S)
        for watcher in watchers:
            watcher.cancel()
        for result in await asyncio.gather(*watchers, return_exceptions=True):
            if not isinstance(result, asyncio.CancelledError):
                raise SystemExit(f"a watcher ended: {result!r}")
        lines = (rig.config.data_dir / TRUTH).read_text().splitlines()
    began_s = {
        entry["tool_id"]: entry["at_s"]
        for entry in map(json.loads, lines)
        if entry["event"] == "play_started"
    }

    rows = [(key, *value) for key, value in stored.items() if key[0] in sessions]
    last_sample_s = np.array([began_s[sessions[key[0]]] + offset_s for key, _, offset_s, _ in rows])
    decided_s = np.array([began_s[sessions[key[0]]] + decided for key, _, _, decided in rows])
    in_store_s = np.array([seen_s for _, seen_s, _, _ in rows])
    # the count of a page may jump by two when two squeezes come in one frame
    on_page_s = np.array(
        [min(t for (s, n), t in shown.items() if s == key[0] and n >= key[1]) for key, *_ in rows]
    )

    table = Table(title=f"Delay of {len(rows)} squeezes from {TOOLS} balls at 100 Hz, ms", box=None)
    for column in ("", "p50", "p99", "max", "aim p99"):
        table.add_column(column, justify="left" if not column else "right")
    for what, delay_s, aim in (
        ("the detector's own wait", decided_s - last_sample_s, ""),
        ("last sample to row in the store", in_store_s - last_sample_s, ""),
        ("last sample to live page", on_page_s - last_sample_s, ""),
        ("beyond the wait, to the store", in_store_s - decided_s, "300"),
        ("beyond the wait, to the live page", on_page_s - decided_s, "150"),
    ):
        p50, p99, worst = np.percentile(delay_s * 1e3, (50, 99, 100))
        table.add_row(what, f"{p50:.0f}", f"{p99:.0f}", f"{worst:.0f}", aim)
    Console(width=100).print(table)
    Console(width=100).print(f"The dashboard used {100 * share / TOOLS:.1f} % of a core for each live page.")


if __name__ == "__main__":
    asyncio.run(measure())
