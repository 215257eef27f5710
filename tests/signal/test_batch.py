"""Recordings in one call."""

import numpy as np
import pytest

import griphub
from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal.batch import detect_squeezes
from griphub.signal.squeeze import SqueezeDetector


def test_sees_what_the_streaming_detector_sees(block, feed, force):
    values = force([2.0, 4.0, 6.0])
    detector = SqueezeDetector()
    live = feed(detector, block(values), range(0, values.size, 10)) + detector.finish()
    found = detect_squeezes(values, 100, unit="N")
    assert [s.number for s in found] == [s.number for s in live] == [1, 2, 3]
    assert [s.onset_s for s in found] == pytest.approx([s.onset_s for s in live], abs=0.05)
    assert [s.peak for s in found] == pytest.approx([s.peak for s in live], rel=0.02)


def test_looks_twice(force):
    """What is known of the child at the end settles what was in doubt at the beginning."""
    values = force([3.0, 5.0, 7.0, 9.0])
    t = np.arange(values.size) / 100
    picked_up = values + 3.0 * np.exp(-(((t - 0.8) / 0.15) ** 2))
    assert [round(s.peak_s) for s in detect_squeezes(picked_up, 100)] == [3, 5, 7, 9]
    from_a_squeeze_on = values[270:]
    assert [round(s.peak_s, 1) for s in detect_squeezes(from_a_squeeze_on, 100)] == [0.3, 2.3, 4.3, 6.3]


@pytest.mark.parametrize("make", [list, tuple, np.asarray, lambda x: np.asarray(x, dtype=np.float32)])
def test_takes_any_sequence_and_leaves_it_alone(force, make):
    values = make(force([2.0, 4.0]).tolist())
    found = detect_squeezes(values, fs=100)
    assert len(found) == 2
    assert found[0].unit is Unit.UNKNOWN
    if isinstance(values, np.ndarray):
        assert values.flags.writeable


def test_times_instead_of_a_rate(force):
    values = force([2.0, 4.0])
    t = 100 + np.cumsum(np.random.default_rng(0).uniform(0.005, 0.015, values.size))
    found = detect_squeezes(values, t=t, unit=Unit.COUNT)
    assert [s.peak_s for s in found] == pytest.approx([t[200], t[400]], abs=0.05)
    assert t.flags.writeable


def test_nothing_in_nothing_out():
    assert detect_squeezes([], fs=100) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"force": [1.0, 2.0]}, "fs and t exclude each other"),
        ({"force": [1.0], "fs": 10, "t": [0.0]}, "fs and t exclude each other"),
        ({"force": [1.0], "fs": 0}, "fs must be above 0 Hz"),
        ({"force": [1.0], "fs": -5}, "fs must be above 0 Hz"),
        ({"force": [1.0], "fs": np.nan}, "fs must be above 0 Hz"),
        ({"force": [[1.0, 2.0]], "fs": 10}, r"force must be one-dimensional, not of shape \(1, 2\)"),
        ({"force": ["a"], "fs": 10}, "force must be numbers"),
        ({"force": [1.0, 2.0], "t": [0.0]}, "t must have one time for each of 2 samples, not 1"),
        ({"force": [1.0, 2.0], "t": [1.0, 1.0]}, "t must be finite and increase"),
        ({"force": [1.0, 2.0], "t": [0.0, np.nan]}, "t must be finite and increase"),
        ({"force": [1.0], "fs": 10, "unit": "kg"}, "unit must be one of N, kPa, count, unknown, not 'kg'"),
    ],
)
def test_bad_input_says_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        detect_squeezes(**arguments)
    assert isinstance(caught.value, GripError)
    assert str(caught.value).endswith("See docs/detector.md for what the detector takes.")


def test_public_names():
    assert griphub.detect_squeezes is detect_squeezes
    assert griphub.SqueezeDetector is SqueezeDetector
