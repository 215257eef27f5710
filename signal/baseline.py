"""The resting hand: its level, and the noise and unrest that a squeeze must stand out from."""

from collections import deque
from collections.abc import Sequence
from math import inf
from statistics import median

from .filters import WHITE_GAIN
from .grid import GRID_HZ, STEP_S

_UP_GAIN = STEP_S / 2.0  #: 2 s: rest follows a slow rise (a warming ball, creeping putty), no squeeze
_DOWN_GAIN = STEP_S / 0.3  #: below rest there is no squeeze to follow by mistake: the level was too high
_YOUNG_STEPS = round(1 / _UP_GAIN)  #: until then rest is the mean so far
_DOUBTFUL_PACE = 0.25
#: A hand that keeps some hold is believed to be at rest after 6 times a quarter of a second like that.
_LOWEST_STEPS = round(0.25 * GRID_HZ)
_LOWESTS = 6
#: More than this share of the usual peak is a hand that keeps hold, not a tool that is held: it is believed
#: to be rest only at this pace.
_KEPT_SHARE = 0.06
_KEPT_PACE = 0.25 / 30.0
_HALF = round(0.25 * GRID_HZ)
_WINDOW = 2 * _HALF
_WINDOWS = 20
_FEWEST = 4
#: A low quantile of the windows' SDs: tails of squeezes, fidgeting and missed squeezes only add to them.
#: A mean would rise with every missed squeeze until the detector is blind.
_QUANTILE = 0.2
#: That quantile reads low: half-second SDs of force that is correlated over 80 ms scatter by a quarter.
_CORRECTION = 1.3
_JAGGED_EVERY = 5
_MAD_TO_SD = 1.4826
#: Of the bends of the first steps, those of a squeeze are the largest. A low quantile, and the SD by it.
_QUIET, _QUIET_TO_SD = 0.3, 1 / 0.3853


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
    unrest : float
        SD by which force at rest wanders from one quarter second to the next; 0 until that is known.
    unrest_at_most : float
        The same, but from the second change on by the largest until it is known; infinite before.
    usual : float
        The child's usual peak, 0 if it is not known.
    seen : int
        Steps at rest so far.
    quiet : int
        The last step of the latest `follow` that was clearly at rest; -1 if none was.
    measured : bool
        Whether `noise` comes from windows at rest; before, from how jagged the first steps are.
    """

    def __init__(self, start: float) -> None:
        self.level = self.base = self._lowest = start
        self.noise = self.unrest = self.usual = 0.0
        self.unrest_at_most = inf
        self.measured = False
        self.seen = 0
        self.quiet = -1
        self._lowests: deque[float] = deque(maxlen=_LOWESTS)
        self._jagged: deque[float] = deque(maxlen=_WINDOW)
        self._sds: deque[float] = deque(maxlen=_WINDOWS)
        self._changes: deque[float] = deque(maxlen=_WINDOWS)
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new window: something other than rest came between."""
        self._mean: float | None = None
        self._settled = False
        self._half: tuple[float, float] | None = None
        self._begin_window()

    def _begin_window(self) -> None:
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
        quiet, rested, k = -1, True, begin
        while rested and n < _HALF and k < end:
            # up to where something else is due, so that nothing else is asked at each step
            few = min(end - k, _HALF - n, _LOWEST_STEPS - seen % _LOWEST_STEPS)
            young = seen + 1 < _YOUNG_STEPS
            for force in forces[k : k + (1 if young else few)]:
                rise = force - base
                if rise > onset:
                    rested = False
                    break
                gain = _UP_GAIN if rise > below else _DOWN_GAIN
                if young:
                    gain = max(1 / (seen + 1), gain)
                if rise > doubtful:
                    gain *= _DOUBTFUL_PACE
                else:
                    quiet = k
                base += rise * gain
                if base < lowest:
                    lowest = base
                    if base < level:  # noqa: PLR1730
                        level = base
                away = force - pivot
                total += away
                squares += away * away
                k += 1
                n += 1
                seen += 1
            if rested and seen % _LOWEST_STEPS == 0:
                level = self._believed(level, lowest)
                lowest = base
        self.base, self.level, self._lowest, self.seen, self.quiet = base, level, lowest, seen, quiet
        self._n, self._sum, self._squares = n, total, squares
        if n == _HALF:
            self._end_window()
        return k

    def _believed(self, level: float, lowest: float) -> float:
        """What level to believe in after another quarter of a second."""
        self._lowests.append(lowest)
        recent = min(self._lowests)
        kept = recent - level
        if self.usual and kept > _KEPT_SHARE * self.usual:
            return level + kept * _KEPT_PACE
        return recent

    def _end_window(self) -> None:
        """Take half a window: what it changed tells of unrest, two of them of noise."""
        before, self._mean = self._mean, self._pivot + self._sum / _HALF
        if before is not None and self._settled:
            self._changes.append(abs(self._mean - before))
            if len(self._changes) >= _FEWEST:
                self.unrest = self.unrest_at_most = _MAD_TO_SD * median(self._changes)
            elif len(self._changes) > 1:
                self.unrest_at_most = _MAD_TO_SD * max(self._changes)
        self._settled = before is not None  # not while what came between dies away
        spread = max(self._squares - self._sum * self._sum / _HALF, 0.0)
        if self._half is None:
            self._half = (self._mean, spread)
        else:
            apart = self._mean - self._half[0]
            spread += self._half[1] + 0.5 * _HALF * apart * apart
            self._half = None
            self._sds.append((spread / (_WINDOW - 1)) ** 0.5)
            if len(self._sds) > 1:
                self.measured = True
                self.noise = _CORRECTION * sorted(self._sds)[int(_QUANTILE * len(self._sds))]
        self._begin_window()

    def glimpse(self, mean: float) -> bool:
        """Take an unsmoothed step, squeeze or not, until `measured`; return whether `noise` changed.

        Second differences see noise and hardly a squeeze. For white noise of SD 1 they have SD √6.
        """
        self._jagged.append(mean)
        if len(self._jagged) % _JAGGED_EVERY:
            return False
        steps = list(self._jagged)
        bends = sorted(abs(a - 2 * b + c) for a, b, c in zip(steps, steps[1:], steps[2:], strict=False))
        self.noise = WHITE_GAIN * _QUIET_TO_SD * bends[int(_QUIET * len(bends))] / 6**0.5
        return True
