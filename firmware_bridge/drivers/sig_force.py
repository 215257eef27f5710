"""Whatever tells its force as the Bluetooth SIG defines it: do-it-yourself gauges, and tools yet to come.

Facts: the SIG's assigned numbers, as generated code of several projects has them: characteristic 0x2C07,
signed 32 bits of a millinewton with 0x7FFFFFFF for "not known", in the Industrial Measurement Device service
0x185A. The service's own rules were not read, so nothing is written.
"""

from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading

SERVICE: Final = "0000185a-0000-1000-8000-00805f9b34fb"
FORCE: Final = "00002c07-0000-1000-8000-00805f9b34fb"

_NOT_KNOWN: Final = 0x7FFF_FFFF


class SigForce(Driver):
    """Decodes the characteristic; its value is told as soon as it is subscribed to."""

    name = "sig-force"
    title = "Bluetooth standard force gauge"
    notify = (FORCE,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=False,
        identify=False,
        battery=True,
        stored=False,
        counts=True,
        because={
            "rate_hz": "Each device has its own rate; the hub measures it. Below 10 samples a second, quick "
            "squeezes are missed.",
            "stamps": "The standard has no times: a sample is dated by when it arrived.",
            "loss_known": "The standard numbers nothing, so a lost packet does not show.",
            "tare": "The standard characteristic has no command for it; the hub takes the level at rest.",
            "identify": "The standard characteristic has no command for it.",
            "stored": "The standard characteristic tells the present force only.",
        },
    )

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By the service alone: it is the SIG's, and belongs to nobody else. Our own tools have better."""
        return SERVICE in advertisement.service_uuids and not advertisement.is_grip_tool

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one value; one that the device does not know is a sample without a reading."""
        if len(data) != 4:
            raise PacketError(f"{len(data)} bytes where a force has 4", data)
        raw = int.from_bytes(data, "little", signed=True)
        return Reading(np.array([np.nan if raw == _NOT_KNOWN else raw / 1000]), Unit.NEWTON)
