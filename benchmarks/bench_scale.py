"""What a home sends, what one ingest worker takes, and what that makes for many homes: docs/scaling.md.

The run with three servers and three workers of which one each is killed is a test; its long version is
``GRIPHUB_TEST_SCALE=20000@300 python -m pytest tests/hub/test_jetstream.py -k every_event``.
"""

import asyncio
import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import nats
import numpy as np
from rich.console import Console
from rich.table import Table

from griphub.hub.config import Config
from griphub.hub.delivery import broker
from griphub.hub.delivery.forwarder import Forwarder
from griphub.hub.delivery.jetstream import STREAM, JetStreamIngest
from griphub.hub.delivery.journal import Journal
from griphub.hub.records.event import Event, encode
from griphub.hub.records.session import SqueezeCounted, WaveformSecond
from griphub.hub.stores.sqlite import SqliteStore
from griphub.hub.utc import utc
from griphub.hub.waveform import encode_samples

EVENTS = 10_000
#: A child's day: both hands for three minutes, twenty squeezes each.
SECONDS, SQUEEZES, HANDS = 180, 20, 2
#: Half of a day's sessions fall into two hours after school.
PEAK_SHARE, PEAK_S = 0.5, 2 * 3600
HOMES = (1, 100, 10_000, 1_000_000)


def events(n: int) -> list[Event]:
    """A session's mixture: a squeeze for each nine seconds of waveform at 100 Hz."""
    rng = np.random.default_rng(7)
    t_s = np.arange(100) / 100
    about = {"site": "home", "hub": "hub", "session_id": UUID(int=1), "child_id": "c-4f21ab"}
    about |= {"tool_id": "ball3f2a", "tool_kind": "ball", "hand": "right", "source": "real", "unit": "N"}
    made: list[Event] = []
    for k in range(n):
        head = about | {"event_id": uuid4(), "measured_at": utc(1_700_000_000) + timedelta(seconds=k)}
        if k % (SECONDS // SQUEEZES + 1):
            data = encode_samples(t_s, np.round(20 + rng.normal(0, 1, 100), 2))
            made.append(WaveformSecond(**head, first_index=100 * k, start_s=float(k), samples=100, data=data))
        else:
            times = {"onset_s": k + 0.0, "peak_s": k + 0.3, "offset_s": k + 0.8, "decided_s": k + 1.0}
            made.append(
                SqueezeCounted(
                    **head, number=k + 1, **times, peak=20.5, rest=0.2, impulse=9.0, ended_by="release"
                )
            )
    return made


def seconds_until(condition) -> float:
    began_s = time.perf_counter()
    while not condition():
        time.sleep(0.01)
    return time.perf_counter() - began_s


async def fill(address: str, payloads: list[tuple[str, bytes]]) -> float:
    client = await nats.connect(address)
    context = client.jetstream()
    began_s = time.perf_counter()
    for first in range(0, len(payloads), 500):
        sent = [await context.publish_async(*one) for one in payloads[first : first + 500]]
        await asyncio.gather(*sent)
    took_s = time.perf_counter() - began_s
    await client.close()
    return took_s


async def stream_is_there(address: str) -> None:
    client = await nats.connect(address)
    while True:
        with contextlib.suppress(nats.errors.Error):
            await client.jetstream().stream_info(STREAM)
            break
        await asyncio.sleep(0.05)
    await client.close()


def main() -> None:
    console = Console()
    made = events(EVENTS)
    payloads = [(event.topic().replace("/", "."), encode(event)) for event in made]
    sizes = {kind.__name__: [] for kind in (WaveformSecond, SqueezeCounted)}
    for event, (_, payload) in zip(made, payloads, strict=True):
        sizes[type(event).__name__].append(len(payload))
    per_event = sum(len(payload) for _, payload in payloads) / EVENTS
    console.print("bytes: " + ", ".join(f"{kind} {np.mean(n):.0f}" for kind, n in sizes.items()))

    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        address = f"nats://127.0.0.1:{port}"
        settings = folder / "nats.conf"
        settings.write_text(
            f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/js", sync_interval: always }}\n'
        )
        server = subprocess.Popen(
            [str(broker.find_nats_server()), "-c", str(settings)], stderr=subprocess.DEVNULL
        )
        journal, store = Journal(folder / "journal.db"), SqliteStore(folder / "store.db")
        forwarder, stop = Forwarder(journal, store), threading.Event()
        config = Config(data_dir=folder, ingest={"jetstream": [address], "replicas": 1})
        try:
            for run in ("make the stream", "work"):
                worker = threading.Thread(
                    target=JetStreamIngest(config, journal, forwarder).run, args=(stop,)
                )
                if run == "work":
                    stream_s = asyncio.run(fill(address, payloads))
                worker.start()
                if run == "work":
                    worker_s = seconds_until(lambda: journal.waiting("sqlite").count == EVENTS)
                else:
                    asyncio.run(stream_is_there(address))
                stop.set()
                worker.join()
                stop.clear()
            forwarding = threading.Thread(target=forwarder.run, args=(stop,))
            forwarding.start()
            store_s = seconds_until(lambda: journal.waiting("sqlite").count == 0)
            stop.set()
            forwarding.join()
        finally:
            stop.set()
            server.kill()
            server.wait()
            store.close()
            journal.close()
        stored = (folder / "store.db").stat().st_size / EVENTS
    console.print(
        f"events/s: one server's stream takes {EVENTS / stream_s:.0f} (each synced), "
        f"one worker {EVENTS / worker_s:.0f} from stream to journal, "
        f"forwarder to SQLite {EVENTS / store_s:.0f}; {stored:.0f} bytes an event in SQLite"
    )

    day = HANDS * (SECONDS + SQUEEZES + 2)
    table = Table("homes", "events a day", "a day", "events/s after school", "workers", "SQLite a year")
    for homes in HOMES:
        peak = homes * day * PEAK_SHARE / PEAK_S
        workers = max(1, int(np.ceil(2 * peak / (EVENTS / worker_s))))  # half is left for a queue
        table.add_row(
            f"{homes:,}",
            f"{homes * day:,}",
            f"{homes * day * per_event / 1e6:,.1f} MB",
            f"{peak:,.1f}",
            str(workers),
            f"{homes * day * 365 * stored / 1e9:,.2f} GB",
        )
    console.print(table)


if __name__ == "__main__":
    main()
