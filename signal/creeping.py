"""A tool that creeps, as putty does: by how much, learned from what squeezes leave behind.

Under a steady force the reading of putty goes on growing, and when it is let go it comes back late. Both are
one thing: ``y = F + share · lowpass(F, CREEP_S)``, a Prony series of one term. What a squeeze leaves behind,
in proportion to what was squeezed and again after each of them, is the tool's; by its scatter it is known how
surely. Nothing is learned while the hand may still be opening. A tool with a fitted model of two terms
(`griphub.firmware_bridge.creep`) comes without creep and teaches none.
"""

from math import ceil, exp, inf, isfinite, sqrt
from operator import mul

from .grid import STEP_S

CREEP_S = 1.0  #: between the fast and the slow term of putty, about as long as a squeeze
#: Of the way to a steady reading, this part in a step.
CREEP_GAIN = 1 - exp(-STEP_S / CREEP_S)
_KEEP = 1 - CREEP_GAIN
_AFTER_S = 0.3  #: a hand is open so long after the offset,
_AFTER_RELEASES = 3.0  #: and after so many times what it took to let go: slow hands open slowly to the end
_UNTIL_STEPS = round(2.5 / STEP_S)
_EVERY_STEPS = 5  #: force is correlated over 80 ms
_KEEP_TO_NEXT = _KEEP**_EVERY_STEPS
_BEFORE_RISE = 2  #: looks that may have seen the next rise already
_LEAST_LOOKS = 3
_LEAST_SQUEEZES = 3
_LEAST_EFFECTIVE = 1.5  #: one long hold among brief squeezes does not speak for itself
_MOST_SHARE = 0.3  #: more is no creep
_MODEL = 0.5  #: of the correction is uncertain: a tool has its own time constants, and several


class Creeping:
    """How a tool creeps.

    Parameters
    ----------
    prior : float
        Standard uncertainty of the share by which its readings grow, while nothing is known.
    share, share_sd : float, optional
        What is known already; then nothing more is learned.

    Attributes
    ----------
    share, share_sd : float
        Share by which readings grow, and its standard uncertainty.
    due : float
        Steps of rest after which it wants to look at force.
    """

    def __init__(self, prior: float, share: float | None = None, share_sd: float = 0.0) -> None:
        self._prior = prior
        self._learns = share is None
        self.forget()
        if share is not None:
            self.share, self.share_sd = share, share_sd

    def forget(self) -> None:
        """Know nothing, as of another tool."""
        self.share, self.share_sd = 0.0, self._prior
        self._squeezes = 0
        self._w = self._v = self._ww = self._wv = self._vv = 0.0
        self.interrupt()

    def interrupt(self) -> None:
        """Begin anew after a gap: what was before has gone."""
        self._left, self._since, self._height = 0.0, 0, 0.0
        self.due: float = inf
        self._first = 0
        self._forces: list[float] = []

    def left(self, seen: int) -> float:
        """What is left of the low-passed force after so many steps of rest."""
        return float(self._left * _KEEP ** (seen - self._since))

    def begin(self, left: float, seen: int, height: float, release_s: float) -> None:
        """Begin a rest.

        Parameters
        ----------
        left : float
            Low-passed force above rest where the rise ended.
        seen : int
            Steps of rest so far.
        height, release_s : float
            Of the squeeze; height 0 if the rise was none, of which nothing is learned.
        """
        self.interrupt()
        self._left, self._since = left, seen
        if height and self._learns:
            self._height = height
            self.due = seen + ceil(max(_AFTER_S, _AFTER_RELEASES * release_s) / STEP_S)

    def look(self, forces: list[float], end: int, seen: int) -> None:
        """Look at rest, of which the step before `end` was the last of `seen`."""
        due, last = int(self.due), self._since + _UNTIL_STEPS
        if not self._forces:
            self._first = due
        few = forces[end + due - seen : min(end, end + last + 1 - seen) : _EVERY_STEPS] if due <= last else ()
        self._forces += few
        self.due = due = due + _EVERY_STEPS * len(few)
        if last < due < seen:
            self._learn()

    def rise(self) -> None:
        """End a rest, as force rises."""
        if self._height:
            del self._forces[-_BEFORE_RISE:]
            self._learn()

    def _learn(self) -> None:
        """Take one rest's slope of force over what was left; rest itself, and its drift, fall out."""
        height, n = self._height, len(self._forces)
        self._height, self.due = 0.0, inf
        if n < _LEAST_LOOKS:
            return
        first = self.left(self._first)
        lefts = [first * _KEEP_TO_NEXT**k for k in range(n)]
        mean = sum(lefts) / n
        apart = [(left - mean) / height for left in lefts]
        w, v = sum(map(mul, apart, apart)), sum(map(mul, apart, self._forces)) / height
        if not isfinite(w * w + v * v):  # numbers at the end of what a float can hold
            return
        self._squeezes += 1
        self._w += w
        self._v += v
        self._ww += w * w
        self._wv += w * v
        self._vv += v * v
        effective = self._w * self._w / self._ww if self._ww else 0.0
        if self._squeezes < _LEAST_SQUEEZES or effective < _LEAST_EFFECTIVE:
            return
        share = self._v / self._w
        scatter = max(self._vv - 2 * share * self._wv + share * share * self._ww, 0.0)
        variance = scatter / (self._w * self._w) * effective / (effective - 1)
        trust = self._prior**2 / (self._prior**2 + variance)
        self.share = min(max(share * trust, 0.0), _MOST_SHARE)
        self.share_sd = sqrt(trust * variance + (_MODEL * self.share) ** 2)
