"""A Tindeq Progressor, or a clone that speaks its protocol."""

import asyncio
import struct
from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "7e4e1701-1ea6-40c9-9dcc-13d34ffead57"
DATA: Final = "7e4e1702-1ea6-40c9-9dcc-13d34ffead57"
CONTROL: Final = "7e4e1703-1ea6-40c9-9dcc-13d34ffead57"

_US: Final = 1_000_000
_U32: Final = 1 << 32


class ProgressorDevice(SimulatedDevice):
    """The device of the maker: 80 samples a second, 16 in a packet.

    Attributes
    ----------
    clock_us : int
        What its 32-bit microsecond counter showed at power-on.
    battery_mv : int
        Battery voltage.
    """

    driver = "progressor"
    default_name = "Progressor_2718"
    rate_hz = 80.0
    batch = 16
    resolution = 1e-4  # kilograms as 32-bit floats: 7 digits
    clock_us = 0
    battery_mv = 3912

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the one service."""
        self.data = notifying(DATA)
        advert = Advert(self.name, (SERVICE,))
        return VirtualDevice(
            self.name, link, advert, {SERVICE: [self.data, self.control(CONTROL)]}, left=self.left
        )

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """Weight records: kilograms and microseconds."""
        samples = zip(force_n / KGF_N, device_s, strict=True)
        body = b"".join(struct.pack("<fI", kg, (self.clock_us + round(s * _US)) % _U32) for kg, s in samples)
        return bytes([1, len(body)]) + body

    def obey(self, uuid: str, data: bytes) -> bool:
        """Take the commands that are the same in all sources."""
        match data[0] if data else None:
            case 0x64:
                self.tare()
            case 0x65:
                self.stream(True)
            case 0x66:
                self.stream(False)
            case 0x6B:
                self._answer(b"1.2.3.4")
            case 0x6F:
                self._answer(struct.pack("<I", self.battery_mv))
            case 0x70:
                self._answer(bytes.fromhex("0807060504030201"))
            case _:
                return False
        return True

    def low_battery(self) -> None:
        """Tell that it will switch off soon."""
        self._tell(bytes([4, 0]))

    def _answer(self, value: bytes) -> None:
        self._tell(bytes([0, len(value)]) + value)

    def _tell(self, packet: bytes) -> None:
        self._telling = asyncio.create_task(self.radio.notify(self.data, packet))
