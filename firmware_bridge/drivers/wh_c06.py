"""Weiheng WH-C06 crane scale: the display's number in its advertisements; nobody can connect to it.

Facts: hangtime-grip-connect, sebws/Crane, bdrgrip/grip_gains_companion. They agree on where the number is and
disagree on the byte that says what it is in. What all of them can live with: its low half 1 is kilograms,
2 or 0 is pounds, anything else is refused. A high half other than 0 is "hold" or "stable": no live force. One
source reads the number as unsigned, two as signed (negative after a tare); the scale ends at 300 kg, where
both are the same.
"""

from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, LBF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading

NAME: Final = "IF_B7"
COMPANY: Final = 0x0100  #: assigned to TomTom, so it proves little
LENGTH: Final = 17

_IN_N: Final = {1: KGF_N, 2: LBF_N, 0: LBF_N}


class WhC06(Driver):
    """Decodes the manufacturer data; an advertisement is repeated until there is another number."""

    name = "wh-c06"
    title = "Weiheng WH-C06 scale"
    company_id = COMPANY
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=False,
        identify=False,
        battery=False,
        stored=False,
        counts=False,
        because={
            "rate_hz": "It has a new number two to four times a second, and the radio hears not all of them.",
            "stamps": "It sends no times that anybody understands: a sample is dated by when it was heard.",
            "loss_known": "Nobody knows what its counter counts, so a number not heard does not show.",
            "tare": "Nobody can connect to it: use its own button.",
            "identify": "Nobody can connect to it; look at its display.",
            "battery": "It does not tell: look at its display.",
            "stored": "It keeps nothing.",
            "counts": "It is too slow: squeezes come and go between two of its numbers. It serves for the "
            "best of a long, steady squeeze.",
        },
    )

    def __init__(self) -> None:
        self._before = b""

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By name, company and length together: each alone is shared with others."""
        return advertisement.name == NAME and len(advertisement.manufacturer_data.get(COMPANY, b"")) == LENGTH

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one advertisement's manufacturer data without the company id."""
        if len(data) != LENGTH:
            raise PacketError(f"{len(data)} bytes where {LENGTH} are due", data)
        if data == self._before:
            return None
        self._before = data
        hold, unit = divmod(data[14], 16)
        if unit not in _IN_N:
            raise PacketError(f"unit {data[14]:#04x} is one on which sources do not agree", data)
        shown = int.from_bytes(data[10:12], "big", signed=True) / 100
        return Reading(np.array([np.nan if hold else shown * _IN_N[unit]]), Unit.NEWTON)
