from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import numpy as np
import pytest

from griphub.hub.cli.simulate import UNTOUCHED_S, Routine, plan, players
from griphub.simulators.child import HANDS
from griphub.simulators.history import WEEKS, DayPlan, history
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL

END = date(2026, 3, 1)


@pytest.fixture(scope="module")
def eight_weeks():
    return {child_id: list(history(child, END, seed=7)) for child_id, child in PRESETS.items()}


def test_three_children_make_a_few_hundred_sessions(eight_weeks):
    assert 250 <= sum(len(sessions) for sessions in eight_weeks.values()) <= 350
    for sessions in eight_weeks.values():
        durations_s = [s.play.duration_s for s in sessions]
        assert 40 <= np.mean(durations_s) <= 62
        assert max(durations_s) < 120


def test_sessions_are_in_order_in_the_past_and_do_not_overlap(eight_weeks):
    first = datetime.combine(END - timedelta(weeks=WEEKS), datetime.min.time(), UTC)
    for sessions in eight_weeks.values():
        assert all(s.when.utcoffset() == timedelta(0) for s in sessions)
        assert first <= sessions[0].when
        assert sessions[-1].when.date() < END
        for a, b in pairwise(sessions):
            assert a.when + timedelta(seconds=a.play.duration_s) < b.when


def test_children_train_most_days_at_child_friendly_hours_with_gaps(eight_weeks):
    for sessions in eight_weeks.values():
        days = sorted({s.when.date() for s in sessions})
        assert 15 <= len(days) <= 6 * WEEKS
        assert max(b - a for a, b in pairwise(days)) >= timedelta(days=5)
        assert all(7 <= s.when.hour <= 20 for s in sessions)
        for hand in HANDS:
            assert {s.when.date() for s in sessions if s.hand == hand} == set(days)
        assert len({s.tool.kind for s in sessions}) == 2


def test_the_trained_hand_grows(eight_weeks):
    def median_peak(sessions):
        return np.median([max(true.peak for true in s.play.truth) for s in sessions])

    child = PRESETS["c-4f21"]
    left = [s for s in eight_weeks["c-4f21"] if s.hand == "left" and s.tool.per_n == 1]
    grown = median_peak(left[-9:]) / median_peak(left[:9])
    assert 1.05 < grown < child.peak_n("left", 56) / child.peak_n("left") * 1.2


def test_same_seed_and_end_same_history():
    def fingerprint(child_id, end, seed):
        sessions = islice(history(PRESETS[child_id], end, seed), 12)
        return [(s.when, s.hand, s.tool, s.play.truth, s.play.values.tobytes()) for s in sessions]

    reference = fingerprint("c-9b07", END, 1)
    assert fingerprint("c-9b07", END, 1) == reference
    assert fingerprint("c-9b07", END, 2) != reference
    assert fingerprint("c-9b07", END + timedelta(days=1), 1) != reference
    assert fingerprint("c-e53a", END, 1) != reference


def test_it_is_lazy():
    assert next(history(PRESETS["c-9b07"], END, 1, weeks=500)).play.truth


@pytest.mark.parametrize("weeks", [1, 2, 12])
def test_any_number_of_weeks(weeks):
    sessions = list(history(PRESETS["c-9b07"], END, 3, weeks=weeks))
    assert all(timedelta(0) < END - s.when.date() <= timedelta(weeks=weeks) for s in sessions)


def test_a_day_plan_says_when_and_how_much():
    days = DayPlan(weekday_h=7.0, hour_sd=0.0, days_a_week=(5, 6), squeezes=(4, 5), putty_chance=0.0)
    sessions = list(history(PRESETS["c-9b07"], END, 3, plan=days))
    assert {len(s.play.truth) for s in sessions} == {4}
    assert {s.tool for s in sessions} == {BALL}
    firsts = [a for b, a in pairwise([None, *sessions]) if b is None or b.when.date() != a.when.date()]
    assert {s.when.hour for s in firsts if s.when.weekday() < 5} == {7}


def test_a_live_tool_sleeps_from_one_session_of_the_plan_to_the_next():
    (player,) = players(ball=True, children=["Jonas"])
    # the plan begins today, and no four weeks of this child have less than six sessions
    items = list(islice(plan(player, 3, Routine(weeks=4)).plays, 100))
    assert len(items) >= 4 and items[-1][1] == 0
    days = sum(played.duration_s + pause_s for played, pause_s in items) / 86_400
    assert 3 < days < 28
    assert all(f"{player.child.child_id} {player.hand} ball" == played.label for played, _ in items)


def test_a_new_tool_lies_untouched_before_a_child_takes_it():
    (player,) = players(ball=True, children=["Jonas"])
    lying, taken = islice(plan(player, 3, Routine(new=True)).plays, 2)
    assert (lying.truth, lying.duration_s) == ((), UNTOUCHED_S)
    assert np.ptp(lying.values) < 1.0 and taken.truth
