"""Two homes, a server and a broker, each with a disk and a clock of its own, and all that can befall them."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

from network import Network
from plan import HUBS, MACHINES, MOMENTS, Blow
from tools import CHILDREN, TOOLS

from griphub.hub import config as configuration
from griphub.hub.config import Config
from griphub.hub.delivery import broker
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.records.session import SqueezeCounted
from griphub.hub.supervisor import Child, Supervisor, port_open

HERE = Path(__file__).parent
MAIN = {"north": "hub", "south": "hub", "server": "ingest", "broker": "broker"}
#: A hub's disk holds days of events, the others' some hundred thousand; small enough to be filled at once.
DISK_BYTES = {"north": 16 << 20, "south": 16 << 20, "server": 96 << 20, "broker": 64 << 20}
#: A clock an hour fast, as with a wrong time zone; one that starts far back, as a Pi without network.
CLOCK_S = {"clock forward": 3600.0, "clock back": -400 * 86_400.0}

#: The outbox forgets what was acknowledged, so each commit is also written into a ledger that does not.
LEDGER = """
CREATE TABLE ledger (number INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, payload BLOB NOT NULL);
CREATE TRIGGER ledger_of_outbox AFTER INSERT ON outbox BEGIN
    INSERT OR IGNORE INTO ledger (event_id, payload) VALUES (new.event_id, new.payload);
END;
"""


class Machine:
    """One computer: a supervisor as in a home, a disk, and what is run inside its processes."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.inside = folder / "inside" / name
        self.inside.mkdir(parents=True)
        self.disk = folder / name
        self.disk.mkdir()
        self.has_own_disk = mount(self.disk, DISK_BYTES[name])
        self.supervisor = Supervisor(self.disk / "run", {"PYTHONUNBUFFERED": "1"})
        self.file = folder / f"{name}.toml"

    def command(self, what: str, *options: str) -> list[str]:
        """The service's command, with what is needed inside it."""
        inside = [sys.executable, str(HERE / "inside.py"), str(self.inside)]
        return [*inside, what, "--config", str(self.file), *options]

    def kill(self) -> None:
        """End its process without a word."""
        with contextlib.suppress(KeyError, ProcessLookupError):
            os.kill(self.supervisor.pid(MAIN[self.name]), signal.SIGKILL)

    def arm(self, moment: str) -> None:
        """Let its process be killed when it comes to a moment."""
        (self.inside / "armed").write_text(moment)

    def disarm(self) -> bool:
        """Whether the moment never came."""
        armed = self.inside / "armed"
        there = armed.exists()
        armed.unlink(missing_ok=True)
        return there

    def set_clock(self, error_s: float) -> None:
        """Let its clock be wrong by so much."""
        new = self.inside / "clock.new"
        new.write_text(str(error_s))
        new.replace(self.inside / "clock")

    def fill(self) -> None:
        """Leave no byte free on its disk."""
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while filler.write(bytes(size)) == size:
                        pass

    def free(self) -> None:
        """Give the space back."""
        (self.disk / "filler").unlink(missing_ok=True)


def mount(folder: Path, size: int) -> bool:
    """Put a disk of its own there; False where this process may not."""
    options = f"size={size},mode=700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
    )
    return done.returncode == 0


