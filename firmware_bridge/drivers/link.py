"""A link to a tool of another maker, by its driver."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

from bleak.backends.device import BLEDevice

from .. import profile
from ..adapter import Adapter
from ..clock import HostClock
from ..discovery import printable
from ..errors import GripError, LinkLost, ToolRefused, UnsupportedTool
from ..gatt import NOTIFY, GattLink
from ..inbox import Inbox
from ..samples import SampleBlock
from ..tool import Capabilities, ToolDescription
from .contract import Driver, Write
from .reader import Reader
from .timeline import Timeline

#: Packets that wait for a slow reader: 10 s of the fastest. When full, the oldest goes: a loss that
#: shows where the tool has a clock or an index.
QUEUE_PACKETS: Final = 1000

#: A tool from which nothing readable came for so long does not stream any more, whatever the radio says. The
#: slowest known one sends twice a second.
WATCHDOG_S: Final = 30.0


class DriverClient:
    """A connected tool of another maker, as an asynchronous context manager.

    Nothing is ever written to it but what its driver names: start, stop, tare, and the next question where a
    tool has to be asked in steps.

    Parameters
    ----------
    device : BLEDevice
        From a scanner of the adapter.
    driver : Driver
        A new one.
    adapter : Adapter
        The radio on which it was found.
    clock : HostClock, optional
        Time of arrival; real time by default.
    timeline : Timeline, optional
        Of an earlier link with this very tool, so that index and time go on.

    Attributes
    ----------
    tool : ToolDescription
        Known once connected.
    timeline : Timeline
        Counts samples.

    Raises
    ------
    LinkLost
        On connecting, and from then on by any call.
    BondLost, UnsupportedTool
        On connecting.
    """

    tool: ToolDescription

    def __init__(
        self,
        device: BLEDevice,
        driver: Driver,
        adapter: Adapter,
        *,
        clock: HostClock | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        # with a choice of characteristics, none of them is required
        required = driver.notify if len(driver.notify) == 1 else ()
        self._driver = driver
        self._adapter = adapter
        self._clock = clock or HostClock()
        self._link = GattLink(device, adapter, required=required)
        self._packets: Inbox[tuple[bytes, str, float]] = self._link.inbox(QUEUE_PACKETS)
        self._stack = AsyncExitStack()
        self.timeline = timeline or new_timeline(driver, device.address, self._clock)
        self._reader = Reader(driver, self._link.name, self.timeline)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._link)
            self.tool = await self._describe()
            self._voices = [uuid for uuid in self._driver.notify if self._link.has(uuid, *NOTIFY)]
            if not self._voices:
                reason = f"nothing on it streams as a {self._driver.title} does"
                raise UnsupportedTool(self._link.name, reason)
            stack.push_async_callback(self._release)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can carry."""
        return self._driver.capabilities

    @property
    def rejected(self) -> int:
        """Packets and frames that are not what the tool's protocol says."""
        return self._reader.rejected

    @property
    def overflowed(self) -> int:
        """Packets dropped because nobody read them."""
        return self._packets.overflowed

    async def samples(self) -> AsyncIterator[SampleBlock]:
        """Start the stream and yield its blocks; these tools have no word for its end.

        Raises
        ------
        LinkLost
            If the link ends, or nothing readable came for `WATCHDOG_S`.
        UnsupportedTool
            If nothing it ever sent could be read.
        """
        self._packets.clear()
        self.timeline.restarted()
        while self._voices:  # the first time: many begin to stream on being subscribed to
            uuid = self._voices.pop(0)
            await self._link.subscribe(uuid, partial(self._arrived, uuid))
        await self._write(self._driver.start())
        loop = asyncio.get_running_loop()
        until_s = loop.time() + WATCHDOG_S
        while True:
            packet = await self._packets.next(until_s - loop.time())
            if packet is None:
                await self._link.drop()
                raise LinkLost(self._link.name, f"nothing readable came from it for {WATCHDOG_S:g} s")
            block, writes = self._reader.take(*packet)
            await self._write(writes)
            if block is not None:
                yield block
                until_s = loop.time() + WATCHDOG_S

    async def tare(self) -> None:
        """Take the present level as zero; raises `ToolRefused` where the tool cannot."""
        writes = self._driver.tare()
        if not writes:
            raise ToolRefused(self._link.name, "TARE", self.capabilities.because["tare"])
        await self._write(writes)

    async def identify(self, seconds: int) -> None:
        """Raise `ToolRefused`: no tool of another maker can be made to blink."""
        raise ToolRefused(self._link.name, "IDENTIFY", self.capabilities.because["identify"])

    async def battery(self) -> int | None:
        """Charge in percent, from the stream or the standard service; None where the tool does not tell."""
        if self._reader.battery_percent is not None or not self._link.has(profile.BATTERY_LEVEL):
            return self._reader.battery_percent
        value = await self._link.read(profile.BATTERY_LEVEL)
        return value[0] if len(value) == 1 and value[0] <= 100 else None

    async def _describe(self) -> ToolDescription:
        return describe(
            self._driver,
            self.timeline,
            simulated=self._adapter.simulated,
            manufacturer=await self._text(profile.MANUFACTURER_NAME),
            model=await self._text(profile.MODEL_NUMBER),
            firmware=await self._text(profile.FIRMWARE_REVISION),
            battery_percent=await self.battery(),
        )

    async def _text(self, uuid: str) -> str:
        if not self._link.has(uuid):
            return ""
        return printable((await self._link.read(uuid)).decode("utf-8", "replace"))

    async def _write(self, writes: Sequence[Write]) -> None:
        for write in writes:
            await self._link.write(write.characteristic, write.data, response=write.response)

    async def _release(self) -> None:
        with suppress(GripError):  # whatever it answers, the link goes next
            if not self._link.lost:
                await self._write(self._driver.stop())

    def _arrived(self, characteristic: str, data: bytes) -> None:
        self._packets.put((data, characteristic, self._clock.monotonic_s()))


def tool_id_of(driver: Driver | type[Driver], address: str) -> str:
    """Stable id of a tool: its address is nobody else's business, so a hash of it."""
    return f"{driver.name}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def new_timeline(driver: Driver, address: str, clock: HostClock) -> Timeline:
    """Begin a timeline for a tool."""
    return Timeline(tool_id_of(driver, address), driver.capabilities.rate_hz, clock)


def describe(
    driver: Driver,
    timeline: Timeline,
    *,
    simulated: bool,
    manufacturer: str = "",
    model: str = "",
    firmware: str = "",
    battery_percent: int | None = None,
) -> ToolDescription:
    """Describe a tool that says little about itself."""
    return ToolDescription(
        tool_id=timeline.tool_id,
        kind=driver.kind,
        manufacturer=manufacturer,
        model=model or driver.title,
        firmware=firmware,
        boot_id=timeline.boot_id,
        rate_hz=driver.capabilities.rate_hz or 0.0,
        simulated=simulated,
        battery_percent=battery_percent,
        driver=driver.name,
        counts=driver.capabilities.counts,
        stamps=driver.capabilities.stamps,
        loss_known=driver.capabilities.loss_known,
    )
