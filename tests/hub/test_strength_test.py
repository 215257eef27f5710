"""A test of greatest strength, led trial by trial."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session.strength_steps import Phase, Step
from griphub.hub.session.strength_test import StrengthTestRun
from griphub.signal.recording import Timing
from griphub.signal.strength import ASHT, NHANES, NIH_TOOLBOX, PLOEGMAKERS, SOUTHAMPTON, Preset

FS = 100
LEFT, RIGHT = Hand.LEFT, Hand.RIGHT


@dataclass
class Child:
    """Squeezes as it is told to, on a tool of its own noise and zero."""

    run: StrengthTestRun
    zero: float = 1.5
    noise: float = 0.05
    unit: Unit = Unit.NEWTON
    block: int = 10
    now_s: float = 100.0
    steps: list[Step] = field(default_factory=list)
    sessions: int = 1

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(4)
        self.first_s = self.now_s

    def give(self, force: np.ndarray, *, missing: slice | None = None, clip: float = np.inf) -> Step:
        t_s = self.now_s + np.arange(force.size) / FS
        values = np.minimum(self.zero + force + self.rng.normal(0, self.noise, force.size), clip)
        keep = np.ones(force.size, bool)
        if missing:
            keep[missing] = False
        t, v = t_s[keep], values[keep]
        for i in range(0, t.size, self.block):
            cut = slice(i, i + self.block)
            block = SampleBlock("dyno", i, t[cut].copy(), v[cut].copy(), self.unit, FS, 0, v[cut] >= clip)
            self.steps.append(self.run.update(block, UUID(int=self.sessions), self.first_s))
        self.now_s += force.size / FS
        return self.steps[-1]

    def lie(self, seconds: float = 2.2) -> Step:
        return self.give(np.zeros(round(seconds * FS)))

    def squeeze(self, peak: float = 100.0, hold_s: float = 3.2, rise_s: float = 0.4, **more: object) -> Step:
        t_s = np.arange(0, rise_s + hold_s + 1.5, 1 / FS)
        up = np.clip(t_s / rise_s, 0, 1)
        down = np.clip((t_s - rise_s - hold_s) / 0.3, 0, 1)
        shape = (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2
        return self.give(peak * shape, **more)  # type: ignore[arg-type]

    def do_as_told(self, peaks: Sequence[float], most: int = 12) -> Step:
        """Rest when told to, squeeze when told to, until it is over."""
        step = self.lie()
        for k in range(most):
            while step.phase is Phase.REST:
                step = self.lie(1.0)
            if step.phase is Phase.OVER:
                break
            assert step.phase is Phase.READY
            hand = step.hand
            step = self.squeeze(peaks[k % len(peaks)])
            if step.hand is not hand:  # the hub begins another session
                self.sessions += 1
                self.first_s = self.now_s
        return step

    @property
    def news(self) -> list[str]:
        return [news for step in self.steps for news in step.news]


def child(preset: Preset = ASHT, *hands: Hand, timing: Timing = Timing.TOOL, **more: object) -> Child:
    return Child(StrengthTestRun(preset, hands or (LEFT,), timing), **more)  # type: ignore[arg-type]


def test_three_trials_make_a_mean_with_its_spread() -> None:
    ada = child()
    assert ada.do_as_told([100.0, 108.0, 104.0]).phase is Phase.OVER
    (result,) = ada.run.results()
    assert result.hand is LEFT
    assert result.outcome.rule == "mean" and result.outcome.score == pytest.approx(104, rel=0.01)
    assert result.outcome.cv_percent == pytest.approx(3.85, rel=0.1)
    assert [trial.faults for trial in result.trials] == [()] * 3
    assert result.tare_noise == pytest.approx(0.05, rel=0.3)
    assert ada.news == ["That one counts."] * 3
    assert [trial.peak for trial in result.trials] == pytest.approx([100, 108, 104], rel=0.01)
    assert all(trial.held_s and trial.held_s > 3 for trial in result.trials)


def test_it_waits_for_the_tool_to_lie_still_and_says_so() -> None:
    ada = child()
    t_s = np.arange(500) / FS
    step = ada.give(5 + 2 * np.sin(5 * t_s))
    assert step.phase is Phase.QUIET and step.say == "Lay the tool on the table and let go of it."
    assert ada.lie().phase is Phase.READY


def test_a_sensor_whose_noise_wanders_is_still_where_no_hand_moves_it() -> None:
    ada = child(noise=0.0)
    wander = 0.05 * np.sin(2 * np.pi * 1.5 * np.arange(600) / FS)
    assert ada.give(wander).phase is Phase.READY
    assert child(noise=0.0, unit=Unit.UNKNOWN).give(wander).phase is Phase.QUIET


def test_phases_lead_through_a_trial_and_count_down() -> None:
    ada = child()
    ada.lie()
    ada.squeeze()
    phases = list(dict.fromkeys(step.phase for step in ada.steps))
    assert phases == [Phase.QUIET, Phase.READY, Phase.HOLD, Phase.LET_GO, Phase.REST]
    hold = [step.left_s for step in ada.steps if step.phase is Phase.HOLD]
    assert hold[0] == pytest.approx(2.9, abs=0.15) and hold[-1] < 0.15 and (np.diff(hold) < 0).all()
    rest = [step.left_s for step in ada.steps if step.phase is Phase.REST]
    assert rest[0] == pytest.approx(15, abs=0.5)
    assert "Stop at once if it hurts" in next(s.say for s in ada.steps if s.phase is Phase.READY)
    force = [step.force for step in ada.steps]
    assert max(force) == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize(
    ("spoilt", "fault", "said"),
    [
        ({"hold_s": 0.4}, "short_hold", "it was let go early"),
        ({"rise_s": 5.0}, "slow_rise", "it took long to get strong"),
        ({"missing": slice(150, 190)}, "samples_lost", "the radio lost a part of it"),
        ({"clip": 60.0}, "saturated", "the tool cannot measure so much"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_trial_that_does_not_count_says_why_and_is_repeated(
    spoilt: dict[str, object], fault: str, said: str
) -> None:
    ada = child()
    ada.lie()
    ada.squeeze(100.0, **spoilt)
    ada.lie(16.0)
    assert ada.do_as_told([100.0]).phase is Phase.OVER
    (result,) = ada.run.results()
    assert [trial.faults for trial in result.trials] == [(fault,), (), (), ()]
    assert (result.outcome.left_out, result.outcome.score) == (1, pytest.approx(100, rel=0.01))
    assert ada.news[0] == f"This one does not count: {said}. Once more after the rest."


def test_after_two_repeats_a_child_has_done_enough() -> None:
    ada = child()
    step = ada.lie()
    trials = 0
    while step.phase is not Phase.OVER:
        while step.phase is Phase.REST:
            step = ada.lie(1.0)
        step = ada.squeeze(100.0, hold_s=0.3)
        trials += 1
    (result,) = ada.run.results()
    assert trials == 5
    assert result.outcome.score is None and result.outcome.reason == "too_short"
    assert result.outcome.because == "ASHT 2015 needs 3 trials of the left hand that count; 0 do."


def test_picking_the_tool_up_is_no_trial() -> None:
    ada = child()
    ada.lie()
    ada.squeeze(4.0)  # nobody knows yet that this child squeezes 100 N
    ada.lie(16.0)
    ada.do_as_told([100.0])
    (result,) = ada.run.results()
    assert [trial.faults for trial in result.trials] == [("handling",), (), (), ()]
    assert result.outcome.score == pytest.approx(100, rel=0.01)


def test_a_weak_child_is_measured_as_well() -> None:
    ada = child(noise=0.03)
    ada.do_as_told([2.0, 2.2, 2.1])
    (result,) = ada.run.results()
    assert result.outcome.score == pytest.approx(2.1, rel=0.03)


def test_practice_does_not_count() -> None:
    ada = child(NIH_TOOLBOX)
    ada.do_as_told([150.0, 100.0])
    (result,) = ada.run.results()
    assert [trial.practice for trial in result.trials] == [True, False]
    assert result.outcome.score == pytest.approx(100, rel=0.01)
    assert ada.news == ["Practice is done.", "That one counts."]
    assert "try it once" in next(s.say for s in ada.steps if s.phase is Phase.READY)


def test_hands_take_turns_and_the_best_of_both_is_one_score() -> None:
    ada = child(SOUTHAMPTON, LEFT, RIGHT)
    ada.do_as_told([80.0, 100.0])
    (result,) = ada.run.results()
    assert len(result.trials) == 6
    assert len({trial.session_id for trial in result.trials}) >= 5, "one session has one hand"
    assert result.outcome.rule == "max_of_both" and result.outcome.score == pytest.approx(100, rel=0.01)
    assert ada.news.count("Give the tool to the right hand.") == 3


def test_one_hand_after_the_other_has_a_score_each() -> None:
    ada = child(ASHT, RIGHT, LEFT)
    ada.do_as_told([100.0, 100.0, 100.0, 70.0, 70.0, 70.0])
    right, left = ada.run.results()
    assert (right.hand, left.hand) == (RIGHT, LEFT)
    assert (right.outcome.score, left.outcome.score) == (
        pytest.approx(100, rel=0.01),
        pytest.approx(70, rel=0.01),
    )


def test_rests_are_those_of_the_protocol_for_each_hand() -> None:
    ada = child(NHANES, LEFT, RIGHT)
    ada.lie()
    ada.squeeze()
    step = ada.lie(1.0)
    assert (step.phase, step.hand) == (Phase.READY, RIGHT), "the other hand is rested"
    step = ada.squeeze()
    assert (step.phase, step.hand) == (Phase.REST, LEFT)
    assert step.left_s == pytest.approx(60 - 6, abs=1)


def test_a_protocol_whose_score_was_not_read_keeps_its_trials_and_says_so() -> None:
    ada = child(PLOEGMAKERS)
    ada.do_as_told([100.0])
    (result,) = ada.run.results()
    assert result.outcome.score is None and result.outcome.reason == "protocol"
    assert len(result.trials) == 2


def test_zero_is_taken_anew_whenever_the_tool_lies_still() -> None:
    ada = child()
    ada.lie()
    ada.squeeze()
    ada.zero += 5.0  # warmed by the hand
    ada.lie(16.0)
    ada.do_as_told([100.0])
    (result,) = ada.run.results()
    assert [trial.peak for trial in result.trials] == pytest.approx([100] * 3, rel=0.01)


def test_a_tool_that_was_switched_off_and_on_is_zeroed_again() -> None:
    ada = child()
    ada.lie()
    ada.squeeze()
    ada.now_s, ada.first_s, ada.zero = 0.0, 0.0, -3.0
    step = ada.give(np.zeros(20))
    assert step.phase is Phase.QUIET and "switched off and on" in ada.news[-1]
    ada.do_as_told([100.0])
    (result,) = ada.run.results()
    assert [trial.peak for trial in result.trials] == pytest.approx([100] * 3, rel=0.01)


def test_stopped_it_keeps_what_was_done() -> None:
    ada = child()
    ada.lie()
    ada.squeeze()
    ada.run.stop("stopped")
    assert ada.lie(0.1).phase is Phase.OVER
    (result,) = ada.run.results()
    assert len(result.trials) == 1 and result.outcome.score is None
    fresh = child()
    fresh.run.stop("stopped")
    assert fresh.run.results() == []


def test_a_tool_that_stamps_nothing_and_an_uncalibrated_one_are_tested_too() -> None:
    ada = child(timing=Timing.ARRIVAL, unit=Unit.KILOPASCAL)
    ada.do_as_told([30.0])
    (result,) = ada.run.results()
    assert result.outcome.score == pytest.approx(30, rel=0.01)
    assert "No force" in result.outcome.trust


@settings(max_examples=8, deadline=None)
@given(block=st.integers(1, 400))
def test_how_the_stream_is_cut_does_not_matter_to_the_score(block: int) -> None:
    ada, whole = child(block=block), child()
    for each in (ada, whole):
        each.lie(2.5)
        for _ in range(3):
            each.squeeze(100.0)
            each.lie(20.0)
        assert each.run.over
    assert ada.run.results()[0].outcome.score == pytest.approx(whole.run.results()[0].outcome.score, rel=2e-3)


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=300),
    preset=st.sampled_from([ASHT, SOUTHAMPTON, NIH_TOOLBOX]),
)
def test_any_samples_lead_to_something_to_say(values: list[float], preset: Preset) -> None:
    run = StrengthTestRun(preset, (LEFT, RIGHT))
    t_s = np.arange(len(values)) / 20
    for i in range(0, len(values), 7):
        v = np.array(values[i : i + 7])
        block = SampleBlock("dyno", i, t_s[i : i + 7].copy(), v, Unit.COUNT, 20, 0, np.zeros(v.size, bool))
        assert run.update(block, UUID(int=1), 0.0).say
    for result in run.results():
        assert result.trials
