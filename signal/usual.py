"""What a child's squeezes usually are, and which rises count by it while that is not yet known."""

from collections import deque
from dataclasses import dataclass, replace
from statistics import median

from .counted import Squeeze
from .settings import SqueezeSettings

_FIRM = 3  #: squeezes after which it is known what is usual
_USUAL_OF = 15  #: the child's range is that of the latest squeezes: fatigue lowers it
#: So many alike are squeezes, the weakest at least this share of the strongest.
_ALIKE = 3
_ALIKE_SHARE = 0.4
#: So many clear ones, each too small for what is thought usual, with no other between: the range was wrong
#: (an artefact at the start, a seed from another tool). They count after all.
_SMALL = 5


@dataclass(slots=True)
class Candidate:
    """A squeeze that may count, with its duration (impulse by peak) in seconds."""

    squeeze: Squeeze
    duration_s: float
    plain: bool  #: high enough above noise to be no chance
    likely: bool  #: longer than a bump, and high or back to rest


class Usual:
    """The child's range, and the squeezes that wait for it to be known.

    Parameters
    ----------
    settings : SqueezeSettings
        When a rise is a squeeze.
    usual_peak : float, optional
        The child's usual peak above rest, known from elsewhere.

    Attributes
    ----------
    count : int
        Squeezes counted so far.
    """

    def __init__(self, settings: SqueezeSettings, usual_peak: float | None = None) -> None:
        self._settings = settings
        self.count = 0
        self.forget(usual_peak)

    def forget(self, usual_peak: float | None = None) -> None:
        """Know nothing of the child, or no more than a peak."""
        self._peaks: deque[float] = deque([] if usual_peak is None else [usual_peak], maxlen=_USUAL_OF)
        self._durations_s: deque[float] = deque(maxlen=_USUAL_OF)
        self._plain: deque[bool] = deque(maxlen=_USUAL_OF)
        self._seeded = usual_peak is not None
        self.end_stream()

    def learn(self, peak: float, duration_s: float, *, firm: bool) -> None:
        """Take a peak and a duration from a first look at the same squeezes."""
        self._peaks.append(peak)
        self._durations_s.append(duration_s)
        self._seeded = firm

    def end_stream(self) -> None:
        """Let nothing wait any longer."""
        self._waiting: list[Candidate] = []
        self._small: list[Candidate] = []

    @property
    def known(self) -> bool:
        """Whether there was any squeeze yet."""
        return bool(self._peaks)

    @property
    def firm(self) -> bool:
        """Whether it is known what is usual: two squeezes, or faint ones, may have been none."""
        return self._seeded or (len(self._peaks) >= _FIRM and 2 * sum(self._plain) >= len(self._plain))

    @property
    def waits(self) -> bool:
        """Whether a squeeze waits to be counted."""
        return bool(self._waiting)

    @property
    def peak(self) -> float:
        """Usual peak, 0 if it is not known."""
        return median(self._peaks) if self._peaks else 0.0

    @property
    def duration_s(self) -> float:
        """Usual duration, seconds; 0 if it is not known."""
        return median(self._durations_s) if self._durations_s else 0.0

    def judge(self, one: Candidate, *, clear: bool) -> list[Squeeze]:
        """Count a squeeze, or let it wait until the child's range is known; return those that count now."""
        waiting = [*self._waiting, one]
        alike = _alike(waiting)
        if not (self._peaks or clear or len(alike) >= _ALIKE):
            self._waiting = alike
            return []
        self._waiting = []
        return [self._count_in(each, one.squeeze.decided_s) for each in alike]

    def judge_vague(self, one: Candidate) -> list[Squeeze]:
        """Count squeezes that hardly stand out once enough of them followed each other, all alike."""
        return self._gather(one, _ALIKE)

    def judge_small(self, one: Candidate) -> list[Squeeze]:
        """Count squeezes that are too small for this child, once that proves to be wrong."""
        return self._gather(one, _SMALL) if self._peaks else []

    def _gather(self, one: Candidate, enough: int) -> list[Squeeze]:
        self._small = _alike([*self._small, one])
        if len(self._small) < enough:
            return []
        self._waiting = self._small[:-1]
        self._peaks.clear()
        self._durations_s.clear()
        self._plain.clear()
        return self.judge(one, clear=True)

    def decide(self, now_s: float, higher: float) -> list[Squeeze]:
        """Count or drop what has waited long enough for others like it.

        Parameters
        ----------
        now_s : float
            Time of the newest sample.
        higher : float
            Height of the rise that is on its way, 0 if there is none.
        """
        if now_s - self._waiting[-1].squeeze.decided_s < self._settings.doubt_s:
            return []
        waiting, self._waiting = self._waiting, []
        counts = [one for one in waiting if one.likely and one.squeeze.peak >= _ALIKE_SHARE * higher]
        return [self._count_in(one, now_s) for one in counts]

    def finish(self, now_s: float, *, all_of_them: bool) -> list[Squeeze]:
        """Count at the end of the stream what waits, if it is likely or `all_of_them` count."""
        counts = [one for one in self._waiting if one.likely or all_of_them]
        return [self._count_in(one, now_s) for one in counts]

    def _count_in(self, one: Candidate, decided_s: float) -> Squeeze:
        self._small = []
        self.count += 1
        self._peaks.append(one.squeeze.peak)
        self._durations_s.append(one.duration_s)
        self._plain.append(one.plain)
        return replace(one.squeeze, number=self.count, decided_s=decided_s)


def _alike(candidates: list[Candidate]) -> list[Candidate]:
    """Those that are not much lower than the highest."""
    least = _ALIKE_SHARE * max(one.squeeze.peak for one in candidates)
    return [one for one in candidates if one.squeeze.peak >= least]
