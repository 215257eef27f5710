"""The host's clocks, passed in so that tests and fast replays can run on their own time."""

import asyncio
import time


class HostClock:
    """Monotonic and UTC time of this machine, optionally running faster.

    Parameters
    ----------
    speed : float
        Seconds of this clock per real second; a replay at ten times the speed uses 10 on both sides.
    epoch_s : float, optional
        UTC (Unix seconds) that this clock shows now; real UTC by default. A fast clock starts in the past,
        so that nothing is measured in the future.
    """

    def __init__(self, speed: float = 1.0, epoch_s: float | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._started_s = time.monotonic()
        self._epoch_s = time.time() if epoch_s is None else epoch_s
        self._follows_system = epoch_s is None and speed == 1.0

    def monotonic_s(self) -> float:
        """Seconds that never jump, for durations."""
        return (time.monotonic() - self._started_s) * self.speed

    def utc_s(self) -> float:
        """Unix seconds, for storage."""
        return time.time() if self._follows_system else self._epoch_s + self.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(seconds / self.speed)
