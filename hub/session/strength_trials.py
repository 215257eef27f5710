"""The trials of a strength test: measured, counted, and brought together into a result for each hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ...signal.recording import Recording
from ...signal.refusal import Refused
from ...signal.strength import Preset, Score, Side, StrengthEstimate, Trial, strength, trial, without_handling
from ..records.strength import Outcome, TestTrial
from ..records.vocabulary import Hand

#: Trials that may be repeated for each hand, before the child has done enough.
REPEATS: Final = 2

_SIDES: Final[dict[Hand, Side]] = {Hand.LEFT: "left", Hand.RIGHT: "right"}


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
    record: TestTrial
    measured: Trial | None


class TrialBook:
    """Keeps the trials of a test, and says whose turn it is.

    Parameters
    ----------
    preset : Preset
    hands : sequence of Hand
        In the order in which they begin.
    """

    def __init__(self, preset: Preset, hands: Sequence[Hand]) -> None:
        self._preset = preset
        self._hands = hands
        self._made: list[_Made] = []

    def __bool__(self) -> bool:
        """Whether a trial was made."""
        return bool(self._made)

    def add(
        self, hand: Hand, recording: Recording, *, session_id: UUID, begin_s: float, end_s: float
    ) -> TestTrial:
        """Measure a trial.

        Parameters
        ----------
        recording : Recording
            Above zero, with a little rest before it.
        session_id : UUID
            Session that its samples belong to; `begin_s` and `end_s` are since its start.
        """
        said = trial(recording, _SIDES[hand])
        practice = self.counted(hand, practice=True) < self._preset.practice
        about = {"session_id": session_id, "begin_s": begin_s, "end_s": end_s, "practice": practice}
        if isinstance(said, Refused):
            made = _Made(hand, TestTrial(**about, because=said.because), None)
        else:
            record = TestTrial(
                **about,
                peak=said.peak.value,
                peak_sd=said.peak.sd,
                raw_peak=said.raw_peak,
                rise_s=said.rise_s,
                held_s=said.held_s,
                faults=tuple(said.faults),
            )
            made = _Made(hand, record, said)
        self._made.append(made)
        self._mark_handling()
        return made.record

    def counted(self, hand: Hand, *, practice: bool) -> int:
        """Trials of a hand that need no repeating."""
        return sum(
            one.hand is hand
            and one.record.practice is practice
            and one.measured is not None
            and (practice or not one.measured.faults)
            for one in self._made
        )

    def next(self, hand: Hand) -> Hand | None:
        """Whose turn it is after a trial of a hand; None: nobody's, all are made."""
        others = [one for one in self._hands if one is not hand and self._needs(one)]
        same = [hand] if self._needs(hand) else []
        order = [*others, *same] if self._preset.alternating else [*same, *others]
        return order[0] if order else None

    def results(self, noise: float | None) -> list[HandResult]:
        """What came of it, for each hand that made a trial; of both at once where the protocol says so."""
        measured = without_handling(
            [one.measured for one in self._made if one.measured and not one.record.practice]
        )
        both = self._preset.score is Score.MAX_OF_BOTH
        found: list[HandResult] = []
        for hand in dict.fromkeys(one.hand for one in self._made):
            if both and found:
                break
            estimate = strength(measured, self._preset, None if both else _SIDES[hand])
            trials = tuple(one.record for one in self._made if both or one.hand is hand)
            found.append(HandResult(hand, _outcome(estimate, self._preset), trials, noise))
        return found

    def _needs(self, hand: Hand) -> bool:
        made = sum(one.hand is hand for one in self._made)
        enough = self.counted(hand, practice=False) >= self._preset.trials
        return not enough and made < self._preset.practice + self._preset.trials + REPEATS

    def _mark_handling(self) -> None:
        """A later trial may show that an earlier one was none."""
        measured = [one for one in self._made if one.measured]
        marked = without_handling([one.measured for one in measured if one.measured])
        for one, now in zip(measured, marked, strict=True):
            if one.measured != now:
                one.measured = now
                one.record = one.record.model_copy(update={"faults": tuple(now.faults)})


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
