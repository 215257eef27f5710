"""Force packets become sample blocks: unwrapped, timed, in newtons, with every loss known."""

from math import nan
from typing import TYPE_CHECKING, Final

import numpy as np

from .clock import HostClock
from .errors import PacketError
from .packets import RAW_CLIPPED, RAW_MISSING, U32, ForcePacket
from .profile import TICK_S, WireUnit
from .samples import KGF_N, LBF_N, FloatArray, SampleBlock, Unit
from .timebase import TimeBase

if TYPE_CHECKING:
    from .stored import SessionFetch

TICKS_PER_S: Final = round(1 / TICK_S)

#: Largest believable gap: an hour at the highest rate, 1000 samples a second. Whatever jumps further is not
#: a gap but nonsense.
MAX_GAP: Final = 3600 * 1000

#: What a unit on the wire becomes, and by which factor.
UNITS: Final[dict[WireUnit, tuple[Unit, float]]] = {
    WireUnit.UNKNOWN: (Unit.UNKNOWN, 1.0),
    WireUnit.COUNT: (Unit.COUNT, 1.0),
    WireUnit.NEWTON: (Unit.NEWTON, 1.0),
    WireUnit.KILOPASCAL: (Unit.KILOPASCAL, 1.0),
    WireUnit.KILOGRAM_FORCE: (Unit.NEWTON, KGF_N),
    WireUnit.POUND_FORCE: (Unit.NEWTON, LBF_N),
}


def unwrap(value: int, near: int) -> int:
    """Return the number nearest to `near` that equals `value` modulo 2**32."""
    return near + (value - near + U32 // 2) % U32 - U32 // 2


class StreamAssembler:
    """Puts one tool's Force Stream together, across reconnections.

    Within one life of the tool (one boot id), `received` + `lost` is exactly the number of samples between
    the first one announced and the last one seen, whatever the radio dropped, repeated or reordered.

    Parameters
    ----------
    tool_id : str
        The tool's stable id.
    clock : HostClock, optional
        By which the arrival of packets is timed.

    Attributes
    ----------
    tool_id : str
    clock : HostClock
    boot_id : int or None
        Life of the tool that is being assembled; None before the first stream.
    next_index : int
        Index, unwrapped, after the last sample that was received or that came another way.
    ended : bool
        The tool said that nothing follows.
    unfinished : SessionFetch or None
        A stored session whose hand-over was interrupted.
    received, lost : int
        Samples.
    duplicates, rejected : int
        Packets that came again or too late, and packets that are not what the protocol says.
    """

    def __init__(self, tool_id: str, clock: HostClock | None = None) -> None:
        self.tool_id = tool_id
        self.clock = clock or HostClock()
        self.boot_id: int | None = None
        self.next_index = 0
        self.ended = False
        self.unfinished: SessionFetch | None = None
        self.received = self.lost = self.duplicates = self.rejected = 0
        self._earliest_tick = self._seen_tick = 0
        self._time = TimeBase(self.clock)

    def resume(self, boot_id: int, next_index: int) -> None:
        """Go on behind samples of this life that came another way: to an earlier run, or as a stored session.

        Nothing happens where it has come further already.
        """
        if boot_id != self.boot_id:
            self._begin(boot_id, next_index, 0)
        self.next_index = max(self.next_index, next_index)

    def started(
        self, boot_id: int, next_index: int, tick: int, now: int | None = None, arrived_s: float | None = None
    ) -> None:
        """Take note that the tool was told to start.

        Parameters
        ----------
        boot_id : int
            From Tool Info.
        next_index, tick : int
            From the answer to START: of the first sample that will be sent; the index modulo 2**32.
        now : int, optional
            The tool's tick when it answered. Without it, samples that it kept would seem to be new.
        arrived_s : float, optional
            When the answer came, in the clock's monotonic seconds; now by default.
        """
        self.ended = False
        gap = unwrap(next_index, self.next_index) - self.next_index
        if boot_id == self.boot_id and 0 <= gap <= MAX_GAP:
            self._earliest_tick = max(self._earliest_tick, tick)
        else:
            self._begin(boot_id, next_index, tick)
        if now is not None:
            self._time.arrived(now / TICKS_PER_S, arrived_s)

    def _begin(self, boot_id: int, next_index: int, tick: int) -> None:
        if boot_id != self.boot_id:
            self._time = TimeBase(self.clock)
        self.boot_id, self.next_index = boot_id, next_index
        self._earliest_tick = self._seen_tick = tick

    def feed(self, data: bytes | bytearray, arrived_s: float | None = None) -> SampleBlock | None:
        """Take one notification.

        Parameters
        ----------
        data : bytes
        arrived_s : float, optional
            When it came, in the clock's monotonic seconds; now by default.

        Returns
        -------
        SampleBlock or None
            None where nothing new came: a duplicate, a rejected packet, or a packet without a sample. One of
            those that reveals a loss is a block without samples.
        """
        try:
            packet = ForcePacket.from_bytes(data)
        except PacketError:
            self.rejected += 1
            return None
        first = unwrap(packet.index, self.next_index)
        tick = unwrap(packet.tick, self._earliest_tick)
        n, lost = len(packet.raw), first - self.next_index
        if self.ended or (lost < 0 and lost + n <= 0):
            self.duplicates += 1
            return None
        # an index that ran ahead of its own clock is a broken number, not a gap; twice leaves room for a
        # rate that was changed meanwhile
        too_soon = lost * packet.period_ticks > 2 * (tick - self._seen_tick)
        if not 0 <= lost <= MAX_GAP or tick < self._earliest_tick or too_soon:
            self.rejected += 1
            return None
        self.ended = packet.end
        self.received += n
        self.lost += lost
        self.next_index = first + n
        if n == 0 and lost == 0:
            return None
        self._earliest_tick = tick + (1 if n else 0)
        self._seen_tick = tick
        t_s = times_s(packet, tick)
        if n:
            self._time.arrived(float(t_s[-1]), arrived_s)
            utc_s = self._time.utc_s(float(t_s[0]))
        else:
            utc_s = nan
        return block(self.tool_id, packet, first, t_s, lost, utc_s)


def times_s(packet: ForcePacket, tick: int) -> FloatArray:
    """Times of a packet's samples on the tool's clock, given the unwrapped tick of the first one."""
    n = len(packet.raw)
    steps = np.cumsum(packet.steps) if packet.steps else packet.period_ticks * np.arange(n)
    times: FloatArray = (tick + steps) / TICKS_PER_S
    return times


def block(
    tool_id: str, packet: ForcePacket, first: int, t_s: FloatArray, lost: int, utc_s: float
) -> SampleBlock:
    """Turn a packet into a block; `first` is the unwrapped index of its first sample."""
    raw = np.array(packet.raw, dtype=np.float64)
    unit, to_unit = UNITS[packet.unit]
    values: FloatArray = _scaled(raw, packet.exponent) * to_unit
    values[raw == RAW_MISSING] = np.nan
    return SampleBlock(
        tool_id=tool_id,
        first_index=first,
        t_s=t_s,
        values=values,
        unit=unit,
        fs_hz=TICKS_PER_S / packet.period_ticks if packet.period_ticks else 0.0,
        lost=lost,
        clipped=raw == RAW_CLIPPED,
        utc_s=utc_s,
    )


def _scaled(raw: FloatArray, exponent: int) -> FloatArray:
    # 10**-2 has no exact float, 10**2 has: dividing gives the nearest float to the decimal that was meant
    return raw * 10.0**exponent if exponent >= 0 else raw / 10.0**-exponent
