"""What the stores take and give: events a second written, a child's year and a caseload read.

InfluxDB is the server that GRIPHUB_TEST_INFLUXDB names (docs/influxdb.md). Without one the line protocol goes
to Debian's victoria-metrics, which takes the same lines and cannot be read back.
"""

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from rich.console import Console
from rich.table import Table

from griphub.hub.config import InfluxConfig
from griphub.hub.records.event import Event
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from griphub.hub.stores.contract import Store
from griphub.hub.stores.influx import InfluxStore
from griphub.hub.stores.influx_points import to_point
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.waveform import encode_samples

EVENTS = 20_000
BATCH = 2_000  # as the forwarder's
CHILDREN = 200
DAYS = 365
REPEATS = 7
SERVER = os.environ.get("GRIPHUB_TEST_INFLUXDB")
NOW = datetime.now(UTC).replace(microsecond=0)
DATA = encode_samples(np.arange(100) / 100, np.random.default_rng(1).normal(5, 2, 100))


def session(child: str, at: datetime, *, squeezes: int, seconds: int, hand: str = "left") -> list[Event]:
    """A session as the hub reports it."""
    session_id = uuid4()
    about = {
        "site": "home", "hub": "hub", "session_id": session_id, "child_id": child, "tool_id": f"ball-{child}",
        "tool_kind": "ball", "hand": hand, "source": "simulated", "unit": "N",
    }  # fmt: skip

    def made(kind: type, what: str, after_s: float, **fields: Any) -> Event:
        event: Event = kind(
            event_id=event_id(session_id, what),
            measured_at=at + timedelta(seconds=after_s),
            **about,
            **fields,
        )
        return event

    counted = [
        made(
            SqueezeCounted, f"squeeze:{n}", n * 4.0, number=n, onset_s=n * 4.0, peak_s=n * 4.0 + 0.5,
            offset_s=n * 4.0 + 1, decided_s=n * 4.0 + 1, peak=40 + n / 7, rest=0.2, impulse=30.0,
            ended_by="release", peak_sd=0.2, rise_s=0.4, release_s=0.4, rfd=90.0,
        )
        for n in range(1, squeezes + 1)
    ]  # fmt: skip
    curve = [
        made(
            WaveformSecond, f"waveform:{s}", s, first_index=s * 100, start_s=float(s), samples=100, data=DATA
        )
        for s in range(seconds)
    ]
    ended = made(
        SessionEnded, "ended", 0, ended_at=at + timedelta(seconds=max(seconds, 60)), ended_by="idle",
        goal=squeezes, squeezes=squeezes, peak=40 + squeezes / 7, median_peak=41.0, first_index=0,
        end_index=seconds * 100, received=seconds * 100, lost=0,
    )  # fmt: skip
    return [made(SessionStarted, "started", 0, goal=squeezes), *counted, *curve, ended]


def batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """As the forwarder hands them over."""
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


