"""The whole path as supervised processes: with a home's real tools, or with simulated ones."""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.markup import escape

from ...firmware_bridge.adapter import open_adapter
from ...firmware_bridge.errors import AdapterUnavailable
from .. import config as configuration
from .. import watchdog
from ..config import Config
from ..control.address import MAX_PATH_BYTES
from ..database.engine import open_database
from ..database.migrate import require_current, upgrade
from ..delivery.broker import healthy
from ..delivery.journal import Journal
from ..delivery.outbox import open_outbox
from ..errors import SetupError
from ..join import carry_out, pending
from ..people.home import Household, settle
from ..records.session import SqueezeCounted
from ..simulation import TRUTH, control_path
from ..supervisor import Child, Supervisor, port_open, require_free_port
from .common import err, out

log = logging.getLogger(__name__)

#: What was counted has this long to reach the store once the tools are silent: usually a second, but a tool
#: that was lost at the very end has a minute to come back.
DRAIN_S = 90.0

POLL_S = 0.1

#: How soon an invitation that was accepted is seen: the page says so first.
INVITED_S = 3.0

#: A hub or ingest that says nothing for so long hangs. A slow card may hold a commit up for some seconds, and
#: a store that is away holds the forwarder up for half a minute at a time.
SILENCE_S = 90.0


class Rig:
    """Broker, hub, ingest and dashboard of one configuration, kept running.

    Parameters
    ----------
    config : Config
    config_file : Path or None
        The file that `config` came from: every process reads it for itself.
    counted : callable
        Told of each counted squeeze.
    """

    def __init__(
        self, config: Config, config_file: Path | None, counted: Callable[[SqueezeCounted], None]
    ) -> None:
        self.config = config
        self.simulator_done = asyncio.Event()
        self._file = config_file
        self._counted = counted
        try:
            config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.supervisor = Supervisor(config.data_dir / "run", {"PYTHONUNBUFFERED": "1"})
        except OSError as error:
            raise SetupError(
                f"The data folder {config.data_dir} cannot be written ({error.strerror})",
                "Mend its permissions, or choose another one with GRIPHUB_DATA_DIR or --data.",
            ) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.supervisor.stop()

    def _command(self, name: str, *options: str) -> list[str]:
        config = ("--config", str(self._file)) if self._file else ()
        return [sys.executable, "-m", "griphub", name, *config, *options]

    async def start_broker(self) -> None:
        """Start the home's broker, unless an own one is configured."""
        broker = self.config.broker
        if broker.host is not None:
            return
        require_free_port(broker.listen, broker.port, what="MQTT broker", key="broker.port")
        await self.supervisor.start(
            Child(
                "broker",
                self._command("broker"),
                ready=lambda: port_open(broker.address, broker.port),
                healthy=lambda: healthy(self.config),
            )
        )

    async def start_ingest(self) -> None:
        """Start ingest with the configured store."""
        await self.supervisor.start(Child("ingest", self._command("ingest"), watchdog_s=SILENCE_S))

    async def start_hub(self, *options: str) -> None:
        """Start the hub; what it counts is told to `counted`."""

        def on_line(line: str) -> None:
            try:
                squeeze = SqueezeCounted.model_validate_json(line)
            except ValueError:
                log.warning("hub: %s", line)
            else:
                self._counted(squeeze)

        await self.supervisor.start(
            Child("hub", self._command("hub", "--json", *options), on_line=on_line, watchdog_s=SILENCE_S)
        )

    def require_dashboard_port(self) -> None:
        """Raise `SetupError` if the dashboard could not listen."""
        host, port = self.config.dashboard.host, self.config.dashboard.port
        require_free_port(host, port, what="dashboard", key="dashboard.port")

    async def start_dashboard(self) -> None:
        """Start the dashboard and wait until it serves."""
        self.require_dashboard_port()
        host, port = self.config.dashboard.host, self.config.dashboard.port
        await self.supervisor.start(
            Child("dashboard", self._command("dashboard"), ready=lambda: port_open(host, port)), timeout_s=60
        )

    async def start_simulator(self, options: Sequence[str]) -> None:
        """Start the simulated tools; returns when their radio is up."""
        data = self.config.data_dir
        places = [
            "--listen",
            self.config.radios[0],
            "--truth",
            str(data / TRUTH),
            "--state",
            str(data / "tools"),
        ]
        control = control_path(self.config)
        if len(str(control).encode()) <= MAX_PATH_BYTES:  # else it runs without
            places += ["--control", str(control)]
        await self.start_radio([sys.executable, "-m", "griphub", "simulate", *places, *options])

    async def start_radio(self, command: Sequence[str]) -> None:
        """Start a process that runs `simulators.serve.serve`, and listen to what it says."""
        ready = asyncio.Event()

        def on_line(line: str) -> None:
            said = json.loads(line)
            if "ready" in said:
                ready.set()
            if "done" in said:
                self.simulator_done.set()

        async def wait() -> None:
            await ready.wait()

        await self.supervisor.start(Child("simulator", command, ready=wait, on_line=on_line))

    async def forever(self) -> None:
        """Do nothing but say so until cancelled, while the supervisor keeps everything running."""
        await watchdog.keep()

    async def until_invited(self) -> None:
        """The same, until a clinic's invitation is accepted, which takes that nothing runs."""
        keeping = asyncio.create_task(self.forever())
        try:
            while not pending(self.config):  # noqa: ASYNC110 - another process writes the file
                await asyncio.sleep(INVITED_S)
        finally:
            keeping.cancel()

    async def drain(self, timeout_s: float = DRAIN_S) -> bool:
        """Wait until everything counted is in the store; False if it is not in time."""
        outbox = open_outbox(self.config)
        journal = Journal(self.config.data_dir / "journal.db")
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    tally = await asyncio.to_thread(outbox.tally)
                    waiting = await asyncio.to_thread(journal.waiting, self.config.store.kind)
                    open_sessions = await asyncio.to_thread(outbox.open_sessions)
                    delivered = tally["committed"] == tally["acknowledged"]
                    if delivered and not waiting.count and not open_sessions:
                        return True
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
        finally:
            outbox.close()
            journal.close()


