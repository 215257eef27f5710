"""A force gauge that speaks nothing but the Bluetooth SIG's own words."""

from typing import Final

from ...firmware_bridge.samples import FloatArray
from ..gatt import Advert, VirtualDevice, battery, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "0000185a-0000-1000-8000-00805f9b34fb"
FORCE: Final = "00002c07-0000-1000-8000-00805f9b34fb"
FORCE_GAUGE: Final = 0x1486
NOT_KNOWN: Final = 0x7FFF_FFFF


class SigForceDevice(SimulatedDevice):
    """Millinewtons, one value in a notification."""

    driver = "sig-force"
    default_name = "Force gauge"
    rate_hz = 50.0
    resolution = 1e-3

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the measurement, and what it is."""
        self.data = notifying(FORCE, self.stream)
        services = {
            SERVICE: [self.data],
            **battery(64),
            **device_information("Somebody", "Home-made gauge", firmware="0.3"),
        }
        advert = Advert(self.name, (SERVICE,), appearance=FORCE_GAUGE)
        return VirtualDevice(self.name, link, advert, services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """32 bits, signed; NaN is not known."""
        known = force_n[0] == force_n[0]
        return (round(float(force_n[0]) * 1000) if known else NOT_KNOWN).to_bytes(4, "little", signed=True)
