"""What counting a finished recording must keep, whatever is in it: as `test_contract`, but at once."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub import Squeeze, detect_squeezes, recount
from griphub.firmware_bridge.samples import SampleBlock, Unit

TIMES_S = [2.0, 4.0, 6.0, 8.0]


def plain(values, clipped=None):
    return detect_squeezes(values, 100.0)


def at_session_end(values, clipped=None):
    x = np.array(values, float)
    marks = np.zeros(x.size, bool) if clipped is None else clipped
    whole = SampleBlock("ball", 0, np.arange(x.size) / 100, x, Unit.NEWTON, 100.0, 0, marks)
    return list(recount([whole] if x.size else [], []).squeezes)


both = pytest.mark.parametrize("count", [plain, at_session_end])


def check(found):
    """Squeezes in order, of plain finite numbers; and they pickle."""
    assert [s.number for s in found] == list(range(1, len(found) + 1))
    for s in found:
        assert isinstance(s, Squeeze)
        numbers = (s.onset_s, s.peak_s, s.offset_s, s.decided_s, s.peak, s.rest, s.impulse, s.peak_sd)
        assert all(type(number) in {int, float} and np.isfinite(number) for number in numbers), s
        assert s.onset_s <= s.peak_s <= s.offset_s
    assert pickle.loads(pickle.dumps(found)) == found
    return found


@both
def test_input_is_untouched_and_nothing_aliased(count, force):
    values = force(TIMES_S)
    kept = values.copy()
    found = check(count(values))
    assert len(found) == 4
    np.testing.assert_array_equal(values, kept)
    again = pickle.loads(pickle.dumps(found))
    values[:] = 0
    assert found == again
    assert count(kept) == found


@both
@pytest.mark.parametrize(
    "values",
    [[], [3.0], [np.nan] * 300, [np.inf] * 300, [-np.inf] * 300, [5.0] * 3000, [0.0] * 3000, [-1e6] * 3000],
    ids=["empty", "one sample", "NaN", "inf", "-inf", "constant", "zero", "far below"],
)
def test_next_to_nothing_holds_no_squeeze(count, values):
    assert count(values) == []


def test_saturated_all_the_way():
    assert at_session_end(np.full(3000, 250.0), np.ones(3000, bool)) == []


@both
def test_missing_samples_change_no_count(count, force):
    values = force(TIMES_S)
    values[50::100], values[75::100] = np.nan, np.inf
    assert len(check(count(values))) == 4


@both
@given(values=st.lists(st.floats(width=64), max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_numbers_at_all(count, values):
    with np.errstate(all="ignore"):
        found = count(values)
    assert [s.number for s in found] == list(range(1, len(found) + 1))


@both
@given(values=st.lists(st.floats(-1e9, 1e9), max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_readings(count, values):
    check(count(values))
