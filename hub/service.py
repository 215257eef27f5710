"""The hub: finds the family's tools, streams them, counts, and hands every count to delivery."""

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from ..firmware_bridge.adapter import Adapter, open_adapter
from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.errors import AdapterUnavailable, GripError, LinkLost
from ..firmware_bridge.link import GripClient
from ..firmware_bridge.profile import GRIP_SERVICE
from ..firmware_bridge.stream import StreamAssembler
from .config import Config
from .delivery.committer import Committer
from .delivery.outbox import Outbox
from .delivery.publisher import Publisher
from .records import SqueezeCounted, utc
from .session.keeper import SessionKeeper

log = logging.getLogger(__name__)

#: Pause before the radio is opened again, doubled up to the maximum; jittered by a quarter.
REOPEN_S, REOPEN_MAX_S = 0.25, 10.0

#: A scan that nothing came of for so long is started anew: where the radio was unplugged or its driver
#: restarted that fails, which is how this machine's own Bluetooth tells.
RESCAN_S = 60.0

#: A tool that could not be used (refused, failed) is left alone for so long.
AVOID_S = 5.0

#: When stopping, each step of closing the radio, and bringing out what is held back, may take so long: three
#: steps and the last are less than what the supervisor grants.
STOP_STEP_S = 0.7

#: What was counted is remembered for so long, to be compared with what was stored.
KEEP_COUNTED = timedelta(days=30)

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
        self._outbox.prune(utc(self._clock.utc_s()) - KEEP_COUNTED)
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
            while not radio.done():  # one that hangs is told again at each of its steps
                radio.cancel()
                await asyncio.wait([radio], timeout=STOP_STEP_S)
            with contextlib.suppress(TimeoutError):  # a full disk: what is held back goes as by a kill
                async with asyncio.timeout(STOP_STEP_S):
                    await self._keeper.pause_all()
            for task in services:
                task.cancel()
            await asyncio.gather(*services, return_exceptions=True)
            self._outbox.close()

    async def _radio(self) -> None:
        """Keep a radio open, whatever happens to it."""
        pause_s, said = REOPEN_S, ""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            try:
                async with open_adapter(self._config.radio, bonds=self._config.data_dir / "bonds") as adapter:
                    await self._serve(adapter)
            except AdapterUnavailable as error:
                if loop.time() - began_s > REOPEN_MAX_S:  # it worked meanwhile
                    pause_s, said = REOPEN_S, ""
                if str(error) != said:  # once, not every ten seconds of a night without a radio
                    log.warning("%s The hub goes on trying.", error)
                said = str(error)
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
            while not lost.done():
                async with adapter.scanner(on_advertisement):
                    log.info("radio %s open", self._config.radio)
                    while device := await _next(heard, lost):
                        task = asyncio.create_task(self._tool(adapter, device), name=device.address)
                        tools.add(task)
                        task.add_done_callback(tools.discard)
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
                if use := self._uses.get(tool_id):
                    self._streams[device.address] = client.assembler
                    async for block in client.samples():
                        await self._keeper.take(block, client.tool, use, self._clock.utc_s())
                    await self._keeper.end(tool_id, "tool_slept")
                else:
                    log.warning(
                        "Tool %s belongs to nobody here. To use it, add it to [[tools]] and start again.",
                        tool_id,
                    )
                    self._leave(device, math.inf)  # the neighbours': not to be disturbed again
        except GripError as error:
            log.warning("%s", error)
            if not isinstance(error, LinkLost):
                self._leave(device, AVOID_S)  # trying again at once would bring the same
        except Exception:  # a fault of ours with one tool must not end the others' exercise
            log.exception(
                "Tool %s is left alone for a while after an error in the hub.", tool_id or device.name
            )
            self._leave(device, AVOID_S)
            self._streams.pop(device.address, None)  # it may be what was carried over
        finally:
            self._busy.discard(device.address)
            if tool_id:  # also when the radio went and took this task with it; nothing where it has ended
                await self._keeper.link_lost(tool_id)

    def _leave(self, device: BLEDevice, seconds: float) -> None:
        while len(self._avoid) >= MAX_TOOLS:
            del self._avoid[next(iter(self._avoid))]  # the oldest
        self._avoid[device.address] = self._clock.monotonic_s() + seconds


async def _next(heard: asyncio.Queue[BLEDevice], lost: asyncio.Future[Any]) -> BLEDevice | None:
    """Next tool that advertises; None if there is none for a while, or the radio is gone."""
    device = asyncio.ensure_future(heard.get())
    ends: set[asyncio.Future[Any]] = {device, lost}
    try:
        await asyncio.wait(ends, timeout=RESCAN_S, return_when=asyncio.FIRST_COMPLETED)
        return device.result() if device.done() else None
    finally:
        device.cancel()
