"""Climbro hangboard: a stream of bytes, each a kilogram count, with markers that stay in force.

Facts, read in hangtime-grip-connect: the markers, the substitute for 36 (which is ``$``, and three of those
would put the board's RN487x radio module into its command mode) and the scale of the battery. A second
program, octogradiste/weight_scale, takes a notification of one byte as whole kilograms, which agrees: the
marker of an earlier notification stays in force.
"""

from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, may_offer

SERVICE: Final = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
DATA: Final = "49535343-1e4d-4bd9-ba61-23c647249616"

BATTERY_FOLLOWS: Final = 0xF0
FORCE_FOLLOWS: Final = 0xF5
THIRTY_SIX: Final = 0xF6
EMPTY, FULL = 112, 230  #: battery bytes at 0 % and 100 %


class Climbro(Driver):
    """Decodes the serial stream; bytes before the first marker and unknown markers are refused."""

    name = "climbro"
    title = "Climbro hangboard"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=False,
        identify=False,
        battery=True,
        stored=False,
        counts=False,
        because={
            "unit": "It tells whole kilograms, which are steps of 9.8 N: too coarse for a small child.",
            "rate_hz": "No source says how often it sends; the hub measures it.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "tare": "No command for it is known: the hub takes the level at rest.",
            "identify": "It has no light or sound that a hub can switch on.",
            "stored": "It keeps nothing while no hub is connected.",
            "counts": "A light squeeze can be less than one of its steps, and its rate is not known.",
        },
    )

    def __init__(self) -> None:
        self._follows = 0

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By the beginning of its name, and the service where it names any: many modules share that."""
        return advertisement.name.startswith("Climbro") and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read a piece of the stream, cut anywhere."""
        kgf: list[int] = []
        battery: int | None = None
        rejected = 0
        for byte in data:
            if byte in (BATTERY_FOLLOWS, FORCE_FOLLOWS):
                self._follows = byte
            elif not self._follows or (byte > BATTERY_FOLLOWS and byte != THIRTY_SIX):
                rejected += 1
            elif self._follows == FORCE_FOLLOWS:
                kgf.append(36 if byte == THIRTY_SIX else byte)
            else:
                battery = round(100 * min(max((byte - EMPTY) / (FULL - EMPTY), 0), 1))
        if rejected and not kgf and battery is None:
            raise PacketError("bytes that are neither force nor battery", data)
        if not kgf and battery is None:
            return None
        return Reading(
            np.array(kgf, np.float64) * KGF_N, Unit.NEWTON, battery_percent=battery, rejected=rejected
        )
