"""What a link brought and nobody has read yet."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import LinkLost

if TYPE_CHECKING:
    from .gatt import GattLink

T = TypeVar("T")


class Inbox(Generic[T]):
    """Items that wait for their reader: bounded. When it is full, the oldest goes.

    Attributes
    ----------
    overflowed : int
        Items that went unread.
    """

    def __init__(self, link: "GattLink", size: int) -> None:
        self.overflowed = 0
        self._link = link
        self._items: deque[T] = deque(maxlen=size)
        self._news = asyncio.Event()

    def put(self, item: T) -> None:
        """Take an item; never waits."""
        self.overflowed += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._news.set()

    def clear(self) -> None:
        """Forget what is unread."""
        self._items.clear()

    def wake(self) -> None:
        """Let whoever waits see that the link is gone."""
        self._news.set()

    async def get(self, within_s: float | None = None) -> T:
        """Take the oldest item.

        Raises
        ------
        LinkLost
            If the link is gone and all was read, or nothing comes within `within_s`: then the link is
            dropped, whatever the radio says about it.
        """
        items = await self._wait(within_s)
        if not items:
            await self._link.drop()
            raise LinkLost(self._link.name, f"nothing came from it for {within_s:g} s")
        return items.popleft()

    async def next(self, within_s: float) -> T | None:
        """Take the oldest item; None if none comes within `within_s`, and `LinkLost` if the link is gone."""
        items = await self._wait(within_s)
        return items.popleft() if items else None

    async def _wait(self, within_s: float | None) -> deque[T]:
        if self._items:
            return self._items  # without setting an alarm
        try:
            async with asyncio.timeout(within_s):
                while not self._items:
                    if self._link.lost:
                        raise LinkLost(self._link.name)
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        return self._items
