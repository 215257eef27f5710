"""Taking over the sessions that a tool of ours recorded by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from . import profile
from .commands import Command, Sending, StoredEntry, StoredReport
from .control_point import ControlPoint
from .errors import LinkLost, PacketError, ToolRefused, UnsupportedTool
from .gatt import GattLink
from .inbox import Inbox
from .packets import U32
from .profile import Opcode, Status
from .stored import SessionFetch, StoredSession
from .stream import StreamAssembler, unwrap
from .tool import ToolDescription

#: Sessions that a tool can say it has. A family that uses it three times a day fills this in three months.
MAX_SESSIONS: Final = 300

#: Packets that wait for a slow reader. When full, the oldest goes, and is fetched again.
QUEUE_PACKETS: Final = 1000

#: While a tool hands over it sends without a pause; after so long without a packet, what is missing is asked
#: for again: longer than the supervision timeout of a link that recovers (BlueZ: 0.42 s, others up to 2 s).
SILENCE_S: Final = 2.0
#: So often in a row without a single new packet; then the link is no good.
MAX_FRUITLESS: Final = 3

#: A tool that hands over slower than this is up to no good: a link with long connection intervals and small
#: packets still carries three times as much.
SLOWEST_HZ: Final = 500.0


class HandOver:
    """A connected tool's log.

    Parameters
    ----------
    link : GattLink
    control : ControlPoint
        Open.
    """

    def __init__(self, link: GattLink, control: ControlPoint) -> None:
        self._link = link
        self._control = control
        self._packets: Inbox[bytes] = link.inbox(QUEUE_PACKETS)
        self._subscribed = False

    async def entries(self) -> tuple[list[StoredEntry], StoredReport]:
        """Sessions in the log, oldest first, and the totals."""
        entries: list[StoredEntry] = []
        while True:
            answer = await self._control.send(Command(Opcode.REPORT, len(entries)))
            report = answer.tells
            assert isinstance(report, StoredReport)  # `Response` sees to it
            if report.entry is None:
                return entries, report
            if len(entries) == MAX_SESSIONS:
                raise UnsupportedTool(self._link.name, f"it claims more than {MAX_SESSIONS} stored sessions")
            entries.append(report.entry)

    async def sessions(
        self,
        tool: ToolDescription,
        assembler: StreamAssembler,
        taken: Callable[[int], Sequence[tuple[int, int]]],
    ) -> AsyncIterator[StoredSession]:
        """Fetch session by session; see `GripClient.stored`."""
        entries, _ = await self.entries()
        for entry in entries:
            known = assembler.boot_id == entry.boot_id == tool.boot_id
            if (
                entry.running
                and known
                and unwrap(entry.first_index, assembler.next_index) < assembler.next_index
            ):
                continue  # the stream is in the middle of it and goes on where it was
            fetch = assembler.unfinished
            if fetch is None or not fetch.goes_on(entry):
                try:
                    fetch = SessionFetch(tool.tool_id, entry, first_missing(entry, taken(entry.boot_id)))
                except PacketError as error:
                    raise UnsupportedTool(self._link.name, error.reason) from error
                assembler.unfinished = fetch
            if await self.fetch(fetch):
                yield fetch.session()
                if entry.boot_id == tool.boot_id:
                    assembler.resume(entry.boot_id, fetch.end_index)
            assembler.unfinished = None

    async def acknowledge(self, session_id: int, end_index: int) -> None:
        """Tell the tool that it may forget a session up to an index, if it has not done so already."""
        try:
            await self._control.send(Command(Opcode.ACKNOWLEDGE, session_id, end_index % U32))
        except ToolRefused as refused:
            if refused.status not in (Status.NOT_FOUND.name, Status.UNKNOWN_OPCODE.name):
                raise

    async def fetch(self, fetch: SessionFetch) -> bool:
        """Fetch all that is missing; False if the tool no longer has the session.

        Raises
        ------
        LinkLost
            If the link ends, or brings nothing new; what has come stays in `fetch`, to go on with.
        UnsupportedTool
            If it goes on for longer than any tool takes.
        """
        if not self._subscribed:
            await self._link.subscribe(profile.STORED_DATA, self._packets.put, acquire=True)
            self._subscribed = True
        missing = fetch.end_index - fetch.next_index
        try:
            async with asyncio.timeout(10 * SILENCE_S + missing / SLOWEST_HZ):
                return await self._fetch(fetch)
        except TimeoutError:
            await self._link.drop()
            raise UnsupportedTool(self._link.name, "a stored session did not come to its end") from None

    async def _fetch(self, fetch: SessionFetch) -> bool:
        fruitless = 0
        while not fetch.complete:
            fruitless += 1
            if fruitless > MAX_FRUITLESS:
                await self._link.drop()
                raise LinkLost(self._link.name, "nothing of a stored session arrived")
            command = Command(Opcode.FETCH, fetch.entry.session, fetch.next_index % U32)
            try:
                answer = await self._control.send(command)
            except ToolRefused as refused:
                if refused.status == Status.NOT_FOUND.name:  # overwritten meanwhile
                    return False
                raise
            assert isinstance(answer.tells, Sending)  # `Response` sees to it
            fetch.started(answer.tells)
            while not (fetch.complete or fetch.stuck):
                packet = await self._packets.next(SILENCE_S)
                if packet is None:
                    break
                if fetch.feed(packet):
                    fruitless = 0
        return True


def first_missing(entry: StoredEntry, taken: Sequence[tuple[int, int]]) -> int:
    """Index, modulo 2**32, of a session's first sample that is in none of the ranges; its end if all are."""
    index, end = entry.first_index, entry.first_index + entry.samples
    for since, until in sorted(taken):
        if since <= index < until:
            index = min(until, end)
    return index
