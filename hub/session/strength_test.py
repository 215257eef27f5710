"""A test of greatest strength, led trial by trial: samples go in, what to do next comes out.

No I/O and no clock: time is that of the samples. Before the first trial the tool must lie untouched for a
second; whenever it does again between trials, zero is taken anew. A trial that does not count is told, with
its reason, and may be repeated. What the child is told never says how hard it tried.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ...firmware_bridge.quiet_check import MEAN_S, QUIET_S, STILL, STILL_STEPS
from ...firmware_bridge.samples import FloatArray, SampleBlock, Unit
from ...signal.quality import Fault
from ...signal.recording import Recording, Timing
from ...signal.refusal import Refused
from ...signal.strength import Preset, Score, Side, StrengthEstimate, Trial, strength, trial, without_handling
from ...signal.untouched import QuietSecond, Untouched
from ..measured import Outcome, TestTrial
from ..records import Hand

#: Where a protocol, as far as it was read, names none.
HOLD_S: Final = 3.0
REST_S: Final = 15.0
#: Trials that may be repeated for each hand, before the child has done enough.
REPEATS: Final = 2

_NOISE_FACTOR: Final = 10.0  #: times noise is a hand
_BEGINS_S: Final = 0.1  #: above that for so long
_ENDED_SHARE: Final = 0.2  #: of the trial's highest: let go
_ENDED_S: Final = 0.5  #: for so long
_LONGEST_S: Final = 30.0
_PIECE_S: Final = 0.1
_BEFORE_S: Final = 1.0  #: of rest before a trial belong to its recording

BoolArray = NDArray[np.bool_]

_SIDES: Final[dict[Hand, Side]] = {Hand.LEFT: "left", Hand.RIGHT: "right"}
_FAULTS: Final = {
    Fault.SLOW_RISE: "it took long to get strong",
    Fault.SHORT_HOLD: "it was let go early",
    Fault.SAMPLES_LOST: "the radio lost a part of it",
    Fault.SATURATED: "the tool cannot measure so much",
    Fault.NO_TARE: "the tool had no zero",
    Fault.HANDLING: "the tool was only being picked up",
}


class Phase(StrEnum):
    """What is to be done."""

    QUIET = "quiet"  #: nobody touches the tool
    READY = "ready"  #: squeeze
    HOLD = "hold"
    LET_GO = "let_go"
    REST = "rest"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Step:
    """What to show now.

    Attributes
    ----------
    trial, trials : int
        Which trial of this hand it is, from 1, and how many there are to be; practice included.
    left_s : float or None
        Until the hand may let go, or the rest is over.
    force : float
        Above zero, in `unit`.
    say : str
        What to do.
    news : tuple of str
        What became of the trial before, each told once.
    """

    phase: Phase
    hand: Hand
    trial: int
    trials: int
    practice: bool
    left_s: float | None
    force: float
    unit: Unit
    say: str
    news: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandResult:
    """What came of a test, of one hand or of both where the protocol scores them together."""

    hand: Hand
    outcome: Outcome
    trials: tuple[TestTrial, ...]
    tare_noise: float | None


@dataclass(slots=True)
class _Made:
    """A trial that was made."""

    hand: Hand
    practice: bool
    record: TestTrial
    measured: Trial | None


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
    _made: list[_Made] = field(default_factory=list)
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

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase is Phase.OVER

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
        measured = without_handling([one.measured for one in self._made if one.measured and not one.practice])
        both = self.preset.score is Score.MAX_OF_BOTH
        found: list[HandResult] = []
        for hand in dict.fromkeys(one.hand for one in self._made):
            if both and found:
                break
            estimate = strength(measured, self.preset, None if both else _SIDES[hand])
            trials = tuple(one.record for one in self._made if both or one.hand is hand)
            noise = self._zero.noise if self._zero else None
            found.append(HandResult(hand, _outcome(estimate, self.preset), trials, noise))
        return found

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
            if self.phase is Phase.HOLD and t_s - self._above_s >= self._hold_s:
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

    @property
    def _hold_s(self) -> float:
        return self.preset.hold_s or HOLD_S

    # -- trials

    def _end_trial(self, session_id: UUID, first_s: float) -> None:
        assert self._zero is not None and self._above_s is not None
        t_s, values, clipped = (np.array(column) for column in zip(*self._samples, strict=True))
        recording = Recording(
            t_s, values - self._zero.level, self._unit, self.timing, clipped, self._zero.noise
        )
        side = _SIDES[self.hand]
        said = trial(recording, side)
        practice = self._count(self.hand, practice=True) < self.preset.practice
        span = {"session_id": session_id, "begin_s": self._above_s - first_s, "end_s": self._now_s - first_s}
        if isinstance(said, Refused):
            record = TestTrial(**span, practice=practice, because=said.because)
        else:
            record = TestTrial(
                **span,
                practice=practice,
                peak=said.peak.value,
                peak_sd=said.peak.sd,
                raw_peak=said.raw_peak,
                rise_s=said.rise_s,
                held_s=said.held_s,
                faults=tuple(said.faults),
            )
        self._made.append(_Made(self.hand, practice, record, None if isinstance(said, Refused) else said))
        self._mark_handling()
        self._tell_of(self._made[-1])
        self._samples.clear()
        self._above_s = None
        self._rest_until_s[self.hand] = self._now_s + (self.preset.rest_s or REST_S)
        if following := self._next():
            if following is not self.hand:
                self._news.append(f"Give the tool to the {following} hand.")
            self.hand, self.phase = following, Phase.REST
        else:
            self.phase = Phase.OVER

    def _mark_handling(self) -> None:
        """A later trial may show that an earlier one was none."""
        measured = [one for one in self._made if one.measured]
        marked = without_handling([one.measured for one in measured if one.measured])
        for one, now in zip(measured, marked, strict=True):
            if one.measured != now:
                one.measured = now
                one.record = one.record.model_copy(update={"faults": tuple(now.faults)})

    def _tell_of(self, made: _Made) -> None:
        if made.measured is None:
            self._news.append(f"That was no trial: {made.record.because}")
        elif made.measured.faults:
            why = " and ".join(_FAULTS[fault] for fault in made.measured.faults)
            again = " Once more after the rest." if self._next() else ""
            self._news.append(f"This one does not count: {why}.{again}")
        else:
            self._news.append("Practice is done." if made.practice else "That one counts.")

    def _count(self, hand: Hand, *, practice: bool) -> int:
        """Trials of a hand that need no repeating."""
        return sum(
            one.hand is hand
            and one.practice is practice
            and one.measured is not None
            and (practice or not one.measured.faults)
            for one in self._made
        )

    def _needs(self, hand: Hand) -> bool:
        made = sum(one.hand is hand for one in self._made)
        enough = self._count(hand, practice=False) >= self.preset.trials
        return not enough and made < self.preset.practice + self.preset.trials + REPEATS

    def _next(self) -> Hand | None:
        """Whose turn it is after a trial."""
        others = [hand for hand in self.hands if hand is not self.hand and self._needs(hand)]
        same = [self.hand] if self._needs(self.hand) else []
        order = [*others, *same] if self.preset.alternating else [*same, *others]
        return order[0] if order else None

    # -- the tool

    def _take_zero(self, zero: QuietSecond) -> None:
        if self._zero is None and self._made:
            self._news.append("The tool is ready again.")
        self._zero = zero
        self._above_s = None
        if self.phase is Phase.QUIET:
            self.phase = Phase.REST if self._made else Phase.READY

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
        self._zero = self._above_s = None
        self._samples.clear()
        self._untouched = Untouched()
        self._rest_until_s.clear()
        if not self.over:
            self.phase = Phase.QUIET
            self._news.append("The tool was switched off and on.")

    # -- words

    def step(self) -> Step:
        """What to do now."""
        practice = self._count(self.hand, practice=True) < self.preset.practice
        done = self._count(self.hand, practice=False) + self._count(self.hand, practice=True)
        left_s: float | None = None
        if self.phase is Phase.HOLD and self._above_s is not None:
            left_s = max(self._above_s + self._hold_s - self._now_s, 0.0)
        elif self.phase is Phase.REST:
            left_s = max(self._rest_until_s.get(self.hand, self._now_s) - self._now_s, 0.0)
        news, self._news = tuple(self._news), []
        trials = self.preset.practice + self.preset.trials
        return Step(
            *(
                self.phase,
                self.hand,
                min(done + 1, trials),
                trials,
                practice,
                left_s,
                self._force,
                self._unit,
            ),
            self._say(practice),
            news,
        )

    def _say(self, practice: bool) -> str:
        match self.phase:
            case Phase.QUIET:
                return "Lay the tool on the table and let go of it."
            case Phase.READY:
                once = "try it once, to learn how" if practice else "squeeze as hard as you can"
                return f"{self.hand.capitalize()} hand: {once}. Stop at once if it hurts in an unusual way."
            case Phase.HOLD:
                return "Hold!"
            case Phase.LET_GO:
                return "Let go."
            case Phase.REST:
                return f"Rest. The {self.hand} hand is next; lay the tool down meanwhile."
            case Phase.OVER:
                return "That is all. Thank you."


def _outcome(said: StrengthEstimate | Refused, preset: Preset) -> Outcome:
    if isinstance(said, Refused):
        return Outcome(rule=preset.score.value, reason=said.reason, because=said.because)
    return Outcome(
        score=said.score.value,
        score_sd=said.score.sd,
        rule=preset.score.value,
        cv_percent=said.variation.cv_percent if said.variation else None,
        left_out=said.left_out,
        trust=said.score.trust,
    )
