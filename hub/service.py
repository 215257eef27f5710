"""The hub: streams the family's tools, counts, and hands every count to delivery."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.discovery import Advertisement
from ..firmware_bridge.errors import UnsupportedTool
from ..firmware_bridge.known import known_as
from ..firmware_bridge.link import GripClient
from ..firmware_bridge.link_state import LinkLog, LinkState
from ..firmware_bridge.pairing import Pairing, PasskeyDesk
from ..firmware_bridge.supervisor import LinkSupervisor
from ..firmware_bridge.tool import ToolClient
from . import watchdog
from .config import Config
from .control.address import socket_path
from .control.home import Home
from .control.server import serve
from .delivery.committer import Committer
from .delivery.notice import Notice, notice_path
from .delivery.outbox import Entry, open_outbox
from .delivery.outbox_file import Owed
from .delivery.publisher import Publisher
from .errors import SetupError, StoreError
from .homeassistant.bridge import Bridge, wanted
from .live import LiveFrame
from .lock import only_hub
from .people.sharing import Sharing
from .program.carrying import Carrier
from .program.mailbox import Mailbox
from .program.reminding import Reminding
from .records.event import Event
from .records.session import SqueezeCounted
from .session.circumstances import CALIBRATIONS
from .session.coach import Coach
from .session.exercises import Exercises
from .session.keeper import SessionKeeper
from .session.near import Near
from .tool_facts import FactKeeper
from .tool_status import StatusTeller
from .tools import FILE, ToolRegistry
from .utc import utc

log = logging.getLogger(__name__)

#: When stopping, each step of releasing the tools, and bringing out what is held back, may take so long:
#: three steps and the last are less than what the supervisor of processes grants.
STOP_STEP_S: Final = 0.7

#: What was counted is remembered for so long, to be compared with what was stored.
KEEP_COUNTED: Final = timedelta(days=30)

#: Strangers' tools that are told of in the log: once each, and no more than a street has.
MAX_STRANGERS: Final = 100


class Hub:
    """The running hub.

    Parameters
    ----------
    config : Config
    clock : HostClock
        Real time, or the fast time of a replay.
    counted : callable
        Told of each squeeze once it is committed.

    Attributes
    ----------
    links : LinkLog
        Where every tool's link stands, and how it came there.
    registry : ToolRegistry
        The home's tools.
    supervisor : LinkSupervisor
        The radios and what they hear.
    """

    def __init__(
        self, config: Config, clock: HostClock, *, counted: Callable[[SqueezeCounted], None]
    ) -> None:
        self.links = LinkLog(_tell)
        self.registry = ToolRegistry(config.data_dir / FILE, config)
        desk, real_time = PasskeyDesk(), HostClock()
        self.supervisor = LinkSupervisor(
            config.radios,
            serve=self._serve,
            wanted=self._wanted,
            log=self.links,
            clock=real_time,
            sample_clock=clock,
            bonds=config.data_dir / "bonds",
            passkey=desk.ask,
        )
        self._config = config
        self._clock = clock
        self._outbox = open_outbox(config)
        self._notice: Notice | None = None
        self._publishers = self._deliver(config)
        self._mailbox = Mailbox(config, answer=self._publishers[-1].answer)
        self._carrier = Carrier(config, self._outbox, self._carry)
        self._reminding = Reminding(config, self._outbox, lambda: utc(clock.utc_s()))
        self._committer = Committer(
            self._outbox, self._wake_publishers, lambda reason: self._say("counting", reason)
        )
        self._coach = Coach(
            config,
            clock,
            self._committer,
            tare=self._tare,
            streaming=self._streams,
            tests=lambda: self._keeper,
        )
        self._keeper = SessionKeeper(
            config,
            clock,
            self._committer,
            counted=self._tell_counted,
            live=self._tell_live,
            watched=self._watched,
            coach=self._coach,
        )
        self._statuses = StatusTeller(
            config,
            self.supervisor,
            self._committer,
            lambda tool: self.registry.get(tool) is not None,
            real_time,
        )
        self._facts = FactKeeper(
            self.supervisor.clients,
            self.links,
            battery=self._statuses.battery,
            counted=self._keeper.counted,
            calibrations=config.data_dir / CALIBRATIONS,
        )
        self._home = Home(
            self.supervisor,
            self.registry,
            Pairing(self.supervisor, desk, real_time, ours=self.registry.knows),
            real_time,
            reassigned=self._keeper.reassigned,
            squeezing=self._keeper.squeezing,
            exercises=Exercises(config, clock, self._coach, self._committer, near=self._near),
            tests=self._keeper,
            reminding=self._reminding,
            facts=self._facts.of,
        )
        self._strangers: set[str] = set()
        self._counted = counted
        self._homeassistant: Bridge | None = None
        if wanted(config):
            try:
                self._homeassistant = Bridge(
                    config,
                    clock,
                    self._outbox,
                    registry=self.registry,
                    links=self.links,
                    clients=self.supervisor.clients,
                    squeezing=self._keeper.squeezing,
                )
            except StoreError as error:
                log.error("%s Until then Home Assistant is told nothing.", error)

    def _deliver(self, config: Config) -> list[Publisher]:
        """Deliver to the home's own ingest, and to the clinic that it joined, which comes last."""
        shares = Sharing(config).held
        if (there := config.at_clinic) is None:
            held = shares if config.broker.elsewhere else None
            return [Publisher(config, self._outbox, self._say, letters=self._take_letter, held=held)]
        to_clinic = Publisher(
            there,
            self._outbox,
            lambda what, reason: self._say(f"clinic {what}", reason),
            letters=self._take_letter,
            held=shares,
            to=Owed.CLINIC,
        )
        return [Publisher(config, self._outbox, self._say), to_clinic]

    def _wake_publishers(self) -> None:
        for publisher in self._publishers:
            publisher.wake()

    def _watched(self, child_id: str) -> bool:
        return any(publisher.watched(child_id) for publisher in self._publishers)

    async def run(self) -> None:
        """Serve until cancelled; then bring out what is held back, so that a stop loses nothing.

        Raises
        ------
        SetupError
            If another hub runs on the same data folder.
        """
        with only_hub(self._config.data_dir):
            self._notice = Notice(notice_path(self._config.data_dir, "hub"))
            try:
                await self._run()
            finally:
                self._notice.close()

    def _say(self, what: str, reason: str | None) -> None:
        """Note for others why something does not go on."""
        if self._notice:
            self._notice.say(what, reason)

    async def _run(self) -> None:
        self._outbox.prune(utc(self._clock.utc_s()) - KEEP_COUNTED)
        self._keeper.restore(self._outbox.open_sessions())
        self._coach.restore(self._outbox.open_exercises())
        services = [
            asyncio.create_task(self._committer.run(), name="committer"),
            *(asyncio.create_task(one.run(), name="publisher") for one in self._publishers),
            asyncio.create_task(self._keeper.expire(), name="expiry"),
            asyncio.create_task(self._statuses.run(), name="statuses"),
            asyncio.create_task(self._coach.run(), name="coach"),
            asyncio.create_task(self._mailbox.run(), name="mailbox"),
            asyncio.create_task(self._carrier.run(), name="carrier"),
            asyncio.create_task(self._reminding.run(), name="reminders"),
            asyncio.create_task(self._answer(), name="control"),
        ]
        if self._homeassistant:
            services.append(asyncio.create_task(self._homeassistant.run(), name="homeassistant"))
        alive = asyncio.create_task(watchdog.keep(self._committer.is_alive), name="watchdog")
        links = asyncio.create_task(self.supervisor.run(), name="links")
        try:
            done, _ = await asyncio.wait([links, *services], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # none of them ends by itself: raises what went wrong
        finally:
            while not links.done():  # a radio that hangs is told again at each of its steps
                links.cancel()
                await asyncio.wait([links], timeout=STOP_STEP_S)
            with contextlib.suppress(TimeoutError):  # a full disk: what is held back goes as by a kill
                async with asyncio.timeout(STOP_STEP_S):
                    await self._keeper.pause_all()
            for task in (*services, alive):
                task.cancel()
            await asyncio.gather(*services, alive, return_exceptions=True)
            self._outbox.close()
            self.registry.close()

    async def _carry(self, events: Sequence[Event]) -> None:
        await self._committer.commit(Entry(events))

    def _take_letter(self, topic: str, payload: bytes) -> None:
        self._mailbox.put(topic, payload)

    def _streams(self, tool_id: str) -> bool:
        return tool_id in self.supervisor.clients()

    async def _tare(self, tool_id: str) -> None:
        client = self.supervisor.clients().get(tool_id)
        if client and client.capabilities.tare:
            await client.tare()

    def _near(self) -> list[Near]:
        """The home's tools, and what is known of those that stream."""
        clients = self.supervisor.clients()
        found = []
        for tool in self.registry.all():
            known = client.tool if (client := clients.get(tool.id)) else None
            found.append(
                Near(
                    tool,
                    known.kind if known else None,
                    simulated=bool(known and known.simulated),
                    streaming=known is not None,
                    counts=known is None or known.counts,
                )
            )
        return found

    def _tell_counted(self, squeeze: SqueezeCounted) -> None:
        self._counted(squeeze)
        if self._homeassistant:
            self._homeassistant.counted(squeeze)

    def _tell_live(self, frame: LiveFrame) -> None:
        for publisher in self._publishers:
            publisher.send_live(frame)
        if self._homeassistant:
            self._homeassistant.live(frame)

    async def _answer(self) -> None:
        """Let the command line and the dashboard ask; never ends by itself."""
        try:
            async with serve(socket_path(self._config), self._home):
                await asyncio.Event().wait()
        except SetupError as error:
            log.warning("%s Until then no tool can be paired while the hub runs.", error)
        await asyncio.Event().wait()

    def _wanted(self, advertisement: Advertisement) -> str | None:
        """Say which of the home's tools a device is, by what it advertises; strangers' are left alone."""
        known = known_as(advertisement)
        if known is None:
            return None
        tool_id = known.tool_id
        if self.registry.knows(tool_id, advertisement.address) and self.registry.use(tool_id):
            return tool_id
        if tool_id not in self._strangers and len(self._strangers) < MAX_STRANGERS:
            self._strangers.add(tool_id)
            log.warning("Tool %s belongs to nobody here. To use it, run `griphub pair`.", tool_id)
        return None

    async def _serve(self, client: ToolClient) -> None:
        """Take everything from one tool until it sleeps or is lost."""
        tool = client.tool
        use = self.registry.use(tool.tool_id)
        if use is None:
            raise UnsupportedTool(tool.tool_id, "its serial number is not the one that it advertises")
        try:
            if isinstance(client, GripClient):
                began_s = self._clock.monotonic_s()
                await client.set_time(self._clock.utc_s())
                # a command waits for one connection event, its answer for another: now it is known how long
                await client.set_time(self._clock.utc_s() + (self._clock.monotonic_s() - began_s) / 2)
                async for session in client.stored(partial(self._keeper.taken, tool.tool_id)):
                    await self._keeper.take_stored(session, tool, partial(self.registry.use_at, use))
                    await client.acknowledge(session)
            async for block in client.samples():
                self._facts.take(client, block)
                await self._keeper.take(block, tool, use)
            await self._keeper.end(tool.tool_id, "tool_slept")
            if isinstance(client, GripClient):
                await client.acknowledge_live()
        finally:  # also when the radio went and took this task with it; nothing where it has ended
            await self._keeper.link_lost(tool.tool_id)


def _tell(state: LinkState) -> None:
    error = f" ({state.error})" if state.error else ""
    log.info("%s is %s%s. %s", state.tool_id, state.phase, error, state.reason)
