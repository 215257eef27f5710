"""One scanner for all who want to hear a radio's advertisements."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, TypeVar

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback

from .errors import AdapterUnavailable

Heard = Callable[[BLEDevice, AdvertisementData], None]

T = TypeVar("T")

#: Advertisements that wait for a slow reader: some seconds of a device that sends ten a second.
FEED_SIZE: Final = 64

#: Stopping a scan takes milliseconds; a radio that hangs never does it.
STOP_S: Final = 0.5


class Ear:
    """Shares one scanner: it runs while anybody listens.

    Parameters
    ----------
    make : callable
        Makes a scanner that calls back with each advertisement.
    """

    def __init__(self, make: Callable[[AdvertisementDataCallback], BleakScanner]) -> None:
        self._make = make
        self._scanner: BleakScanner | None = None
        self._changing = asyncio.Lock()
        self._listeners: list[Heard] = []
        self._feeds: dict[str, list[Feed[AdvertisementData]]] = {}
        self._users = 0

    @asynccontextmanager
    async def listening(self, heard: Heard) -> AsyncIterator[None]:
        """Be told of every advertisement."""
        async with self._open():
            self._listeners.append(heard)
            try:
                yield
            finally:
                self._listeners.remove(heard)

    @asynccontextmanager
    async def advertisements(self, address: str) -> AsyncIterator[AsyncIterator[AdvertisementData]]:
        """Follow one device."""
        feed: Feed[AdvertisementData] = Feed()
        async with self._open():
            self._feeds.setdefault(address, []).append(feed)
            try:
                yield feed.read()
            finally:
                self._feeds[address].remove(feed)
                if not self._feeds[address]:
                    del self._feeds[address]

    async def restart(self) -> None:
        """Stop and start the scanner, if anybody listens."""
        async with self._changing:
            if self._scanner:
                await self._stop()
                await self._start()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        async with self._changing:
            if self._scanner is None:
                await self._start()
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                async with self._changing:
                    if not self._users:
                        await self._stop()

    async def _start(self) -> None:
        scanner = self._make(self._on_advertisement)
        await scanner.start()
        self._scanner = scanner

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner:
            with suppress(AdapterUnavailable, TimeoutError):  # there is nothing to be stopped any more
                async with asyncio.timeout(STOP_S):
                    await scanner.stop()

    def _on_advertisement(self, device: BLEDevice, data: AdvertisementData) -> None:
        for heard in tuple(self._listeners):
            heard(device, data)
        for feed in self._feeds.get(device.address, ()):
            feed.put(data)


class Feed(Generic[T]):
    """What waits for one reader; when it is full, the oldest goes."""

    def __init__(self) -> None:
        self._unread: deque[T] = deque(maxlen=FEED_SIZE)
        self._news = asyncio.Event()

    def put(self, item: T) -> None:
        """Take an item; never waits."""
        self._unread.append(item)
        self._news.set()

    async def read(self) -> AsyncIterator[T]:
        """Yield what comes, for ever."""
        while True:
            while self._unread:
                yield self._unread.popleft()
            self._news.clear()
            await self._news.wait()
