"""How a simulated tool obeys its Control Point."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..firmware_bridge.commands import Command, Response, Sending, StoredReport
from ..firmware_bridge.errors import PacketError
from ..firmware_bridge.packets import U32, StoredPacket
from ..firmware_bridge.profile import Opcode, Status
from .flash import LoggedSession
from .sending import Streaming, hand_over

if TYPE_CHECKING:
    from .tool import SimulatedTool


class Commands:
    """The Control Point of a tool.

    Parameters
    ----------
    tool : SimulatedTool
    stream : Streaming

    Attributes
    ----------
    blinks_until_s : float
        Until when it shows which one it is, by the tool's clock.
    utc_ms : int or None
        Time that a hub told it last, Unix milliseconds.
    """

    def __init__(self, tool: "SimulatedTool", stream: Streaming) -> None:
        self.blinks_until_s = 0.0
        self.utc_ms: int | None = None
        self._tool = tool
        self._stream = stream
        self._then: Callable[[], None] | None = None  # once the hub has the answer
        self._handing_over: asyncio.Task[None] | None = None

    async def obey(self, data: bytes) -> Response:
        """Act on a command."""
        self._then = None
        try:
            command = Command.from_bytes(data)
        except PacketError:
            known = data[0] in Opcode._value2member_map_ and data[0] != Opcode.RESPONSE
            return Response(data[0], Status.BAD_PARAMETER if known else Status.UNKNOWN_OPCODE)
        tool, status = self._tool, Status.SUCCESS
        match command:
            case Command(Opcode.START, _, index):
                return self._start(index)
            case Command(Opcode.STOP):
                if self._stream.wanted.is_set():
                    await self._stream.tell_end()
            case Command(Opcode.TARE):
                status = Status.SUCCESS if tool.sensing.tare() else Status.NOT_NOW
            case Command(Opcode.IDENTIFY, int(seconds)):
                self.blinks_until_s = tool.clock.monotonic_s() + seconds
            case Command(Opcode.SET_RATE, hz) if hz != tool.sensing.rate_hz:
                status = Status.BAD_PARAMETER  # a play has the rate that it has
            case Command(Opcode.SET_TIME, int(utc_ms)):
                self.utc_ms = utc_ms
                tool.log.tell_time(tool.boot_id, max(0, utc_ms - tool.sensing.now() // 100))
            case Command(Opcode.REPORT, int(position)):
                return Response(Opcode.REPORT, status, self._report(position))
            case Command(Opcode.FETCH, int(session), int(index)):
                return self._fetch(tool.log.find(session), index)
            case Command(Opcode.ACKNOWLEDGE, int(session), int(index)):
                status = Status.SUCCESS if tool.log.acknowledge(session, index) else Status.NOT_FOUND
            case Command(Opcode.ERASE):
                tool.log.erase()
        return Response(command.opcode, status)

    def answered(self) -> None:
        """Begin what must not begin before the hub has the answer."""
        then, self._then = self._then, None
        if then:
            then()

    def left(self) -> None:
        """Stop what was done for a hub that is gone."""
        self._then = None
        self._stream.stop()
        if self._handing_over:
            self._handing_over.cancel()
            self._handing_over = None

    def _start(self, asked: int | None) -> Response:
        index = self._stream.first_kept(asked)
        self._then = lambda: self._stream.start(index)
        return Response(Opcode.START, Status.SUCCESS, self._sending(index, self._tool.tick_of(index)))

    def _report(self, position: int) -> StoredReport:
        log = self._tool.log
        entry = log.entry(log.sessions[position]) if position < len(log.sessions) else None
        return StoredReport(len(log.sessions), log.dropped_sessions, log.dropped_samples, entry)

    def _fetch(self, session: LoggedSession | None, asked: int) -> Response:
        if session is None:
            return Response(Opcode.FETCH, Status.NOT_FOUND)
        back = min((session.end_index - asked) % U32, len(session.raw))
        index = session.end_index - back
        tick = session.ticks[-back] if back else self._tool.sensing.now()

        def begin() -> None:
            if self._handing_over:
                self._handing_over.cancel()
            capacity = self._tool.stored_capacity()
            self._handing_over = asyncio.create_task(hand_over(session, index, self._send_stored, capacity))

        self._then = begin
        sending = Sending(index % U32, tick, self._tool.sensing.now(), session.session)
        return Response(Opcode.FETCH, Status.SUCCESS, sending)

    async def _send_stored(self, packet: StoredPacket) -> None:
        self._tool.peripheral.heard_from()
        await self._tool.peripheral.notify(self._tool.peripheral.stored_data, bytes(packet))

    def _sending(self, index: int, tick: int) -> Sending:
        return Sending(index % U32, tick, self._tool.sensing.now(), self._tool.log.next_session)
