"""From a driver's readings to sample blocks with honest time, over one link or several."""

import secrets
from collections import deque
from statistics import median
from typing import Final

import numpy as np

from ..clock import HostClock
from ..errors import PacketError
from ..samples import FloatArray, SampleBlock
from ..stream import MAX_GAP
from ..timebase import TimeBase
from .contract import Reading

#: Steps between samples by whose median a tool's clock tells its rate.
STEPS: Final = 32
#: Packets over which a rate is measured by arrivals: seconds at least, so that a stall weighs little.
PACKETS: Final = 1024
#: As many must have come before a measured rate is believed.
ENOUGH: Final = 4
#: And arrivals must have gone on for so long: the first packets may come all at once.
ENOUGH_S: Final = 1.0
#: Silence that is none of the radio's jitter: arrivals before it say nothing about those after it. And in any
#: time of this length some packet comes without delay.
SILENCE_S: Final = 2.0
#: Least part of a step between two samples: of packets that come at once, dates run ahead by no more.
LEAST: Final = 0.05
#: How far samples of one packet are apart as long as nobody knows.
GUESS_S: Final = 0.01
#: A tool whose clock went on while it did not stream is back within this of what the host's clock says: drift
#: and delay. If not, it began to count anew.
GOES_ON_S: Final = 1.0


class Timeline:
    """Gives samples their index and time.

    With a clock in the tool, time is the tool's, and a gap in it tells how many samples are missing. Without
    one, samples follow one another at the rate that is measured, as late as their packets arrive. An index is
    the tool's where it sends one; else it counts what came, and losses do not show.

    Parameters
    ----------
    tool_id : str
    rate_hz : float or None
        Nominal rate; None where it must be measured.
    clock : HostClock
        Of the arrivals.

    Attributes
    ----------
    boot_id : int
        Stands for the tool's life, of which such tools tell nothing: index and time here only ever grow.
    received, lost, duplicates : int
        Samples that came and samples known to be missing; packets that came again.
    """

    def __init__(self, tool_id: str, rate_hz: float | None, clock: HostClock) -> None:
        self.tool_id = tool_id
        self.boot_id = secrets.randbits(32)
        self.received = self.lost = self.duplicates = 0
        self._nominal_hz = rate_hz
        self._next_index = 0
        self._index_offset: int | None = None  # of our index against the tool's
        self._tool_clock = _ToolClock(clock, rate_hz)
        self._arrivals = _Arrivals(clock, rate_hz)

    def restarted(self) -> None:
        """Take note that the stream starts, or starts anew: the tool may count from 0 again."""
        self._index_offset = None
        self._tool_clock.restarted()
        self._arrivals.restarted()

    def block(self, reading: Reading, arrived_s: float) -> SampleBlock | None:
        """Place a reading.

        Parameters
        ----------
        reading : Reading
        arrived_s : float
            When its packet arrived, in the clock's monotonic seconds.

        Returns
        -------
        SampleBlock or None
            None where there is no sample, or none that is new.

        Raises
        ------
        PacketError
            If the tool's clock runs backwards, or clock or index jump further than any gap.
        """
        n = reading.values.size
        if not n:
            return None
        lost = 0
        if reading.index is not None:
            if self._index_offset is None:
                self._index_offset = self._next_index - reading.index
            lost = reading.index + self._index_offset - self._next_index
            if lost < 0:
                self.duplicates += 1
                return None
        elif reading.device_s is not None:
            lost = self._tool_clock.missing(reading.device_s)
        if lost > MAX_GAP:
            raise PacketError(f"{lost} samples are missing at once")
        if reading.device_s is not None:
            t_s, utc_s, period_s = self._tool_clock.times(reading.device_s, arrived_s)
        else:
            t_s, utc_s, period_s = self._arrivals.times(n, n + lost, arrived_s)
        first = self._next_index + lost
        self._next_index = first + n
        self.received += n
        self.lost += lost
        return SampleBlock(
            tool_id=self.tool_id,
            first_index=first,
            t_s=t_s,
            values=reading.values,
            unit=reading.unit,
            fs_hz=self._nominal_hz or (1 / period_s if period_s else 0.0),
            lost=lost,
            clipped=np.zeros(n, np.bool_) if reading.clipped is None else reading.clipped,
            utc_s=utc_s,
        )


