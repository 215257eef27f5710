"""A link to one tool: commands, and samples by ``async for``."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final, Self, TypeVar

from bleak import BleakClient
from bleak.args.bluez import BlueZNotifyArgs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTServiceCollection
from bleak.exc import (
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from . import profile
from .adapter import SYSTEM, Adapter, open_adapter
from .errors import (
    BondLost,
    LinkLost,
    PacketError,
    PairingRefused,
    ToolRefused,
    UnsupportedTool,
)
from .packets import Command, Response, ToolInfo
from .profile import Opcode, Status
from .samples import SampleBlock, ToolKind
from .stream import StreamAssembler
from .tool import ToolDescription

T = TypeVar("T")

#: A tool advertises every 100 ms or so; a Raspberry Pi that scans meanwhile needs a few seconds at worst.
CONNECT_DEADLINE_S: Final = 15.0
#: Pairing may wait for a person: the Security Manager's own limit (Core Specification, Vol 3 Part H, 3.4).
PAIR_DEADLINE_S: Final = 30.0
#: A GATT call takes two connection intervals, 0.1 s. bleak has no limit of its own (#691), and ATT's is 30 s.
CALL_DEADLINE_S: Final = 5.0

#: Packets that wait for a slow reader: 50 s of a tool that sends 20 a second. When full, the oldest goes; the
#: samples in it are then lost, and counted as such, because the index shows it.
QUEUE_PACKETS: Final = 1000

_UNENCRYPTED = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
}
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
    overflowed : int
        Packets dropped because nobody read them; their samples count as lost.

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
        self.overflowed = 0
        self._device = device
        self._name = device.name or device.address
        self._adapter = adapter
        self._carried = assembler
        self._stack = AsyncExitStack()
        self._packets: deque[bytes] = deque(maxlen=QUEUE_PACKETS)
        self._news = asyncio.Event()  # a packet came, or the link went
        self._lost = False
        self._responses: asyncio.Queue[bytearray] = asyncio.Queue(8)
        self._commanding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            adapter = self._adapter
            if adapter is None:
                adapter = await stack.enter_async_context(open_adapter(_radio_of(self._device)))
            self._client = adapter.client(self._device, self._on_lost, timeout=CONNECT_DEADLINE_S)
            stack.push_async_callback(self._disconnect)
            async with adapter.connecting(self._device):
                await self._connect()
            self.tool = await self._describe()
            self.assembler = self._carried or StreamAssembler(self.tool.tool_id)
            if self.assembler.tool_id != self.tool.tool_id:
                raise ValueError(f"the assembler of {self.assembler.tool_id} met {self.tool.tool_id}")
            await self._subscribe()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

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
        while True:
            while self._packets:
                block = self.assembler.feed(self._packets.popleft())
                if block is not None:  # an empty one may tell of a loss
                    yield block
                if self.assembler.ended:
                    return
            if self._lost:
                raise LinkLost(self._name)
            self._news.clear()
            await self._news.wait()

    # -- inside

    async def _connect(self) -> None:
        for attempt in (1, 2):
            services = await self._call(self._connected(), CONNECT_DEADLINE_S + CALL_DEADLINE_S)
            # services may be reported before they are complete (BlueZ #1489): look, and connect once more
            if all(map(services.get_characteristic, _REQUIRED)):
                break
            if attempt == 2:
                raise UnsupportedTool(self._name, "it does not offer the GripHub service")
            await self._disconnect()
        self._lost = False
        try:
            # bonded already: returns at once. Not left to the first protected read, which hung 1 time in 18
            await self._call(self._paired(), PAIR_DEADLINE_S)
        except NotImplementedError:
            pass  # macOS asks the user by itself, on the first protected access
        except LinkLost as error:
            if self._lost:
                raise
            raise PairingRefused(self._name, error.reason) from error

    async def _connected(self) -> BleakGATTServiceCollection:
        await self._client.connect()
        return self._client.services

    async def _paired(self) -> None:
        try:
            await self._client.pair()
        except BleakDBusError as error:  # BlueZ pairs by itself too, and may have been quicker
            if error.dbus_error != "org.bluez.Error.AlreadyExists":
                raise

    async def _describe(self) -> ToolDescription:
        try:
            info = ToolInfo.from_bytes(await self._read(profile.TOOL_INFO))
        except PacketError as error:
            raise UnsupportedTool(self._name, error.reason) from error
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

    async def _subscribe(self) -> None:
        await self._call(self._client.start_notify(profile.CONTROL_POINT, self._on_response))
        # AcquireNotify: with StartNotify BlueZ delivers everything twice after a reconnection (bleak #2002)
        acquire: BlueZNotifyArgs = {"use_start_notify": False}
        await self._call(self._client.start_notify(profile.FORCE_STREAM, self._on_packet, bluez=acquire))

    async def _read(self, uuid: str) -> bytearray:
        return await self._call(self._client.read_gatt_char(uuid))

    async def _text(self, uuid: str) -> str:
        return (await self._read(uuid)).decode("utf-8", "replace").strip("\0 ")

    async def _read_battery(self) -> int | None:
        try:
            value = await self._read(profile.BATTERY_LEVEL)
        except UnsupportedTool:
            return None
        return value[0] if len(value) == 1 and value[0] <= 100 else None

    async def _command(self, command: Command) -> Response:
        async with self._commanding:
            while not self._responses.empty():
                self._responses.get_nowait()  # an answer that came too late is nobody's
            await self._call(
                self._client.write_gatt_char(profile.CONTROL_POINT, bytes(command), response=True)
            )
            response = await self._call(self._response_to(command.opcode))
        if response.status != Status.SUCCESS:
            raise ToolRefused(self._name, command.opcode.name, response.status.name)
        return response

    async def _response_to(self, opcode: Opcode) -> Response:
        while True:
            answer = await self._responses.get()
            if self._lost and not answer:
                raise LinkLost(self._name)
            with suppress(PacketError):
                response = Response.from_bytes(answer)
                if response.opcode == opcode:
                    return response

    async def _call(self, call: Awaitable[T], deadline_s: float | None = None) -> T:
        """Await a GATT call with a deadline and with our errors; a call that hangs costs the link."""
        deadline_s = deadline_s or CALL_DEADLINE_S
        try:
            async with asyncio.timeout(deadline_s):
                return await call
        except TimeoutError:
            await self._disconnect()
            raise LinkLost(self._name, f"it did not answer within {deadline_s:g} s") from None
        except BleakCharacteristicNotFoundError as error:
            raise UnsupportedTool(self._name, f"it has no {error.char_specifier}") from error
        except BleakGATTProtocolError as error:
            if error.code in _UNENCRYPTED:  # though it was paired: one side lost its key
                raise BondLost(self._name) from error
            raise ToolRefused(self._name, "a request", str(error)) from error
        except (BleakError, OSError, EOFError) as error:
            raise LinkLost(self._name, str(error)) from error

    async def _disconnect(self) -> None:
        with suppress(BleakError, OSError, EOFError, TimeoutError):
            async with asyncio.timeout(CALL_DEADLINE_S):
                await self._client.disconnect()

    def _on_packet(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        self.overflowed += len(self._packets) == QUEUE_PACKETS
        self._packets.append(bytes(data))
        self._news.set()

    def _on_response(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        with suppress(asyncio.QueueFull):
            self._responses.put_nowait(data)

    def _on_lost(self, _: BleakClient) -> None:
        self._lost = True
        self._news.set()
        with suppress(asyncio.QueueFull):
            self._responses.put_nowait(bytearray())  # wakes whoever waits for an answer


_REQUIRED = (
    profile.FORCE_STREAM,
    profile.CONTROL_POINT,
    profile.TOOL_INFO,
    profile.MANUFACTURER_NAME,
    profile.MODEL_NUMBER,
    profile.SERIAL_NUMBER,
    profile.FIRMWARE_REVISION,
)


def _radio_of(device: BLEDevice) -> str:
    details = device.details
    return str(details.get("radio", SYSTEM)) if isinstance(details, dict) else SYSTEM
