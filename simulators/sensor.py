"""What is wrong inside a tool: its sensor, and the crystal of its clock."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.packets import RAW_CLIPPED, RAW_MISSING
from .faults import FaultKind
from .plays import Play

SENSOR_FAULTS: Final = frozenset(
    {FaultKind.STUCK, FaultKind.SATURATE, FaultKind.COLD_HANDS, FaultKind.WARM_HANDS}
)
#: How fast a tool takes on the temperature of a hand; the air in a ball needs about a minute.
WARMING_S: Final = 60.0


class Sensor:
    """Between what a child does and what the tool reads.

    Parameters
    ----------
    clock : HostClock
        Of the simulation.
    """

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._faults: dict[FaultKind, tuple[float, float]] = {}  # amount, and since when
        self._highest = 0
        self._last = 0

    def start(self, play: Play) -> None:
        """Take note of the session that begins: amounts are shares of its highest value."""
        raw = play.raw()
        valid = raw[(raw != RAW_MISSING) & (raw != RAW_CLIPPED)]
        self._highest = int(valid.max()) if valid.size else 0
        for kind in self._faults:  # from now on a hand is on it
            self._faults[kind] = self._faults[kind][0], self._clock.monotonic_s()

    def begin(self, kind: FaultKind, amount: float) -> None:
        """Have a fault from now on."""
        self._faults[kind] = amount, self._clock.monotonic_s()

    def end(self, kind: FaultKind) -> None:
        """Have it no longer."""
        del self._faults[kind]

    def read(self, raw: NDArray[np.int64]) -> NDArray[np.int64]:
        """Turn raw samples as they should be into what is read now."""
        if not raw.size:
            return raw
        if FaultKind.STUCK in self._faults:
            return np.full_like(raw, self._last)
        valid = (raw != RAW_MISSING) & (raw != RAW_CLIPPED)
        for kind, sign in ((FaultKind.WARM_HANDS, 1), (FaultKind.COLD_HANDS, -1)):
            if kind in self._faults:
                share, since_s = self._faults[kind]
                grown = 1 - np.exp(-(self._clock.monotonic_s() - since_s) / WARMING_S)
                shifted = raw + round(sign * share * self._highest * float(grown))
                raw = np.where(valid, np.clip(shifted, RAW_MISSING + 1, RAW_CLIPPED - 1), raw)
        if FaultKind.SATURATE in self._faults:
            share, _ = self._faults[FaultKind.SATURATE]
            raw = np.where(valid & (raw >= share * self._highest), RAW_CLIPPED, raw)
        self._last = int(raw[-1])
        return raw


class ToolClock(HostClock):
    """The clock of a tool, whose crystal is never exact.

    Parameters
    ----------
    host : HostClock
        Time as it truly is.
    """

    def __init__(self, host: HostClock) -> None:
        self._host = host
        self._rate = 1.0  # seconds of the tool per second
        self._since_s = self._shown_s = host.monotonic_s()
        super().__init__(host.speed)

    def drift(self, relative: float) -> None:
        """Run too fast by so much from now on: 40e-6 is 40 ppm."""
        self._shown_s, self._since_s = self.monotonic_s(), self._host.monotonic_s()
        self._rate = 1 + relative

    def monotonic_s(self) -> float:
        """Seconds as the tool counts them."""
        return self._shown_s + (self._host.monotonic_s() - self._since_s) * self._rate

    def utc_s(self) -> float:
        """Unix seconds; true ones, which the tool does not know."""
        return self._host.utc_s()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of the tool's own."""
        await self._host.sleep(seconds / self._rate)
