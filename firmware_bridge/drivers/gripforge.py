"""GripForge, a dynamometer that people build themselves: pounds-force as text.

Facts: the README of brycemurd/Grip-Strength-App. Its firmware may be set to another unit, which the tool does
not tell; it is read as documented.
"""

import re
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import LBF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, may_offer

SERVICE: Final = "0b1b403e-1e94-4048-8468-2c6140047310"
DATA: Final = "6e31cb61-0acf-4001-acb3-abac9a94211d"

RATE_HZ: Final = 5.0

_NUMBER: Final = re.compile(rb"[\0\s]*(-?[0-9]{1,4}(?:\.[0-9]{0,6})?)[\0\s]*")


class GripForge(Driver):
    """Decodes the text; it streams as soon as it is subscribed to."""

    name = "gripforge"
    title = "GripForge dynamometer"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=RATE_HZ,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=False,
        identify=False,
        battery=False,
        stored=False,
        counts=False,
        because={
            "unit": "It is read as pounds-force, as its maker documents it. Firmware may be set to other "
            "units and does not say so: hang a known weight on it before you trust the numbers.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "tare": "No command for it is known; the hub takes the level at rest.",
            "identify": "It has no light or sound that a hub can switch on.",
            "battery": "No source says that it tells its charge.",
            "stored": "It keeps nothing while no hub is connected.",
            "counts": "About five numbers a second are too few: quick squeezes fall between them. It serves "
            "for the best of a long squeeze.",
        },
    )

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By name, and the service where it names any."""
        return advertisement.name == "GripForge" and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one notification."""
        number = _NUMBER.fullmatch(data)
        if number is None:
            raise PacketError("this is no number", data)
        return Reading(np.array([float(number[1]) * LBF_N]), Unit.NEWTON)
