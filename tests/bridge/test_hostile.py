"""Tools that are broken or lie: each costs a counted rejection and an error, never memory or time."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from griphub.firmware_bridge import handover, link
from griphub.firmware_bridge.adapter import Adapter
from griphub.firmware_bridge.commands import Command, Response, Sending, StoredEntry, StoredReport
from griphub.firmware_bridge.discovery import find_device
from griphub.firmware_bridge.errors import GripError, LinkLost, UnsupportedTool
from griphub.firmware_bridge.link import GripClient
from griphub.firmware_bridge.packets import U32, ForcePacket, StoredPacket, ToolInfo
from griphub.firmware_bridge.profile import MODEL_NUMBER, SERIAL_NUMBER, Opcode, Status, WireKind, WireUnit
from griphub.firmware_bridge.stored import MAX_SAMPLES
from griphub.simulators import peripheral as peripheral_module
from griphub.simulators.peripheral import Peripheral

Obey = Callable[[Command], Response]
STARTED = Response(Opcode.START, Status.SUCCESS, Sending(0, 0, 0, 1))


class Liar:
    """A tool that does as it is told to by a test."""

    def __init__(self, air: Any, *, obey: Obey = lambda c: Response(c.opcode, Status.SUCCESS)) -> None:
        self.asked: list[Command] = []
        self._then: Iterator[tuple[str, bytes]] | None = None
        self._obey = obey
        self._task: asyncio.Task[None] | None = None
        info = bytes(ToolInfo(WireKind.BALL, 1, 100, WireUnit.NEWTON))
        self.radio = Peripheral(
            "liar1",
            air.link,
            model="liar",
            info=lambda: info,
            obey=self._answer,
            answered=self._go,
            left=self._stop,
        )
        air.run(self.radio.run())
        self.radio.show()

    def sends(self, packets: Iterator[tuple[str, bytes]]) -> None:
        """What to send from the next answer on: ``force`` or ``stored``, and bytes."""
        self._then = packets

    async def _answer(self, data: bytes) -> Response:
        command = Command.from_bytes(data)
        self.asked.append(command)
        return self._obey(command)

    def _go(self) -> None:
        if self._then and self._task is None:
            self._task = asyncio.ensure_future(self._flood(self._then))

    def _stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _flood(self, packets: Iterator[tuple[str, bytes]]) -> None:
        channels = {"force": self.radio.force_stream, "stored": self.radio.stored_data}
        for number, (where, packet) in enumerate(packets):
            await self.radio.notify(channels[where], packet)
            if number % 20 == 19:
                await asyncio.sleep(0)


@asynccontextmanager
async def grip(adapter: Adapter) -> AsyncIterator[GripClient]:
    async with asyncio.timeout(30):
        async with GripClient(await find_device(adapter=adapter), adapter=adapter) as client:
            yield client


def starts(command: Command) -> Response:
    return STARTED if command.opcode == Opcode.START else Response(command.opcode, Status.SUCCESS)


def force(index: int, n: int = 5) -> bytes:
    return bytes(ForcePacket(index, index * 1000 % U32, (7,) * n))


@pytest.mark.parametrize(
    "packet",
    [b"", b"\xff" * 20, force(3)[:-1], force(2_000_000_000), bytes(500)],
    ids=["empty", "noise", "cut", "from afar", "long"],
)
async def test_endless_nonsense_is_counted_and_then_left(air: Any, adapter: Adapter, packet: bytes) -> None:
    Liar(air, obey=starts).sends(("force", packet) for _ in itertools.count())
    async with grip(adapter) as client:
        with pytest.raises(UnsupportedTool, match="no use"):
            async for _ in client.samples():
                pytest.fail("there is nothing in it")
        assert client.assembler.rejected >= link.MAX_USELESS
        assert len(client._packets._items) <= link.QUEUE_PACKETS
        with pytest.raises(LinkLost):  # it was let go
            await client.tare()


async def test_nonsense_among_good_packets_costs_no_sample(air: Any, adapter: Adapter) -> None:
    def mixed() -> Iterator[tuple[str, bytes]]:
        for index in range(0, 500, 5):
            yield from (("force", junk) for junk in (b"\0", force(index)[:9]))
            yield "force", force(index)
            yield from (("force", force(max(0, index - 50))), ("force", force(index + 3)))  # back, and across
        yield "force", bytes(ForcePacket(500, 600_000, (), end=True))

    Liar(air, obey=starts).sends(mixed())
    async with grip(adapter) as client:
        blocks = [block async for block in client.samples()]
    assert sum(map(len, blocks)) == client.assembler.received == 500
    assert client.assembler.lost == 0
    assert (client.assembler.rejected, client.assembler.duplicates) == (300, 100)


async def test_an_index_that_jumps_back_brings_nothing_again(air: Any, adapter: Adapter) -> None:
    Liar(air, obey=starts).sends(("force", force(index)) for index in itertools.cycle(range(0, 50, 5)))
    async with grip(adapter) as client:
        with pytest.raises(UnsupportedTool):
            async for _ in client.samples():
                pass
    assert client.assembler.received == 50
    assert client.assembler.duplicates >= link.MAX_USELESS


async def test_a_tool_that_streams_nothing_is_left(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WATCHDOG_S", 0.2)
    Liar(air, obey=starts)
    async with grip(adapter) as client:
        with pytest.raises(LinkLost, match="nothing came"):
            async for _ in client.samples():
                pytest.fail("there is nothing")
        with pytest.raises(LinkLost):
            await client.battery()


async def test_a_tool_that_senses_nothing_but_is_there_is_kept(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WATCHDOG_S", 0.4)
    monkeypatch.setattr("griphub.simulators.sending.HEARTBEAT_S", 0.1)
    play = air.play(150, rate_hz=100)
    tool = air.tool("ball3f2a", play, packet_s=1.0)  # a packet a second
    async with grip(adapter) as client:
        blocks = [block async for block in client.samples()]
    assert len(blocks) == 2
    assert tool.sent == client.assembler.received == 150


async def test_answers_to_what_nobody_asked_end_at_the_deadline(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("griphub.firmware_bridge.gatt.CALL_DEADLINE_S", 0.3)
    Liar(air, obey=lambda _: Response(0x77, Status.SUCCESS))
    async with grip(adapter) as client:
        with pytest.raises(LinkLost, match="did not answer"):
            await client.tare()


@pytest.mark.parametrize(
    "serial", [b"", b"Ball 1", b"ball1\n", b"../etc", b"\xff\xfe", b"b" * 9, b"ball\x001"]
)
async def test_a_serial_number_that_is_none_is_refused(air: Any, adapter: Adapter, serial: bytes) -> None:
    liar = Liar(air)
    _set(liar.radio, SERIAL_NUMBER, serial)
    with pytest.raises(UnsupportedTool, match="serial") as refused:
        async with grip(adapter):
            pass
    assert str(refused.value).isprintable()


async def test_texts_are_cleaned(air: Any, adapter: Adapter) -> None:
    liar = Liar(air)
    _set(liar.radio, MODEL_NUMBER, b"\x1b[2Jnice\r\n\xe2\x80\xae ball\0" + b"x" * 400)
    _set(liar.radio, SERIAL_NUMBER, b"LIAR1\0")
    async with grip(adapter) as client:
        assert client.tool.model.isprintable()
        assert client.tool.model.startswith("[2Jnice ball")
        assert len(client.tool.model) <= 64
        assert client.tool.tool_id == "liar1"


def _set(radio: Peripheral, uuid: str, value: bytes) -> None:
    for attribute in radio.bumble.gatt_server.attributes:
        if attribute.type == peripheral_module.as_uuid(uuid):
            attribute.value = value


# -- the log


def reports(*entries: StoredEntry, fetch: Callable[[Command], Response] | None = None) -> Obey:
    def obey(command: Command) -> Response:
        if command.opcode == Opcode.REPORT:
            position = command.parameter or 0
            entry = entries[position % len(entries)] if len(entries) == 1 or position < len(entries) else None
            if position and len(entries) == 1 and fetch:
                entry = None
            return Response(Opcode.REPORT, Status.SUCCESS, StoredReport(1, 0, 0, entry))
        if command.opcode == Opcode.FETCH and fetch:
            return fetch(command)
        return Response(command.opcode, Status.SUCCESS)

    return obey


def from_the_start(command: Command) -> Response:
    return Response(
        Opcode.FETCH, Status.SUCCESS, Sending(command.index or 0, 1000 * (command.index or 0), 0, 9)
    )


async def drain(client: GripClient) -> int:
    return sum([1 async for _ in client.stored()])


async def test_a_log_without_end_is_refused(air: Any, adapter: Adapter) -> None:
    liar = Liar(air, obey=reports(StoredEntry(9, 1, 0, 5)))
    async with grip(adapter) as client:
        with pytest.raises(UnsupportedTool, match="sessions"):
            await drain(client)
    assert len(liar.asked) <= handover.MAX_SESSIONS + 1


async def test_a_session_larger_than_any_is_refused(air: Any, adapter: Adapter) -> None:
    Liar(air, obey=reports(StoredEntry(9, 1, 0, MAX_SAMPLES + 1), fetch=from_the_start))
    async with grip(adapter) as client:
        with pytest.raises(UnsupportedTool, match="samples"):
            await drain(client)


async def test_a_session_of_which_nothing_comes_ends_the_link(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "SILENCE_S", 0.1)
    liar = Liar(air, obey=reports(StoredEntry(9, 1, 0, 500), fetch=from_the_start))
    async with grip(adapter) as client:
        with pytest.raises(LinkLost, match="stored session"):
            await drain(client)
    assert [c.opcode for c in liar.asked].count(Opcode.FETCH) == handover.MAX_FRUITLESS


@pytest.mark.parametrize("what", ["noise", "always the first", "drip"])
async def test_a_hand_over_that_never_ends_is_ended(
    air: Any, adapter: Adapter, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(handover, "SILENCE_S", 0.1)
    liar = Liar(air, obey=reports(StoredEntry(9, 1, 0, 1_000_000), fetch=from_the_start))
    monkeypatch.setattr(handover, "SLOWEST_HZ", 1e6)
    packets = {
        "noise": (b"\x09\0" + bytes(30) for _ in itertools.count()),
        "always the first": (bytes(StoredPacket(9, ForcePacket(0, 0, (1,)))) for _ in itertools.count()),
        "drip": (bytes(StoredPacket(9, ForcePacket(i, 1000 * i, (1,)))) for i in itertools.count()),
    }[what]
    liar.sends(("stored", packet) for packet in packets)
    async with grip(adapter) as client:
        with pytest.raises(GripError) as ended:
            await drain(client)
        assert isinstance(ended.value, UnsupportedTool | LinkLost)
        assert len(client._log._packets._items) <= handover.QUEUE_PACKETS


async def test_a_tool_that_forgot_a_session_between_two_questions_is_believed(
    air: Any, adapter: Adapter
) -> None:
    def gone(_: Command) -> Response:
        return Response(Opcode.FETCH, Status.NOT_FOUND)

    Liar(air, obey=reports(StoredEntry(9, 1, 0, 500), fetch=gone))
    async with grip(adapter) as client:
        assert await drain(client) == 0


async def test_a_tool_without_memory_has_nothing_stored(air: Any, adapter: Adapter) -> None:
    liar = Liar(air, obey=lambda c: Response(c.opcode, Status.UNKNOWN_OPCODE))
    server, data = liar.radio.bumble.gatt_server, liar.radio.stored_data
    server.attributes = [
        a for a in server.attributes if not data.handle - 1 <= a.handle <= data.end_group_handle
    ]
    async with grip(adapter) as client:
        assert not client.capabilities.stored
        assert client.capabilities.because["stored"]
        assert await drain(client) == 0
    assert liar.asked == []
