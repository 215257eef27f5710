"""PitchSix Force Board: batches of pounds.

Facts, read in three independent programs (hangtime-grip-connect, grip_gains_companion, and a Python script
whose author describes the board's behaviour): the layout, whole pounds, and the weight 32768 of the first
byte. A fourth reads that byte as 65536; the two differ only above 32767 lbf, which no board can hold. The
script adds that the board measures pull alone, that a push comes as huge numbers, and that samples come 80
times a second, 40 times from older firmware. The maker's own specification could not be read.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import LBF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, Write, may_offer

FORCE_SERVICE: Final = "9a88d67f-8df2-4afe-9e0d-c2bbbe773dd0"
MODE_SERVICE: Final = "467a8516-6e39-11eb-9439-0242ac130002"
FORCE: Final = "9a88d682-8df2-4afe-9e0d-c2bbbe773dd0"
TARE: Final = "9a88d683-8df2-4afe-9e0d-c2bbbe773dd0"
MODE: Final = "467a8517-6e39-11eb-9439-0242ac130002"

#: The largest board holds 450 kgf, 992 lbf. What is above this is a push, which the board cannot tell.
MAX_LBF: Final = 1100

_NAMES = ("force board", "forceboard", "pitchsix")
_WEIGHTS = np.array([32768, 256, 1])


class ForceBoard(Driver):
    """Decodes the force characteristic; a sample that cannot be a pull is NaN."""

    name = "force-board"
    title = "PitchSix Force Board"
    notify = (FORCE,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.ARRIVAL,
        loss_known=False,
        tare=True,
        identify=False,
        battery=True,
        stored=False,
        counts=True,
        because={
            "unit": "It tells whole pounds, which are steps of 4.4 N and coarse for a small child. "
            "Check it once against a known weight: the maker's own description could not be read.",
            "rate_hz": "Its firmware decides, 40 or 80 samples a second; the hub measures it.",
            "stamps": "It sends no times: a sample is dated by when it arrived.",
            "loss_known": "It numbers nothing, so a lost packet does not show.",
            "identify": "It has no light or sound that a hub can switch on.",
            "stored": "It keeps nothing while no hub is connected.",
        },
    )

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By one of the names in the sources, and the service where it names any."""
        named = advertisement.name.casefold().startswith(_NAMES)
        return named and may_offer(advertisement, FORCE_SERVICE, MODE_SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read a count and as many 3-byte samples; bytes after them mean nothing to any source."""
        if len(data) < 2:
            raise PacketError(f"{len(data)} bytes are too short for a count of samples", data)
        n = int.from_bytes(data[:2], "big")
        if len(data) < 2 + 3 * n:
            raise PacketError(f"{len(data)} bytes where {n} samples need {2 + 3 * n}", data)
        if not n:
            return None
        lbf = np.frombuffer(data, np.uint8, 3 * n, 2).reshape(n, 3) @ _WEIGHTS
        return Reading(np.where(lbf <= MAX_LBF, lbf * LBF_N, np.nan), Unit.NEWTON)

    def start(self) -> Sequence[Write]:
        """Device mode "stream"."""
        return (Write(MODE, b"\x04"),)

    def stop(self) -> Sequence[Write]:
        """Device mode "idle"."""
        return (Write(MODE, b"\x07"),)

    def tare(self) -> Sequence[Write]:
        """The characteristic for it: the other way, device mode 5, leaves open what becomes of the stream."""
        return (Write(TARE, b"\x01"),)
