"""Frez Dyno: raw counts with their times, nine to a notification.

Facts: the maker's protocol v1, as hangtime-grip-connect documents it, and a second program written from the
maker's publication, which adds that Start sets the tool's time to zero. Kilograms are ``a · (count - rest)``
with a coefficient `a` of each tool, which the maker's internet service tells against a key. The hub does not
ask it: samples stay counts until the tool is calibrated.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, Write, may_offer

SERVICE: Final = "da8a6c41-154b-4b9a-9b00-2f84dfcebfe9"
DATA: Final = "da8a6c42-154b-4b9a-9b00-2f84dfcebfe9"
CONTROL: Final = "da8a6c43-154b-4b9a-9b00-2f84dfcebfe9"

RATE_HZ: Final = 250.0
_PACKET = struct.Struct("<H" + "iI" * 9)
MTU: Final = _PACKET.size + 3  #: which the link needs
_HEADER = 0x0001
_U32 = 1 << 32

#: A longer gap than a link survives without a packet (Core Specification, Vol 6 Part B, 4.5.2) is nonsense.
MAX_GAP_MS: Final = 32_000


class FrezDyno(Driver):
    """Decodes the notifications; one whose times repeat, go back or leap is refused as a whole."""

    name = "frez-dyno"
    title = "Frez Dyno"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.COUNT,
        rate_hz=RATE_HZ,
        stamps=Stamps.TOOL,
        loss_known=True,
        tare=False,
        identify=False,
        battery=True,
        stored=False,
        counts=True,
        because={
            "unit": "It sends raw counts. What one is in newtons only its maker's internet service tells: "
            "calibrate it with a known weight.",
            "tare": "It has no zero of its own: the hub takes the level at rest, as the maker's app does "
            "from the first 100 samples. Leave it unloaded when a session begins.",
            "identify": "It has no light or sound that a hub can switch on.",
            "stored": "It keeps nothing while no hub is connected.",
        },
    )

    def __init__(self) -> None:
        self._last_ms: int | None = None

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By the beginning of its name, and the service where it names any."""
        return advertisement.name.startswith("FrezDyno-") and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read the 74 bytes of a notification."""
        if len(data) != _PACKET.size:
            raise PacketError(f"{len(data)} bytes where {_PACKET.size} are due, for an MTU of {MTU}", data)
        header, *fields = _PACKET.unpack(data)
        if header != _HEADER:
            raise PacketError(f"header {header:#06x} is not that of samples", data)
        # the 32-bit time wraps after 49 days, and a difference modulo 2**32 does not mind
        before_ms = fields[1] - 1 if self._last_ms is None else self._last_ms
        steps_ms = np.mod(np.diff(np.array([before_ms, *fields[1::2]], np.int64)), _U32)
        if not steps_ms.all() or steps_ms.sum() > MAX_GAP_MS:
            raise PacketError(f"the tool's time does not go on from {before_ms} ms", data)
        times_ms = before_ms + np.cumsum(steps_ms)
        self._last_ms = int(times_ms[-1])
        return Reading(np.array(fields[::2], np.float64), Unit.COUNT, device_s=times_ms / 1000)

    def start(self) -> Sequence[Write]:
        """Start, which sets the tool's time to zero; the maker asks for a confirmed write."""
        self._last_ms = None
        return (Write(CONTROL, b"\x01\x00", response=True),)

    def stop(self) -> Sequence[Write]:
        """Stop, and stay switched on."""
        return (Write(CONTROL, b"\x02\x00", response=True),)
