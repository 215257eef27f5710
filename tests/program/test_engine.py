"""The engine that leads an exercise: pure, so every minute of it can be played in a moment."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.firmware_bridge.samples import Unit
from griphub.hub.program.faces import FACES, PainRule
from griphub.hub.program.prescription import Hands
from griphub.hub.records.vocabulary import Hand
from griphub.hub.session.cues import FOR_PARENTS, WORDS, Cue
from griphub.hub.session.engine import LEFT_S, LONGER_S, QUIET_S, REMIND_S, ExerciseEngine
from griphub.hub.session.exercise import ExerciseState, Phase, Plan

L, R = Hand.LEFT, Hand.RIGHT
PLAN = Plan(
    child_id="c-1",
    item_id="squeeze",
    title="Squeezing the grip ball",
    hands=Hands.RIGHT,
    sets=2,
    reps=3,
    unit=Unit.NEWTON,
    tools={R: "ball01"},
    rest_s=30,
    warm_up=2,
    zone=(40, 60),
    best={R: 50.0},
)
PAIR = replace(PLAN, hands=Hands.BOTH, tools={L: "ball02", R: "ball01"}, best={L: 40.0, R: 50.0}, warm_up=0)


class Child:
    """Somebody with a tool, and a clock that only they move."""

    def __init__(self, plan: Plan = PLAN, *, away: Sequence[Hand] = ()) -> None:
        self.now_s = 1000.0
        self.engine = ExerciseEngine.begin(plan, self.now_s, away=away)
        self.cues: list[Cue] = []

    @property
    def state(self) -> ExerciseState:
        return self.engine.state

    def wait(self, seconds: float) -> "Child":
        for _ in range(int(seconds)):
            self.now_s += 1
            self.cues += self.engine.tick(self.now_s)
        return self

    def lie(self, seconds: float = 3, level: float = 0.1, hands: Sequence[Hand] = (R,)) -> "Child":
        """The tool lies on the table."""
        for _ in range(int(seconds * 10)):
            self.now_s += 0.1
            for hand in hands:
                self.cues += self.engine.levels(hand, [self.now_s], [level], 0.0)
        return self

    def squeeze(
        self, peak: float = 25.0, hold_s: float = 2.0, hand: Hand = R, *, rest: float = 0.2
    ) -> "Child":
        """A squeeze as the tool sends it, and then as the detector tells it."""
        onset_s = self.now_s + 0.5
        for n in range(int(hold_s * 20) + 1):
            self.cues += self.engine.levels(hand, [onset_s + n / 20], [peak + rest], rest)
        self.now_s = onset_s + hold_s + 0.5
        self.cues += self.engine.squeeze(hand, onset_s=onset_s, offset_s=onset_s + hold_s, peak=peak)
        return self

    def together(self, lag_s: float = 0.1) -> "Child":
        onset_s = self.now_s + 0.5
        self.cues += self.engine.squeeze(L, onset_s=onset_s, offset_s=onset_s + 1, peak=20.0)
        self.cues += self.engine.squeeze(R, onset_s=onset_s + lag_s, offset_s=onset_s + 1, peak=25.0)
        self.now_s = onset_s + 1.5
        return self

    def until_set(self) -> "Child":
        return self.lie().squeeze().squeeze()

    def restart(self) -> "Child":
        """The hub was killed, and another one reads what it wrote."""
        self.engine = ExerciseEngine(ExerciseState.from_json(self.state.to_json()))
        return self


def test_from_the_quiet_check_to_the_last_rep() -> None:
    child = Child()
    child.lie(1).lie(0.1, level=5.0)  # somebody touches it
    assert child.state.phase is Phase.QUIET
    child.lie()
    assert child.cues[-2:] == [Cue.TARE, Cue.WARM_UP]
    child.squeeze(10).squeeze(12)
    assert child.state.phase is Phase.SET
    assert child.state.reps == []  # warm-up does not count
    for _ in range(3):
        child.squeeze()
    assert (child.state.phase, child.state.set_number) == (Phase.REST, 1)
    child.squeeze()  # too eager: not counted, and not scolded
    assert (len(child.state.reps), child.state.extra) == (3, 1)
    child.wait(31)
    assert (child.state.phase, child.state.set_number) == (Phase.SET, 2)
    for _ in range(3):
        child.squeeze()
    assert child.state.ended_by == "done"
    assert (len(child.state.reps), child.state.sets_done, child.state.hits) == (6, 2, 6)
    assert child.cues[-1] is Cue.ALL_DONE
    assert Cue.HALF_WAY not in child.cues[:5]
    assert child.engine.squeeze(R, onset_s=child.now_s, offset_s=child.now_s + 1, peak=9) == []


def test_a_hit_is_in_the_zone_for_as_long_as_asked() -> None:
    child = Child(replace(PLAN, hold_s=1.5)).until_set()
    child.squeeze(25, 2).squeeze(45, 2).squeeze(25, 1)
    assert [rep.hit for rep in child.state.reps] == [True, False, False]
    assert child.state.reps[0].held_s == pytest.approx(2, abs=0.1)
    assert Cue.LET_GO in child.cues
    assert Cue.SOFTER in child.cues
    short = Child(replace(PLAN, hold_s=0)).until_set().squeeze(25, 0.3).squeeze(31).squeeze(19)
    assert [rep.hit for rep in short.state.reps] == [True, False, False]


def test_a_tremulous_hold_is_a_hold() -> None:
    child = Child(replace(PLAN, hold_s=2)).until_set()
    onset_s = child.now_s + 1
    for n in range(50):  # every fourth tenth of a second out of the zone
        level = 35.0 if n % 8 in (0, 1) else 25.0
        child.engine.levels(R, [onset_s + n / 20], [level], 0.0)
    child.engine.squeeze(R, onset_s=onset_s, offset_s=onset_s + 2.45, peak=35.0)
    assert child.state.reps[0].hit


def test_without_a_best_the_warm_up_sets_the_measure() -> None:
    child = Child(replace(PLAN, best={})).lie().squeeze(30).squeeze(50)
    assert child.state.zone(R) == (20.0, 30.0)
    nothing = Child(replace(PLAN, best={}, warm_up=0)).lie().squeeze(30)
    assert nothing.state.zone(R) is None
    assert nothing.state.reps[0].hit is None
    # what is known is not replaced by an easy warm-up
    assert Child().lie().squeeze(10).squeeze(10).state.zone(R) == (20.0, 30.0)


def test_both_hands_count_together_only() -> None:
    child = Child(PAIR).lie(hands=(L, R))
    child.together().together(0.9)
    assert (len(child.state.reps), child.state.extra) == (2, 0)
    assert child.state.reps[1].lag_s == pytest.approx(0.9)
    child.squeeze(hand=R).squeeze(hand=R)
    assert child.cues[-1] is Cue.TOGETHER
    assert (len(child.state.reps), child.state.extra) == (2, 1)
    child.squeeze(hand=L)  # seconds after the right one: not together
    assert len(child.state.reps) == 2
    one_ball = Child(replace(PAIR, tools={R: "ball01"})).lie().squeeze()
    assert len(one_ball.state.reps) == 1  # both hands around it


def test_hands_that_take_turns() -> None:
    child = Child(replace(PAIR, hands=Hands.ALTERNATING)).lie(hands=(L, R))
    child.squeeze(hand=R)
    assert child.cues[-1] is Cue.OTHER_HAND
    child.squeeze(hand=R)
    assert (len(child.state.reps), child.state.extra) == (1, 1)
    child.squeeze(hand=L).squeeze(hand=R)
    assert child.state.phase is Phase.REST


@pytest.mark.parametrize("restart", [False, True])
def test_a_lost_link_keeps_the_set_and_marks_the_gap(restart: bool) -> None:
    child = Child().until_set().squeeze().wait(2)
    child.cues += child.engine.lost(R, child.now_s)
    assert child.cues[-1] is Cue.COME_NEARER
    kept_s = child.now_s + 3  # the tool keeps what it senses meanwhile
    child.wait(10)
    if restart:
        child.restart()
    child.lie(0.2)
    assert child.cues[-1] is Cue.GO_ON
    child.cues += child.engine.squeeze(R, onset_s=kept_s, offset_s=kept_s + 1, peak=25.0)
    assert (child.state.set_number, child.state.in_set) == (1, 2)
    (gap,) = child.state.gaps
    assert (gap.in_set, gap.after_reps) == (1, 1)
    assert gap.until_s
    assert gap.until_s - gap.since_s == pytest.approx(10.1)
    child.squeeze()
    assert child.state.phase is Phase.REST


def test_a_rest_that_is_over_waits_for_the_tool() -> None:
    child = Child().until_set()
    for _ in range(3):
        child.squeeze()
    child.engine.lost(R, child.now_s)
    child.wait(40)
    assert child.state.phase is Phase.REST
    child.lie(0.1).wait(1)
    assert child.state.phase is Phase.SET


def test_a_rest_may_be_made_longer() -> None:
    child = Child().until_set().squeeze().squeeze().squeeze()
    assert child.state.phase is Phase.REST
    child.wait(20)
    assert child.engine.longer(child.now_s) == [Cue.REST]
    child.wait(10 + LONGER_S - 2)
    assert child.state.phase is Phase.REST
    child.wait(3)
    assert child.state.phase is Phase.SET
    assert child.engine.longer(child.now_s) == []


def test_a_tool_that_sleeps_is_waited_for() -> None:
    child = Child(away=[R])
    assert child.state.cue is Cue.WAKE
    child.wait(30)
    assert child.state.cue is Cue.WAKE
    child.lie(0.1)
    assert child.state.cue is Cue.LAY_DOWN
    assert child.lie().state.phase is Phase.WARM_UP
    assert child.state.gaps == []


def test_pain_ends_it_by_the_rule() -> None:
    child = Child(replace(PLAN, pain_before=2)).until_set().squeeze()
    child.cues += child.engine.pain(4, child.now_s)
    assert child.state.phase is Phase.ASKING
    child.cues += child.engine.confirm(child.now_s)
    assert child.state.phase is Phase.SET
    child.squeeze()
    assert len(child.state.reps) == 2
    child.cues += child.engine.pain(6, child.now_s)
    assert child.state.ended_by == "pain"
    assert child.cues[-1] is Cue.STOPPED_FOR_PAIN
    assert [face for _, face in child.state.pain] == [4, 6]
    ouch = Child().until_set()
    ouch.engine.pain(None, ouch.now_s)
    assert ouch.state.ended_by == "pain"


def test_a_set_that_was_filled_while_a_grown_up_asked_is_over_then() -> None:
    child = Child().until_set().squeeze().squeeze()
    child.engine.pain(2, child.now_s)
    child.squeeze()
    assert child.state.phase is Phase.ASKING
    child.engine.confirm(child.now_s)
    assert child.state.phase is Phase.REST


@pytest.mark.parametrize("by", ["child", "parent"])
def test_anybody_may_stop_at_any_time(by: Any) -> None:
    for child in (Child(), Child().lie(), Child().until_set(), Child(away=[R])):
        assert child.engine.stop(by, child.now_s) == [Cue.STOPPED]
        assert child.state.ended_by == by
        assert child.engine.stop(by, child.now_s) == []


def test_the_days_most_ends_it() -> None:
    child = Child(replace(PLAN, reps_left=2)).until_set().squeeze().squeeze()
    assert child.state.ended_by == "enough"
    whole = Child(replace(PLAN, sets=1, reps_left=3)).until_set().squeeze().squeeze().squeeze()
    assert whole.state.ended_by == "done"


def test_what_is_waited_for_can_be_skipped() -> None:
    child = Child()
    phases = []
    for _ in range(5):
        child.engine.skip(child.now_s)
        phases.append(child.state.phase)
    assert phases == [Phase.WARM_UP, Phase.SET, Phase.REST, Phase.SET, Phase.ENDED]
    assert (child.state.ended_by, child.state.sets_done) == ("done", 0)


def test_a_family_that_left_is_not_waited_for_longer() -> None:
    child = Child().until_set().squeeze()
    child.wait(REMIND_S + 1)
    assert child.cues[-1] is Cue.TAKE_YOUR_TIME
    child.wait(LEFT_S)
    assert child.state.ended_by == "left"
    assert len(child.state.reps) == 1


def test_a_moving_tool_is_not_zeroed() -> None:
    child = Child()
    for n in range(60):
        child.lie(0.2, level=n % 5)
    assert child.state.phase is Phase.QUIET
    assert child.lie(QUIET_S + 0.5).state.phase is Phase.WARM_UP


def test_nothing_that_is_said_scolds() -> None:
    assert set(WORDS) == set(Cue)
    assert set(Cue) > FOR_PARENTS
    text = " ".join(WORDS.values()).lower()
    for word in ("fail", "wrong", "bad", "weak", "poor", "not good", "error", "missed"):
        assert word not in text


inputs = st.lists(
    st.one_of(
        st.tuples(st.just("levels"), st.sampled_from(Hand), st.floats(-1, 80)),
        st.tuples(st.just("squeeze"), st.sampled_from(Hand), st.floats(1, 80)),
        st.tuples(st.just("lost"), st.sampled_from(Hand), st.none()),
        st.tuples(st.just("tick"), st.none(), st.none()),
        st.tuples(st.just("pain"), st.sampled_from([*FACES, None]), st.none()),
        st.tuples(st.just("skip"), st.none(), st.none()),
        st.tuples(st.just("confirm"), st.none(), st.none()),
    ),
    max_size=80,
)
plans = st.builds(
    lambda hands, sets, reps, hold_s, rest_s, warm_up, zone, known, left: replace(
        PAIR, hands=hands, sets=sets, reps=reps, hold_s=hold_s, rest_s=rest_s, warm_up=warm_up, zone=zone,
        best=PAIR.best if known else {}, reps_left=left, pain=PainRule(stop_rise=6),
    ),
    st.sampled_from(Hands), st.integers(1, 3), st.integers(1, 4), st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.0, 5.0]), st.integers(0, 2), st.sampled_from([None, (30, 60)]), st.booleans(),
    st.none() | st.integers(1, 6),
)  # fmt: skip


def feed(engine: ExerciseEngine, step: tuple[str, Any, Any], now_s: float) -> list[Cue]:
    what, who, value = step
    match what:
        case "levels":
            return engine.levels(who, [now_s, now_s + 0.05], [value, value], 0.0)
        case "squeeze":
            return engine.squeeze(who, onset_s=now_s, offset_s=now_s + 0.8, peak=value)
        case "lost":
            return engine.lost(who, now_s)
        case "pain":
            return engine.pain(who, now_s)
        case "skip":
            return engine.skip(now_s)
        case "confirm":
            return engine.confirm(now_s)
    return engine.tick(now_s)


@given(plans, inputs, st.sets(st.integers(0, 79)))
def test_a_hub_that_is_killed_at_any_time_goes_on_as_if_it_had_not_been(
    plan: Plan, steps: list[tuple[str, Any, Any]], kills: set[int]
) -> None:
    steady, killed = ExerciseEngine.begin(plan, 0.0), ExerciseEngine.begin(plan, 0.0)
    for n, step in enumerate(steps):
        if n in kills:
            killed = ExerciseEngine(ExerciseState.from_json(killed.state.to_json()))
        assert feed(killed, step, n + 1.0) == feed(steady, step, n + 1.0)
    assert killed.state == steady.state


@given(plans, inputs)
def test_whatever_happens_the_counts_stay_within_what_was_asked(
    plan: Plan, steps: list[tuple[str, Any, Any]]
) -> None:
    engine = ExerciseEngine.begin(plan, 0.0)
    for n, step in enumerate(steps):
        before = len(engine.state.reps)
        ended = engine.ended
        cues = feed(engine, step, n + 1.0)
        state = engine.state
        assert len(state.reps) - before in (0, 1)
        assert state.in_set <= plan.reps
        assert 0 <= state.set_number <= plan.sets
        assert (state.ended_by is not None) == engine.ended
        assert plan.reps_left is None or len(state.reps) <= max(plan.reps_left, 1)
        if ended:
            assert cues == []
            assert len(state.reps) == before
