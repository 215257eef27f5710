"""An Entralpi force plate."""

from typing import Final

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, battery, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

UART_SERVICE: Final = "0000fff0-0000-1000-8000-00805f9b34fb"
WEIGHT_SERVICE: Final = "0000181d-0000-1000-8000-00805f9b34fb"
UPDATE_SERVICE: Final = "f000ffc0-0451-4000-b000-000000000000"
FFF1: Final = "0000fff1-0000-1000-8000-00805f9b34fb"
FFF4: Final = "0000fff4-0000-1000-8000-00805f9b34fb"
UPDATE: Final = "f000ffc1-0451-4000-b000-000000000000"


class EntralpiDevice(SimulatedDevice):
    """Streams as soon as somebody listens. No source tells its rate: 10 Hz here.

    The sources list one UUID twice, to be written in one service and notifying in the other. So it is here.

    Attributes
    ----------
    speaks : str
        The characteristic on which the weight comes.
    """

    driver = "entralpi"
    default_name = "ENTRALPI"
    rate_hz = 10.0
    resolution = 0.01 * KGF_N
    speaks = FFF4

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer both services, one of them mute."""
        voices = {
            uuid: notifying(uuid, self.stream if uuid == self.speaks else _mute) for uuid in (FFF1, FFF4)
        }
        self.data = voices[self.speaks]
        services = {
            UART_SERVICE: [self.control(FFF1), voices[FFF4]],
            WEIGHT_SERVICE: [voices[FFF1]],
            UPDATE_SERVICE: [self.control(UPDATE)],
            **battery(80),
            **device_information("Unique", "CW275"),
        }
        return VirtualDevice(self.name, link, Advert(self.name, (UART_SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """Hundredths of a kilogram; a plate cannot be pulled."""
        return max(0, round(float(force_n[0]) / KGF_N * 100)).to_bytes(2, "big")


def _mute(_listening: bool) -> None:
    pass
