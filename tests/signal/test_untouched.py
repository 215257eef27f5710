"""Seconds in which nobody touches the tool."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.signal.untouched import QuietSecond, Untouched


def noise(seconds, fs=100.0, sd=0.05, level=2.0, seed=0):
    t_s = 50 + np.arange(round(seconds * fs)) / fs
    return t_s, level + sd * np.random.default_rng(seed).standard_normal(t_s.size)


def hand(seconds, fs=100.0):
    """A hand that rests on the tool: it wanders, and trembles a little."""
    t_s, values = noise(seconds, fs)
    return t_s, values + 0.4 * np.sin(2 * np.pi * 0.6 * t_s) + 0.1 * np.sin(2 * np.pi * 7 * t_s)


@pytest.mark.parametrize("fs", [10.0, 20.0, 80.0, 100.0, 500.0])
def test_an_untouched_tool_is_quiet_at_its_level(fs):
    found = Untouched().update(*noise(21, fs))
    assert len(found) >= 18
    assert np.median([one.level for one in found]) == pytest.approx(2.0, abs=0.03)
    assert np.median([one.noise for one in found]) == pytest.approx(0.05, rel=0.2)
    assert all(one.end_s - one.begin_s < 1 for one in found)


@pytest.mark.parametrize(("fs", "mistaken"), [(20.0, 1), (80.0, 0), (100.0, 0), (500.0, 0)])
def test_a_hand_that_rests_on_it_is_not(fs, mistaken):
    assert len(Untouched().update(*hand(20, fs))) <= mistaken


def test_a_coarse_sensor_that_steps_once_is_quiet():
    t_s, _ = noise(3)
    found = Untouched().update(t_s, np.where(t_s > t_s[140], 0.5, 0.4))
    assert [round(one.level, 1) for one in found] == [0.4, 0.5]


def test_what_is_missing_or_at_its_end_is_not_quiet():
    t_s, values = noise(6)
    assert len(Untouched().update(t_s, values)) == 5
    torn = values.copy()
    torn[130] = np.nan
    assert len(Untouched().update(t_s, torn)) == 4
    clipped = np.zeros(t_s.size, bool)
    clipped[230] = True
    assert len(Untouched().update(t_s, values, clipped)) == 4
    kept = np.r_[0:110, 160:600]
    # the second with the gap is none; those after it begin where the samples do
    assert len(Untouched().update(t_s[kept], values[kept])) in {3, 4}


def test_too_slow_a_tool_shows_nothing():
    assert Untouched().update(*noise(30, fs=5.0)) == []


@given(cuts=st.lists(st.integers(0, 900), max_size=12), lost=st.integers(0, 800))
def test_any_cut_gives_the_same(cuts, lost):
    t_s, values = noise(9)
    values[300:420] += np.linspace(0, 3, 120)
    keep = np.r_[0:lost, lost + 40 : t_s.size]
    t_s, values = t_s[keep], values[keep]
    whole = Untouched().update(t_s, values)
    cut = Untouched()
    found: list[QuietSecond] = []
    bounds = [0, *sorted(min(c, t_s.size) for c in cuts), t_s.size]
    for begin, end in pairwise(bounds):
        found += cut.update(t_s[begin:end], values[begin:end])
    assert found == whole


def test_memory_is_bounded_input_untouched_and_it_pickles():
    zero, sizes = Untouched(), []
    for n in range(60):
        t_s, values = noise(1, seed=n)
        before = values.copy()
        zero.update(t_s + n, values)
        np.testing.assert_array_equal(values, before)
        values[:] = 9  # nothing of it is kept
        zero = pickle.loads(pickle.dumps(zero))
        sizes.append(len(pickle.dumps(zero)))
    assert max(sizes[5:]) == min(sizes[5:])
    assert Untouched().update(np.empty(0), np.empty(0)) == []
