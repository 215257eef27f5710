"""Three NATS servers and three ingest workers, of which one each is killed, and no event is lost or doubled.

The servers are set up as docs/scaling.md says. ``GRIPHUB_TEST_SCALE=20000@300`` runs the long version.
"""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import bcrypt
import pytest

from griphub.hub.cli.main import app
from griphub.hub.config import Config
from griphub.hub.delivery import broker as home_broker
from griphub.hub.delivery.notice import notice_path, read_notice
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.delivery.publisher import Publisher
from griphub.hub.records.ids import event_id
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.utc import utc

DOC = Path(__file__).parents[2] / "docs" / "scaling.md"
PASSWORD = "a region's secret"
HOMES = ("home-17", "home-18", "home-19")
EVENTS, PER_SECOND = map(int, os.environ.get("GRIPHUB_TEST_SCALE", "3000@600").split("@"))


def recipe(language: str) -> str:
    """A block of the page, as it stands there."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", DOC.read_text(), re.S)
    return block


def free_ports(n: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(n)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Cluster:
    """Three nats-servers on localhost."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(9)
        self.clients, self.routes, self.mqtt = ports[:3], ports[3:6], ports[6:]
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, b"2a")).decode()
        for n in range(3):
            text = recipe("nats")
            home = text[text.index('    { user: "home-17.hub"') : text.rindex("  ]\n}")]
            text = text.replace(home, "".join(home.replace("home-17", site) for site in HOMES))
            others = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self.routes)
            for example, here in {
                "server_name: n1": f"server_name: n{n + 1}",
                '"0.0.0.0:4222"': f'"127.0.0.1:{self.clients[n]}"',
                '"0.0.0.0:6222"': f'"127.0.0.1:{self.routes[n]}"',
                '["nats://n2:6222", "nats://n3:6222"]': f"[{others}]",
                "/var/lib/nats": str(folder / f"n{n + 1}"),
                '"0.0.0.0:1883"': f'"127.0.0.1:{self.mqtt[n]}"',
                "$2a$INGEST": hashed,
                "$2a$HOME17": hashed,
            }.items():
                assert example in text
                text = text.replace(example, here)
            (folder / f"n{n + 1}.conf").write_text(text)

    @property
    def addresses(self) -> list[str]:
        return [f"nats://127.0.0.1:{port}" for port in self.clients]

    def start(self, n: int) -> None:
        log = (self._folder / f"n{n + 1}.log").open("ab")
        with log:
            self._processes[n] = subprocess.Popen(
                [str(home_broker.find_nats_server()), "--config", str(self._folder / f"n{n + 1}.conf")],
                stderr=log,
            )

    def kill(self, n: int) -> None:
        self._processes[n].kill()
        self._processes[n].wait()

    def stop(self) -> None:
        for n in self._processes:
            self.kill(n)


class Workers:
    """Three ``griphub ingest`` processes with one store."""

    def __init__(self, folder: Path, cluster: Cluster, store_url: str) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        text = recipe("toml")
        for n in range(3):
            changed = text
            for example, here in {
                "/var/lib/griphub-worker-1": str(folder / f"worker-{n}"),
                '"…"': json.dumps(PASSWORD),
                '["nats://n1:4222", "nats://n2:4222", "nats://n3:4222"]': json.dumps(cluster.addresses),
            }.items():
                assert example in changed
                changed = changed.replace(example, here)
            (folder / f"worker-{n}.toml").write_text(f'{changed}\n[store.influxdb]\nurl = "{store_url}"\n')

    def start(self, n: int) -> None:
        with (self._folder / f"worker-{n}.log").open("ab") as log:
            self._processes[n] = subprocess.Popen(
                [sys.executable, "-m", "griphub", "ingest", "-c", str(self._folder / f"worker-{n}.toml")],
                stderr=log,
            )

    def kill(self, n: int) -> None:
        os.kill(self._processes[n].pid, signal.SIGKILL)
        self._processes[n].wait()

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(20)

    def took(self, n: int) -> int:
        """How many events are in a worker's journal."""
        import sqlite3

        with contextlib.closing(sqlite3.connect(self._folder / f"worker-{n}" / "journal.db")) as db:
            return int(db.execute("SELECT count(*) FROM event").fetchone()[0])


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[str]:
    """A store for several writers: VictoriaMetrics, which takes InfluxDB's line protocol."""
    program = shutil.which("victoria-metrics")
    if program is None:
        pytest.skip("needs Debian's victoria-metrics: apt-get install victoria-metrics")
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [
            program,
            f"-storageDataPath={tmp_path / 'victoria'}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=100y",
            "-loggerLevel=ERROR",
        ],
        stderr=subprocess.DEVNULL,
    )
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
            break
        assert process.poll() is None
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def stored(victoria: str) -> dict[str, list[float]]:
    """Numbers of the squeezes in the store by home, sorted; with repetitions, were there any."""
    urllib.request.urlopen(f"{victoria}/internal/force_flush", timeout=10).close()
    query = urllib.parse.urlencode({"match[]": "squeeze_number"})
    with urllib.request.urlopen(f"{victoria}/api/v1/export?{query}", timeout=30) as answer:
        rows = [json.loads(line) for line in answer]
    found: dict[str, list[float]] = {}
    for row in rows:
        points = set(zip(row["timestamps"], row["values"], strict=True))  # the same point again is one point
        found.setdefault(row["metric"]["site"], []).extend(value for _, value in points)
    return {site: sorted(values) for site, values in found.items()}


