"""A Jlyscales CTS500 climbing scale."""

import asyncio
from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "0000ffe0-0000-1000-8000-00805f9b34fb"
DATA: Final = "0000ffe1-0000-1000-8000-00805f9b34fb"
CONTROL: Final = "0000ffe2-0000-1000-8000-00805f9b34fb"


class Cts500Device(SimulatedDevice):
    """Set to 40 samples a second. Its serial bridge cuts the frames where it likes.

    No source shows a negative weight: here it comes as two's complement.

    Attributes
    ----------
    battery_cv : int
        Hundredths of a volt.
    """

    driver = "cts500"
    default_name = "CTS500"
    rate_hz = 40.0
    batch = 2
    resolution = 0.01 * KGF_N
    battery_cv = 355

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the bridge."""
        self.data = notifying(DATA)
        services = {SERVICE: [self.data, self.control(CONTROL)], **device_information("DX", "MY-BT102")}
        return VirtualDevice(self.name, link, Advert(self.name, (SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """A frame for each sample, one after the other."""
        hundredths = (round(value) % (1 << 32) for value in force_n / KGF_N * 100)
        return b"".join(_frame(b"\x05\x01" + value.to_bytes(4, "big")) for value in hundredths)

    async def send(self, packet: bytes) -> None:
        """Cut the bytes in two, anywhere."""
        cut = self._random.randint(1, len(packet) - 1)
        await super().send(packet[:cut])
        await super().send(packet[cut:])

    def obey(self, uuid: str, data: bytes) -> bool:
        """Take start, stop, tare and the question for the battery."""
        if len(data) != 6 or _frame(data[:5]) != data:
            return False
        match data[1]:
            case 0xAA:
                self.stream(True)
            case 0xAB:
                self.stream(False)
            case 0xA6:
                self.tare()
            case 0xC4:
                self._tell(_frame(b"\x05\x80\xc4\x00" + self.battery_cv.to_bytes(2, "big")))
                return True
            case _:
                return False
        self._tell(data)
        return True

    def _tell(self, frame: bytes) -> None:
        self._telling = asyncio.create_task(self.radio.notify(self.data, frame))


def _frame(body: bytes) -> bytes:
    return body + bytes([sum(body) & 0xFF])
