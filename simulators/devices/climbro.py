"""A Climbro hangboard."""

from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "49535343-fe7d-4ae5-8fa9-9fafd205e455"
DATA: Final = "49535343-1e4d-4bd9-ba61-23c647249616"
WRITE: Final = "49535343-8841-43f4-a8d4-ecbe34729bb3"
CONTROL_POINT: Final = "49535343-4c8a-39b3-2f49-511cff073b7e"

BATTERY_EVERY: Final = 50  #: packets


class ClimbroDevice(SimulatedDevice):
    """Streams as soon as somebody listens; its markers stay in force. No source tells its rate: 20 Hz here.

    Attributes
    ----------
    battery_byte : int
        112 is empty, 230 full.
    """

    driver = "climbro"
    default_name = "Climbro_0815"
    rate_hz = 20.0
    resolution = KGF_N
    battery_byte = 171
    _packets = 0

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the radio module's serial service."""
        self.data = notifying(DATA, self.stream)
        services = {
            SERVICE: [self.data, self.control(WRITE), self.control(CONTROL_POINT)],
            **device_information("Microchip", "RN487x"),
        }
        return VirtualDevice(self.name, link, Advert(self.name, (SERVICE,)), services, left=self.left)

    def stream(self, wanted: bool) -> None:
        """Begin with the battery, and then the marker of force."""
        self._packets = 0
        super().stream(wanted)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """One byte of whole kilograms; now and then the battery before it."""
        kgf = [min(max(round(value), 0), 0xEF) for value in force_n / KGF_N]
        force = bytes(0xF6 if value == 36 else value for value in kgf)
        news = b"" if self._packets % BATTERY_EVERY else bytes([0xF0, self.battery_byte, 0xF5])
        self._packets += 1
        return news + force
