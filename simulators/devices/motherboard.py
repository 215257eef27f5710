"""A Griptonite Motherboard."""

import asyncio
from typing import Final

import numpy as np

from ...firmware_bridge.samples import KGF_N, FloatArray
from ..gatt import Advert, VirtualDevice, battery, device_information, notifying
from ..radio import VirtualLink
from .device import SimulatedDevice

SERVICE: Final = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
CONTROL: Final = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
DATA: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
LED_SERVICE: Final = "10ababcd-15e1-28ff-de13-725bea03b127"
RED_LED: Final = "10ab1524-15e1-28ff-de13-725bea03b127"
GREEN_LED: Final = "10ab1525-15e1-28ff-de13-725bea03b127"

LINE_PIECE: Final = 20  #: bytes in a notification
SHARES: Final = (0.5, 0.2, 0.3)  #: of the load, on left, middle and right
SIGNS: Final = (1, -1, -1)  #: the middle and the right cell count downwards


class MotherboardDevice(SimulatedDevice):
    """30 samples a second as text, and a calibration table of its own.

    Attributes
    ----------
    masses : ndarray of float64, shape (4,)
        Calibration points in kilograms.
    counts : ndarray of float64, shape (3, 4)
        Counts of each cell at these points.
    number : int
        Of the next sample, 16 bits.
    """

    driver = "motherboard"
    default_name = "Motherboard"
    rate_hz = 30.0
    resolution = 3 * 4.3e-5 * KGF_N  # three cells, and kilograms per count where their tables are steepest
    masses = np.array([0.0, 10.0, 47.3, 100.0])
    counts = np.array(
        [
            [567, 235_000, 1_112_352, 2_353_000],
            [-81, 236_100, 1_110_007, 2_350_900],
            [0, 234_900, 1_109_000, 2_349_000],
        ],
        dtype=np.float64,
    )
    number = 65_500

    def make_radio(self, link: VirtualLink) -> VirtualDevice:
        """Offer the serial line, and the lamps of the maker's app."""
        self.data = notifying(DATA)
        services = {
            SERVICE: [self.control(CONTROL), self.data],
            LED_SERVICE: [self.control(RED_LED), self.control(GREEN_LED)],
            **battery(55),
            **device_information("Griptonite", "", firmware="2.1"),
        }
        return VirtualDevice(self.name, link, Advert(self.name, (SERVICE,)), services, left=self.left)

    def packet(self, force_n: FloatArray, device_s: FloatArray) -> bytes:
        """One sample's line: number, battery, and four cells of which the last is not connected."""
        kgf = float(force_n[0]) / KGF_N
        body = self.number.to_bytes(2, "little") + (3900).to_bytes(2, "little")
        self.number = (self.number + 1) % (1 << 16)
        for share, sign, counts in zip(SHARES, SIGNS, self.counts, strict=True):
            load = sign * share * kgf
            above = np.interp(abs(load), self.masses, counts) - counts[0]
            body += round(counts[0] + np.copysign(above, load)).to_bytes(3, "little", signed=True)
        return body.hex().upper().encode() + b"00" * 3 + b"\r\n"

    async def send(self, packet: bytes) -> None:
        """Cut the text into pieces."""
        for start in range(0, len(packet), LINE_PIECE):
            await super().send(packet[start : start + LINE_PIECE])

    def obey(self, uuid: str, data: bytes) -> bool:
        """Take the commands that only read; every command ends the stream."""
        self.stream(False)
        if uuid != CONTROL:
            return False
        match data:
            case b"C":
                self._say(self.table())
            case b"S30":
                self._say(b"Stream:30\r\n")
                self.stream(True)
            case b"#":
                self._say(b"MB-0042\r\n")
            case _:
                return False
        return True

    def table(self) -> bytes:
        """Calibration as it tells it: 16 lines, those of the cell that is not there empty."""
        rows = [*(zip(self.masses, counts, strict=True) for counts in self.counts), [(0.0, 0.0)] * 4]
        return b"".join(
            f"{cell},{point},{mass:.8f},{count:.0f}\r\n".encode()
            for cell, points in enumerate(rows)
            for point, (mass, count) in enumerate(points)
        )

    def _say(self, text: bytes) -> None:
        self._saying = asyncio.create_task(self.send(text))
