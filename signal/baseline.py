"""The resting hand: its level, and the noise that a squeeze must stand out from."""

from collections import deque
from statistics import median

from .filters import GRID_HZ, STEP_S

_UP_S = 2.0  #: rest follows a slow rise (a warming ball, creeping putty) and no squeeze
_DOWN_S = 0.3  #: below rest there is no force to follow: the level was too high
#: A hand that keeps some hold is believed to be at rest after 10 times a quarter of a second like that.
_FLOOR_STEPS = round(0.25 * GRID_HZ)
_FLOORS = 6
_WINDOW = round(0.5 * GRID_HZ)
_WINDOWS = 20
#: A low quantile of the windows' SDs, since tails of squeezes and fidgeting only ever add to them.
_QUANTILE = 0.2
#: That quantile of half-second SDs reads low: 35th percentile 0.88, force correlated over 80 ms 0.87.
_CORRECTION = 1.3
#: White noise of SD 1 in the steps leaves this much behind the median and the 5.8 Hz low-pass.
_WHITE_GAIN = 0.36


class Rest:
    """Level and noise of the resting hand. It is fed while there is no squeeze.

    Attributes
    ----------
    level : float
        Level of the resting hand, from which the height of squeezes counts.
    base : float
        Where force is while nothing happens: `level`, or above it while a hand keeps some hold.
    noise : float
        SD of smoothed force at rest.
    settled : bool
        Whether `noise` rests on whole windows; until then on how jagged the first steps are.
    """

    def __init__(self, start: float) -> None:
        self.level = self.base = start
        self.noise = 0.0
        self.settled = False
        self._seen = 0
        self._lowest = start
        self._floor: deque[float] = deque(maxlen=_FLOORS)
        self._jagged: deque[float] = deque(maxlen=_WINDOW)
        self._sds: deque[float] = deque(maxlen=_WINDOWS)
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new window: something other than rest came between."""
        self._n = 0
        self._sum = self._squares = self._moment = 0.0
        self._pivot = self.base

    def follow(self, force: float, pace: float = 1.0) -> bool:
        """Take a step of smoothed force at rest; whether `noise` changed.

        `pace` slows the following down, for force that may be the beginning of a squeeze.
        """
        self._seen += 1
        base = self.base
        rise = force - base
        time_s = _UP_S if rise > -2 * self.noise else _DOWN_S
        base += rise * pace * max(1 / self._seen, STEP_S / time_s)
        self.base = base
        if base < self._lowest:
            self._lowest = base
        if self._seen % _FLOOR_STEPS == 0:
            self._floor.append(self._lowest)
            self._lowest = base
            self.level = min(self._floor)
        elif base < self.level:
            self.level = base
        away = force - self._pivot
        self._n += 1
        self._sum += away
        self._squares += away * away
        self._moment += away * self._n
        if self._n < _WINDOW:
            return False
        n = _WINDOW
        slope_sum = self._moment - self._sum * (n + 1) / 2
        residual = self._squares - self._sum**2 / n - slope_sum**2 * 12 / (n * (n * n - 1))
        self._sds.append(max(residual / (n - 2), 0.0) ** 0.5)
        self.interrupt()
        self.settled = len(self._sds) >= 2
        if self.settled:
            self.noise = _CORRECTION * sorted(self._sds)[int(_QUANTILE * len(self._sds))]
        return self.settled

    @property
    def started(self) -> bool:
        return self._seen > 0

    def move(self, base: float) -> None:
        """Rest from now on at `base`, as after a squeeze that did not come all the way back."""
        self.base = base
        self.level = min(self.level, base) if self._seen else base
        self._lowest = base if not self._seen else min(self._lowest, base)
        self.interrupt()

    def watch(self, mean: float) -> bool:
        """Take an unsmoothed step, at rest or not, until `settled`; whether `noise` changed.

        Second differences see noise and hardly the squeeze. For white noise of SD 1 they have SD √6.
        """
        jagged = self._jagged
        jagged.append(mean)
        if len(jagged) % 10 or len(jagged) < 10:
            return False
        steps = list(jagged)
        bends = [abs(a - 2 * b + c) for a, b, c in zip(steps, steps[1:], steps[2:], strict=False)]
        self.noise = _WHITE_GAIN * 1.4826 * median(bends) / 6**0.5
        return True
