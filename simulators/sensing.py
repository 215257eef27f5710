"""A play as a tool senses it: sample by sample, in the tool's own ticks, tared."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.packets import FORCE_UNKNOWN_MN, RAW_CLIPPED, RAW_MISSING
from ..firmware_bridge.profile import TICK_S, WireUnit
from .plays import Play

TICKS_PER_S: Final = round(1 / TICK_S)
MAX_TICKS: Final = 0xFFFF  #: between two samples of one packet

Raw = NDArray[np.int64]


class Sensing:
    """The sensing of one life of a tool, from power-on.

    Parameters
    ----------
    clock : HostClock
        The tool's.
    sensor : callable
        What the sensor makes of raw samples as they are sensed.

    Attributes
    ----------
    unit, exponent, period_ticks
        Of the present play; see `ForcePacket`. `period_ticks` is 0 where samples are uneven.
    rate_hz : int
        0 where samples are uneven.
    """

    def __init__(self, clock: HostClock, sensor: Callable[[Raw], Raw]) -> None:
        self.unit, self.exponent, self.period_ticks, self.rate_hz = WireUnit.UNKNOWN, 0, 0, 0
        self._clock = clock
        self._sensor = sensor
        self._powered_on_s = clock.monotonic_s()
        self._raw: Raw = np.zeros(0, dtype=np.int64)
        self._ticks: Raw = np.zeros(0, dtype=np.int64)
        self._position, self._begun = 0, False
        self._level = RAW_MISSING  # last sample, before tare
        self._zero = 0  # level that tare took as zero

    def now(self) -> int:
        """Ticks since power-on."""
        return round((self._clock.monotonic_s() - self._powered_on_s) * TICKS_PER_S)

    def load(self, play: Play) -> None:
        """Take a play into the hand."""
        self.unit, self.exponent = play.unit, play.exponent
        # slower than a period can say: every sample carries its own time
        timed = play.rate_hz * MAX_TICKS < TICKS_PER_S
        self.rate_hz = 0 if timed else round(play.rate_hz)
        self.period_ticks = 0 if timed else round(TICKS_PER_S / play.rate_hz)
        self._raw, self._ticks = play.raw(), play.ticks()
        self._position, self._begun = 0, False
        self._level = int(self._raw[0])

    async def chunks(
        self, chunk_s: float, capacity: Callable[[], int]
    ) -> AsyncIterator[tuple[list[int], list[int]]]:
        """Play it, and yield samples with their ticks once the last of them is there.

        Parameters
        ----------
        chunk_s : float
            Time in a chunk at most, seconds of the tool's clock.
        capacity : callable
            Gives the samples that fit a packet now.
        """
        self._ticks, self._begun = self._ticks + self.now(), True
        # where a step is longer than a packet can say
        pauses = np.append(np.flatnonzero(np.diff(self._ticks) > MAX_TICKS) + 1, len(self._ticks))
        while (start := self._position) < len(self._raw):
            lasts = int(np.searchsorted(self._ticks, self._ticks[start] + chunk_s * TICKS_PER_S))
            pause = int(pauses[np.searchsorted(pauses, start, side="right")])
            end = min(start + capacity(), lasts, pause)
            last_s = self._powered_on_s + float(self._ticks[end - 1]) / TICKS_PER_S
            await self._clock.sleep(max(0.0, last_s - self._clock.monotonic_s()))
            sensed = self._sensor(self._raw[start:end])
            self._level, self._position = int(sensed[-1]), end
            yield self._tared(sensed).tolist(), self._ticks[start:end].tolist()

    @property
    def next_tick(self) -> int:
        """Tick of the sample that comes next, or the present one where nothing is sensed."""
        sensing = self._begun and self._position < len(self._ticks)
        return int(self._ticks[self._position]) if sensing else self.now()

    def tare(self) -> bool:
        """Take the present level as zero; False if there is none."""
        if self._level in (RAW_MISSING, RAW_CLIPPED):
            return False
        self._zero = self._level
        return True

    def force_mn(self) -> int:
        """Present force in millinewtons, or `FORCE_UNKNOWN_MN`."""
        if self.unit is not WireUnit.NEWTON or self._level in (RAW_MISSING, RAW_CLIPPED):
            return FORCE_UNKNOWN_MN
        return round((self._level - self._zero) * 10.0 ** (self.exponent + 3))

    def _tared(self, sensed: Raw) -> Raw:
        tared = np.clip(sensed - self._zero, RAW_MISSING + 1, RAW_CLIPPED - 1)
        return np.where((sensed == RAW_MISSING) | (sensed == RAW_CLIPPED), sensed, tared)