async def run_home(config: Config, config_file: Path | None) -> None:
    """Run the service of a home until cancelled; anew when it joins a clinic."""
    while True:
        await _run_home(config, config_file)


async def _run_home(config: Config, config_file: Path | None) -> None:
    def counted(squeeze: SqueezeCounted) -> None:
        out.print(describe(squeeze, config.model_copy(update={"children": household.all()})))

    async with Rig(config, config_file, counted) as rig:
        await asyncio.to_thread(bring_up_to_date, config)
        config = configuration.load(config_file)  # another one, if it has just joined
        household = Household(config)
        await rig.start_broker()
        await rig.start_ingest()
        await _tell_of_radio(config)
        await rig.start_hub()
        await rig.start_dashboard()
        announce(config)
        await rig.until_invited()


def bring_up_to_date(config: Config) -> None:
    """Make or upgrade the tables of people before any process needs them; take in whom the file names.

    A home that accepted a clinic's invitation joins it now, and has another configuration afterwards.
    """
    database = open_database(config)
    try:
        if config.database.url is None:
            upgrade(database)
            carry_out(config, database)
        else:  # a clinic's server is upgraded when its administrator says so
            require_current(database)
        settle(database, config)
    finally:
        database.close()


async def _tell_of_radio(config: Config) -> None:
    """Say where a person looks, and not only in the hub's log, that no tool can be heard."""
    try:
        async with open_adapter(config.radios[0]):
            pass
    except AdapterUnavailable as error:
        err.print(f"{error} The hub goes on trying.", style="bold", markup=False, soft_wrap=True)


def announce(config: Config) -> None:
    """Print where the dashboard is, with the key that opens it."""
    from ...dashboard.access_key import link

    out.print(f"\nDashboard: {link(config)}\n", soft_wrap=True)


def describe(squeeze: SqueezeCounted, config: Config) -> str:
    """One line for a counted squeeze, as a parent would say it."""
    alias = next((c.alias for c in config.children if c.id == squeeze.child_id), squeeze.child_id)
    pressure = {"kPa": "kPa (not calibrated)"}.get(squeeze.unit, str(squeeze.unit))
    sure = f"   [dim]unsure: {', '.join(squeeze.doubtful)}[/]" if squeeze.doubtful else ""
    return (
        f"{escape(alias):8} {squeeze.hand:5} {squeeze.tool_kind:6} squeeze {squeeze.number:3}   "
        f"{squeeze.peak:6.1f} {pressure}{sure}"
    )


def free_port() -> int:
    """A port of localhost that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
