"""The hub: finds the family's tools, streams them, counts, and hands every count to delivery."""

import asyncio
import logging
import random
from collections.abc import Callable

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from ..firmware_bridge.adapter import Adapter, open_adapter
from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import AdapterUnavailable, GripError, LinkLost
from ..firmware_bridge.link import GripClient
from ..firmware_bridge.profile import GRIP_SERVICE
from ..firmware_bridge.stream import StreamAssembler
from .config import Config, ToolConfig
from .delivery.committer import Committer
from .delivery.outbox import Outbox
from .delivery.publisher import Publisher
from .records import SqueezeCounted
from .session.keeper import SessionKeeper

log = logging.getLogger(__name__)

#: Pause before the radio is opened again, doubled up to the maximum; jittered by a quarter.
REOPEN_S, REOPEN_MAX_S = 0.25, 10.0

#: A tool that could not be used (unknown, refused, failed) is left alone for so long.
AVOID_S = 5.0

#: Tools remembered at a time; a hundred look-alikes advertising cost no more than this.
MAX_TOOLS = 250


class Hub:
    """The running hub.

    Parameters
    ----------
    config : Config
    clock : HostClock
        Real time, or the fast time of a replay.
    counted : callable
        Told of each squeeze once it is committed.
    """

    def __init__(
        self, config: Config, clock: HostClock, *, counted: Callable[[SqueezeCounted], None]
    ) -> None:
        self._config = config
        self._clock = clock
        self._outbox = Outbox(config.data_dir / "outbox.db")
        self._publisher = Publisher(config, self._outbox)
        self._committer = Committer(self._outbox, self._publisher.wake)
        self._keeper = SessionKeeper(
            config, clock, self._committer, counted=counted, live=self._publisher.send_live
        )
        self._uses = {tool.id: tool for tool in config.tools}
        self._streams: dict[str, StreamAssembler] = {}  # by address, kept while a link is lost
        self._busy: set[str] = set()
        self._avoid: dict[str, float] = {}

    async def run(self) -> None:
        """Serve until cancelled; then bring out what is held back, so that a stop loses nothing."""
        self._keeper.restore(self._outbox.open_sessions())
        services = [
            asyncio.create_task(self._committer.run(), name="committer"),
            asyncio.create_task(self._publisher.run(), name="publisher"),
            asyncio.create_task(self._keeper.expire(), name="expiry"),
        ]
        radio = asyncio.create_task(self._radio(), name="radio")
        try:
            done, _ = await asyncio.wait([radio, *services], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # none of them ends by itself: raises what went wrong
        finally:
            radio.cancel()
            await asyncio.gather(radio, return_exceptions=True)
            await self._keeper.pause_all()
            for task in services:
                task.cancel()
            await asyncio.gather(*services, return_exceptions=True)
            self._outbox.close()

    async def _radio(self) -> None:
        """Keep a radio open, whatever happens to it."""
        pause_s = REOPEN_S
        while True:
            try:
                async with open_adapter(self._config.radio, bonds=self._config.data_dir / "bonds") as adapter:
                    log.info("radio %s open", self._config.radio)
                    pause_s = REOPEN_S
                    await self._serve(adapter)
            except AdapterUnavailable as error:
                log.warning("%s Trying again in %.1f s.", error, pause_s)
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311
            pause_s = min(pause_s * 2, REOPEN_MAX_S)

    async def _serve(self, adapter: Adapter) -> None:
        """Scan, and stream every tool of ours that advertises, until the radio is gone."""
        heard: asyncio.Queue[BLEDevice] = asyncio.Queue(MAX_TOOLS)

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            if GRIP_SERVICE not in data.service_uuids or device.address in self._busy:
                return
            if self._avoid.get(device.address, 0.0) > self._clock.monotonic_s() or heard.full():
                return
            self._avoid.pop(device.address, None)
            self._busy.add(device.address)
            heard.put_nowait(device)

        tools: set[asyncio.Task[None]] = set()
        lost = asyncio.ensure_future(adapter.lost.wait())
        try:
            async with adapter.scanner(on_advertisement):
                while not lost.done():
                    next_device = asyncio.ensure_future(heard.get())
                    await asyncio.wait({next_device, lost}, return_when=asyncio.FIRST_COMPLETED)
                    if next_device.done():
                        device = next_device.result()
                        task = asyncio.create_task(self._tool(adapter, device), name=device.address)
                        tools.add(task)
                        task.add_done_callback(tools.discard)
                    else:
                        next_device.cancel()
            raise AdapterUnavailable(self._config.radio, "the radio went away")
        finally:
            lost.cancel()
            for task in tools:
                task.cancel()
            await asyncio.gather(*tools, return_exceptions=True)
            self._busy.clear()

    async def _tool(self, adapter: Adapter, device: BLEDevice) -> None:
        """Stream one tool from connecting until it sleeps or is lost."""
        tool_id: str | None = None
        try:
            async with GripClient(
                device, adapter=adapter, assembler=self._streams.get(device.address)
            ) as client:
                tool_id = client.tool.tool_id
                if use := self._use(tool_id):
                    self._streams[device.address] = client.assembler
                    async for block in client.samples():
                        await self._keeper.take(block, client.tool, use, self._clock.utc_s())
                    await self._keeper.end(tool_id, "tool_slept")
                else:
                    self._leave(device)
        except GripError as error:
            log.warning("%s", error)
            if not isinstance(error, LinkLost):
                self._leave(device)  # trying again at once would bring the same
            if tool_id:
                await self._keeper.link_lost(tool_id)
        except Exception:  # a fault of ours with one tool must not end the others' exercise
            log.exception(
                "Tool %s is left alone for a while after an error in the hub.", tool_id or device.name
            )
            self._leave(device)
            if tool_id:
                await self._keeper.link_lost(tool_id)
        finally:
            self._busy.discard(device.address)

    def _use(self, tool_id: str) -> ToolConfig | None:
        use = self._uses.get(tool_id)
        if use is None:
            log.warning("Tool %s belongs to nobody here. Add it to [[tools]] to use it.", tool_id)
        return use

    def _leave(self, device: BLEDevice) -> None:
        while len(self._avoid) >= MAX_TOOLS:
            del self._avoid[next(iter(self._avoid))]  # the oldest
        self._avoid[device.address] = self._clock.monotonic_s() + AVOID_S
