"""A Weiheng WH-C06 crane scale: it shouts its display's number, and nobody can connect to it."""

from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice
from ..radio import VirtualLink
from .device import SimulatedDevice

COMPANY: Final = 0x0100
_HEAD: Final = bytes.fromhex("020311 2ac0191123e1 01")
_KILOGRAMS: Final = 1


class WhC06Device(SimulatedDevice):
    """The scale, set to kilograms."""

    driver = "wh-c06"
    default_name = "IF_B7"
    rate_hz = 2.0
    resolution = 0.01 * KGF_N
    hold = False

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer nothing; it shows its number whether or not anybody listens."""
        self._counter = 0
        self.stream(True)
        return VirtualDevice(self.name, link, self._advert(0))

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """Hundredths of a kilogram."""
        return self._frame(round(float(force_n[0]) / KGF_N * 100))

    async def send(self, packet: bytes) -> None:
        """Advertise another number."""
        self.radio.advertise(Advert(self.name, manufacturer=(COMPANY, packet), connectable=False))

    def _advert(self, hundredths: int) -> Advert:
        return Advert(self.name, manufacturer=(COMPANY, self._frame(hundredths)), connectable=False)

    def _frame(self, hundredths: int) -> bytes:
        self._counter = (self._counter + 1) % (1 << 16)
        return (
            _HEAD
            + hundredths.to_bytes(2, "big", signed=True)
            + bytes([0x01, 0xF4, (0xA0 if self.hold else 0) | _KILOGRAMS])
            + self._counter.to_bytes(2, "big")
        )
