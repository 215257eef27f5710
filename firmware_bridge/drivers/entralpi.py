"""Entralpi force plate, which is the scale Unique CW275 by Lefu: one weight in each notification.

Facts: hangtime-grip-connect lists two characteristics that may carry the weight, reads both alike and does
not say which one speaks. A published game for the plate uses only ``fff4`` of service ``fff0`` under the same
name, and takes a full screen as 8000: 80 kg, the same scale. So both are subscribed to where they notify, and
whichever speaks first is the tool's voice. One program reads the number as signed, the other as unsigned;
they differ from 327.68 kg on, and there it is refused.
"""

from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, may_offer

UART_SERVICE: Final = "0000fff0-0000-1000-8000-00805f9b34fb"
WEIGHT_SERVICE: Final = "0000181d-0000-1000-8000-00805f9b34fb"
UART_DATA: Final = "0000fff4-0000-1000-8000-00805f9b34fb"
WEIGHT_DATA: Final = "0000fff1-0000-1000-8000-00805f9b34fb"


class Entralpi(Driver):
    """Decodes the weight; it streams as soon as it is subscribed to."""

    name = "entralpi"
    title = "Entralpi force plate"
    notify = (UART_DATA, WEIGHT_DATA)
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
            "rate_hz": "No source says how often it sends; the hub measures it.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "tare": "No command for it is known: the hub takes the level at rest.",
            "identify": "It has no light or sound that a hub can switch on.",
            "stored": "It keeps nothing while no hub is connected.",
            "counts": "It is a scale: nobody says that it follows a quick squeeze.",
        },
    )

    def __init__(self) -> None:
        self._voice = ""

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By its exact name, and the service where it names any: hundreds of products use ``fff0``."""
        return advertisement.name == "ENTRALPI" and may_offer(advertisement, UART_SERVICE, WEIGHT_SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read the first two bytes; no source knows what may follow them."""
        if len(data) < 2:
            raise PacketError(f"{len(data)} bytes are too short for a weight", data)
        raw = int.from_bytes(data[:2], "big")
        if raw >= 1 << 15:
            raise PacketError(f"weight {raw} is one that sources read with different signs", data)
        self._voice = self._voice or characteristic
        if characteristic != self._voice:
            return None
        return Reading(np.array([raw / 100 * KGF_N]), Unit.NEWTON)
