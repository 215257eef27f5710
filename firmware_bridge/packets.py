"""What tools send and show: one dataclass each, that reads, writes and validates itself.

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
    StreamFlag,
    WireKind,
    WireUnit,
)

RAW_MISSING = -0x8000  #: raw sample: the sensor had no reading
RAW_CLIPPED = 0x7FFF  #: raw sample: the sensor was at the end of its range
U32 = 1 << 32
U16_MAX = 0xFFFF
FORCE_UNKNOWN_MN = 0x7FFFFFFF  #: value of the SIG's Force characteristic where there is none


def require(condition: bool, reason: str, data: bytes = b"") -> None:
    """Raise a `PacketError` unless the condition holds."""
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
        Nothing follows: the tool goes to sleep or was told to stop. A packet without samples that is not the
        end says that the tool is still there.
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
        require(0 <= self.index < U32 and 0 <= self.tick < U32, "index or tick does not fit 32 bits")
        require(len(self.raw) <= 255, f"{len(self.raw)} samples do not fit one packet")
        require(all(-0x8000 <= r <= 0x7FFF for r in self.raw), "a sample does not fit 16 bits")
        require(-8 <= self.exponent <= 7, f"exponent {self.exponent} is outside -8 … 7")
        if self.steps:
            require(self.period_ticks == 0, "uneven samples have no period")
            require(len(self.steps) == len(self.raw), "each uneven sample needs its step")
            require(self.steps[0] == 0, "the first sample's step must be 0: its time is the packet's tick")
            require(all(0 < s <= 0xFFFF for s in self.steps[1:]), "a step must be 1 … 65535 ticks")
        elif self.raw:
            require(0 < self.period_ticks <= 0xFFFF, f"period {self.period_ticks} is outside 1 … 65535 ticks")
        else:
            require(
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
        require(len(data) >= cls.HEADER.size, f"{len(data)} bytes are shorter than the header", data)
        first, scale, n, index, tick, period = cls.HEADER.unpack_from(data)
        require(first >> 4 == PROTOCOL_VERSION, f"protocol version {first >> 4} is unknown", data)
        require(not first & 0xC, "reserved flags are set", data)
        timed = bool(first & StreamFlag.TIMED)
        require(not timed or n > 0, "an uneven packet needs samples", data)
        expected = cls.HEADER.size + n * (4 if timed else 2)
        require(len(data) == expected, f"{len(data)} bytes where {n} samples need {expected}", data)
        require(scale & 0xF in WireUnit._value2member_map_, f"unit {scale & 0xF} is unknown", data)
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
class StoredPacket:
    """One Stored Data notification: a part of the session that a hub fetches.

    Attributes
    ----------
    session : int
        Id of the session, 16 bit.
    force : ForcePacket
        Its samples; `ForcePacket.end` marks the last packet of the session.
    """

    HEADER: ClassVar[struct.Struct] = struct.Struct("<H")

    session: int
    force: ForcePacket

    def __post_init__(self) -> None:
        require(0 <= self.session <= U16_MAX, "a session id does not fit 16 bits")

    def __bytes__(self) -> bytes:
        return self.HEADER.pack(self.session) + bytes(self.force)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read a notification; raises `PacketError`."""
        require(len(data) >= cls.HEADER.size, f"{len(data)} bytes are shorter than the header", bytes(data))
        (session,) = cls.HEADER.unpack_from(data)
        return cls(session, ForcePacket.from_bytes(data[cls.HEADER.size :]))


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """Value of the Tool Info characteristic: what the tool is, and which life it is in.

    Attributes
    ----------
    boot_id : int
        Random 32-bit number drawn at power-on: sample index and tick count from zero in each life.
    rate_hz : int
        Samples per second; 0 where they are uneven.
    unit : WireUnit
        Unit of its samples.
    simulated : bool
        Not a physical tool.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBBIHB")

    kind: WireKind
    boot_id: int
    rate_hz: int
    unit: WireUnit
    simulated: bool = False

    def __post_init__(self) -> None:
        require(0 <= self.boot_id < U32, "boot id does not fit 32 bits")
        require(0 <= self.rate_hz <= 1000, "a rate is 1 … 1000 samples a second, or 0 for uneven")

    def __bytes__(self) -> bytes:
        flags = InfoFlag.SIMULATED if self.simulated else 0
        return self.LAYOUT.pack(PROTOCOL_VERSION, self.kind, flags, self.boot_id, self.rate_hz, self.unit)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read Tool Info; raises `PacketError`. Later versions may append bytes, which are ignored."""
        data = bytes(data)
        require(len(data) >= cls.LAYOUT.size, f"{len(data)} bytes are too short for Tool Info", data)
        version, kind, flags, boot_id, rate, unit = cls.LAYOUT.unpack_from(data)
        require(version == PROTOCOL_VERSION, f"protocol version {version} is unknown", data)
        require(kind in WireKind._value2member_map_, f"kind of tool {kind} is unknown", data)
        require(unit in WireUnit._value2member_map_, f"unit {unit} is unknown", data)
        try:
            return cls(WireKind(kind), boot_id, rate, WireUnit(unit), bool(flags & InfoFlag.SIMULATED))
        except PacketError as error:
            raise PacketError(error.reason, data) from None