def squeeze(site: str, n: int) -> SqueezeCounted:
    session = UUID(int=HOMES.index(site))
    return SqueezeCounted(
        event_id=event_id(session, f"squeeze:{n}"),
        measured_at=utc(1_700_000_000) + timedelta(milliseconds=100 * n),
        site=site,
        hub="hub",
        session_id=session,
        child_id=f"c-{site}",
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


async def _until(condition, timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.mark.timeout(max(180, 3 * EVENTS / PER_SECOND + 150))
async def test_every_event_is_stored_once_though_a_server_and_a_worker_are_killed(
    tmp_path: Path, victoria: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster, outboxes, tasks = Cluster(tmp_path), [], []
    workers = Workers(tmp_path, cluster, victoria)
    each, pause_s = EVENTS // 3, 3 / PER_SECOND
    try:
        for n in range(3):
            cluster.start(n)
        for n in range(3):
            workers.start(n)
        for n, site in enumerate(HOMES):
            login = {
                "host": "127.0.0.1",
                "port": cluster.mqtt[n],
                "user": f"{site}.hub",
                "password": PASSWORD,
            }
            config = Config(site=site, hub="hub", data_dir=tmp_path / site, broker=login)
            outbox = Outbox(config.data_dir / "outbox.db")
            publisher = Publisher(config, outbox)
            outboxes.append((site, outbox, publisher))
            tasks.append(asyncio.create_task(publisher.run()))

        async def exercise(site: str, outbox: Outbox, publisher: Publisher) -> None:
            loop = asyncio.get_running_loop()
            began_s, done = loop.time(), 0
            while done < each:
                due = min(each, int((loop.time() - began_s) / pause_s) + 1)
                if due > done:
                    await asyncio.to_thread(outbox.commit, [squeeze(site, k) for k in range(done, due)], {})
                    done = due
                    publisher.wake()
                await asyncio.sleep(0.02)

        def acknowledged() -> int:
            return sum(outbox.tally()["acknowledged"] for _, outbox, _ in outboxes)

        # the first arrives once the cluster has found a leader and a worker has made the stream
        began_s = time.monotonic()
        streaming = [asyncio.create_task(exercise(*home)) for home in outboxes]
        await _until(lambda: acknowledged() > EVENTS // 5, 90)
        workers.kill(1)
        await _until(lambda: acknowledged() > EVENTS // 3, 90)
        cluster.kill(1)  # a hub and perhaps a worker hang on it, and a third of the stream's leaders
        await asyncio.sleep(3)
        cluster.start(1)
        workers.start(1)
        await asyncio.gather(*streaming)
        streamed_s = time.monotonic() - began_s
        await _until(lambda: acknowledged() == each * 3, 150)
        confirmed_s = time.monotonic() - began_s
        wanted = {site: [float(n + 1) for n in range(each)] for site in HOMES}
        found: dict[str, list[float]] = {}
        async with asyncio.timeout(60):
            while found != wanted:
                found = await asyncio.to_thread(stored, victoria)
                assert all(len(found.get(site, ())) <= each for site in HOMES), "none is there twice"
                await asyncio.sleep(0.5)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, outbox, _ in outboxes:
            outbox.close()
        workers.stop()
        cluster.stop()
    took = [workers.took(n) for n in range(3)]
    with capsys.disabled():
        print(
            f"\nscale-out: {each * 3} events in {streamed_s:.0f} s, confirmed after {confirmed_s:.1f} s; "
            f"lost 0, twice in the store 0; taken by the workers {took}, {sum(took) - each * 3} of them twice"
        )
    assert all(took), "all three worked"


def test_a_cluster_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    file = tmp_path / "griphub.toml"
    file.write_text(f'data_dir = "{tmp_path}"\n[ingest]\njetstream = ["nats://127.0.0.1:{port}"]\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "griphub", "ingest", "-c", str(file)], stderr=subprocess.DEVNULL
    )
    try:
        deadline_s = time.monotonic() + 20
        while "broker" not in (said := read_notice(notice_path(tmp_path, "ingest")).hindrances):
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        assert f"cannot take events from nats://127.0.0.1:{port}" in said["broker"].reason
        assert "See that most of the cluster runs" in said["broker"].reason
    finally:
        process.terminate()
        assert process.wait(20) == 0, "it ends although nothing answers"


@pytest.mark.parametrize("address", ["http://n1:4222", "n1", "nats://user:secret@n1:4222"])
def test_an_address_that_is_none_is_refused_without_its_secret(address: str, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    said = CliRunner().invoke(
        app, ["ingest", "--jetstream", address], env={"GRIPHUB_DATA_DIR": str(tmp_path)}
    )
    assert said.exit_code == 2
    assert "secret" not in said.output


def test_the_pages_worker_is_a_whole_configuration() -> None:
    config = Config(**tomllib.loads(recipe("toml")))
    assert len(config.ingest.jetstream) == config.ingest.replicas == 3
