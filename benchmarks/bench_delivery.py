"""Events a second through broker, ingest and store, beside simpler ways; and what a million that wait cost.

``--events N`` for longer runs, ``--waiting 1000000`` for a long night: by default a tenth of it. Each row of
the first table is the same messages, sent as fast as the broker takes them by the same client at QoS 1. The
broker stores each message before it says so. The rows with line protocol need Debian's victoria-metrics, or
GRIPHUB_TEST_INFLUXDB with _TOKEN and _ORG.
"""

import argparse
import asyncio
import contextlib
import json
import os
import queue
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import paho.mqtt.client as paho
import psutil
from influxdb_client.client.influxdb_client import InfluxDBClient
from rich.console import Console
from rich.table import Table

from griphub.hub import config as configuration
from griphub.hub.cli.rig import free_port
from griphub.hub.config import Config
from griphub.hub.delivery import broker, mqtt
from griphub.hub.delivery.ingest import EVENT_FILTER
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Ack, Publisher, ack_topic
from griphub.hub.records.event import Event, decode, encode
from griphub.hub.records.session import SqueezeCounted, WaveformSecond
from griphub.hub.stores.influx_points import to_point
from griphub.hub.utc import utc
from griphub.hub.waveform import encode_samples

SITE, HUB = "home", "hub"
#: As many seconds of waveform as children take for a squeeze, pauses included.
SECONDS_PER_SQUEEZE = 3
#: Messages on their way at a time; the broker lets 2,000 wait for a subscriber.
IN_FLIGHT = 500
T0_S = 1_700_000_000


def events(n: int) -> Iterator[tuple[UUID, str, bytes]]:
    """Id, topic and payload of so many events."""
    t_s = np.arange(100) / 100
    about = {"site": SITE, "hub": HUB, "child_id": "c-1", "tool_id": "ball01", "tool_kind": "ball"}
    about |= {"hand": "right", "source": "simulated", "unit": "N"}
    data = encode_samples(t_s, 20 + np.random.default_rng(1).normal(0, 1, 100).round(2))
    of: list[Event] = [
        SqueezeCounted(
            event_id=uuid4(), measured_at=utc(T0_S), session_id=UUID(int=1), number=1, onset_s=1.0,
            peak_s=1.5, offset_s=2.0, decided_s=2.2, peak=30.0, rest=0.5, impulse=20.0, ended_by="release",
            **about,
        ),
        WaveformSecond(
            event_id=uuid4(), measured_at=utc(T0_S), session_id=UUID(int=1), first_index=0, start_s=0.0,
            samples=100, data=data, **about,
        ),
    ]  # fmt: skip
    kinds = [(event.topic(), encode(event), str(event.event_id).encode()) for event in of]
    at = of[0].model_dump_json(include={"measured_at"}).split('"')[3].encode()
    for k in range(n):
        topic, payload, name = kinds[min(1, k % (SECONDS_PER_SQUEEZE + 1))]
        event_id = uuid4()
        moment = utc(T0_S + k).isoformat().replace("+00:00", "Z").encode()
        yield event_id, topic, payload.replace(name, str(event_id).encode()).replace(at, moment)


# -- the two ways beside ours, each in a process of its own


def count_only(config: Config, n: int) -> None:
    """Take messages and do nothing with them: what the broker alone can carry."""
    left, done = [n], threading.Event()

    def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        left[0] -= 1
        if not left[0]:
            done.set()

    _subscribe(config, on_message, done)


