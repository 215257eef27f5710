"""Tindeq Progressor, and the clones that speak its protocol (Crimpdeq, Arduino builds).

Facts: the maker's repository blims/Tindeq-Progressor-API, StuartLittlefair/PyTindeq, hangtime-grip-connect,
crimpdeq-firmware, bdrgrip/grip_gains_companion. They agree on tare, start, stop and the weight packet. They
do not agree on calibration (opcode 0x69 with or without a payload, 0x73 in either byte order) and on 0x74,
so none of that is ever sent.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..discovery import Advertisement
from ..errors import PacketError
from ..samples import KGF_N, Unit
from ..tool import Capabilities, Stamps
from .contract import Driver, Reading, Write, may_offer

SERVICE: Final = "7e4e1701-1ea6-40c9-9dcc-13d34ffead57"
DATA: Final = "7e4e1702-1ea6-40c9-9dcc-13d34ffead57"
CONTROL: Final = "7e4e1703-1ea6-40c9-9dcc-13d34ffead57"

TARE, START, STOP = b"\x64", b"\x65", b"\x66"

_U32: Final = 1 << 32
_SAMPLE: Final = np.dtype([("kgf", "<f4"), ("us", "<u4")])

#: A link does not survive longer without a packet (32 s, Core Specification, Vol 6 Part B, 4.5.2), so a clock
#: that jumps further is nonsense.
MAX_GAP_US: Final = 32_000_000


class _Type(IntEnum):
    ANSWER = 0  #: to a command that is not named; this driver asks for none
    WEIGHT = 1
    PEAK = 2  #: to commands that this driver never sends
    SERIES = 3
    LOW_BATTERY = 4


class Progressor(Driver):
    """Decodes weight packets of any number of samples; the 32-bit microseconds wrap after 71.6 minutes."""

    name = "progressor"
    title = "Tindeq Progressor"
    notify = (DATA,)
    capabilities = Capabilities(
        unit=Unit.NEWTON,
        rate_hz=None,
        stamps=Stamps.TOOL,
        loss_known=True,
        tare=True,
        identify=False,
        battery=False,
        stored=False,
        counts=True,
        because={
            "rate_hz": "The maker's device takes 80 samples a second, a clone perhaps 10: the hub measures.",
            "identify": "It has no light or sound that a hub can switch on.",
            "battery": "It tells a voltage, which says little about the charge; it only warns when it is "
            "nearly empty, which is shown as 0 %.",
            "stored": "It keeps nothing while no hub is connected.",
        },
    )

    def __init__(self) -> None:
        self._last_us: int | None = None

    @classmethod
    def matches(cls, advertisement: Advertisement) -> bool:
        """By the beginning of its name, and the service where it names any."""
        return advertisement.name.startswith("Progressor") and may_offer(advertisement, SERVICE)

    def feed(self, data: bytes, characteristic: str = "") -> Reading | None:
        """Read one notification: type, length, payload."""
        if len(data) < 2 or data[0] not in _Type._value2member_map_:
            raise PacketError("this is no packet of a Progressor", data)
        kind, length, payload = data[0], data[1], data[2:]
        if length != len(payload):
            raise PacketError(f"{len(payload)} bytes of payload where {length} were announced", data)
        if kind == _Type.LOW_BATTERY:
            return Reading(np.empty(0), Unit.NEWTON, battery_percent=0)
        if kind != _Type.WEIGHT:
            return None
        if not payload or len(payload) % _SAMPLE.itemsize:
            raise PacketError(f"{len(payload)} bytes are no whole number of samples", data)
        samples = np.frombuffer(payload, _SAMPLE)
        with np.errstate(invalid="ignore"):  # a signalling NaN is no reading either
            kgf = samples["kgf"].astype(np.float64)
        if np.isinf(kgf).any():
            raise PacketError("an infinite weight", data)
        times_us = self._unwrapped(samples["us"], data)
        return None if times_us is None else Reading(kgf * KGF_N, Unit.NEWTON, device_s=times_us / 1e6)

    def start(self) -> Sequence[Write]:
        """Stream; its clock may begin anew."""
        self._last_us = None
        return (Write(CONTROL, START),)

    def stop(self) -> Sequence[Write]:
        """Stop the stream; left alone, it switches itself off after 10 minutes."""
        return (Write(CONTROL, STOP),)

    def tare(self) -> Sequence[Write]:
        """Take the present level as zero; it must be streaming."""
        return (Write(CONTROL, TARE),)

    def _unwrapped(self, shown_us: NDArray[np.uint32], data: bytes) -> NDArray[np.int64] | None:
        """Microseconds since the stream began, without the wraps; None for a packet that came before."""
        last_us = int(shown_us[0]) - 1 if self._last_us is None else self._last_us
        before = np.concatenate((np.array([last_us % _U32], np.uint32), shown_us[:-1]))
        steps_us = (shown_us - before).view(np.int32).astype(np.int64)  # modulo 2**32, to both sides
        times_us: NDArray[np.int64] = last_us + np.cumsum(steps_us)
        if np.all((steps_us > 0) & (steps_us <= MAX_GAP_US)):
            self._last_us = int(times_us[-1])
            return times_us
        if self._last_us is not None and 0 <= self._last_us - times_us[-1] <= MAX_GAP_US:
            return None
        raise PacketError(f"the tool's time does not go on from {last_us} µs", data)
