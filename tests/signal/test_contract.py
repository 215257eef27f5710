"""What every streaming estimator must keep, whatever it estimates."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from griphub.firmware_bridge.errors import GripError
from griphub.signal.squeeze import SqueezeDetector, SqueezeSettings

SERIES_S = [2.0, 4.0, 5.0, 8.0, 9.5, 11.0]


def test_usable_before_data(block):
    detector = SqueezeDetector()
    assert (detector.rest, detector.squeezing, detector.count) == (0.0, False, 0)
    assert detector.update(block([])) == []
    assert detector.finish() == []


def test_one_sample(block):
    detector = SqueezeDetector()
    assert detector.update(block([3.0])) == []
    assert detector.rest == 3.0
    assert detector.finish() == []


def test_input_is_untouched_and_nothing_aliased(block, force):
    values = force(SERIES_S)
    whole = block(values)
    detector = SqueezeDetector()
    assert detector.update(whole)
    np.testing.assert_array_equal(whole.values, values)
    state = pickle.dumps(detector)
    for array in (whole.values, whole.t_s, whole.clipped):
        array.setflags(write=True)
        array[:] = 0
    assert pickle.dumps(detector) == state


@given(data=st.data(), seed=st.integers(0, 1000), fs=st.sampled_from([12.5, 83.0, 100.0, 500.0]))
@settings(max_examples=60, deadline=None)
def test_cuts_do_not_matter(block, feed, force, data, seed, fs):
    rng = np.random.default_rng(seed)
    values = force(SERIES_S, rng.uniform(3, 30, 6), fs=fs, noise=rng.uniform(0.001, 1), seed=seed)
    t = np.arange(values.size) / fs
    if data.draw(st.booleans(), label="uneven"):
        t = np.cumsum(rng.uniform(0.2, 1.8, values.size) / fs)
    if data.draw(st.booleans(), label="gaps"):
        for at in rng.integers(0, values.size, 3):
            t[at:] += rng.uniform(0.05, 1.0)
    clipped = values > np.quantile(values, rng.uniform(0.9, 1.0))
    values[rng.random(values.size) < rng.choice([0.0, 0.05])] = np.nan
    whole = block(values, t=t, clipped=clipped)
    cuts = data.draw(st.lists(st.integers(0, values.size), max_size=40), label="cuts")
    one, many = SqueezeDetector(), SqueezeDetector()
    assert feed(one, whole) + one.finish() == feed(many, whole, cuts) + many.finish()


def test_single_samples_and_empty_blocks(block, feed, force):
    whole = block(force(SERIES_S, noise=0.5))
    one, many = SqueezeDetector(), SqueezeDetector()
    cuts = sorted([*range(len(whole)), *range(0, len(whole), 7)])
    expected = feed(one, whole)
    assert len(expected) == 6
    assert feed(many, whole, cuts) == expected
    assert (many.rest, many.count, many.squeezing) == (one.rest, one.count, one.squeezing)


@given(cut=st.integers(0, 1299))
@settings(max_examples=25, deadline=None)
def test_goes_on_after_a_pickle(block, feed, force, cut):
    whole = block(force(SERIES_S, noise=0.2))
    straight = SqueezeDetector()
    expected = feed(straight, whole) + straight.finish()
    detector = SqueezeDetector()
    head = block(whole.values[:cut])
    tail = block(whole.values[cut:], first=cut)
    found = detector.update(head)
    detector = pickle.loads(pickle.dumps(detector))
    assert found + detector.update(tail) + detector.finish() == expected


def test_state_stays_as_small_as_it_is(block, force):
    detector = SqueezeDetector()
    sizes = []
    for minute in range(12):
        values = force(list(np.arange(1.0, 58.0, 1.5)), end_s=60.0, seed=minute)
        detector.update(block(values, first=minute * 6000))
        sizes.append(len(pickle.dumps(detector)))
    assert detector.count == 12 * 38
    assert max(sizes[3:]) - min(sizes[3:]) < 200  # numbers of more digits, a rung more or less
    assert max(sizes) < 20_000


def test_endless_climb_is_bounded(block):
    detector = SqueezeDetector()
    detector.update(block(np.concatenate((np.zeros(200), np.geomspace(1e-6, 1e6, 60_000)))))
    assert detector.squeezing
    assert len(pickle.dumps(detector)) < 20_000


@pytest.mark.parametrize("level", [0.0, 3.0, -1e6, 1e-9])
def test_constant_force_is_no_squeeze(block, level):
    detector = SqueezeDetector()
    assert detector.update(block(np.full(3000, level))) == []
    assert detector.rest == pytest.approx(level)
    assert detector.finish() == []


def test_a_sensor_at_its_end_from_beginning_to_end(block):
    detector = SqueezeDetector()
    assert detector.update(block(np.full(3000, 250.0), clipped=np.ones(3000, bool))) == []
    assert detector.finish() == []


def test_empty_blocks_change_nothing(block, force):
    values = force(SERIES_S)
    detector = SqueezeDetector()
    detector.update(block(values[:250]))
    state = pickle.dumps(detector)
    assert detector.update(block([], first=250)) == []
    assert pickle.dumps(detector) == state


@pytest.mark.parametrize("size", [1, 7, 10, 150])
def test_two_hands_at_once_count_as_each_alone(block, force, size):
    """Each hand has a tool and a detector of its own; their packets come by turns."""
    hands = {"left": force(SERIES_S), "right": force([3.0, 6.0, 9.5], 6.0, noise=0.2, seed=1, end_s=14.0)}
    alone = {
        hand: (detector := SqueezeDetector()).update(block(values, tool=hand)) + detector.finish()
        for hand, values in hands.items()
    }
    detectors = {hand: SqueezeDetector() for hand in hands}
    together = {hand: [] for hand in hands}
    for k in range(0, max(values.size for values in hands.values()), size):
        for hand, values in hands.items():
            together[hand] += detectors[hand].update(block(values[k : k + size], first=k, tool=hand))
    for hand, detector in detectors.items():
        together[hand] += detector.finish()
    assert together == alone
    assert [len(found) for found in alone.values()] == [6, 3]


def test_no_readings_at_all(block):
    detector = SqueezeDetector()
    for nothing in (np.nan, np.inf, -np.inf):
        assert detector.update(block(np.full(300, nothing))) == []
    assert detector.finish() == []


@given(st.lists(st.floats(width=64), max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_numbers_at_all(block, values):
    with np.errstate(all="ignore"):
        detector = SqueezeDetector()
        found = detector.update(block(values)) + detector.finish()
    assert [s.number for s in found] == list(range(1, len(found) + 1))


@given(scale=st.integers(-20, 20), seed=st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_only_proportions_matter(block, force, scale, seed):
    """A power of two scales floating point exactly: the same squeezes at the very same samples."""
    values = force(SERIES_S, noise=0.3, seed=seed)
    plain, scaled = SqueezeDetector(), SqueezeDetector()
    found = plain.update(block(values)) + plain.finish()
    other = scaled.update(block(values * 2.0**scale)) + scaled.finish()
    assert [(s.onset_index, s.peak_index, s.offset_index) for s in found] == [
        (s.onset_index, s.peak_index, s.offset_index) for s in other
    ]
    assert [s.peak * 2.0**scale for s in found] == [s.peak for s in other]


@pytest.mark.parametrize("usual_peak", [0.0, -1.0, np.nan, np.inf])
def test_impossible_usual_peak(usual_peak):
    with pytest.raises(GripError, match="usual_peak must be above 0"):
        SqueezeDetector(usual_peak=usual_peak)


@pytest.mark.parametrize(
    "wrong", [{"fall_share": 1.0}, {"release_share": 0.0}, {"gap_s": -1.0}, {"noise_factor": np.nan}]
)
def test_impossible_settings(wrong):
    with pytest.raises(GripError, match=next(iter(wrong))):
        SqueezeSettings(**wrong)


def test_imports_little_and_fast():
    """A script that counts squeezes pays for numpy, not for the hub. Processor time: others run too."""
    script = """
import sys, time
begin = time.process_time()
import griphub
griphub.detect_squeezes, griphub.SqueezeDetector, griphub.recount
spent_s = time.process_time() - begin
heavy = {"bleak", "bumble", "pydantic", "streamlit", "paho", "scipy", "asyncio"} & set(sys.modules)
assert not heavy, heavy
assert spent_s < 0.4, spent_s
"""
    runs = (subprocess.run([sys.executable, "-c", script], check=False, timeout=30) for _ in range(3))
    assert any(run.returncode == 0 for run in runs)
