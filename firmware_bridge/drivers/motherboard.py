"""Griptonite Motherboard: lines of text, three load cells, and a table of their counts in kilograms.

Facts, from hangtime-grip-connect and, independently, jtvjan's protocol notes: ``C`` makes it tell four
calibration points for each of four cells, in 16 lines ``cell,point,mass,count``; ``S30`` asks for 30 samples
a second, announced by a line ``Stream:``; whatever else is written ends the stream; a line holds sample
number, battery and the cells, of which the fourth is not connected; lines are cut into 20 bytes. Mass is
kilograms in hangtime-grip-connect and in a third program. The sample is the sum over the cells, of which the
middle and the right one count downwards; they hang under one board, and a hand pulls on all.

The sources differ on counts outside a table. Below the first point hangtime-grip-connect takes the opposite
of the mirrored count, mirrored about 0 in the line that runs and about the first point in one that was put
aside. Here it is the first point, where the curve does not leap. The two differ by a constant, which the
level at rest takes away. Beyond the last point the three programs say zero, nothing and the last mass: here
it is the last mass, and marked as clipped.
"""

import re
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, FloatArray, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, Write, may_offer

SERVICE: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
CONTROL: Final = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
DATA: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

RATE_HZ: Final = 30.0
CELLS, POINTS = 4, 4
SIGNS: Final = (1, -1, -1)  #: of left, middle and right

MAX_LINE: Final = 64  #: twice a sample's line
MAX_BUFFER: Final = 4096  #: the table ten times over
#: A gap of more than 32 s, which no link survives (Core Specification, Vol 6 Part B, 4.5.2), is nonsense.
MAX_STEP: Final = int(32 * RATE_HZ)

_SAMPLE = re.compile(rb"[0-9A-Fa-f]{32}")
_ROW = re.compile(rb"([0-3]),([0-3]),(-?[0-9]+(?:\.[0-9]+)?),(-?[0-9]+)")


class Motherboard(Driver):
    """Asks for the table, then for the stream, and decodes both."""

    name = "motherboard"
    title = "Griptonite Motherboard"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=RATE_HZ,
        stamps=Stamps.ARRIVAL,
        loss_known=True,
        tare=False,
        identify=False,
        battery=True,
        stored=False,
        counts=True,
        because={
            "stamps": "It numbers its samples, but sends no times: a sample is dated by when it arrived.",
            "tare": "It has no zero of its own: the hub takes the level at rest.",
            "identify": "Its lamps belong to the maker's app; the hub leaves them alone.",
            "stored": "It keeps nothing while no hub is connected.",
        },
    )

    def __init__(self) -> None:
        self._buffer = b""
        self._rows: dict[tuple[int, int], tuple[float, int]] = {}
        self._tables: list[FloatArray] = []  # of each cell: masses, counts
        self._number: int | None = None
        self._index = -1

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By its exact name, and the service where it names any: half of all hobby devices use that."""
        return advertisement.name == "Motherboard" and may_offer(advertisement, SERVICE)

    def start(self) -> Sequence[Write]:
        """Ask for the table, or for the stream if it is here; `feed` asks for the stream when it came."""
        self._buffer, self._number, self._index = b"", None, -1
        return (_STREAM if self._tables else _TABLE,)

    def stop(self) -> Sequence[Write]:
        """Ask for the serial number: any command ends the stream, and this one changes nothing."""
        return (Write(CONTROL, b"#"),)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read a piece of the text, cut anywhere.

        Samples of one reading follow one another; those after a gap wait for the next call.
        """
        self._buffer += data
        kgf: list[float] = []
        clipped: list[bool] = []
        index: int | None = None
        writes: tuple[Write, ...] = ()
        wrong = ""
        rejected = 0
        while (end := self._buffer.find(b"\n")) >= 0:
            line = self._buffer[:end].removesuffix(b"\r")
            try:
                if _SAMPLE.fullmatch(line):
                    number, force, beyond = self._sample(bytes.fromhex(line.decode()))
                    if self._number is None:
                        self._number = number - 1
                    step = (number - self._number) % (1 << 16)
                    if step > MAX_STEP:
                        raise PacketError(f"sample {number} does not follow {self._number}", line)
                    if step > 1 and kgf:
                        break
                    if step:
                        self._index += step
                        self._number = number
                        index = self._index if index is None else index
                        kgf.append(force)
                        clipped.append(beyond)
                elif self._told(line):
                    writes = (_STREAM,)
            except PacketError as error:
                wrong = error.reason
                rejected += 1
            self._buffer = self._buffer[end + 1 :]
        if len(self._buffer) > MAX_BUFFER:
            self._buffer, wrong = b"", "more text than samples"
            rejected += 1
        if rejected and not kgf and not writes:
            raise PacketError(wrong, data)
        if not kgf and not writes:
            return None
        return Reading(
            np.array(kgf) * KGF_N,
            Unit.NEWTON,
            index=index,
            clipped=np.array(clipped, np.bool_),
            writes=writes,
            rejected=rejected,
        )

    def _told(self, line: bytes) -> bool:
        """Take a line of text; whether it completed the table."""
        if not line or line.startswith(b"Stream"):
            return False
        row = _ROW.fullmatch(line) if len(line) <= MAX_LINE else None
        if not row:
            raise PacketError("a line that is neither sample nor calibration", line)
        if self._tables:
            return False
        cell, point, mass, count = row.groups()
        self._rows[int(cell), int(point)] = float(mass), int(count)
        if len(self._rows) < CELLS * POINTS:
            return False
        rows, self._rows = self._rows, {}
        tables = [np.array([rows[cell, point] for point in range(POINTS)]).T for cell in range(len(SIGNS))]
        if any((np.diff(table) <= 0).any() for table in tables):
            raise PacketError("a calibration table that does not rise", line)
        self._tables = tables
        return True

    def _sample(self, data: bytes) -> tuple[int, float, bool]:
        """Sample number, force in kgf, and whether a cell was beyond what it can tell."""
        if not self._tables:
            raise PacketError("a sample before the calibration table", data)
        number, _battery = struct.unpack_from("<HH", data)
        total = 0.0
        beyond = False
        for cell, ((masses, counts), sign) in enumerate(zip(self._tables, SIGNS, strict=True)):
            count = int.from_bytes(data[4 + 3 * cell : 7 + 3 * cell], "little", signed=True)
            above = abs(count - counts[0])
            mass = float(np.interp(counts[0] + above, counts, masses)) - masses[0]
            total += sign * (masses[0] + (mass if count >= counts[0] else -mass))
            beyond |= bool(counts[0] + above > counts[-1])
        return number, total, beyond


_TABLE = Write(CONTROL, b"C")
_STREAM = Write(CONTROL, b"S30")
