from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest

from griphub.simulators.child import HANDS, ChildModel, Strength
from griphub.simulators.effort import DIP_SHARE_MAX, KEPT_SHARE_MAX, MERE_START_SHARE
from griphub.simulators.presets import PRESETS

PLAIN = ChildModel("c-test", "Test", 8.0, Strength(100.0), Strength(120.0))


def efforts(child, n, *, seed=1, **kwargs):
    return list(islice(child.efforts("right", np.random.default_rng(seed), **kwargs), n))


@pytest.mark.parametrize("child", PRESETS.values(), ids=PRESETS)
@pytest.mark.parametrize("hand", HANDS)
def test_no_squeeze_exceeds_what_the_hand_can_do_and_each_lets_go_of_most_of_it(child, hand):
    usual_n = child.share_of_peak * child.peak_n(hand)
    drawn = list(islice(child.efforts(hand, np.random.default_rng(4)), 300))
    assert any(not e.counts for e in drawn)
    for effort in drawn:
        rises_n = effort.force_n.max() - effort.force_n[0]
        if not effort.counts:
            assert 0 < rises_n < MERE_START_SHARE * usual_n
            continue
        assert 0.15 * usual_n <= effort.force_n.max() <= child.peak_n(hand)
        assert effort.force_n[-1] <= KEPT_SHARE_MAX * effort.force_n.max()
        begins_s, ends_s = effort.hold_s
        held_n = effort.force_n[(effort.t_s >= begins_s - 1e-9) & (effort.t_s <= ends_s + 1e-9)]
        assert held_n.min() >= (1 - DIP_SHARE_MAX) * effort.force_n.max() - 1e-9


def test_efforts_follow_each_other():
    drawn = efforts(PRESETS["c-4f21"], 200)
    assert all(np.all(np.diff(e.t_s) > 0) for e in drawn)
    assert all(a.t_s[-1] < b.t_s[0] for a, b in pairwise(drawn))
    assert all(a.force_n[-1] >= b.force_n[0] for a, b in pairwise(drawn))


def test_fatigue_takes_its_share_with_each_squeeze():
    def peaks(fatigue):
        child = replace(PLAIN, share_of_peak=0.3, fatigue=fatigue, mere_start_chance=0.0)
        return np.array([e.force_n.max() for e in efforts(child, 15)])

    np.testing.assert_allclose(peaks(0.03) / peaks(0.0), 0.97 ** np.arange(15))


def test_training_levels_off_and_each_hand_has_its_own():
    child = replace(PLAIN, left=Strength(50.0, gain=0.4, half_gain_days=14.0))
    assert child.peak_n("left") == 50.0
    assert child.peak_n("left", 14) == pytest.approx(60.0)
    assert child.peak_n("left", 1000) == pytest.approx(70.0)
    assert child.peak_n("left", -5) == 50.0
    assert child.peak_n("right", 1000) == pytest.approx(132.0)


def test_form_varies_around_one_and_remembers_the_session_before():
    rng = np.random.default_rng(2)
    child = replace(PLAIN, session_sd=0.1, session_correlation=0.6)
    forms = [child.form(rng)]
    for _ in range(4000):
        forms.append(child.form(rng, forms[-1]))
    logs = np.log(forms)
    assert logs.mean() == pytest.approx(0.0, abs=0.02)
    assert logs.std() == pytest.approx(0.1, abs=0.01)
    assert np.corrcoef(logs[:-1], logs[1:])[0, 1] == pytest.approx(0.6, abs=0.05)


def test_a_pause_of_attention_keeps_the_next_squeeze_waiting():
    def longest_rest_s(chance):
        drawn = efforts(replace(PLAIN, pause_chance=chance), 60)
        return max(b.t_s[0] - a.t_s[-1] for a, b in pairwise(drawn))

    assert longest_rest_s(0.0) < 3.5 < longest_rest_s(0.3)


@pytest.mark.parametrize("wrong", [{"tremor_hz": 4.0}, {"share_of_peak": 0.0}, {"session_correlation": 1.0}])
def test_an_impossible_child_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)).split("_")[0]):
        replace(PLAIN, **wrong)


def test_the_demos_children_are_pseudonymous_and_different():
    assert len(PRESETS) == 3
    for child_id, child in PRESETS.items():
        assert child_id == child.child_id
        assert child.alias.lower() not in child_id
    peaks_n = [child.peak_n("left") for child in PRESETS.values()]
    assert max(peaks_n) > 4 * min(peaks_n)
