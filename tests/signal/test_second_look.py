"""Counting again at the end of a session."""

import numpy as np
import pytest

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal.batch import detect_squeezes
from griphub.signal.second_look import recount
from griphub.signal.squeeze import SqueezeDetector

SERIES_S = [3.0, 5.0, 7.0, 9.0]


def live(detector, blocks):
    return [s for one in blocks for s in detector.update(one)] + detector.finish()


def cut(block, values, size=10):
    return [block(values[k : k + size], first=k) for k in range(0, values.size, size)]


def test_nothing_changes_where_nothing_was_in_doubt(block, force):
    blocks = cut(block, force(SERIES_S))
    counted = live(SqueezeDetector(), blocks)
    again = recount(blocks, counted)
    assert not again.changed
    assert [s.number for s in again.squeezes] == [1, 2, 3, 4]
    assert again.added == again.withdrawn == ()


def test_is_what_a_recording_in_one_piece_gives(block, force):
    values = force(SERIES_S, noise=0.3)
    whole = recount([block(values)], []).squeezes
    assert recount(cut(block, values), []).squeezes == whole
    assert [s.onset_s for s in whole] == [s.onset_s for s in detect_squeezes(values, 100)]


def test_says_what_was_missed_and_what_was_none(block, force):
    values = force(SERIES_S)
    t = np.arange(values.size) / 100
    started_late = values[270:]  # within the first squeeze
    blocks = cut(block, started_late)
    counted = live(SqueezeDetector(), blocks)
    again = recount(blocks, counted)
    assert len(again.squeezes) == 4
    assert len(counted) + len(again.added) - len(again.withdrawn) == 4
    picked_up = values + 3.0 * np.exp(-(((t - 0.9) / 0.3) ** 2))
    blocks = cut(block, picked_up)
    again = recount(blocks, live(SqueezeDetector(), blocks))
    assert again.changed
    assert [round(s.peak_s, 1) for s in again.withdrawn] == [0.9]
    assert len(again.squeezes) == 4


def test_gaps_in_a_session(block, force):
    values = force(SERIES_S)
    blocks = [one for one in cut(block, values) if not 600 <= one.first_index < 640]
    assert len(recount(blocks, []).squeezes) == 4


def test_a_long_session_is_looked_at_again_only_where_that_helps(block, force):
    values = force(np.arange(2.0, 90.0, 2.0), noise=0.2)
    blocks = cut(block, values, 500)
    counted = live(SqueezeDetector(), blocks)
    again = recount(blocks, counted)
    assert [s.number for s in again.squeezes] == list(range(1, 45))
    assert not again.changed


def test_nothing_was_recorded():
    assert recount([], []).squeezes == ()


def test_two_tools_are_not_one_session(block, force):
    values = force(SERIES_S)
    with pytest.raises(GripError, match="one tool and one unit"):
        recount([block(values), block(values, first=values.size, unit=Unit.COUNT)], [])
    with pytest.raises(GripError, match="one tool and one unit"):
        recount([block(values), block(values, first=values.size, tool="putty")], [])


def test_a_bump_before_the_first_squeeze_is_not_added(block, force):
    values = force([3.0, 5.5, 8.0, 10.5], 3.0, noise=0.05)
    t = np.arange(values.size) / 100
    picked_up = values + 0.9 * np.exp(-(((t - 0.9) / 0.12) ** 2))
    blocks = cut(block, picked_up)
    counted = live(SqueezeDetector(), blocks)
    assert len(counted) == len(recount(blocks, counted).squeezes) == 4
