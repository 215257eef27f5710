"""A Frez Dyno."""

import struct
from typing import Final

import numpy as np

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, battery, device_information, notifying
from ..plays import Play
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "da8a6c41-154b-4b9a-9b00-2f84dfcebfe9"
DATA: Final = "da8a6c42-154b-4b9a-9b00-2f84dfcebfe9"
CONTROL: Final = "da8a6c43-154b-4b9a-9b00-2f84dfcebfe9"


class FrezDynoDevice(SimulatedDevice):
    """250 raw counts a second, nine to a packet; a packet that is not full is never sent.

    A link with a smaller MTU than 77 cuts its packets, as any GATT server must.

    Its coefficient is 1/43000 kg per count, which it does not tell.
    """

    driver = "frez-dyno"
    default_name = "FrezDyno-000271"
    rate_hz = 250.0
    batch = 9
    per_n = 43_000 / KGF_N
    zero = 84_213.0
    resolution = 1.0
    _began_s: float | None = None

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer protocol v1."""
        self.data = notifying(DATA)
        services = {
            SERVICE: [self.data, self.control(CONTROL)],
            **battery(91),
            **device_information("Frez", "Dyno", serial=self.name),
        }
        return VirtualDevice(self.name, link, Advert(self.name, (SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """Counts, and milliseconds since the first sample after Start."""
        if self._began_s is None:
            self._began_s = float(device_s[0])
        counts = np.rint(self.zero + force_n * self.per_n).astype(int)
        times_ms = np.rint((device_s - self._began_s) * 1000).astype(int)
        pairs = zip(counts.tolist(), times_ms.tolist(), strict=True)
        return b"\x01\x00" + b"".join(struct.pack("<iI", *pair) for pair in pairs)

    def obey(self, uuid: str, data: bytes) -> bool:
        """Take start and stop."""
        match data:
            case b"\x01\x00":
                self._began_s = None
                self.stream(True)
            case b"\x02\x00":
                self.stream(False)
            case _:
                return False
        return True

    def _sensor(self, play: Play) -> tuple[FloatArray, FloatArray]:
        force_n, t_s = super()._sensor(play)
        whole = len(t_s) // self.batch * self.batch
        return force_n[:whole], t_s[:whole]
