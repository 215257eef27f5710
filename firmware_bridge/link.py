"""A link to one of our own tools: commands, and samples by ``async for``."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from bleak.backends.device import BLEDevice

from . import profile
from .adapter import Adapter
from .clock import HostClock
from .commands import Command, Sending
from .control_point import ControlPoint
from .errors import UnsupportedTool
from .gatt import GattLink
from .handover import HandOver
from .identity import REQUIRED, capabilities_of, describe, read_battery
from .inbox import Inbox
from .packets import U32
from .profile import Opcode
from .samples import SampleBlock
from .stored import StoredSession
from .stream import StreamAssembler
from .tool import Capabilities, ToolDescription

#: Packets that wait for a slow reader: 50 s of a tool that sends 20 a second. When full, the oldest goes; the
#: samples in it are then lost, and counted as such, because the index shows it.
QUEUE_PACKETS: Final = 1000

#: A tool that streams sends at least once a second. A link is given up after 4 s of radio silence at most
#: (supervision timeouts in use), so that what is silent for longer hangs, whatever the radio says about it.
WATCHDOG_S: Final = 5.0

#: Packets in a row that cannot be read or were there before: 50 s of an honest tool, and no accident.
MAX_USELESS: Final = 1000


class GripClient:
    """A connected tool, as an asynchronous context manager.

    Parameters
    ----------
    device : BLEDevice
        From `find_device`, or from a scanner of the adapter.
    adapter : Adapter, optional
        The radio on which it was found; opened for the purpose if not given.
    assembler : StreamAssembler, optional
        Carries a stream over from an earlier link, so that nothing is lost in between.
    clock : HostClock, optional
        By which arrival is timed where no assembler is given; real time by default.

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
        self,
        device: BLEDevice,
        *,
        adapter: Adapter | None = None,
        assembler: StreamAssembler | None = None,
        clock: HostClock | None = None,
    ) -> None:
        self._link = GattLink(device, adapter, required=REQUIRED, pair=True)
        self._control = ControlPoint(self._link)
        self._log = HandOver(self._link, self._control)
        self._carried = assembler
        self._clock = clock
        self._stack = AsyncExitStack()
        self._packets: Inbox[tuple[bytes, float]] = self._link.inbox(QUEUE_PACKETS)
        self._session: int | None = None  # of which all that came before the stream is here
        self._listed = False

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._link)
            self.tool, self._unit = await describe(self._link)
            self.assembler = self._carried or StreamAssembler(self.tool.tool_id, self._clock)
            if self.assembler.tool_id != self.tool.tool_id:
                raise ValueError(f"the assembler of {self.assembler.tool_id} met {self.tool.tool_id}")
            await self._control.open()
            await self._link.subscribe(profile.FORCE_STREAM, self._on_packet, acquire=True)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can carry."""
        return capabilities_of(self._link, self.tool, self._unit)

    @property
    def overflowed(self) -> int:
        """Packets dropped because nobody read them; their samples count as lost."""
        return self._packets.overflowed

    # -- the stream

    async def start(self) -> None:
        """Let the tool stream; `samples` does so by itself.

        If the assembler knows this life of the tool, the tool is asked to begin where the assembler has got
        to, so that what was sensed meanwhile comes first, in order. If not, but `stored` told what there is,
        it begins with the running session. Else it begins with the next sample.
        """
        self._packets.clear()
        index = 0 if self._listed else None
        if self.assembler.boot_id == self.tool.boot_id:
            index = self.assembler.next_index % U32
        answer = await self._control.send(Command(Opcode.START, index=index))
        sending = answer.tells
        assert isinstance(sending, Sending)  # `Response` sees to it
        self.assembler.started(self.tool.boot_id, sending.next_index, sending.tick, sending.now)
        self._session = None if index is None else sending.session

    async def stop(self) -> None:
        """Let the tool stop streaming; it answers with an end of the stream."""
        await self._control.send(Command(Opcode.STOP))

    async def tare(self) -> None:
        """Take the present level as zero."""
        await self._control.send(Command(Opcode.TARE))

    async def identify(self, seconds: int) -> None:
        """Let the tool blink, so that somebody sees which one it is; 1 … 255 s."""
        await self._control.send(Command(Opcode.IDENTIFY, seconds))

    async def set_rate(self, hz: int) -> None:
        """Ask for a sample rate, 1 … 1000 Hz; a tool refuses what it cannot do."""
        await self._control.send(Command(Opcode.SET_RATE, hz))

    async def set_time(self, utc_s: float) -> None:
        """Tell the tool the time (Unix seconds), for sessions that it stores by itself."""
        await self._control.send(Command(Opcode.SET_TIME, round(utc_s * 1000)))

    async def battery(self) -> int | None:
        """Charge in percent; None where the tool does not tell."""
        return await read_battery(self._link)

    async def samples(self) -> AsyncIterator[SampleBlock]:
        """Start the stream and yield its blocks.

        Ends when the tool says that nothing follows: it goes to sleep, or was told to stop. A reader that is
        too slow loses the oldest packets, which shows in `SampleBlock.lost` and in `overflowed`.

        Raises
        ------
        LinkLost
            If the link ends before that, or the tool is silent for `WATCHDOG_S`.
        UnsupportedTool
            If nothing that it sends is of use.
        """
        await self.start()
        assembler, useless = self.assembler, 0
        while not assembler.ended:
            before = assembler.rejected + assembler.duplicates
            block = assembler.feed(*await self._packets.get(WATCHDOG_S))
            useless = useless + 1 if assembler.rejected + assembler.duplicates > before else 0
            if useless > MAX_USELESS:
                await self._link.drop()
                raise UnsupportedTool(self._link.name, f"{useless} packets in a row were of no use")
            if block is not None:  # an empty one may tell of a loss
                yield block

    # -- the tool's log

    async def stored(
        self, taken: Callable[[int], Sequence[tuple[int, int]]] = lambda _boot_id: ()
    ) -> AsyncIterator[StoredSession]:
        """Take over what the tool recorded and nobody has acknowledged, oldest first.

        The last may be running: what comes after it is what `samples` begins with. A session that the
        assembler is in the middle of is left to `samples` as a whole.

        Parameters
        ----------
        taken : callable
            Gives, for a boot id, the ranges (first index, end index) that the hub has of that life. A session
            that begins in them is fetched from where they end.

        Yields
        ------
        StoredSession
            Fetched as a whole. Once it is durable, `acknowledge` it, or it comes again the next time.

        Raises
        ------
        LinkLost
            What had come of the session is kept in the assembler; on the next link it goes on from there.
        UnsupportedTool
            If the tool's log cannot be as it says.
        """
        if self._link.has(profile.STORED_DATA):
            async for session in self._log.sessions(self.tool, self.assembler, taken):
                yield session
        self._listed = True

    async def acknowledge(self, session: StoredSession) -> None:
        """Tell the tool that a session is durable here, up to its end, so that it may forget it.

        Nothing happens if the tool has forgotten it already.
        """
        await self._log.acknowledge(session.session_id, session.end_index)

    async def acknowledge_live(self) -> None:
        """Tell the tool that all that `samples` has given is durable here.

        To be called when a session has ended, or now and then; without it the session is handed over again.
        Where the stream began in the middle of a session, of which the tool may hold more, nothing is said.
        """
        if self._session is not None:
            await self._log.acknowledge(self._session, self.assembler.next_index)

    async def erase(self) -> None:
        """Let the tool forget all sessions, as when it goes to another child; the running one stays."""
        await self._control.send(Command(Opcode.ERASE))

    # -- inside

    def _on_packet(self, data: bytes) -> None:
        self._packets.put((data, self.assembler.clock.monotonic_s()))
