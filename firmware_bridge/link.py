"""A link to one of our own tools: commands, and samples by ``async for``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final, Self

from bleak.backends.device import BLEDevice

from . import profile
from .adapter import Adapter
from .discovery import printable
from .errors import PacketError, ToolRefused, UnsupportedTool
from .gatt import GattLink, Inbox
from .packets import Command, Response, ToolInfo
from .profile import Opcode, Status
from .samples import SampleBlock, ToolKind
from .stream import StreamAssembler
from .tool import ToolDescription

#: Packets that wait for a slow reader: 50 s of a tool that sends 20 a second. When full, the oldest goes; the
#: samples in it are then lost, and counted as such, because the index shows it.
QUEUE_PACKETS: Final = 1000
QUEUE_RESPONSES: Final = 8  #: one is awaited at a time

_KINDS = {
    profile.WireKind.BALL: ToolKind.BALL,
    profile.WireKind.PUTTY: ToolKind.PUTTY,
    profile.WireKind.DYNAMOMETER: ToolKind.DYNAMOMETER,
}


class GripClient:
    """A connected tool, as an asynchronous context manager.

    Parameters
    ----------
    device : BLEDevice
        From `find_device`, or from a scanner of the adapter.
    adapter : Adapter, optional
        The radio on which it was found; opened for the purpose if not given.
    assembler : StreamAssembler, optional
        Carries a stream over from an earlier link, so that what was lost in between is known.

    Attributes
    ----------
    tool : ToolDescription
        Known once connected.
    assembler : StreamAssembler
        Puts the stream together, and counts.

    Raises
    ------
    LinkLost
        On connecting, and from then on by any call.
    BondLost
        If tool and hub no longer share a key: `Adapter.forget` it and connect again.
    PairingRefused, UnsupportedTool
        On connecting.

    Examples
    --------
    ::

        async with GripClient(await find_device()) as grip:
            await grip.tare()
            async for block in grip.samples():
                print(block.values.max(), block.unit)
    """

    tool: ToolDescription
    assembler: StreamAssembler

    def __init__(
        self, device: BLEDevice, *, adapter: Adapter | None = None, assembler: StreamAssembler | None = None
    ) -> None:
        self._link = GattLink(device, adapter, required=_REQUIRED, pair=True)
        self._carried = assembler
        self._stack = AsyncExitStack()
        self._packets: Inbox[bytes] = self._link.inbox(QUEUE_PACKETS)
        self._responses: Inbox[bytes] = self._link.inbox(QUEUE_RESPONSES)
        self._commanding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._link)
            self.tool = await self._describe()
            self.assembler = self._carried or StreamAssembler(self.tool.tool_id)
            if self.assembler.tool_id != self.tool.tool_id:
                raise ValueError(f"the assembler of {self.assembler.tool_id} met {self.tool.tool_id}")
            await self._link.subscribe(profile.CONTROL_POINT, self._responses.put)
            await self._link.subscribe(profile.FORCE_STREAM, self._packets.put, acquire=True)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def overflowed(self) -> int:
        """Packets dropped because nobody read them; their samples count as lost."""
        return self._packets.overflowed

    # -- commands

    async def start(self) -> None:
        """Let the tool stream; `samples` does so by itself."""
        self._packets.clear()
        response = await self._command(Command(Opcode.START))
        if response.next_index is not None and response.tick is not None:
            self.assembler.started(self.tool.boot_id, response.next_index, response.tick)

    async def stop(self) -> None:
        """Let the tool stop streaming; it answers with an end of the stream."""
        await self._command(Command(Opcode.STOP))

    async def tare(self) -> None:
        """Take the present level as zero."""
        await self._command(Command(Opcode.TARE))

    async def identify(self, seconds: int) -> None:
        """Let the tool blink, so that somebody sees which one it is; 1 … 255 s."""
        await self._command(Command(Opcode.IDENTIFY, seconds))

    async def set_rate(self, hz: int) -> None:
        """Ask for a sample rate, 1 … 1000 Hz; a tool refuses what it cannot do."""
        await self._command(Command(Opcode.SET_RATE, hz))

    async def set_time(self, utc_s: float) -> None:
        """Tell the tool the time (Unix seconds), for sessions that it stores by itself."""
        await self._command(Command(Opcode.SET_TIME, round(utc_s * 1000)))

    async def battery(self) -> int | None:
        """Charge in percent; None where the tool does not tell."""
        return await self._read_battery()

    async def samples(self) -> AsyncIterator[SampleBlock]:
        """Start the stream and yield its blocks.

        Ends when the tool says that nothing follows: it goes to sleep, or was told to stop. A reader that is
        too slow loses the oldest packets, which shows in `SampleBlock.lost` and in `overflowed`.

        Raises
        ------
        LinkLost
            If the link ends before that.
        """
        await self.start()
        while not self.assembler.ended:
            block = self.assembler.feed(await self._packets.get())
            if block is not None:  # an empty one may tell of a loss
                yield block

    # -- inside

    async def _describe(self) -> ToolDescription:
        try:
            info = ToolInfo.from_bytes(await self._link.read(profile.TOOL_INFO))
        except PacketError as error:
            raise UnsupportedTool(self._link.name, error.reason) from error
        return ToolDescription(
            tool_id=(await self._text(profile.SERIAL_NUMBER)).lower(),
            kind=_KINDS[info.kind],
            manufacturer=await self._text(profile.MANUFACTURER_NAME),
            model=await self._text(profile.MODEL_NUMBER),
            firmware=await self._text(profile.FIRMWARE_REVISION),
            boot_id=info.boot_id,
            rate_hz=info.rate_hz,
            simulated=info.simulated,
            battery_percent=await self._read_battery(),
        )

    async def _text(self, uuid: str) -> str:
        return printable((await self._link.read(uuid)).decode("utf-8", "replace"))

    async def _read_battery(self) -> int | None:
        if not self._link.has(profile.BATTERY_LEVEL):
            return None
        value = await self._link.read(profile.BATTERY_LEVEL)
        return value[0] if len(value) == 1 and value[0] <= 100 else None

    async def _command(self, command: Command) -> Response:
        async with self._commanding:
            self._responses.clear()  # an answer that came too late is nobody's
            await self._link.write(profile.CONTROL_POINT, bytes(command))
            response = await self._link.call(self._response_to(command.opcode))
        if response.status != Status.SUCCESS:
            raise ToolRefused(self._link.name, command.opcode.name, response.status.name)
        return response

    async def _response_to(self, opcode: Opcode) -> Response:
        while True:
            answer = await self._responses.get()
            with suppress(PacketError):
                response = Response.from_bytes(answer)
                if response.opcode == opcode:
                    return response


_REQUIRED = (
    profile.FORCE_STREAM,
    profile.CONTROL_POINT,
    profile.TOOL_INFO,
    profile.MANUFACTURER_NAME,
    profile.MODEL_NUMBER,
    profile.SERIAL_NUMBER,
    profile.FIRMWARE_REVISION,
)