class _ToolClock:
    """Time of a tool that sends it."""

    def __init__(self, clock: HostClock, rate_hz: float | None) -> None:
        self._clock = clock
        self._base = TimeBase(clock)
        self._steps_s: deque[float] = deque(maxlen=STEPS)
        self._nominal_s = 1 / rate_hz if rate_hz else None
        self._last_s = self._arrived_s = -np.inf
        self._offset_s = 0.0  # of our time against the tool's
        self._first = True

    def restarted(self) -> None:
        self._first = True

    @property
    def _period_s(self) -> float | None:
        return median(self._steps_s) if len(self._steps_s) >= ENOUGH else self._nominal_s

    def missing(self, device_s: FloatArray) -> int:
        """Samples that have room before the first of these."""
        period_s = self._period_s
        if self._first or period_s is None:
            return 0
        return max(0, round((float(device_s[0]) + self._offset_s - self._last_s) / period_s) - 1)

    def times(self, device_s: FloatArray, arrived_s: float) -> tuple[FloatArray, float, float | None]:
        """Times, UTC of the first, and time between two samples."""
        first_s = float(device_s[0]) + self._offset_s
        if self._first and self._last_s > -np.inf:
            away_s = arrived_s - self._arrived_s - float(device_s[-1] - device_s[0])
            due_s = self._last_s + max(GUESS_S, away_s)
            if first_s <= self._last_s or abs(first_s - due_s) > GOES_ON_S:
                self._offset_s += due_s - first_s
                self._base = TimeBase(self._clock)
        t_s: FloatArray = device_s + self._offset_s
        steps_s = np.diff(t_s, prepend=self._last_s)
        if not (steps_s > 0).all():
            raise PacketError("the tool's clock runs backwards")
        self._steps_s.extend(steps_s[1 if self._first else 0 :].tolist())
        self._first = False
        self._last_s, self._arrived_s = float(t_s[-1]), arrived_s
        self._base.arrived(self._last_s, arrived_s)
        return t_s, self._base.utc_s(float(t_s[0])), self._period_s


class _Arrivals:
    """Time of a tool that sends none: seconds since the hub met it.

    Packets come late, in bunches and after stalls, but never early. So samples are dated one measured step
    after the other, and not each by its arrival; only where that would be ahead of arrivals, or behind all of
    them for a while, the dates are pulled.
    """

    def __init__(self, clock: HostClock, rate_hz: float | None) -> None:
        self._clock = clock
        self._begun_s = clock.monotonic_s()
        self._packets: deque[tuple[float, int]] = deque(maxlen=PACKETS)  # when, and samples due until then
        self._due = 0
        self._nominal_s = 1 / rate_hz if rate_hz else GUESS_S
        self._period_s: float | None = None  # between two samples, once it was measured
        self._last_s = -np.inf
        self._bucket = 0.0
        self._lag_s = np.inf  # the least in this bucket of time

    def restarted(self) -> None:
        self._packets.clear()

    def times(self, n: int, due: int, arrived_s: float) -> tuple[FloatArray, float, float | None]:
        """Times of `n` samples, of which `due` would have come without loss; the rest as for a tool clock."""
        end_s = arrived_s - self._begun_s
        if self._packets and arrived_s - self._packets[-1][0] > SILENCE_S:
            self._packets.clear()
        self._measure(due, arrived_s)
        usual_s = self._period_s or self._nominal_s
        if len(self._packets) == 1:
            self._lag_s = np.inf
            self._last_s = max(self._last_s, end_s - due * usual_s)
        self._last_s += self._pull_s(arrived_s)
        step_s = usual_s
        lag_s = end_s - self._last_s - due * step_s
        if lag_s < 0 or not self._period_s:
            step_s = max((end_s - self._last_s) / due, LEAST * usual_s)
            lag_s = 0.0
        self._lag_s = min(self._lag_s, lag_s)
        first_s = self._last_s + (due - n + 1) * step_s
        t_s: FloatArray = first_s + step_s * np.arange(n, dtype=np.float64)
        self._last_s = float(t_s[-1])
        return t_s, self._clock.utc_of(self._begun_s + first_s), self._period_s

    def _measure(self, due: int, arrived_s: float) -> None:
        self._due += due
        self._packets.append((arrived_s, self._due))
        first_s, before = self._packets[0]
        if len(self._packets) > ENOUGH and arrived_s - first_s > ENOUGH_S:
            self._period_s = (arrived_s - first_s) / (self._due - before)

    def _pull_s(self, arrived_s: float) -> float:
        """By how much every packet was late since the last time: samples are missing, or the rate changed."""
        bucket = arrived_s // SILENCE_S
        if bucket == self._bucket:
            return 0.0
        pull_s = self._lag_s if self._lag_s < np.inf else 0.0
        self._bucket, self._lag_s = bucket, np.inf
        return pull_s
