"""The resting hand: its level, and the noise that a squeeze must stand out from."""

from collections import deque
from collections.abc import Sequence
from statistics import median

from .filters import GRID_HZ, STEP_S

_UP_GAIN = STEP_S / 2.0  #: 2 s: rest follows a slow rise (a warming ball, creeping putty), no squeeze
_DOWN_GAIN = STEP_S / 0.3  #: below rest there is no squeeze to follow by mistake: the level was too high
_YOUNG_STEPS = round(1 / _UP_GAIN)  #: until then rest is the mean so far
_DOUBTFUL_PACE = 0.25
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
    quiet : int
        The last step of the latest `follow` that was clearly at rest; -1 if none was.
    measured : bool
        Whether `noise` comes from windows at rest; before, from how jagged the first steps are.
    """

    def __init__(self, start: float) -> None:
        self.level = self.base = self._lowest = start
        self.noise = 0.0
        self.measured = False
        self.seen = 0
        self.quiet = -1
        self._lowests: deque[float] = deque(maxlen=_LOWESTS)
        self._jagged: deque[float] = deque(maxlen=_WINDOW)
        self._sds: deque[float] = deque(maxlen=_WINDOWS)
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new window: something other than rest came between."""
        self._n = 0
        self._sum = self._squares = 0.0
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

    def follow(self, forces: Sequence[float], begin: int, end: int, onset: float) -> int:
        """Take steps of smoothed force while they are rest.

        Parameters
        ----------
        forces : sequence of float
            Steps, of which those from `begin` to before `end` are new.
        onset : float
            Height above `base` at which force is no longer at rest. Above half of it, force may be on its
            way there: it is followed slowly and is not `quiet`.

        Returns
        -------
        int
            The first step not taken: `end`, a step above `onset`, or the one after a change of `noise`.
        """
        base, level, lowest, seen = self.base, self.level, self._lowest, self.seen
        n, total, squares = self._n, self._sum, self._squares
        pivot, doubtful, below = self._pivot, 0.5 * onset, -2 * self.noise
        self.quiet = -1
        k = begin
        while k < end:
            force = forces[k]
            rise = force - base
            if rise > onset:
                break
            seen += 1
            gain = _UP_GAIN if rise > below else _DOWN_GAIN
            if seen < _YOUNG_STEPS:
                gain = max(1 / seen, gain)
            if rise > doubtful:
                gain *= _DOUBTFUL_PACE
            else:
                self.quiet = k
            base += rise * gain
            lowest = min(lowest, base)
            if seen % _LOWEST_STEPS == 0:
                self._lowests.append(lowest)
                lowest = base
                level = min(self._lowests)
            elif base < level:
                level = base
            k += 1
            away = force - pivot
            n += 1
            total += away
            squares += away * away
            if n == _WINDOW:
                break
        self.base, self.level, self._lowest, self.seen = base, level, lowest, seen
        self._n, self._sum, self._squares = n, total, squares
        if n == _WINDOW:
            self._sds.append(max((squares - total * total / n) / (n - 1), 0.0) ** 0.5)
            self.interrupt()
            if len(self._sds) > 1:
                self.measured = True
                self.noise = _CORRECTION * sorted(self._sds)[int(_QUANTILE * len(self._sds))]
        return k

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