def naive(config: Config, n: int) -> None:
    """What one writes first: each message to the client's batching `WriteApi`, as it comes."""
    left, done = [n], threading.Event()
    influx = config.store.influxdb
    with (
        InfluxDBClient(influx.url, influx.token.get_secret_value(), org=influx.org) as client,
        client.write_api() as api,
    ):

        def on_message(_: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
            api.write(influx.bucket, record=to_point(decode(message.payload)))
            left[0] -= 1
            if not left[0]:
                done.set()

        _subscribe(config, on_message, done)


def _subscribe(config: Config, on_message: paho.CallbackOnMessage, done: threading.Event) -> None:
    def connected(client: paho.Client) -> None:
        client.subscribe(EVENT_FILTER, qos=1)

    client = mqtt.make_client(config, "ingest", "griphub-bench", connected=connected, durable=True)
    client.on_message = on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    mqtt.start(client, config)
    done.wait()
    mqtt.stop(client)


WAYS = {"count_only": count_only, "naive": naive}


# -- what runs around them


@contextmanager
def home(store: str, influx: dict[str, str] | None = None) -> Iterator[tuple[Config, Path]]:
    """A home's configuration in a folder of its own, with its broker running."""
    with tempfile.TemporaryDirectory(prefix="griphub-bench-") as name:
        file = Path(name) / "griphub.toml"
        lines = [f'data_dir = "{name}"', f'radio = "unix:{name}/none"', "[broker]", f"port = {free_port()}"]
        lines += ["[store]", f'kind = "{store}"']
        if influx:
            lines += ["[store.influxdb]", *(f"{key} = {json.dumps(value)}" for key, value in influx.items())]
        file.write_text("\n".join(lines) + "\n")
        config = configuration.load(file)
        server = subprocess.Popen(
            broker.command(config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _until(lambda: _listens(config.broker.port))
            yield config, file
        finally:
            server.kill()
            server.wait()


@contextmanager
def line_protocol() -> Iterator[dict[str, str] | None]:
    """Where an InfluxDB, or a VictoriaMetrics, listens; None where there is neither."""
    if url := os.environ.get("GRIPHUB_TEST_INFLUXDB"):
        token, org = (os.environ[f"GRIPHUB_TEST_INFLUXDB_{name}"] for name in ("TOKEN", "ORG"))
        bucket = f"bench_{uuid4().hex[:8]}"
        with InfluxDBClient(url, token, org=org) as client:
            buckets = [bucket, f"{bucket}_waveforms"]
            made = [client.buckets_api().create_bucket(bucket_name=name) for name in buckets]
            yield {"url": url, "token": token, "org": org, "bucket": bucket, "waveform_bucket": buckets[1]}
            for one in made:
                client.buckets_api().delete_bucket(one)
        return
    binary = shutil.which("victoria-metrics")
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="griphub-bench-") as folder:
        port = free_port()
        options = [f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
        process = subprocess.Popen([binary, *options], stderr=subprocess.DEVNULL)
        try:
            _until(lambda: _listens(port))
            yield {"url": f"http://127.0.0.1:{port}"}
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition, timeout_s: float = 3600) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise SystemExit("it did not come to that in time")
        time.sleep(0.005)


def publish(config: Config, messages: list[tuple[UUID, str, bytes]]) -> None:
    """Send everything as fast as the broker takes it."""
    room = threading.Semaphore(IN_FLIGHT)
    connected = threading.Event()
    client = mqtt.make_client(config, "hub", "griphub-bench-hub", connected=lambda _: connected.set())
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_publish = lambda *_: room.release()
    mqtt.start(client, config)
    connected.wait()
    for _, topic, payload in messages:
        room.acquire()
        client.publish(topic, payload, qos=1)
    for _ in range(IN_FLIGHT):
        room.acquire()
    mqtt.stop(client)


@contextmanager
def griphub(*command: str) -> Iterator[psutil.Process]:
    """One of the service's processes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "griphub", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def through_a_script(way: str, n: int, influx: dict[str, str] | None) -> float:
    """Seconds that a way of `WAYS` takes for so many events."""
    with home("sqlite", influx) as (config, file):
        command = [sys.executable, __file__, "--way", way, "--config", str(file), "--events", str(n)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdout.readline()
            messages = list(events(n))
            began_s = time.monotonic()
            publish(config, messages)
            process.wait()
            return time.monotonic() - began_s


def through_ingest(store: str, n: int, influx: dict[str, str] | None) -> float:
    """Seconds until so many events are in the store."""
    with home(store, influx) as (config, file), griphub("ingest", "--config", str(file)):
        journal = Journal(config.data_dir / "journal.db")
        messages = list(events(n))
        while journal.cursor(store) < 10:  # until it has subscribed
            publish(config, messages[:10])
            time.sleep(0.2)
        began_s = time.monotonic()
        publish(config, messages[10:])
        _until(lambda: journal.cursor(store) >= n)
        journal.close()
        return time.monotonic() - began_s


async def through_the_outbox(n: int) -> float:
    """Seconds until so many events in the outbox were sent and acknowledged, by one who keeps nothing."""
    with home("sqlite") as (config, _):
        acknowledge(config)
        outbox = Outbox(config.data_dir / "outbox.db")
        fill_outbox(config.data_dir / "outbox.db", n)
        publisher = Publisher(config, outbox)
        began_s = time.monotonic()
        sending = asyncio.create_task(publisher.run())
        while (await asyncio.to_thread(outbox.tally))["acknowledged"] < n:
            await asyncio.sleep(0.01)
        took_s = time.monotonic() - began_s
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        outbox.close()
        return took_s


def acknowledge(config: Config) -> None:
    """Answer for what has come, some dozen at a time as ingest does, without keeping it."""
    come: queue.Queue[UUID] = queue.Queue()

    def connected(client: paho.Client) -> None:
        client.subscribe(EVENT_FILTER, qos=1)

    def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        come.put(UUID(json.loads(message.payload)["event_id"]))

    client = mqtt.make_client(config, "ingest", "griphub-bench", connected=connected, durable=True)
    client.on_message = on_message
    mqtt.start(client, config)

    def answer() -> None:
        while True:
            names = [come.get()]
            time.sleep(0.02)
            while not come.empty():
                names.append(come.get())
            ack = Ack(event_ids=tuple(names)).model_dump_json(by_alias=True)
            client.publish(ack_topic(SITE, HUB), ack, qos=1)

    threading.Thread(target=answer, daemon=True).start()


def fill_outbox(path: Path, n: int) -> None:
    """Put events there as a long night without a broker would, but at once."""
    Outbox(path).close()
    with _filling(path) as db:
        rows = ((name.bytes, topic, payload) for name, topic, payload in events(n))
        db.executemany("INSERT INTO outbox (event_id, topic, payload) VALUES (?, ?, ?)", rows)
        db.execute("UPDATE tally SET n = n + ? WHERE name = 'committed'", (n,))


def fill_journal(path: Path, n: int) -> None:
    """Put events there as a store that was away for days would, but at once."""
    Journal(path).close()
    now_s = time.time()
    with _filling(path) as db:
        rows = ((name.bytes, now_s, payload) for name, _, payload in events(n))
        db.executemany("INSERT INTO event (event_id, received_at, payload) VALUES (?, ?, ?)", rows)


@contextmanager
def _filling(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -400000")  # kB: the index of random ids stays in memory
        yield db


def waiting_in_the_journal(n: int, store: str, influx: dict[str, str] | None) -> list[str]:
    """A row of the second table: ingest starts with so many events that the store does not have."""
    with home(store, influx) as (config, file):
        fill_journal(config.data_dir / "journal.db", n)
        journal = Journal(config.data_dir / "journal.db")
        asked_s = _seconds(lambda: journal.waiting(store))
        began_s = time.monotonic()
        with griphub("ingest", "--config", str(file)) as process:
            rss = [0]
            _until(lambda: journal.cursor(store) > 0)
            first_s = time.monotonic() - began_s

            def drained() -> bool:
                rss[0] = max(rss[0], process.memory_info().rss)
                return journal.cursor(store) >= n

            _until(drained)
            took_s = time.monotonic() - began_s
        journal.close()
        return _row(f"journal, to {store}", n, asked_s, first_s, rss[0], n / (took_s - first_s), took_s)


def waiting_in_the_outbox(n: int, sent: int) -> list[str]:
    """A row of the second table: a hub starts with so many events to send; measured until some are gone."""
    with home("sqlite") as (config, file):
        fill_outbox(config.data_dir / "outbox.db", n)
        outbox = Outbox(config.data_dir / "outbox.db")
        asked_s = _seconds(outbox.tally)
        with griphub("ingest", "--config", str(file)):
            began_s = time.monotonic()
            with griphub("hub", "--config", str(file)) as process:
                rss = [0]
                _until(lambda: outbox.tally()["acknowledged"] > 0)
                first_s = time.monotonic() - began_s

                def gone() -> bool:
                    rss[0] = max(rss[0], process.memory_info().rss)
                    return outbox.tally()["acknowledged"] >= min(n, sent)

                _until(gone)
                took_s = time.monotonic() - began_s
        outbox.close()
        rate = min(n, sent) / (took_s - first_s)
        return _row("outbox, to ingest", n, asked_s, first_s, rss[0], rate, first_s + n / rate)


def _row(
    what: str, n: int, asked_s: float, first_s: float, rss: int, rate: float, took_s: float
) -> list[str]:
    rest = (f"{asked_s * 1e3:.1f}", f"{first_s:.1f}", f"{rss / 2**20:.0f}", f"{rate:,.0f}", f"{took_s:.0f}")
    return [what, f"{n:,}", *rest]


def _seconds(work) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    n = options.events
    if options.way:
        WAYS[options.way](configuration.load(options.config), n)
        return
    console = Console(width=110)
    size = sum(len(payload) for _, _, payload in events(100)) / 100
    with line_protocol() as influx:
        took = {
            "broker alone, to a subscriber that keeps nothing": through_a_script("count_only", n, None),
            "outbox to the broker and acknowledged": asyncio.run(through_the_outbox(n)),
            "ingest, journal and SQLite": through_ingest("sqlite", n, None),
        }
        if influx:
            took["ingest, journal and line protocol"] = through_ingest("influxdb", n, influx)
            took["paho and the batching WriteApi"] = through_a_script("naive", n, influx)
        table = Table(title=f"{n:,} events of {size:.0f} bytes", box=None)
        table.add_column("way")
        table.add_column("events/s", justify="right")
        for way, took_s in took.items():
            table.add_row(way, f"{n / took_s:,.0f}")
        console.print(table)
        if not influx:
            console.print("No line protocol: neither victoria-metrics nor GRIPHUB_TEST_INFLUXDB is there.")
        table = Table(title="\nEvents that wait when a process starts", box=None)
        for column in (
            "where",
            "events",
            "asked, ms",
            "first gone, s",
            "RSS, MiB",
            "events/s",
            "all gone, s",
        ):
            table.add_column(column, justify="left" if column == "where" else "right")
        stores = [("sqlite", None), *([("influxdb", influx)] if influx else [])]
        for store, server in stores:
            table.add_row(*waiting_in_the_journal(options.waiting, store, server))
        table.add_row(*waiting_in_the_outbox(options.waiting, n))
        console.print(table)


if __name__ == "__main__":
    main()
