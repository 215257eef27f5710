"""The resting hand: its level, and the noise that a squeeze must stand out from."""

from collections import deque
from statistics import median

from .filters import GRID_HZ, STEP_S

_UP_S = 2.0  #: rest follows a slow rise (a warming ball, creeping putty) but no squeeze
_DOWN_S = 0.3  #: below rest there is no squeeze to follow by mistake: the level was too high
#: A hand that keeps some hold is believed to be at rest after 6 times a quarter of a second like that.
_LOWEST_STEPS = round(0.25 * GRID_HZ)
_LOWESTS = 6
_WINDOW = round(0.5 * GRID_HZ)
_WINDOWS = 20
#: A low quantile of the windows' SDs: tails of squeezes, fidgeting and missed squeezes only add to them.
#: A mean would rise with every missed squeeze until the detector is blind.
_QUANTILE = 0.2
#: That quantile reads low: half-second SDs of force that is correlated over 80 ms scatter by a quarter.
_CORRECTION = 1.3
#: White noise of SD 1 in the steps leaves this SD behind the median and the 5.8 Hz low-pass.
_WHITE_GAIN = 0.36
_JAGGED_EVERY = 10
_MAD_TO_SD = 1.4826


class Rest:
    """Level and noise of the resting hand, fed while there is no squeeze.

    Attributes
    ----------
    level : float
        Level of the resting hand, from which the height of squeezes counts.
    base : float
        Where force is while nothing happens: `level`, or above it while a hand keeps some hold.
    noise : float
        SD of smoothed force at rest.
    seen : int
        Steps at rest so far.
    measured : bool
        Whether `noise` comes from windows at rest; before, from how jagged the first steps are.
    """

    def __init__(self, start: float) -> None:
        self.level = self.base = self._lowest = start
        self.noise = 0.0
        self.measured = False
        self.seen = 0
        self._lowests: deque[float] = deque(maxlen=_LOWESTS)
        self._jagged: deque[float] = deque(maxlen=_WINDOW)
        self._sds: deque[float] = deque(maxlen=_WINDOWS)
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new window: something other than rest came between."""
        self._n = 0
        self._sum = self._squares = self._moment = 0.0
        self._pivot = self.base

    def settle(self, base: float) -> None:
        """Be at `base` now, as after a squeeze that did not come all the way back."""
        self.base = base
        if self.seen:
            self.level = min(self.level, base)
            self._lowest = min(self._lowest, base)
        else:
            self.level = self._lowest = base
        self.interrupt()

    def follow(self, force: float, pace: float = 1.0) -> bool:
        """Take a step of smoothed force at rest; return whether `noise` changed.

        `pace` below 1 is for force that may be the beginning of a squeeze.
        """
        self.seen += 1
        rise = force - self.base
        time_s = _UP_S if rise > -2 * self.noise else _DOWN_S
        self.base += rise * pace * max(1 / self.seen, STEP_S / time_s)
        self._lowest = min(self._lowest, self.base)
        if self.seen % _LOWEST_STEPS == 0:
            self._lowests.append(self._lowest)
            self._lowest = self.base
            self.level = min(self._lowests)
        elif self.base < self.level:
            self.level = self.base

        away = force - self._pivot
        self._n += 1
        self._sum += away
        self._squares += away * away
        self._moment += away * self._n
        if self._n < _WINDOW:
            return False
        self._sds.append(self._window_sd())
        self.interrupt()
        if len(self._sds) < 2:
            return False
        self.measured = True
        self.noise = _CORRECTION * sorted(self._sds)[int(_QUANTILE * len(self._sds))]
        return True

    def _window_sd(self) -> float:
        """SD about the window's own straight line, so that drift is no noise."""
        n = self._n
        tilt = self._moment - self._sum * (n + 1) / 2
        residual = self._squares - self._sum**2 / n - tilt**2 * 12 / (n * (n * n - 1))
        return float(max(residual / (n - 2), 0.0) ** 0.5)

    def glimpse(self, mean: float) -> bool:
        """Take an unsmoothed step, squeeze or not, until `measured`; return whether `noise` changed.

        Second differences see noise and hardly a squeeze. For white noise of SD 1 they have SD √6.
        """
        self._jagged.append(mean)
        if len(self._jagged) % _JAGGED_EVERY:
            return False
        steps = list(self._jagged)
        bends = [abs(a - 2 * b + c) for a, b, c in zip(steps, steps[1:], steps[2:], strict=False)]
        self.noise = _WHITE_GAIN * _MAD_TO_SD * median(bends) / 6**0.5
        return True