def unmount(folder: Path) -> None:
    """Take the disk away, whoever still looks at it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


class Homes:
    """Everything that runs; `strike` is what the plan's blows do.

    Attributes
    ----------
    printed : dict of hub to list of SqueezeCounted
        What each hub told a family: all of it must be found again.
    struck : list of (Blow, began_s, ended_s)
        What truly happened, Unix time; without what never came to its moment.
    """

    def __init__(self, folder: Path, random: Random, *, store: str, play_s: float, seed: int) -> None:
        self.folder, self.random, self.seed, self.play_s = folder, random, seed, play_s
        self.machines = {name: Machine(name, folder) for name in MACHINES}
        self.configs: dict[str, Config] = {}
        self.networks: dict[str, Network] = {}
        self.printed: dict[str, list[SqueezeCounted]] = {hub: [] for hub in HUBS}
        self.struck: list[tuple[Blow, float, float]] = []
        self.tools_done = asyncio.Event()
        self.store, self.store_url = store, ""
        self._tools = Supervisor(folder / "run", {"PYTHONUNBUFFERED": "1"})

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Homes"]:
        """Start everything, and end it."""
        ports = free_port()
        async with contextlib.AsyncExitStack() as stack:
            for machine in self.machines.values():
                stack.callback(unmount, machine.disk)
                stack.push_async_callback(machine.supervisor.stop)
            stack.push_async_callback(self._tools.stop)
            for name in (*HUBS, "server"):
                network = Network(ports, Random(self.random.random()))
                self.networks[name] = await stack.enter_async_context(network)
            await self._start_broker(ports)
            if self.store == "influxdb":
                await self._start_victoria()
            self._configure("server", "ingest", "griphub")
            server = self.machines["server"].supervisor
            await server.start(Child("ingest", self.machines["server"].command("ingest")))
            await self._start_tools()
            for hub in HUBS:
                self._configure(hub, f"hub-{hub}", hub)
                await self._start_hub(hub)
            yield self

    async def _start_broker(self, port: int) -> None:
        """The home's broker, with a user for each home's hub."""
        machine = self.machines["broker"]
        config = Config(data_dir=machine.disk, broker={"port": port})
        written = broker.write_config(config)
        settings = json.loads(written.read_text())
        users = {user["user"]: user for user in settings["authorization"]["users"]}
        self._passwords = {name: user["password"] for name, user in users.items()}
        for hub in HUBS:
            self._passwords[f"hub-{hub}"] = f"{hub} {self.seed}"
            user = json.loads(json.dumps(users["hub"]).replace(".home.hub.", f".{hub}.hub."))
            user = json.loads(json.dumps(user).replace(".home.", f".{hub}."))
            user |= {"user": f"hub-{hub}", "password": self._passwords[f"hub-{hub}"]}
            settings["authorization"]["users"].append(user)
        file = self.folder / "nats.conf"
        file.write_text(json.dumps(settings))
        become = "import sys; from griphub.hub.supervisor import exec_with_supervisor as e; e(sys.argv[1:])"
        command = [sys.executable, "-c", become, str(broker.find_nats_server()), "--config", str(file)]
        await machine.supervisor.start(
            Child(
                "broker",
                command,
                ready=lambda: port_open("127.0.0.1", port),
                healthy=lambda: broker.healthy(config),
            )
        )

    async def _start_victoria(self) -> None:
        """Something that takes InfluxDB's line protocol: Debian's victoria-metrics, on a disk of its own."""
        binary, port = shutil.which("victoria-metrics"), free_port()
        assert binary, "needs Debian's victoria-metrics"
        self.store_url = f"http://127.0.0.1:{port}"
        command = [binary, f"-storageDataPath={self.folder}/victoria", f"-httpListenAddr=127.0.0.1:{port}"]
        command += ["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]  # one value per point and time
        await self._tools.start(Child("store", command, ready=lambda: port_open("127.0.0.1", port)))

    def _configure(self, name: str, user: str, site: str) -> None:
        machine = self.machines[name]
        lines = [f'site = "{site}"', f'data_dir = "{machine.disk}"', f'radio = "unix:{self.folder}/radio"']
        lines += ["[broker]", 'host = "127.0.0.1"', f"port = {self.networks[name].port}"]
        lines += [f'user = "{user}"', f'password = "{self._passwords[user]}"']
        lines += ["[homeassistant]", "enabled = false"]
        lines += ["[store]", f'kind = "{self.store}"', "[session]", "resume_s = 20"]
        if self.store_url:
            lines += ["[store.influxdb]", f'url = "{self.store_url}"']
        for number, (tool, _, child, hand, home, _) in enumerate(TOOLS):
            if home == site:
                child_id = f"{CHILDREN[child].child_id}-{number}"
                lines += ["[[children]]", f'id = "{child_id}"', f'alias = "{number}"']
                lines += ["[[tools]]", f'id = "{tool}"', f'child = "{child_id}"', f'hand = "{hand}"']
        machine.file.write_text("\n".join(lines) + "\n")
        self.configs[name] = configuration.load(machine.file)

    async def _start_tools(self) -> None:
        ready = asyncio.Event()

        def on_line(line: str) -> None:
            said = json.loads(line)
            if "ready" in said:
                ready.set()
            if "done" in said:
                self.tools_done.set()

        async def wait() -> None:
            await ready.wait()

        places = [f"unix:{self.folder}/radio", str(self.folder / "truth.jsonl"), str(self.folder / "tools")]
        command = [sys.executable, str(HERE / "tools.py"), str(self.seed), str(self.play_s), *places]
        await self._tools.start(Child("tools", command, ready=wait, on_line=on_line))

    async def _start_hub(self, hub: str) -> None:
        machine = self.machines[hub]
        outbox = Outbox(machine.disk / "outbox.db")
        outbox._db.executescript(LEDGER)
        outbox.close()

        def on_line(line: str) -> None:
            self.printed[hub].append(SqueezeCounted.model_validate_json(line))

        await machine.supervisor.start(Child("hub", machine.command("hub", "--json"), on_line=on_line))

    # -- what befalls them

    async def suffer(self, blows: list[Blow]) -> None:
        """Let a plan happen."""
        began_s = time.monotonic()

        async def one(blow: Blow) -> None:
            await asyncio.sleep(began_s + blow.at_s - time.monotonic())
            since_s = time.time()
            if await self._strike(blow):
                self.struck.append((blow, since_s, time.time()))

        async with asyncio.TaskGroup() as group:
            for blow in blows:
                group.create_task(one(blow), name=str(blow))

    async def _strike(self, blow: Blow) -> bool:
        machine, network = self.machines[blow.victim], self.networks.get(blow.victim)
        kind = blow.kind
        if kind == "power failure":
            for name in (blow.victim, "server", "broker"):
                self.machines[name].kill()
        elif kind in ("kill broker", "kill ingest", "kill hub"):
            machine.kill()
        elif kind == "hub away":  # long enough for a play to begin and end without it
            over_s = time.monotonic() + blow.for_s
            while time.monotonic() < over_s:
                machine.kill()
                await asyncio.sleep(0.2)
        elif kind == "hub frozen":
            frozen = machine.supervisor.pid("hub")
            with contextlib.suppress(ProcessLookupError):
                os.kill(frozen, signal.SIGSTOP)
            await asyncio.sleep(blow.for_s)
            with contextlib.suppress(ProcessLookupError):
                os.kill(frozen, signal.SIGCONT)
        elif kind in MOMENTS:
            return await self._kill_at(machine, kind)
        elif kind.startswith("full disk"):
            await self._while(blow, lambda: asyncio.to_thread(machine.fill), machine.free)
        elif kind.startswith("clock"):
            machine.set_clock(CLOCK_S[kind])
            await self._while(blow, _nothing, lambda: machine.set_clock(0.0))
        else:
            assert network
            await self._network(blow, network)
        return True

    async def _kill_at(self, machine: Machine, moment: str) -> bool:
        """Wait for a process to come to its moment; False if it does not while children play."""
        while (machine.inside / "armed").exists():
            await asyncio.sleep(0.05)
        machine.arm(moment)
        while (machine.inside / "armed").exists() and not self.tools_done.is_set():
            await asyncio.sleep(0.02)
        return not machine.disarm()

    async def _network(self, blow: Blow, network: Network) -> None:
        match blow.kind:
            case "cut":
                network.cut()
                await self._while(blow, _nothing, network.mend)
            case "half-open":
                connections = network.forget()
                # the client finds out by itself, or the first word after this is answered with a reset
                await self._while(blow, _nothing, lambda: [c.client.transport.abort() for c in connections])
            case "stall upwards" | "stall downwards":
                direction = network.up if blow.kind.endswith("upwards") else network.down
                direction.flowing.clear()
                await self._while(blow, _nothing, direction.flowing.set)
            case _:
                name, much = {
                    "delay": ("delay_s", 1.0),
                    "lose messages": ("lost", 0.2),
                    "repeat messages": ("repeated", 0.5),
                    "reorder messages": ("reordered", 0.3),
                }[blow.kind]
                for direction in (network.up, network.down):
                    setattr(direction, name, much)
                await asyncio.sleep(blow.for_s)
                for direction in (network.up, network.down):
                    setattr(direction, name, 0.0)

    async def _while(
        self, blow: Blow, begin: Callable[[], Awaitable[None]], end: Callable[[], object]
    ) -> None:
        try:
            await begin()
            await asyncio.sleep(blow.for_s)
        finally:
            end()


async def _nothing() -> None:
    pass


def free_port() -> int:
    """A port of localhost that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
