"""What a child's squeezes usually are, and which rises count by it while that is not yet known."""

from collections import deque
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise, takewhile
from statistics import median

from ..firmware_bridge.sentence import Sentence
from .candidate import Candidate
from .counted import Squeeze
from .settings import SqueezeSettings

FIRST = Sentence("among the first of an unknown hand")

_FIRM = 3  #: squeezes after which it is known what is usual
_USUAL_OF = 15  #: the child's range is that of the latest squeezes: fatigue lowers it
_RESTLESS = 5.0  #: times the unrest the usual peak stands out, or the hand fidgets
#: Alike are peaks within this share of each other, and durations within that.
_ALIKE_SHARE, _ALIKE_DURATION = 0.4, 0.35
_ENOUGH = 1 - 1e-9  #: of the weights of some in a row that are alike, together: they are squeezes
#: Brief ones may be knocks or bumps, which are as brief, but come in no even rhythm.
_FAR_COMPANY, _RAPID_COMPANY, _RAPID_APART_S, _EVEN = 3, 4, 1.0, 1.7
#: Longer ones that hardly rest in between, if they are more alike, and more even.
_STEADY_COMPANY, _STEADY_ALIKE, _STEADY_EVEN, _STEADY_APART_S, _STEADY_PAUSE_S = 4, 0.5, 1.4, 1.5, 0.3
_FASTEST_S = 0.27  #: what comes and goes faster than 3.7 times a second is a tremor
_APART_S = 5.0  #: what is farther apart is no series
_ODD = 2  #: more that are as high, but did not come from rest and go back to it, are a hand that fidgets
_MOST = 12  #: wait at most
_PASSED = 60  #: rises that came to nothing are remembered at most
#: So many, each too small for what is thought usual, with no other between: the range was wrong (an artefact
#: at the start, a seed from another tool). They count after all; fewer that are sure by themselves do.
_SMALL, _SMALL_SURE = 5, 3


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
    restless : bool
        Whether the hand at rest moves by almost as much as the usual peak is high.
    """

    def __init__(self, settings: SqueezeSettings, usual_peak: float | None = None) -> None:
        self._settings = settings
        self.count = 0
        self.restless = False
        self.forget(usual_peak)

    def forget(self, usual_peak: float | None = None) -> None:
        """Know nothing of the child, or no more than a peak."""
        self._peaks: deque[float] = deque([] if usual_peak is None else [usual_peak], maxlen=_USUAL_OF)
        self._peak: float | None = None  #: asked often, and seldom another
        self._durations_s: deque[float] = deque(maxlen=_USUAL_OF)
        self._plain: deque[bool] = deque(maxlen=_USUAL_OF)
        self._fit: deque[bool] = deque(maxlen=_USUAL_OF)
        self._seeded = usual_peak is not None
        self._firm: bool | None = None
        self._learned = False  #: whether a first look knew what is usual
        self._waiting: list[Candidate] = []
        self._latest: deque[Candidate] = deque(maxlen=_STEADY_COMPANY)
        self._small: list[Candidate] = []
        self._passed: deque[float] = deque(maxlen=_PASSED)  #: peaks of what came to nothing

    def learn(self, peak: float, duration_s: float, *, firm: bool) -> None:
        """Take a peak and a duration from a first look at the same squeezes."""
        self._peaks.append(peak)
        self._peak = None
        self._durations_s.append(duration_s)
        self._learned = firm
        self._firm = None

    def end_stream(self) -> None:
        """Let nothing wait any longer."""
        self._pass(self._waiting)
        self._waiting = []
        self._small = []
        self._latest.clear()

    @property
    def waiting(self) -> tuple[Squeeze, ...]:
        """What may be squeezes, and waits for others that are like it."""
        return tuple(
            replace(each.squeeze, doubtful=(*each.squeeze.doubtful, FIRST)) for each in self._waiting
        )

    @property
    def known(self) -> bool:
        """Whether there was any squeeze yet."""
        return bool(self._peaks)

    @property
    def firm(self) -> bool:
        """Whether it is known what is usual: two squeezes, or faint ones, may have been none."""
        if self._firm is None:  # asked at every turn of a rise, and rarely another
            plain = len(self._peaks) >= _FIRM and 2 * sum(self._plain) >= len(self._plain)
            steady = not self.fidgets and not self.restless
            self._firm = self._seeded or ((self._learned or plain) and steady)
        return self._firm

    def compare(self, unrest: float) -> None:
        """Take by how much the hand at rest moves."""
        self.restless = self.peak < _RESTLESS * unrest
        self._firm = None

    @property
    def fidgets(self) -> bool:
        """Whether too much did not come from rest and go back to it, though it counted, or did not count."""
        return self.aimless or (len(self._fit) >= _FIRM and 3 * sum(self._fit) < 2 * len(self._fit))

    @property
    def aimless(self) -> bool:
        """Whether for each two that counted another rise, no lower than such as count, came to nothing."""
        least = _ALIKE_SHARE * self.peak
        return 2 * sum(peak >= least for peak in self._passed) > self.count

    @property
    def peak(self) -> float:
        """Usual peak, 0 if it is not known."""
        if self._peak is None:
            self._peak = median(self._peaks) if self._peaks else 0.0
        return self._peak

    @property
    def duration_s(self) -> float:
        """Usual duration, seconds; 0 if it is not known."""
        return median(self._durations_s) if self._durations_s else 0.0

    def like(self, one: Squeeze) -> bool:
        """Whether a squeeze is no less than what is usual by far."""
        lasts = one.impulse >= _ALIKE_DURATION * self.duration_s * one.peak
        return lasts and one.peak >= _ALIKE_SHARE * self.peak

    def judge(self, one: Candidate) -> list[Squeeze]:
        """Count a squeeze, or let it wait until others show what it is; return those that count now."""
        decided_s = one.squeeze.decided_s
        self._latest.append(one)
        steady = _is_steady(self._latest)
        if steady:
            for each in self._latest:
                each.fit = True
        if self.firm:
            return [self._count_in(one, decided_s)]
        self.leave_behind(one.squeeze.onset_s)
        waiting = [*self._waiting, one]
        self._pass(waiting[:-_MOST])
        self._waiting = waiting = waiting[-_MOST:]
        company = [each for each in _latest_run(waiting) if _alike(each, one)]
        if not (one.sure or self._like_usual(one) or _is_series(company) or _is_rapid(company) or steady):
            return []
        peak, duration_s = _usual_of(company or [one])
        high = [each for each in waiting if each.squeeze.peak >= _ALIKE_SHARE * peak]
        if not self._peaks and sum(each.odd for each in high) > _ODD:
            return []
        self._waiting = []
        least_s = _ALIKE_DURATION * duration_s  # a bump is less than a squeeze, never more
        counts = [each for each in high if each.duration_s >= least_s and each is not one] + [one]
        self._pass([each for each in waiting if each not in counts])
        return [self._count_in(each, decided_s) for each in counts]

    def leave_behind(self, now_s: float) -> None:
        """Let nothing wait any longer that is too old for what begins now, or later, to join it."""
        if self._waiting and now_s - self._waiting[-1].squeeze.offset_s > _APART_S:
            self._pass(self._waiting)
            self._waiting = []

    def _pass(self, some: list[Candidate]) -> None:
        self._passed.extend(each.squeeze.peak for each in some)

    def _like_usual(self, one: Candidate) -> bool:
        return (
            bool(self._peaks)
            and not self.restless
            and not self.fidgets
            and (one.fit or (one.plain and one.calm))
            and _is_like(one, self.peak, self.duration_s)
        )

    def judge_small(self, one: Candidate) -> list[Squeeze]:
        """Count squeezes that are too small for this child, once that proves to be wrong."""
        if not self._peaks:
            return []
        if not one.fit:  # a hand that fidgets
            self._small = []
            return []
        least = _ALIKE_SHARE * max(each.squeeze.peak for each in [*self._small, one])
        self._small = [each for each in [*self._small, one] if each.squeeze.peak >= least]
        sure = sum(each.sure for each in self._small)
        if sure < _SMALL_SURE and len(self._small) < _SMALL:
            return []
        small = self._small
        self._seeded = self._learned = False
        self._peaks.clear()
        self._peak = None
        self._durations_s.clear()
        self._plain.clear()
        self._fit.clear()
        return [self._count_in(each, one.squeeze.decided_s) for each in small]

    def finish(self, now_s: float, *, all_of_them: bool) -> list[Squeeze]:
        """Count at the end of the stream what waits, if `all_of_them` count."""
        waiting = self._waiting if all_of_them and not self.firm else []
        counted = [self._count_in(one, now_s) for one in waiting]
        if all_of_them:
            self._waiting = []
            self._firm = None
            self._fit.clear()  # without rest, nothing could come from it
        return counted

    def _count_in(self, one: Candidate, decided_s: float) -> Squeeze:
        self._small = []
        self.count += 1
        self._peaks.append(one.squeeze.peak)
        self._peak = None
        self._durations_s.append(one.duration_s)
        self._plain.append(one.plain)
        self._fit.append(one.fit or one.sure or one.brief)
        self._firm = None
        squeeze = one.squeeze
        if (squeeze.number, squeeze.decided_s) == (self.count, decided_s):
            return squeeze  # a copy would cost as much as all that was known of it
        return replace(squeeze, number=self.count, decided_s=decided_s)


def _close(one: float, other: float, share: float) -> bool:
    return min(one, other) >= share * max(one, other)


def _is_like(one: Candidate, peak: float, duration_s: float) -> bool:
    """Whether it is about as high and, where that is known, about as long."""
    lasts = not duration_s or _close(one.duration_s, duration_s, _ALIKE_DURATION)
    return lasts and _close(one.squeeze.peak, peak, _ALIKE_SHARE)


def _alike(one: Candidate, other: Candidate) -> bool:
    return _is_like(one, other.squeeze.peak, other.duration_s)


def _usual_of(some: list[Candidate]) -> tuple[float, float]:
    return median(each.squeeze.peak for each in some), median(each.duration_s for each in some)


def _latest_run(waiting: list[Candidate]) -> list[Candidate]:
    """The latest of them, none of which speaks against a series."""
    run = list(takewhile(lambda each: each.fit or each.brief or each.sure, reversed(waiting)))
    return run[::-1]


def _is_series(company: list[Candidate]) -> bool:
    """Whether several that are alike are enough to be squeezes."""
    return sum(each.weight for each in company) > _ENOUGH


def _is_rapid(company: list[Candidate]) -> bool:
    """Whether brief ones follow each other fast and evenly, as only a hand can do it."""
    brief = [each for each in company if each.brief]
    far = all(each.far for each in brief[-_FAR_COMPANY:])
    few = _FAR_COMPANY if far else _RAPID_COMPANY
    latest = brief[-few:]
    if len(latest) < few:
        return False
    steps_s = [after.squeeze.onset_s - before.squeeze.onset_s for before, after in pairwise(latest)]
    return median(steps_s) >= _FASTEST_S and max(steps_s) <= min(_EVEN * min(steps_s), _RAPID_APART_S)


def _is_steady(latest: Collection[Candidate]) -> bool:
    """Whether they follow each other as evenly, and as much alike, as only a hand does that means it."""
    if len(latest) < _STEADY_COMPANY or not all(each.steady for each in latest):
        return False
    peaks, durations_s = [each.squeeze.peak for each in latest], [each.duration_s for each in latest]
    alike = all(_close(min(some), max(some), _STEADY_ALIKE) for some in (peaks, durations_s))
    steps_s = [after.squeeze.onset_s - before.squeeze.onset_s for before, after in pairwise(latest)]
    even = max(steps_s) <= min(_STEADY_EVEN * min(steps_s), _STEADY_APART_S)
    return alike and even and min(each.pause_s for each in list(latest)[1:]) >= _STEADY_PAUSE_S
