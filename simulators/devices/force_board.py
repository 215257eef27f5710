"""A PitchSix Force Board."""

from typing import Final

from ...firmware_bridge.samples import LBF_N, FloatArray
from ..gatt import Advert, VirtualDevice, battery, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

FORCE_SERVICE: Final = "9a88d67f-8df2-4afe-9e0d-c2bbbe773dd0"
FORCE: Final = "9a88d682-8df2-4afe-9e0d-c2bbbe773dd0"
TARE: Final = "9a88d683-8df2-4afe-9e0d-c2bbbe773dd0"
THRESHOLD: Final = "9a88d686-8df2-4afe-9e0d-c2bbbe773dd0"
SERIAL: Final = "9a88d688-8df2-4afe-9e0d-c2bbbe773dd0"
MODE_SERVICE: Final = "467a8516-6e39-11eb-9439-0242ac130002"
MODE: Final = "467a8517-6e39-11eb-9439-0242ac130002"
DFU_SERVICE: Final = "0000fe59-0000-1000-8000-00805f9b34fb"
DFU: Final = "8ec90003-f315-4f60-9fb8-838830daea50"


class ForceBoardDevice(SimulatedDevice):
    """Present firmware: 80 samples a second, four to a packet, in whole pounds.

    It senses pull alone: a push leaves its counter below zero, which comes out as a huge number.
    """

    driver = "force-board"
    default_name = "Force Board"
    rate_hz = 80.0
    batch = 4
    resolution = LBF_N

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer force and mode, and what a hub must keep its hands off."""
        self.data = notifying(FORCE)
        services = {
            FORCE_SERVICE: [self.data, self.control(TARE), self.control(THRESHOLD), self.control(SERIAL)],
            MODE_SERVICE: [self.control(MODE)],
            DFU_SERVICE: [self.control(DFU)],
            **battery(64),
            **device_information("PitchSix", ""),
        }
        return VirtualDevice(self.name, link, Advert(self.name, (FORCE_SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """A count, and for each sample a weight of 32768, 256 and 1."""
        samples = b"".join(_three_bytes(round(value)) for value in force_n / LBF_N)
        return len(force_n).to_bytes(2, "big") + samples

    def obey(self, uuid: str, data: bytes) -> bool:
        """Take modes and tare; not quick start, which hides how a hand lets go."""
        if (uuid, data) in ((MODE, b"\x04"), (MODE, b"\x07")):
            self.stream(data == b"\x04")
        elif (uuid, data) in ((MODE, b"\x05"), (TARE, b"\x01")):
            self.tare()
        else:
            return False
        return True


def _three_bytes(lbf: int) -> bytes:
    if lbf < 0:
        return (lbf % (1 << 24)).to_bytes(3, "big")
    return bytes([lbf // 32768, lbf % 32768 // 256, lbf % 256])
