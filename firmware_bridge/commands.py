"""The Control Point: what a hub writes and a tool answers, one dataclass each; see `packets`."""

import struct
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from .errors import PacketError
from .packets import U16_MAX, U32, require
from .profile import Opcode, SessionFlag, Status


@dataclass(frozen=True, slots=True)
class Command:
    """A Control Point write: an opcode, its parameter and a sample index, where it has them.

    Attributes
    ----------
    opcode : Opcode
    parameter : int or None
        Seconds for IDENTIFY (1 … 255), samples per second for SET_RATE (1 … 1000), UTC milliseconds since
        1970 for SET_TIME (unsigned 64 bit), position from the oldest session on for REPORT, id of a session
        for FETCH and ACKNOWLEDGE; None for the others.
    index : int or None
        Modulo 2**32: from where on to send for FETCH and, if it is given, for START; before which the hub has
        everything for ACKNOWLEDGE. None for the others.
    """

    PARAMETERS: ClassVar[dict[Opcode, tuple[struct.Struct, int, int]]] = {
        Opcode.IDENTIFY: (struct.Struct("<B"), 1, 255),
        Opcode.SET_RATE: (struct.Struct("<H"), 1, 1000),
        Opcode.SET_TIME: (struct.Struct("<Q"), 0, (1 << 64) - 1),
        Opcode.REPORT: (struct.Struct("<H"), 0, U16_MAX),
        Opcode.FETCH: (struct.Struct("<H"), 0, U16_MAX),
        Opcode.ACKNOWLEDGE: (struct.Struct("<H"), 0, U16_MAX),
    }
    INDEX: ClassVar[struct.Struct] = struct.Struct("<I")
    INDEXED: ClassVar[frozenset[Opcode]] = frozenset({Opcode.START, Opcode.FETCH, Opcode.ACKNOWLEDGE})

    opcode: Opcode
    parameter: int | None = None
    index: int | None = None

    def __post_init__(self) -> None:
        name = self.opcode.name
        require(self.opcode != Opcode.RESPONSE, "a response is not a command")
        if layout := self.PARAMETERS.get(self.opcode):
            _, low, high = layout
            require(
                self.parameter is not None and low <= self.parameter <= high,
                f"{name} needs a parameter of {low} … {high}",
            )
        else:
            require(self.parameter is None, f"{name} takes no parameter")
        if self.index is None:
            require(self.opcode not in self.INDEXED - {Opcode.START}, f"{name} needs an index")
        else:
            require(self.opcode in self.INDEXED, f"{name} takes no index")
            require(0 <= self.index < U32, "an index does not fit 32 bits")

    def __bytes__(self) -> bytes:
        layout = self.PARAMETERS.get(self.opcode)
        parameter = layout[0].pack(self.parameter) if layout else b""
        return bytes([self.opcode]) + parameter + (b"" if self.index is None else self.INDEX.pack(self.index))

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read a command; raises `PacketError`."""
        data = bytes(data)
        require(len(data) >= 1, "an empty command")
        require(data[0] in Opcode._value2member_map_, f"opcode {data[0]:#04x} is unknown", data)
        opcode = Opcode(data[0])
        layout = cls.PARAMETERS.get(opcode)
        plain = 1 + (layout[0].size if layout else 0)
        indexed = opcode in cls.INDEXED and len(data) != plain
        expected = plain + (cls.INDEX.size if indexed else 0)
        require(len(data) == expected, f"{opcode.name} takes {expected} bytes, not {len(data)}", data)
        try:
            return cls(
                opcode,
                layout[0].unpack_from(data, 1)[0] if layout else None,
                cls.INDEX.unpack_from(data, plain)[0] if indexed else None,
            )
        except PacketError as error:
            raise PacketError(error.reason, data) from None


@dataclass(frozen=True, slots=True)
class Sending:
    """What a successful START or FETCH tells: the first sample that will be sent.

    Attributes
    ----------
    next_index : int
        Its index, modulo 2**32. It is later than asked for where the tool's log does not go back so far.
    tick : int
        Its tick, 64 bit.
    now : int
        The tick at which the tool answers, 64 bit.
    session : int
        Id of the session that it belongs to: for START the running one, or the next to begin.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<IQQH")

    next_index: int
    tick: int
    now: int
    session: int

    def __post_init__(self) -> None:
        _check_fits(self.LAYOUT, self.next_index, self.tick, self.now, self.session)

    def __bytes__(self) -> bytes:
        return self.LAYOUT.pack(self.next_index, self.tick, self.now, self.session)


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One session in the tool's log.

    Attributes
    ----------
    session : int
        Its id, 16 bit; two sessions in the log never share one.
    boot_id : int
        Life of the tool in which it was recorded.
    first_index : int
        Index of its first sample that is kept and not acknowledged, modulo 2**32.
    samples : int
        How many there are from that on.
    epoch_ms : int
        UTC of that life's tick 0, milliseconds since 1970, as the latest SET_TIME of that life says; 0 if it
        was never told.
    running, cut : bool
        It is not over; the power failed while it ran.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<HIIIQB")

    session: int
    boot_id: int
    first_index: int
    samples: int
    epoch_ms: int = 0
    running: bool = False
    cut: bool = False

    def __post_init__(self) -> None:
        _check_fits(self.LAYOUT, *self._fields())

    def _fields(self) -> tuple[int, ...]:
        flags = (SessionFlag.RUNNING if self.running else 0) | (SessionFlag.CUT if self.cut else 0)
        return self.session, self.boot_id, self.first_index, self.samples, self.epoch_ms, flags

    def __bytes__(self) -> bytes:
        return self.LAYOUT.pack(*self._fields())


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What a successful REPORT tells.

    Attributes
    ----------
    sessions : int
        Sessions in the log, the running one among them.
    dropped_sessions, dropped_samples : int
        Never acknowledged and overwritten since the tool was made, modulo 2**32.
    entry : StoredEntry or None
        The session at the position asked for; None if there is none.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<HII")

    sessions: int
    dropped_sessions: int
    dropped_samples: int
    entry: StoredEntry | None = None

    def __post_init__(self) -> None:
        _check_fits(self.LAYOUT, self.sessions, self.dropped_sessions, self.dropped_samples)

    def __bytes__(self) -> bytes:
        totals = self.LAYOUT.pack(self.sessions, self.dropped_sessions, self.dropped_samples)
        return totals + (bytes(self.entry) if self.entry else b"")


