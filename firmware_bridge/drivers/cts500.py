"""Jlyscales CTS500 and CTS-300 climbing scales: frames with a checksum on a serial bridge.

Facts, read in hangtime-grip-connect, on which the other programs for this scale are built: the frames, their
checksum and hundredths of a kilogram. That program reads the weight without a sign, and no source shows a
negative one. The second byte of a weight, 1 in its examples, has no known meaning. The command that sets the
rate changes the scale and may be kept for ever, so the hub leaves it alone.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, Write, may_offer

SERVICE: Final = "0000ffe0-0000-1000-8000-00805f9b34fb"
DATA: Final = "0000ffe1-0000-1000-8000-00805f9b34fb"
CONTROL: Final = "0000ffe2-0000-1000-8000-00805f9b34fb"

HEADER: Final = 0x05
REPLY: Final = 0x80
START, STOP, TARE = 0xAA, 0xAB, 0xA6
ECHO_BYTES, DATA_BYTES = 6, 7

#: Second byte of a command and of its echo; any other begins a longer frame.
OPCODES: Final = frozenset(
    bytes.fromhex("81 82 83 84 85 86 a1 a2 a4 a6 a7 a9 aa ab c0 c1 c3 c4 c5 c6 c7 ca d1 d2 d3 d4")
)

#: Its largest range is 3 t. Above it, and so in all that a sign could be in, is no weight.
MAX_KGF: Final = 3000


def command(opcode: int) -> bytes:
    """Frame a command without parameters."""
    frame = bytes([HEADER, opcode, 0, 0, 0])
    return frame + bytes([sum(frame) & 0xFF])


class Cts500(Driver):
    """Cuts the stream into frames and decodes the weights; echoes and replies bring no news."""

    name = "cts500"
    title = "Jlyscales CTS500 scale"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=True,
        identify=False,
        battery=False,
        stored=False,
        counts=False,
        because={
            "unit": "The only source takes its numbers as kilograms, and nothing that it sends names a unit: "
            "check it once against a known weight. Less than its zero is refused, as its sign is not known.",
            "rate_hz": "It was set somewhere, to 10 … 320 samples a second; the hub measures what comes.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "identify": "It has no light or sound that a hub can switch on.",
            "battery": "It tells volts, and nobody says which are full and which are empty.",
            "stored": "It keeps nothing while no hub is connected.",
            "counts": "Nobody says how often it sends what it measured.",
        },
    )

    def __init__(self) -> None:
        self._buffer = bytearray()

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By one of its exact names, and the service where it names any."""
        return advertisement.name.upper() in ("CTS500", "CTS-300") and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read a piece of the stream, cut anywhere; at most one unfinished frame is kept."""
        self._buffer += data
        kgf: list[float] = []
        rejected = 0
        skipped = False
        while len(self._buffer) >= 2:
            size = ECHO_BYTES if self._buffer[1] in OPCODES else DATA_BYTES
            if len(self._buffer) < size:
                break
            frame = bytes(self._buffer[:size])
            if frame[0] != HEADER or sum(frame[:-1]) & 0xFF != frame[-1]:
                skipped = True
                del self._buffer[0]
                continue
            del self._buffer[:size]
            if size == DATA_BYTES and frame[1] != REPLY:
                weight = int.from_bytes(frame[2:6], "big") / 100
                if weight <= MAX_KGF:
                    kgf.append(weight)
                else:
                    rejected += 1
        rejected += skipped
        if kgf:
            return Reading(np.array(kgf) * KGF_N, Unit.NEWTON, rejected=rejected)
        if rejected:
            raise PacketError("bytes that are no frame, or a weight with an unknown sign", data)
        return None

    def start(self) -> Sequence[Write]:
        """Send weights by itself."""
        return (Write(CONTROL, command(START)),)

    def stop(self) -> Sequence[Write]:
        """Send none."""
        return (Write(CONTROL, command(STOP)),)

    def tare(self) -> Sequence[Write]:
        """Take the present load as zero, until it is switched off; "zero" (86) is a calibration."""
        return (Write(CONTROL, command(TARE)),)
