"""Packets: there and back, and nothing but `PacketError` for other people's bytes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.commands import Command, Response, Sending, StoredEntry, StoredReport
from griphub.firmware_bridge.errors import PacketError
from griphub.firmware_bridge.packets import ForcePacket, StoredPacket, ToolInfo
from griphub.firmware_bridge.profile import Opcode, Status, WireKind, WireUnit

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, (1 << 32) - 1)
RAW = st.integers(-0x8000, 0x7FFF)


@st.composite
def force_packets(draw: st.DrawFn) -> ForcePacket:
    raw = tuple(draw(st.lists(RAW, max_size=255)))
    timed = bool(raw) and draw(st.booleans())
    steps = [draw(st.integers(1, 0xFFFF)) for _ in raw] if timed else []
    return ForcePacket(
        index=draw(U32),
        tick=draw(U32),
        raw=raw,
        unit=draw(st.sampled_from(WireUnit)),
        exponent=draw(st.integers(-8, 7)),
        period_ticks=0 if timed else draw(st.integers(1, 0xFFFF)),
        steps=(0, *steps[1:]) if timed else (),
        end=draw(st.booleans()),
    )


LIMITS = {
    Opcode.IDENTIFY: 255,
    Opcode.SET_RATE: 1000,
    Opcode.SET_TIME: (1 << 64) - 1,
    Opcode.REPORT: 0xFFFF,
    Opcode.FETCH: 0xFFFF,
    Opcode.ACKNOWLEDGE: 0xFFFF,
}
INDICES = {Opcode.START: U32 | st.none(), Opcode.FETCH: U32, Opcode.ACKNOWLEDGE: U32}
commands = st.sampled_from([o for o in Opcode if o != Opcode.RESPONSE]).flatmap(
    lambda o: st.builds(
        Command,
        st.just(o),
        st.integers(1, LIMITS[o]) if o in LIMITS else st.none(),
        INDICES.get(o, st.none()),
    )
)
U64 = st.integers(0, (1 << 64) - 1)
entries = st.builds(StoredEntry, U16, U32, U32, U32, U64, st.booleans(), st.booleans())
reports = st.builds(StoredReport, U16, U32, U32, entries | st.none())
sendings = st.builds(Sending, U32, U64, U64, U16)
responses = st.one_of(
    st.builds(Response, st.sampled_from([0x01, 0x11]), st.just(Status.SUCCESS), sendings),
    st.builds(Response, st.just(0x10), st.just(Status.SUCCESS), reports),
    st.builds(Response, st.integers(0x12, 255), st.sampled_from(Status)),
    st.builds(Response, st.integers(0, 255), st.sampled_from([s for s in Status if s])),
)
infos = st.builds(
    ToolInfo, st.sampled_from(WireKind), U32, st.integers(0, 1000), st.sampled_from(WireUnit), st.booleans()
)
stored = st.builds(StoredPacket, U16, force_packets())
packets = st.one_of(force_packets(), stored, commands, responses, infos)
readers = st.sampled_from([ForcePacket, StoredPacket, Command, Response, ToolInfo])


@settings(deadline=None)
@given(packets)
def test_there_and_back(packet: Any) -> None:
    assert type(packet).from_bytes(bytes(packet)) == packet


def read(reader: Callable[[bytes], Any], data: bytes) -> None:
    """Read what may be nonsense; what is accepted must be written back as the same packet."""
    try:
        packet = reader(data)
    except PacketError as error:
        assert error.reason
        assert str(error).endswith("docs/protocol.md.")
    else:
        assert type(packet).from_bytes(bytes(packet)) == packet


@settings(deadline=None)
@given(readers, st.binary(max_size=80))
def test_any_bytes_give_a_packet_or_a_packet_error(reader: Any, data: bytes) -> None:
    read(reader.from_bytes, data)


@settings(deadline=None)
@given(packets, st.data())
def test_damaged_packets_give_a_packet_or_a_packet_error(packet: Any, data: st.DataObject) -> None:
    damaged = bytearray(bytes(packet))
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    read(type(packet).from_bytes, bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


@pytest.mark.parametrize("cut", range(ForcePacket.HEADER.size + 6))
def test_a_cut_force_packet_is_refused(cut: int) -> None:
    whole = bytes(ForcePacket(index=1, tick=2, raw=(1, 2, 3)))
    with pytest.raises(PacketError):
        ForcePacket.from_bytes(whole[:cut])


@pytest.mark.parametrize(
    "wrong",
    [
        {"index": 1 << 32},
        {"tick": -1},
        {"raw": (1 << 15,)},
        {"raw": (0,) * 256},
        {"exponent": 8},
        {"period_ticks": 0},
        {"steps": (0,)},
        {"period_ticks": 0, "steps": (1,)},
        {"period_ticks": 0, "steps": (0, 5)},
        {"raw": (1, 2), "period_ticks": 0, "steps": (0, 0)},
    ],
)
def test_impossible_force_packets_cannot_be_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(PacketError):
        ForcePacket(**{"index": 0, "tick": 0, "raw": (1,), **wrong})


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("att_mtu", [23, 185, 247, 517])
def test_capacity_fills_a_notification(att_mtu: int, timed: bool) -> None:
    n = ForcePacket.capacity(att_mtu, timed=timed)
    steps = (0, *[1] * (n - 1)) if timed else ()
    size = len(bytes(ForcePacket(0, 0, (0,) * n, period_ticks=0 if timed else 1, steps=steps)))
    assert size <= att_mtu - 3 < size + (4 if timed else 2)


@pytest.mark.parametrize(
    ("what", "values"),
    [
        (Command, (Opcode.RESPONSE,)),
        (Command, (Opcode.IDENTIFY,)),
        (Command, (Opcode.STOP, 1)),
        (Command, (Opcode.FETCH, 1)),
        (Command, (Opcode.TARE, None, 1)),
        (Command, (Opcode.START, None, 1 << 32)),
        (Response, (0x01, Status.SUCCESS)),
        (Response, (0x01, Status.NOT_NOW, Sending(1, 2, 3, 4))),
        (Response, (0x10, Status.SUCCESS, Sending(1, 2, 3, 4))),
        (Sending, (1, 1 << 64, 3, 4)),
        (StoredEntry, (1 << 16, 0, 0, 0)),
        (StoredReport, (1, -1, 0)),
        (StoredPacket, (-1, ForcePacket(0, 0, (1,)))),
    ],
)
def test_impossible_commands_and_answers_cannot_be_made(what: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(PacketError):
        what(*values)
