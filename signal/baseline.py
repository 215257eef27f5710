"""The resting hand: its level, and the noise and unrest that a squeeze must stand out from."""

from collections import deque
from collections.abc import Sequence
from math import inf

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
_FEWEST, _FEW_CLEAR = 4, 2
#: A low quantile of the windows' SDs: tails of squeezes, fidgeting and missed squeezes only add to them.
#: A mean would rise with every missed squeeze until the detector is blind.
_QUANTILE = 0.2
#: That quantile reads low: half-second SDs of force that is correlated over 80 ms scatter by a quarter.
_CORRECTION = 1.3
_JAGGED_EVERY = 5
_MAD_TO_SD = 1.4826
#: Of the bends of the latest steps, those of a squeeze are the largest. A low quantile, and the SD by it.
_QUIET, _QUIET_TO_SD = 0.3, 1 / 0.3853
_GLIMPSE_STEPS = 50
_BEND_STEPS = 4  #: so far apart, smoothed force is another one


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
    sees_rest : bool
        Whether `unrest` is that of clear rest; else feet and tails of squeezes may be part of it.
    usual : float
        The child's usual peak, 0 if it is not known.
    seen : int
        Steps at rest so far.
    quiet : int
        The last step of the latest `follow` that was clearly at rest; -1 if none was.
    measured : bool
        Whether `noise` comes from windows at rest; before, from how jagged the first steps are.
    """

    def __init__(self, start: float, noise: float | None = None) -> None:
        self.level = self.base = self._lowest = start
        self.noise = noise or 0.0
        self.unrest = self.usual = 0.0
        self.unrest_at_most = inf
        self._known = self.measured = noise is not None
        self.sees_rest = False
        self.seen = 0
        self.quiet = -1
        self._lowests: deque[float] = deque(maxlen=_LOWESTS)
        self._glimpsed = 0
        self._jagged: deque[float] = deque(maxlen=_GLIMPSE_STEPS)
        self._smooth: deque[float] = deque(maxlen=_GLIMPSE_STEPS)
        self._sds: deque[float] = deque(maxlen=_WINDOWS)
        self._clear_sds: deque[float] = deque(maxlen=_WINDOWS)
        self._changes: deque[float] = deque(maxlen=_WINDOWS)
        self._clear_changes: deque[float] = deque(maxlen=_WINDOWS)
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new window: something other than rest came between."""
        self._half: tuple[float, float] | None = None
        self._halves = 0
        self._fresh: tuple[float, float] | None = None
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
        n, total, squares, pivot = self._n, self._sum, self._squares, self._pivot
        noise, doubtful, below = self.noise, 0.5 * onset, -2 * self.noise
        quiet, rested, k = -1, True, begin
        while rested and k < end:
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
            if n == _HALF:
                self._end_window(total, squares)
                n, total, squares = 0, 0.0, 0.0
                self._pivot = pivot = base
                if self.noise != noise:
                    break
        self.base, self.level, self._lowest, self.seen, self.quiet = base, level, lowest, seen, quiet
        self._n, self._sum, self._squares = n, total, squares
        return k

    def _believed(self, level: float, lowest: float) -> float:
        """What level to believe in after another quarter of a second."""
        self._lowests.append(lowest)
        recent = min(self._lowests)
        kept = recent - level
        if self.usual and kept > _KEPT_SHARE * self.usual:
            return level + kept * _KEPT_PACE
        return recent

    def _end_window(self, total: float, squares: float) -> None:
        """Take half a window: what it changed tells of unrest, two of them of noise.

        Clear rest is what no rise of force came before or after within a quarter second: feet and tails of
        squeezes are neither noise nor unrest. Where hardly any is clear, all of it has to do.
        """
        learned = self._half is not None
        if self._fresh is not None:  # rest went on after it
            self._clear_sds.append(self._fresh[0])
            self._clear_changes.append(self._fresh[1])
            self._fresh = None
        mean = self._pivot + total / _HALF
        spread = max(squares - total * total / _HALF, 0.0)
        self._halves += 1
        if self._half is not None:
            apart = mean - self._half[0]
            spread_of_two = spread + self._half[1] + 0.5 * _HALF * apart * apart
            sd = (spread_of_two / (_WINDOW - 1)) ** 0.5
            if self._halves % 2 == 0:
                self._sds.append(sd)
            if self._halves > 2:
                self._changes.append(abs(apart))
                self._fresh = (sd, abs(apart))
        self._half = (mean, spread)
        if learned and (self._halves % 2 == 0 or len(self._changes) < _WINDOWS):
            self._learn()

    def _learn(self) -> None:
        clear, every = self._clear_sds, self._sds
        if len(clear) >= _FEW_CLEAR or (len(every) >= _FEWEST and not self._known):
            self.measured = True
            sds = sorted(clear if len(clear) >= _FEW_CLEAR else every)
            self.noise = _CORRECTION * sds[int(_QUANTILE * len(sds))]
        clear, every = self._clear_changes, self._changes
        self.sees_rest = len(clear) >= _FEWEST
        if self.sees_rest or len(every) >= _FEWEST:
            changes = sorted(clear if self.sees_rest else every)
            middle = len(changes) // 2
            typical = changes[middle] if len(changes) % 2 else 0.5 * (changes[middle - 1] + changes[middle])
            self.unrest = self.unrest_at_most = _MAD_TO_SD * typical
        elif len(every) > 1:
            self.unrest_at_most = _MAD_TO_SD * max(every)

    def glimpse(self, mean: float, force: float) -> bool:
        """Take a step, squeeze or not, until `measured`; return whether `noise` changed.

        Second differences see noise and hardly a squeeze. Those of force before it is smoothed see the least
        of a squeeze, but take hum for noise, of which smoothing leaves little.
        """
        self._jagged.append(mean)
        self._smooth.append(force)
        self._glimpsed += 1
        if self._glimpsed % _JAGGED_EVERY or self._glimpsed > _GLIMPSE_STEPS:
            return False
        self.noise = WHITE_GAIN * _bend_sd(self._jagged, 1)
        if self._glimpsed >= _GLIMPSE_STEPS // 2:
            self.noise = min(self.noise, _bend_sd(self._smooth, _BEND_STEPS))
        return True


def _bend_sd(values: Sequence[float], apart: int) -> float:
    """SD of values that are white `apart` from each other: their second differences have √6 times it."""
    steps = list(values)
    triples = zip(steps, steps[apart:], steps[2 * apart :], strict=False)
    bends = sorted(abs(a - 2 * b + c) for a, b, c in triples)
    return _QUIET_TO_SD * bends[int(_QUIET * len(bends))] / 6**0.5
