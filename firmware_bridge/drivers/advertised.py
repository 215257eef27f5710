"""A tool that only advertises: nobody connects to it, and everybody hears it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from ..adapter import Adapter
from ..clock import HostClock
from ..discovery import printable
from ..errors import LinkLost, ToolRefused
from ..samples import SampleBlock
from ..tool import Capabilities, ToolDescription
from .contract import Driver
from .link import describe, new_timeline
from .reader import Reader
from .timeline import Timeline

#: Unheard for so long, it is off or out of range. Programs for such tools wait 5 to 10 s.
SILENCE_S: Final = 10.0


class AdvertisedClient:
    """A tool that is heard, as an asynchronous context manager like a link; see `DriverClient`.

    It shares the radio's one scanner.

    Attributes
    ----------
    tool : ToolDescription
        Known once entered.
    timeline : Timeline
        Counts samples.
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
        if driver.company_id is None:
            raise ValueError(f"a {driver.title} does not only advertise")
        self._company_id = driver.company_id
        self._device = device
        self._name = printable(device.name or "") or device.address
        self._driver = driver
        self._adapter = adapter
        self._clock = clock or HostClock()
        self._stack = AsyncExitStack()
        self.timeline = timeline or new_timeline(driver, device.address, self._clock)
        self._reader = Reader(driver, self._name, self.timeline)

    async def __aenter__(self) -> Self:
        self._heard: AsyncIterator[AdvertisementData] = await self._stack.enter_async_context(
            self._adapter.advertisements(self._device.address)
        )
        self.tool = describe(self._driver, self.timeline, simulated=self._adapter.simulated)
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
        """Advertisements that are not what the tool's protocol says."""
        return self._reader.rejected

    async def samples(self) -> AsyncIterator[SampleBlock]:
        """Yield what it tells.

        Raises
        ------
        LinkLost
            If it was not heard for `SILENCE_S`.
        UnsupportedTool
            If nothing it ever sent could be read.
        """
        self.timeline.restarted()
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    heard = await anext(self._heard)
            except TimeoutError:
                raise LinkLost(self._name, f"it was not heard for {SILENCE_S:g} s") from None
            data = heard.manufacturer_data.get(self._company_id)
            if data is not None:
                block, _ = self._reader.take(data, "", self._clock.monotonic_s())
                if block is not None:
                    yield block

    async def tare(self) -> None:
        """Raise `ToolRefused`: nothing can be told to it."""
        raise ToolRefused(self._name, "TARE", self.capabilities.because["tare"])

    async def identify(self, seconds: int) -> None:
        """Raise `ToolRefused`: nothing can be told to it."""
        raise ToolRefused(self._name, "IDENTIFY", self.capabilities.because["identify"])

    async def battery(self) -> int | None:
        """Charge in percent, if it tells."""
        return self._reader.battery_percent