@contextmanager
def influx_server() -> Iterator[tuple[InfluxConfig, str]]:
    """A server for line protocol, with buckets of its own, and what it is."""
    if SERVER:
        name = f"bench_{uuid4().hex}"
        config = InfluxConfig(
            url=SERVER,
            org=os.environ["GRIPHUB_TEST_INFLUXDB_ORG"],
            token=os.environ["GRIPHUB_TEST_INFLUXDB_TOKEN"],
            bucket=name,
            waveform_bucket=f"{name}_waveforms",
        )
        with InfluxDBClient(config.url, config.token.get_secret_value(), org=config.org) as client:
            try:
                yield config, f"InfluxDB {client.version()}"  # the store makes its buckets itself
            finally:
                for bucket in (config.bucket, config.waveform_bucket):
                    if found := client.buckets_api().find_bucket_by_name(bucket):
                        client.buckets_api().delete_bucket(found)
        return
    binary = shutil.which("victoria-metrics")
    if binary is None:
        raise SystemExit("Install victoria-metrics, or point GRIPHUB_TEST_INFLUXDB at an InfluxDB 2.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        options = ["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms", "-loggerLevel=ERROR"]
        process = subprocess.Popen(
            [binary, f"-storageDataPath={folder}", f"-httpListenAddr={address}", *options]
        )
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://{address}/health", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield InfluxConfig(url=f"http://{address}"), "victoria-metrics (writes only)"
        finally:
            process.terminate()
            process.wait(20)


def write_all(store: Store, events: Sequence[Event]) -> float:
    """Seconds until a store has all of it on its disk."""
    began = time.perf_counter()
    for batch in batches(events):
        store.write(batch)
    return time.perf_counter() - began


def write_naively(config: InfluxConfig, events: Sequence[Event]) -> float:
    """The same with the client's own batching `WriteApi`, a point at a time, until its buffer is out."""
    with InfluxDBClient(config.url, config.token.get_secret_value(), org=config.org) as client:
        began = time.perf_counter()
        with client.write_api() as writer:
            for event in events:
                bucket = config.waveform_bucket if isinstance(event, WaveformSecond) else config.bucket
                writer.write(bucket, record=to_point(event))
        return time.perf_counter() - began


def median_ms(what: Callable[[], object]) -> str:
    """Median time of some runs, after one that warms up."""
    what()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        what()
        times.append(time.perf_counter() - began)
    return f"{1e3 * statistics.median(times):.1f} ms"


def reading(store: Store, long: UUID, children: Sequence[str]) -> list[str]:
    """Times of the three reads."""
    year, month = NOW - timedelta(days=DAYS), NOW - timedelta(days=28)
    return [
        median_ms(lambda: store.trend(children[0], since=year, until=NOW)),
        median_ms(lambda: store.session(long)),
        median_ms(lambda: store.caseload(children, since=month, until=NOW, tests_since=year)),
    ]


def main() -> None:
    """Print the tables."""
    console = Console(width=110)
    stream = [
        event
        for n in range(EVENTS // 152)  # two minutes of force with 30 squeezes
        for event in session(f"w-{n % 20}", NOW - timedelta(minutes=3 * n), squeezes=30, seconds=120)
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config, what = stack.enter_context(influx_server())
        sqlite: Store = stack.enter_context(closing(SqliteStore(folder / "store.db")))
        influx: Store = stack.enter_context(closing(InfluxStore(config)))

        table = Table(title=f"Writing {len(stream)} events, of which 4 in 5 are seconds of force", box=None)
        for column in ("way", "events/s", "known to be stored"):
            table.add_column(column, justify="left" if column == "way" else "right")
        for way, seconds, known in [
            ("SqliteStore, a commit on disk for 2,000", write_all(sqlite, stream), "each"),
            (f"InfluxStore to {what}", write_all(influx, stream), "each"),
            (f"naive batching WriteApi to {what}", write_naively(config, stream), "none"),
        ]:
            table.add_row(way, f"{len(stream) / seconds:,.0f}", known)
        console.print(table)

        children = [f"c-{n}" for n in range(CHILDREN)]
        year = [
            event
            for day in range(DAYS)
            for child in children
            for event in session(child, NOW - timedelta(days=day, hours=1), squeezes=0, seconds=0)
        ]
        long = session(children[0], NOW - timedelta(hours=3), squeezes=100, seconds=1200, hand="right")
        stores = [("SQLite", sqlite), *([(what, influx)] if SERVER else [])]
        table = Table(title=f"Reading, with {CHILDREN} children of {DAYS} sessions each", box=None)
        for column in ("store", "a child's year", "20 min with its curve", f"caseload of {CHILDREN}"):
            table.add_column(column, justify="left" if column == "store" else "right")
        for name, store in stores:
            write_all(store, [*year, *long])
            table.add_row(name, *reading(store, long[0].session_id, children))  # type: ignore[union-attr]
        console.print()
        console.print(table)


if __name__ == "__main__":
    main()
