"""The host's clocks, passed in so that tests and fast replays can run on their own time."""

import asyncio
import logging
import sys
import time
from typing import Final

log = logging.getLogger(__name__)

#: A change of UTC against monotonic time from here on is a step: somebody set the clock, or NTP did (ntpd
#: steps from 128 ms on, systemd-timesyncd from 400 ms). What is less is a slew, or too little to matter here.
STEP_S: Final = 0.1

#: UTC is compared with monotonic time this often; the kernel slews by 0.5 ms in it at most (500 ppm).
LOOK_S: Final = 1.0

#: Both clocks are read within this, or the reading is taken again: the process was held up in between.
TOGETHER_S: Final = 1e-3


def _elapsed_s() -> float:
    """Monotonic seconds that go on while the machine is suspended, as a tool's own clock does."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)  # CLOCK_MONOTONIC stands still in suspend
    else:  # noqa: RET505 - the type checker knows only this form
        return time.monotonic()


class HostClock:
    """Monotonic and UTC time of this machine, optionally running faster.

    Parameters
    ----------
    speed : float
        Seconds of this clock per real second; a replay at ten times the speed uses 10 on both sides.
    epoch_s : float, optional
        UTC (Unix seconds) that this clock shows now; real UTC by default. A fast clock starts in the past,
        so that nothing is measured in the future.

    Attributes
    ----------
    stepped_s : float
        By how much UTC was set forward, all in all, since this clock was made; slews do not count.
    """

    def __init__(self, speed: float = 1.0, epoch_s: float | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self.stepped_s = 0.0
        self._started_s = _elapsed_s()
        self._follows_system = epoch_s is None and speed == 1.0
        self._looked_s = self.monotonic_s()
        self._utc_offset_s = self._system_utc_s() - self._looked_s if epoch_s is None else epoch_s

    def monotonic_s(self) -> float:
        """Seconds that never jump and do not stop in suspend, for durations."""
        return (_elapsed_s() - self._started_s) * self.speed

    def utc_s(self) -> float:
        """Unix seconds, for storage."""
        return self.utc_of(self.monotonic_s())

    def utc_of(self, monotonic_s: float) -> float:
        """Unix time of a moment given in monotonic seconds, as the machine's clock is set now."""
        if self._follows_system and self.monotonic_s() >= self._looked_s + LOOK_S:
            self._look()
        return monotonic_s + self._utc_offset_s

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of this clock."""
        await asyncio.sleep(seconds / self.speed)

    def _look(self) -> None:
        """Compare UTC with monotonic time."""
        for _ in range(3):
            before_s, utc_s, after_s = self.monotonic_s(), self._system_utc_s(), self.monotonic_s()
            if after_s - before_s <= TOGETHER_S:
                break
        else:
            return  # too busy to tell: next time
        self._looked_s = after_s
        change_s = utc_s - after_s - self._utc_offset_s
        self._utc_offset_s += change_s
        if abs(change_s) >= STEP_S:
            self.stepped_s += change_s
            log.warning(
                "This machine's clock was set by %+.1f s. Sessions under way keep the time they began with.",
                change_s,
            )

    def _system_utc_s(self) -> float:
        return time.time()
