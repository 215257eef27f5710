"""A GripForge dynamometer, as people build it themselves."""

from typing import Final

from ...firmware_bridge.samples import LBF_N, FloatArray
from ..gatt import Advert, VirtualDevice, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "0b1b403e-1e94-4048-8468-2c6140047310"
DATA: Final = "6e31cb61-0acf-4001-acb3-abac9a94211d"


class GripForgeDevice(SimulatedDevice):
    """Pounds-force as text, five times a second."""

    driver = "gripforge"
    default_name = "GripForge"
    rate_hz = 5.0
    resolution = 0.1 * LBF_N

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the one service."""
        self.data = notifying(DATA, self.stream)
        advert = Advert(self.name, (SERVICE,))
        return VirtualDevice(self.name, link, advert, {SERVICE: [self.data]}, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """One decimal."""
        return f"{float(force_n[0]) / LBF_N:.1f}".encode()
