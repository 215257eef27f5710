"""Force packets become sample blocks: unwrapped, timed, in newtons, with every loss known."""

from typing import Final

import numpy as np

from .errors import PacketError
from .packets import RAW_CLIPPED, RAW_MISSING, U32, ForcePacket
from .profile import TICK_S, WireUnit
from .samples import KGF_N, LBF_N, FloatArray, SampleBlock, Unit

TICKS_PER_S: Final = round(1 / TICK_S)

#: Largest believable gap: an hour at the highest rate, 1000 samples a second. Whatever jumps further is not
#: a gap but nonsense.
MAX_GAP: Final = 3600 * 1000

_UNITS: Final[dict[WireUnit, tuple[Unit, float]]] = {
    WireUnit.UNKNOWN: (Unit.UNKNOWN, 1.0),
    WireUnit.COUNT: (Unit.COUNT, 1.0),
    WireUnit.NEWTON: (Unit.NEWTON, 1.0),
    WireUnit.KILOPASCAL: (Unit.KILOPASCAL, 1.0),
    WireUnit.KILOGRAM_FORCE: (Unit.NEWTON, KGF_N),
    WireUnit.POUND_FORCE: (Unit.NEWTON, LBF_N),
}


def _unwrap(value: int, near: int) -> int:
    """Return the number nearest to `near` that equals `value` modulo 2**32."""
    return near + (value - near + U32 // 2) % U32 - U32 // 2


class StreamAssembler:
    """Puts one tool's Force Stream together, across reconnections.

    Within one life of the tool (one boot id), `received` + `lost` is exactly the number of samples between
    the first one announced and the last one seen, whatever the radio dropped, repeated or reordered.

    Attributes
    ----------
    tool_id : str
        The tool's stable id.
    boot_id : int or None
        Life of the tool that is being assembled; None before the first stream.
    ended : bool
        The tool said that nothing follows.
    received, lost : int
        Samples.
    duplicates, rejected : int
        Packets that came again or too late, and packets that are not what the protocol says.
    """

    def __init__(self, tool_id: str) -> None:
        self.tool_id = tool_id
        self.boot_id: int | None = None
        self.ended = False
        self.received = self.lost = self.duplicates = self.rejected = 0
        self._next_index = 0
        self._earliest_tick = 0

    def started(self, boot_id: int, next_index: int, tick: int) -> None:
        """Take note that the tool was told to start.

        Parameters
        ----------
        boot_id : int
            From Tool Info.
        next_index, tick : int
            From the answer to START: of the first sample that will be sent, modulo 2**32.
        """
        self.ended = False
        gap = _unwrap(next_index, self._next_index) - self._next_index
        if boot_id == self.boot_id and 0 <= gap <= MAX_GAP:
            # the same life goes on; asleep, a tool may outlast half a wrap of its ticks: only forward
            self._earliest_tick += (tick - self._earliest_tick) % U32
        else:
            self.boot_id, self._next_index, self._earliest_tick = boot_id, next_index, tick

    def feed(self, data: bytes | bytearray) -> SampleBlock | None:
        """Take one notification.

        Returns
        -------
        SampleBlock or None
            None where nothing new came: a duplicate, a rejected packet, or an end without a sample. An end
            that reveals a loss is a block without samples.
        """
        try:
            packet = ForcePacket.from_bytes(data)
        except PacketError:
            self.rejected += 1
            return None
        first = _unwrap(packet.index, self._next_index)
        tick = _unwrap(packet.tick, self._earliest_tick)
        n, lost = len(packet.raw), first - self._next_index
        if self.ended or (lost < 0 and lost + n <= 0):
            self.duplicates += 1
            return None
        if not 0 <= lost <= MAX_GAP or tick < self._earliest_tick:
            self.rejected += 1
            return None
        self.ended = packet.end
        self.received += n
        self.lost += lost
        self._next_index = first + n
        if n == 0 and lost == 0:
            return None
        self._earliest_tick = tick + (1 if n else 0)
        return self._block(packet, first, tick, lost)

    def _block(self, packet: ForcePacket, first: int, tick: int, lost: int) -> SampleBlock:
        n = len(packet.raw)
        raw = np.array(packet.raw, dtype=np.float64)
        steps = np.cumsum(packet.steps) if packet.steps else packet.period_ticks * np.arange(n)
        unit, to_unit = _UNITS[packet.unit]
        values: FloatArray = _scaled(raw, packet.exponent) * to_unit
        values[raw == RAW_MISSING] = np.nan
        return SampleBlock(
            tool_id=self.tool_id,
            first_index=first,
            t_s=(tick + steps) / TICKS_PER_S,
            values=values,
            unit=unit,
            fs_hz=TICKS_PER_S / packet.period_ticks if packet.period_ticks else 0.0,
            lost=lost,
            clipped=raw == RAW_CLIPPED,
        )


def _scaled(raw: FloatArray, exponent: int) -> FloatArray:
    # 10**-2 has no exact float, 10**2 has: dividing gives the nearest float to the decimal that was meant
    return raw * 10.0**exponent if exponent >= 0 else raw / 10.0**-exponent
