"""Commands that run one process of the service, and the one that runs them all."""

import asyncio
import json
import signal
import sys
import threading
import time
from typing import Annotated

import typer

from .. import config as configuration
from .. import watchdog
from ..config import Config
from .common import ConfigOption, JsonOption, VerboseOption, err, out, run_until_stopped, set_up_logging

#: Ingest and forwarder come round each second. A store that is away holds the forwarder up for its longest
#: pause and some requests' timeouts: half a minute each.
HANGS_S = 75.0


def up(config: ConfigOption = None, verbose: VerboseOption = False) -> None:
    """Run the whole service for a home: broker, hub, ingest and dashboard."""
    from .rig import run_home

    set_up_logging(verbose)
    run_until_stopped(run_home(configuration.load(config), config))


def hub(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    radio: Annotated[
        str | None,
        typer.Option(
            help="`system` for this machine's Bluetooth, or an HCI transport such as unix:/run/radio."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(hidden=True, help="Run the clock faster, for replays.")] = 1.0,
    epoch: Annotated[float | None, typer.Option(hidden=True, help="UTC that the clock starts at.")] = None,
) -> None:
    """Connect to the family's tools, count squeezes, and send every count."""
    from ...firmware_bridge.clock import HostClock
    from ..records.session import SqueezeCounted
    from ..service import Hub

    set_up_logging(verbose)
    settings = configuration.load(config)
    if radio is not None:
        settings = settings.model_copy(update={"radio": radio})

    def counted(squeeze: SqueezeCounted) -> None:
        if as_json:
            sys.stdout.write(squeeze.model_dump_json(by_alias=True) + "\n")
            sys.stdout.flush()
        else:
            out.print(
                f"{squeeze.tool_id}  {squeeze.hand:5}  squeeze {squeeze.number:3}  "
                f"{squeeze.peak:6.1f} {squeeze.unit}  {squeeze.offset_s - squeeze.onset_s:4.2f} s"
            )

    run_until_stopped(Hub(settings, HostClock(speed, epoch), counted=counted).run())


def ingest(
    config: ConfigOption = None,
    verbose: VerboseOption = False,
    jetstream: Annotated[
        list[str] | None,
        typer.Option(
            help="Share the work with other workers on a NATS cluster: nats://… of a server; again for more."
        ),
    ] = None,
) -> None:
    """Take events from the broker, commit them, pass them on to the store, and send homes their programs."""
    from ..child.erased import Erased
    from ..delivery.forwarder import Forwarder
    from ..delivery.ingest import Ingest
    from ..delivery.jetstream import JetStreamIngest
    from ..delivery.journal import Journal
    from ..delivery.notice import Notice, notice_path
    from ..program.family_post import FamilyPost
    from ..program.sending import Sender
    from ..stores import open_store

    set_up_logging(verbose)
    settings = configuration.load(config)
    if jetstream:
        try:
            section = configuration.IngestConfig(jetstream=jetstream, replicas=settings.ingest.replicas)
        except ValueError:
            raise typer.BadParameter("must look like tls://nats1.example.org:4222") from None
        settings = settings.model_copy(update={"ingest": section})
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    notice = Notice(notice_path(settings.data_dir, "ingest"))
    journal = Journal(settings.data_dir / "journal.db")
    store = open_store(settings, read_only=False)
    erased = Erased(settings.data_dir)
    forwarder = Forwarder(journal, store, lambda reason: notice.say(store.name, reason), erased.concerns)
    sender = Sender(settings, notice.say)
    post = FamilyPost(settings, journal, notice.say)
    threads = [
        threading.Thread(target=forwarder.run, args=(stop,), name="forwarder"),
        threading.Thread(target=sender.run, args=(stop,), name="letters"),
        threading.Thread(target=post.run, args=(stop,), name="family post"),
    ]
    for thread in threads:
        thread.start()
    kind = JetStreamIngest if settings.ingest.jetstream else Ingest
    taking = kind(settings, journal, forwarder, notice.say)

    def alive() -> bool:
        oldest_s = min(taking.turned_s, forwarder.turned_s, sender.turned_s, post.turned_s)
        return all(thread.is_alive() for thread in threads) and time.monotonic() - oldest_s < HANGS_S

    watchdog.keep_in_thread(alive, stop)
    try:
        taking.run(stop)
    finally:
        stop.set()
        forwarder.notify()
        for thread in threads:
            thread.join()
        store.close()
        journal.close()
        notice.close()


def dashboard(config: ConfigOption = None, verbose: VerboseOption = False) -> None:
    """Serve the dashboard on localhost."""
    from ...dashboard.server import run

    set_up_logging(verbose)
    run(configuration.load(config))


def scan(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long to listen.")] = 5.0,
    radio: Annotated[str | None, typer.Option(help="Radio to use instead of the configured one.")] = None,
) -> None:
    """List the tools that are awake and near."""
    from ...firmware_bridge.discovery import scan as listen

    set_up_logging()
    settings: Config = configuration.load(config)
    found = asyncio.run(listen(timeout_s=seconds, radio=radio or settings.radios[0]))
    if as_json:
        out.print_json(
            json.dumps([{"name": f.name, "address": f.address, "rssi_dbm": f.rssi_dbm} for f in found])
        )
        return
    for tool in found:
        out.print(f"{tool.name:10} {tool.address:40} {tool.rssi_dbm} dBm")
    if not found:
        err.print("No tool was heard. Wake it with a squeeze and see that no phone is connected to it.")
