"""A Squegg grip ball: text, as soon as somebody listens."""

from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "0000ffb0-0000-1000-8000-00805f9b34fb"
COMMANDS: Final = "0000ffb1-0000-1000-8000-00805f9b34fb"
DATA: Final = "0000ffb2-0000-1000-8000-00805f9b34fb"
UPDATE_SERVICE: Final = "8e400001-f315-4f60-9fb8-838830daea50"
UPDATE: Final = "8ec90001-f315-4f60-9fb8-838830daea50"

SQUEEZED_KGF: Final = 0.3


class SqueggDevice(SimulatedDevice):
    """The ball. Its rate is a guess, and so is the unit: kilograms-force, which the ball never says.

    Attributes
    ----------
    battery_digit : int
        Tenths of the charge, less one.
    """

    driver = "squegg"
    default_name = "Squegg_1042"
    rate_hz = 20.0
    per_n = 1 / KGF_N
    resolution = 1e-3
    battery_digit = 9

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the stream, and beside it what no hub may ever write to."""
        self.data = notifying(DATA, self.stream)
        services = {
            SERVICE: [self.control(COMMANDS), self.data],
            UPDATE_SERVICE: [self.control(UPDATE)],
        }
        return VirtualDevice(self.name, link, Advert(self.name, (SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """A sign, battery, whether it is squeezed, strength without closing zeros."""
        strength = max(0.0, float(force_n[0]) / KGF_N)
        text = f"{strength:.3f}".rstrip("0").rstrip(".")
        return f"1{self.battery_digit}{int(strength > SQUEEZED_KGF)}{text}".encode()
