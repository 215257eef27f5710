"""What a tool sends from its flash: the stream, which catches up and then goes on live, and old sessions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from ..firmware_bridge.packets import U32, ForcePacket, StoredPacket
from .flash import FlashLog, LoggedSession

#: A tool that streams says so at least this often, in real seconds: half of what the protocol demands.
HEARTBEAT_S: Final = 0.5

#: Between packets of what was recorded earlier: a packet of 244 bytes takes 2.5 ms of LE 1M with its
#: acknowledgement (Core Specification, Vol 6 Part B, 2.1: 2120 µs, 2 x 150 µs, 80 µs).
AIR_S: Final = 0.0025


class Streaming:
    """The Force Stream of one life of a tool.

    Parameters
    ----------
    flash : FlashLog
    now : callable
        Gives the present tick.
    send : callable
        Hands a packet to the radio.
    capacity : callable
        Gives the number of samples that fit a packet now.

    Attributes
    ----------
    wanted : asyncio.Event
        A hub streams.
    idle : asyncio.Event
        No hub streams: it left, has stopped, or was told the end.
    told : int
        Samples that were handed to the radio at least once.
    """

    def __init__(
        self,
        flash: FlashLog,
        now: Callable[[], int],
        send: Callable[[ForcePacket], Awaitable[None]],
        capacity: Callable[[], int],
    ) -> None:
        self.wanted = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.told = 0
        self._flash = flash
        self._now = now
        self._send = send
        self._capacity = capacity
        self._next = 0  # index of the next sample to be sent
        self._told_to = 0
        self._recorded = 0  # index of the next sample to be recorded
        self._news = asyncio.Event()
        self._over = False  # the session is, and its end is to be told

    def first_kept(self, asked: int | None) -> int:
        """Where a stream begins that was asked for from an index, modulo 2**32, or else from now on."""
        session = self._flash.running
        if asked is None or session is None:
            return self._recorded
        back = (self._recorded - asked) % U32
        return max(self._recorded - back, session.first_index) if back < U32 // 2 else self._recorded

    def start(self, index: int) -> None:
        """Stream from an index on."""
        self._next = index
        self.idle.clear()
        self.wanted.set()
        self._news.set()

    def stop(self) -> None:
        """Stop streaming, as when the hub has left."""
        self.wanted.clear()
        self.idle.set()

    def recorded(self, index: int) -> None:
        """Take note that samples up to an index are in the flash."""
        self._recorded, self._over = index, False
        self._news.set()

    def finish(self) -> None:
        """Take note that the session is over: its end is told once all of it is."""
        self._over = True
        self._news.set()

    @property
    def ending(self) -> bool:
        """Whether a session is over and no hub was told."""
        return self._over

    def give_up(self) -> None:
        """Tell nobody any more that the session is over."""
        self._over = False

    async def run(self) -> None:
        """Send whatever is there, as long as a hub wants it."""
        while True:
            await self.wanted.wait()
            session = self._flash.running
            if session and self._next < self._recorded:
                await self._send_from(session)
            elif self._over:
                await self.tell_end()
                self._over = False
            else:
                await self._wait()

    async def tell_end(self) -> None:
        """Send END."""
        await self._send(ForcePacket(self._next % U32, self._now() % U32, (), period_ticks=0, end=True))
        self.stop()

    async def _send_from(self, session: LoggedSession) -> None:
        self._next = max(self._next, session.first_index)  # the flash may have overtaken it
        packet = session.packet(self._next, self._capacity())
        self._next += len(packet.raw)
        self.told += max(0, self._next - max(self._told_to, self._next - len(packet.raw)))
        self._told_to = max(self._told_to, self._next)
        await self._send(packet)
        if self._next < self._recorded:
            await asyncio.sleep(AIR_S)

    async def _wait(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._news.wait()
        except TimeoutError:
            if self.wanted.is_set():
                await self._send(ForcePacket(self._next % U32, self._now() % U32, (), period_ticks=0))


async def hand_over(
    session: LoggedSession, index: int, send: Callable[[StoredPacket], Awaitable[None]], capacity: int
) -> None:
    """Send a session from an index on, up to its present end."""
    end = session.end_index
    while True:
        index = max(index, session.first_index)  # the flash may have overtaken it
        packet = session.packet(index, min(capacity, end - index), end_index=end)
        index += len(packet.raw)
        await send(StoredPacket(session.session, packet))
        if index >= end:
            return
        await asyncio.sleep(AIR_S)