@dataclass(frozen=True, slots=True)
class Response:
    """A Control Point indication: the answer to one command.

    Attributes
    ----------
    opcode : int
        Of the command; a tool must echo even an opcode that it does not know.
    status : Status
    tells : Sending or StoredReport or None
        What a successful START, FETCH or REPORT tells; None in other answers.
    """

    HEAD: ClassVar[struct.Struct] = struct.Struct("<BBB")

    opcode: int
    status: Status
    tells: Sending | StoredReport | None = None

    def __post_init__(self) -> None:
        require(0 <= self.opcode <= 0xFF, "an opcode is one byte")
        wanted = type(None) if self.status != Status.SUCCESS else _TELLS.get(self.opcode, type(None))
        require(isinstance(self.tells, wanted), f"opcode {self.opcode:#04x} does not tell that")

    def __bytes__(self) -> bytes:
        tail = b"" if self.tells is None else bytes(self.tells)
        return self.HEAD.pack(Opcode.RESPONSE, self.opcode, self.status) + tail

    @classmethod
    def from_bytes(cls, data: bytes | bytearray) -> Self:
        """Read an answer; raises `PacketError`."""
        data = bytes(data)
        require(len(data) >= cls.HEAD.size, f"{len(data)} bytes are too short for a response", data)
        marker, opcode, status = cls.HEAD.unpack_from(data)
        require(marker == Opcode.RESPONSE, f"{marker:#04x} does not mark a response", data)
        require(status in Status._value2member_map_, f"status {status} is unknown", data)
        kind = _TELLS.get(opcode) if status == Status.SUCCESS else None
        tells: Sending | StoredReport | None = None
        size, rest = 0, len(data) - cls.HEAD.size
        if kind:
            size = kind.LAYOUT.size
            if rest >= size:
                tells = kind(*kind.LAYOUT.unpack_from(data, cls.HEAD.size))
            if isinstance(tells, StoredReport) and rest > size:
                size += StoredEntry.LAYOUT.size
                if rest == size:
                    tells = replace(tells, entry=_entry(data))
        expected = cls.HEAD.size + size
        require(len(data) == expected, f"{len(data)} bytes where the response needs {expected}", data)
        return cls(opcode, Status(status), tells)


_TELLS: Final[dict[int, type[Sending] | type[StoredReport]]] = {
    Opcode.START: Sending,
    Opcode.FETCH: Sending,
    Opcode.REPORT: StoredReport,
}


def _entry(data: bytes) -> StoredEntry:
    offset = Response.HEAD.size + StoredReport.LAYOUT.size
    session, boot_id, first, samples, epoch_ms, flags = StoredEntry.LAYOUT.unpack_from(data, offset)
    running, cut = bool(flags & SessionFlag.RUNNING), bool(flags & SessionFlag.CUT)
    return StoredEntry(session, boot_id, first, samples, epoch_ms, running, cut)


def _check_fits(layout: struct.Struct, *values: int) -> None:
    try:
        layout.pack(*values)
    except struct.error as error:
        raise PacketError(f"a field does not fit: {error}") from None
