"""A test of greatest strength, led trial by trial: samples go in, what to do next comes out.

No I/O and no clock: time is that of the samples. Before the first trial the tool must lie untouched for a
second; whenever it does again between trials, zero is taken anew. A trial that does not count is told, with
its reason, and may be repeated. What the child is told never says how hard it tried.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ...firmware_bridge.quiet_check import MEAN_S, QUIET_S, STILL, STILL_STEPS
from ...firmware_bridge.samples import FloatArray, SampleBlock, Unit
from ...signal.recording import Recording, Timing
from ...signal.strength import Preset
from ...signal.untouched import QuietSecond, Untouched
from ..records.vocabulary import Hand
from .strength_steps import Phase, Step, verdict, words
from .strength_trials import HandResult, TrialBook

#: Where a protocol, as far as it was read, names none.
HOLD_S: Final = 3.0
REST_S: Final = 15.0

_NOISE_FACTOR: Final = 10.0  #: times noise is a hand
_BEGINS_S: Final = 0.1  #: above that for so long
_ENDED_SHARE: Final = 0.2  #: of the trial's highest: let go
_ENDED_S: Final = 0.5  #: for so long
_LONGEST_S: Final = 30.0
_PIECE_S: Final = 0.1
_BEFORE_S: Final = 1.0  #: of rest before a trial belong to its recording

BoolArray = NDArray[np.bool_]


@dataclass(slots=True)
class StrengthTestRun:
    """A strength test under way.

    Parameters
    ----------
    preset : Preset
    hands : sequence of Hand
        In the order in which they begin.
    timing : Timing
        Of the tool's samples.
    """

    preset: Preset
    hands: Sequence[Hand]
    timing: Timing = Timing.TOOL
    phase: Phase = Phase.QUIET
    hand: Hand = field(init=False)  #: whose turn it is
    stopped: str = ""
    _book: TrialBook = field(init=False)
    _untouched: Untouched = field(default_factory=Untouched)
    _zero: QuietSecond | None = None
    _unit: Unit = Unit.UNKNOWN
    _samples: deque[tuple[float, float, bool]] = field(default_factory=deque)
    _force: float = 0.0
    _now_s: float = float("-inf")
    _above_s: float | None = None  #: since when it may be a trial
    _top: float = 0.0
    _last_high_s: float = 0.0
    _rest_until_s: dict[Hand, float] = field(default_factory=dict)
    _news: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hand = self.hands[0]
        self._book = TrialBook(self.preset, self.hands)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase is Phase.OVER

    @property
    def began(self) -> bool:
        """Whether the tool has been seen to lie still, or a trial was made."""
        return self._zero is not None or bool(self._book)

    @property
    def done(self) -> int:
        """Trials that count, of all hands."""
        return sum(self._book.counted(hand, practice=False) for hand in dict.fromkeys(self.hands))

    @property
    def hold_s(self) -> float:
        """How long a squeeze is to be held."""
        return self.preset.hold_s or HOLD_S

    def update(self, block: SampleBlock, session_id: UUID, first_s: float) -> Step:
        """Take samples, in the session's unit; say what to do now.

        Parameters
        ----------
        session_id : UUID
            Session that they belong to.
        first_s : float
            Time of its first sample on the tool's clock.
        """
        self._unit = block.unit
        if len(block) and float(block.t_s[0]) < self._now_s:  # the tool was switched off and on
            self._begin_anew()
        # in pieces, so that a long block leads as a short one does
        edges = np.flatnonzero(np.diff(block.t_s // _PIECE_S)) + 1
        for t_s, values, clipped in zip(
            *(np.split(column, edges) for column in (block.t_s, block.values, block.clipped)), strict=True
        ):
            self._piece(t_s, values, clipped, session_id, first_s)
        return self.step()

    def stop(self, why: str) -> None:
        """End it before its last trial."""
        if not self.over:
            self.stopped, self.phase = why, Phase.OVER

    def results(self) -> list[HandResult]:
        """What came of it, for each hand that made a trial; of both at once where the protocol says so."""
        return self._book.results(self._zero.noise if self._zero else None)

    def lay_aside(self) -> None:
        """Wait: a trial under way is none, and the tool must lie untouched before the next."""
        self._zero = self._above_s = None
        self._samples.clear()
        self._untouched = Untouched()
        if not self.over:
            self.phase = Phase.QUIET

    # -- samples

    def _piece(
        self, t_s: FloatArray, values: FloatArray, clipped: BoolArray, session_id: UUID, first_s: float
    ) -> None:
        quiet = self._untouched.update(t_s, values, clipped)
        if quiet and self.phase in (Phase.QUIET, Phase.READY, Phase.REST):
            self._take_zero(quiet[-1])
        elif self.phase is Phase.QUIET and (still := self._still()):
            self._take_zero(still)
        for sample in zip(t_s.tolist(), values.tolist(), clipped.tolist(), strict=True):
            self._sample(*sample, session_id, first_s)

    def _sample(self, t_s: float, value: float, clipped: bool, session_id: UUID, first_s: float) -> None:
        self._now_s = t_s
        self._samples.append((t_s, value, clipped))
        keep_s = QUIET_S if self.phase is Phase.QUIET else _BEFORE_S
        while self._above_s is None and t_s - self._samples[0][0] > keep_s:
            self._samples.popleft()
        if not isfinite(value) or self._zero is None:
            return
        self._force = force = value - self._zero.level
        if self.phase is Phase.REST and t_s >= self._rest_until_s.get(self.hand, t_s):
            self.phase = Phase.READY
        if self.phase is Phase.READY:
            self._await_trial(t_s, force)
        elif self.phase in (Phase.HOLD, Phase.LET_GO):
            assert self._above_s is not None
            self._top = max(self._top, force)
            if force > _ENDED_SHARE * self._top:
                self._last_high_s = t_s
            if self.phase is Phase.HOLD and t_s - self._above_s >= self.hold_s:
                self.phase = Phase.LET_GO
            if t_s - self._last_high_s >= _ENDED_S or t_s - self._above_s >= _LONGEST_S:
                self._end_trial(session_id, first_s)

    def _await_trial(self, t_s: float, force: float) -> None:
        if force <= self._least:
            self._above_s = None
        elif self._above_s is None:
            self._above_s = t_s
        elif t_s - self._above_s >= _BEGINS_S:
            self.phase, self._top, self._last_high_s = Phase.HOLD, force, t_s

    @property
    def _least(self) -> float:
        """Force that only a hand makes."""
        noise = self._zero.noise if self._zero else 0.0
        floor = STILL_STEPS if self._unit is Unit.COUNT else 0.0
        return max(_NOISE_FACTOR * noise, STILL.get(self._unit, floor))

    # -- trials

    def _end_trial(self, session_id: UUID, first_s: float) -> None:
        assert self._zero is not None and self._above_s is not None
        t_s, values, clipped = (np.array(column) for column in zip(*self._samples, strict=True))
        made = self._book.add(
            self.hand,
            Recording(t_s, values - self._zero.level, self._unit, self.timing, clipped, self._zero.noise),
            session_id=session_id,
            begin_s=self._above_s - first_s,
            end_s=self._now_s - first_s,
        )
        following = self._book.next(self.hand)
        self._news.append(verdict(made, again=following is not None))
        self._samples.clear()
        self._above_s = None
        self._rest_until_s[self.hand] = self._now_s + (self.preset.rest_s or REST_S)
        if following is None:
            self.phase = Phase.OVER
            return
        if following is not self.hand:
            self._news.append(f"Give the tool to the {following} hand.")
        self.hand, self.phase = following, Phase.REST

    # -- the tool

    def _take_zero(self, zero: QuietSecond) -> None:
        if self._zero is None and self._book:
            self._news.append("The tool is ready again.")
        self._zero = zero
        self._above_s = None
        if self.phase is Phase.QUIET:
            self.phase = Phase.REST if self._book else Phase.READY

    def _still(self) -> QuietSecond | None:
        """The last seconds, of a sensor whose own noise wanders, if they moved less than any hand does."""
        if not self._samples:
            return None
        t_s, values, clipped = (np.array(column) for column in zip(*self._samples, strict=True))
        if t_s[-1] - t_s[0] < QUIET_S - 0.1 or clipped.any() or not np.isfinite(values).all():
            return None
        means = [part.mean() for part in np.array_split(values, round(QUIET_S / MEAN_S))]
        if self._unit not in STILL or np.ptp(means) > STILL[self._unit]:
            return None
        return QuietSecond(float(t_s[0]), float(t_s[-1]), float(np.median(values)), float(values.std(ddof=1)))

    def _begin_anew(self) -> None:
        self.lay_aside()
        self._rest_until_s.clear()
        if not self.over:
            self._news.append("The tool was switched off and on.")

    def step(self) -> Step:
        """What to do now."""
        tried = self._book.counted(self.hand, practice=True)
        practice = tried < self.preset.practice
        left_s: float | None = None
        if self.phase is Phase.HOLD and self._above_s is not None:
            left_s = max(self._above_s + self.hold_s - self._now_s, 0.0)
        elif self.phase is Phase.REST:
            left_s = max(self._rest_until_s.get(self.hand, self._now_s) - self._now_s, 0.0)
        news, self._news = tuple(self._news), []
        trials = self.preset.practice + self.preset.trials
        return Step(
            phase=self.phase,
            hand=self.hand,
            trial=min(tried + self._book.counted(self.hand, practice=False) + 1, trials),
            trials=trials,
            practice=practice,
            left_s=left_s,
            force=self._force,
            unit=self._unit,
            say=words(self.phase, self.hand, practice=practice),
            news=news,
        )
