"""Packets of the GripHub profile: one dataclass each, that reads, writes and validates itself.

Layouts are those of ``docs/protocol.md``; all integers are little endian. `from_bytes` raises
`PacketError` and nothing else, whatever the bytes.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from .errors import PacketError
from .profile import (
    PROTOCOL_VERSION,
    InfoFlag,
    Opcode,
    Status,
    StreamFlag,
    WireKind,
    WireUnit,
)

RAW_MISSING = -0x8000  #: raw sample: the sensor had no reading
RAW_CLIPPED = 0x7FFF  #: raw sample: the sensor was at the end of its range
U32 = 1 << 32


def _require(condition: bool, reason: str, data: bytes = b"") -> None:
    if not condition:
        raise PacketError(reason, data)


@dataclass(frozen=True, slots=True)
class ForcePacket:
    """One Force Stream notification.

    Attributes
    ----------
    index : int
        Sample index of the first sample, modulo 2**32.
    tick : int
        Tool tick (10 µs) of the first sample, modulo 2**32.
    raw : tuple of int
        Samples, -32768 … 32767; `RAW_MISSING` and `RAW_CLIPPED` are reserved.
    unit : WireUnit
        Unit of a sample after scaling.
    exponent : int
        A sample is ``raw * 10**exponent``; -8 … 7.
    period_ticks : int
        Ticks between samples, 1 … 65535; 0 exactly when `steps` is given.
    steps : tuple of int
        Ticks from the sample before, for tools that sample unevenly; the first is 0.
    end : bool
        Nothing follows: the tool goes to sleep or was told to stop.
    """

    HEADER: ClassVar[struct.Struct] = struct.Struct("<BBBIIH")

    index: int
    tick: int
    raw: tuple[int, ...]
    unit: WireUnit = WireUnit.NEWTON
    exponent: int = -2
    period_ticks: int = 1000
    steps: tuple[int, ...] = ()
    end: bool = False

    def __post_init__(self) -> None:
        _require(0 <= self.index < U32 and 0 <= self.tick < U32, "index or tick does not fit 32 bits")
        _require(len(self.raw) <= 255, f"{len(self.raw)} samples do not fit one packet")
        _require(bool(self.raw) or self.end, "a packet without samples must end the stream")
        _require(all(-0x8000 <= r <= 0x7FFF for r in self.raw), "a sample does not fit 16 bits")
        _require(-8 <= self.exponent <= 7, f"exponent {self.exponent} is outside -8 … 7")
        if self.steps:
            _require(self.period_ticks == 0, "uneven samples have no period")
            _require(len(self.steps) == len(self.raw), "each uneven sample needs its step")
            _require(self.steps[0] == 0, "the first sample's step must be 0: its time is the packet's tick")
            _require(all(0 < s <= 0xFFFF for s in self.steps[1:]), "a step must be 1 … 65535 ticks")
        elif self.raw:
            _require(
                0 < self.period_ticks <= 0xFFFF, f"period {self.period_ticks} is outside 1 … 65535 ticks"
            )
        else:
            _require(
                0 <= self.period_ticks <= 0xFFFF, f"period {self.period_ticks} is outside 0 … 65535 ticks"
            )

    def __bytes__(self) -> bytes:
        flags = (StreamFlag.TIMED if self.steps else 0) | (StreamFlag.END if self.end else 0)
        header = self.HEADER.pack(
            PROTOCOL_VERSION << 4 | flags,
            self.unit | (self.exponent & 0xF) << 4,
            len(self.raw),
            self.index,
            self.tick,
            self.period_ticks,
        )
        if self.steps:
            pairs = (value for pair in zip(self.steps, self.raw, strict=True) for value in pair)
            return header + struct.pack("<" + "Hh" * len(self.raw), *pairs)
        return header + struct.pack(f"<{len(self.raw)}h", *self.raw)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read a notification.

        Raises
        ------
        PacketError
            If the bytes are too short or too long, of another version, or hold impossible values.
        """
        data = bytes(data)
        _require(len(data) >= cls.HEADER.size, f"{len(data)} bytes are shorter than the header", data)
        first, scale, n, index, tick, period = cls.HEADER.unpack_from(data)
        _require(first >> 4 == PROTOCOL_VERSION, f"protocol version {first >> 4} is unknown", data)
        _require(not first & 0xC, "reserved flags are set", data)
        timed = bool(first & StreamFlag.TIMED)
        _require(not timed or n > 0, "an uneven packet needs samples", data)
        expected = cls.HEADER.size + n * (4 if timed else 2)
        _require(len(data) == expected, f"{len(data)} bytes where {n} samples need {expected}", data)
        _require(scale & 0xF in WireUnit._value2member_map_, f"unit {scale & 0xF} is unknown", data)
        exponent = scale >> 4
        values = struct.unpack_from("<" + ("Hh" if timed else "h") * n, data, cls.HEADER.size)
        try:
            return cls(
                index=index,
                tick=tick,
                raw=values[1::2] if timed else values,
                unit=WireUnit(scale & 0xF),
                exponent=exponent - 16 if exponent & 8 else exponent,
                period_ticks=period,
                steps=values[::2] if timed else (),
                end=bool(first & StreamFlag.END),
            )
        except PacketError as error:
            raise PacketError(error.reason, data) from None

    @classmethod
    def capacity(cls, att_mtu: int, *, timed: bool = False) -> int:
        """Samples that fit one notification at this ATT MTU (3 bytes are ATT's own)."""
        return max(0, min(255, (att_mtu - 3 - cls.HEADER.size) // (4 if timed else 2)))


@dataclass(frozen=True, slots=True)
class Command:
    """A Control Point write: an opcode and its one parameter, if it has any.

    `parameter` is seconds for IDENTIFY (1 … 255), samples per second for SET_RATE (1 … 1000), UTC
    milliseconds since 1970 for SET_TIME (unsigned 64 bit), and None for the others.
    """

    PARAMETERS: ClassVar[dict[Opcode, tuple[struct.Struct, int, int]]] = {
        Opcode.IDENTIFY: (struct.Struct("<B"), 1, 255),
        Opcode.SET_RATE: (struct.Struct("<H"), 1, 1000),
        Opcode.SET_TIME: (struct.Struct("<Q"), 0, (1 << 64) - 1),
    }

    opcode: Opcode
    parameter: int | None = None

    def __post_init__(self) -> None:
        _require(self.opcode != Opcode.RESPONSE, "a response is not a command")
        if layout := self.PARAMETERS.get(self.opcode):
            _, low, high = layout
            _require(
                self.parameter is not None and low <= self.parameter <= high,
                f"{self.opcode.name} needs a parameter of {low} … {high}",
            )
        else:
            _require(self.parameter is None, f"{self.opcode.name} takes no parameter")

    def __bytes__(self) -> bytes:
        layout = self.PARAMETERS.get(self.opcode)
        return bytes([self.opcode]) + (layout[0].pack(self.parameter) if layout else b"")

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read a command; raises `PacketError`."""
        data = bytes(data)
        _require(len(data) >= 1, "an empty command")
        _require(data[0] in Opcode._value2member_map_, f"opcode {data[0]:#04x} is unknown", data)
        opcode = Opcode(data[0])
        layout = cls.PARAMETERS.get(opcode)
        expected = 1 + (layout[0].size if layout else 0)
        _require(len(data) == expected, f"{opcode.name} takes {expected} bytes, not {len(data)}", data)
        try:
            return cls(opcode, layout[0].unpack_from(data, 1)[0] if layout else None)
        except PacketError as error:
            raise PacketError(error.reason, data) from None


@dataclass(frozen=True, slots=True)
class Response:
    """A Control Point indication: the answer to one command.

    A successful START carries `next_index` and `tick`: the sample index and tick of the first sample
    that will be sent. Other answers carry neither.
    """

    HEAD: ClassVar[struct.Struct] = struct.Struct("<BBB")
    START: ClassVar[struct.Struct] = struct.Struct("<II")

    opcode: int  #: of the command; a tool must echo even an opcode that it does not know
    status: Status
    next_index: int | None = None
    tick: int | None = None

    def __post_init__(self) -> None:
        _require(0 <= self.opcode <= 0xFF, "an opcode is one byte")
        started = self.opcode == Opcode.START and self.status == Status.SUCCESS
        for value in (self.next_index, self.tick):
            _require((value is not None) == started, "only a successful START carries index and tick")
            _require(value is None or 0 <= value < U32, "index or tick does not fit 32 bits")

    def __bytes__(self) -> bytes:
        tail = b"" if self.next_index is None else self.START.pack(self.next_index, self.tick)
        return self.HEAD.pack(Opcode.RESPONSE, self.opcode, self.status) + tail

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read an answer; raises `PacketError`."""
        data = bytes(data)
        _require(len(data) >= cls.HEAD.size, f"{len(data)} bytes are too short for a response", data)
        marker, opcode, status = cls.HEAD.unpack_from(data)
        _require(marker == Opcode.RESPONSE, f"{marker:#04x} does not mark a response", data)
        _require(status in Status._value2member_map_, f"status {status} is unknown", data)
        started = opcode == Opcode.START and status == Status.SUCCESS
        expected = cls.HEAD.size + (cls.START.size if started else 0)
        _require(len(data) == expected, f"{len(data)} bytes where the response needs {expected}", data)
        index, tick = cls.START.unpack_from(data, cls.HEAD.size) if started else (None, None)
        return cls(opcode, Status(status), index, tick)


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """Value of the Tool Info characteristic: what the tool is, and which life it is in.

    Attributes
    ----------
    boot_id : int
        Random 32-bit number drawn at power-on: sample index and tick count from zero in each life.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBBIH")

    kind: WireKind
    boot_id: int
    rate_hz: int
    simulated: bool = False

    def __post_init__(self) -> None:
        _require(0 <= self.boot_id < U32, "boot id does not fit 32 bits")
        _require(0 <= self.rate_hz <= 1000, "a rate is 1 … 1000 samples a second, or 0 for uneven")

    def __bytes__(self) -> bytes:
        flags = InfoFlag.SIMULATED if self.simulated else 0
        return self.LAYOUT.pack(PROTOCOL_VERSION, self.kind, flags, self.boot_id, self.rate_hz)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read Tool Info; raises `PacketError`. Later versions may append bytes, which are ignored."""
        data = bytes(data)
        _require(len(data) >= cls.LAYOUT.size, f"{len(data)} bytes are too short for Tool Info", data)
        version, kind, flags, boot_id, rate = cls.LAYOUT.unpack_from(data)
        _require(version == PROTOCOL_VERSION, f"protocol version {version} is unknown", data)
        _require(kind in WireKind._value2member_map_, f"kind of tool {kind} is unknown", data)
        try:
            return cls(WireKind(kind), boot_id, rate, bool(flags & InfoFlag.SIMULATED))
        except PacketError as error:
            raise PacketError(error.reason, data) from None
