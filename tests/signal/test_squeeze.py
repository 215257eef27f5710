"""What is a squeeze and what is none, on force of known truth."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from griphub.firmware_bridge.samples import Unit
from griphub.signal.squeeze import (
    CLIPPED,
    CUT_OFF,
    FIRST,
    LOST,
    STUCK,
    UNFINISHED,
    EndedBy,
    SqueezeDetector,
)

FS = 100.0
STEADY_S = np.arange(2.0, 26.0, 2.0)


def run(detector, *blocks):
    return [s for b in blocks for s in detector.update(b)] + detector.finish()


@pytest.mark.parametrize("fs", [10.0, 12.5, 50.0, 83.0, 100.0, 250.0, 500.0])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.5])
def test_clear_squeezes_at_every_rate(block, force, fs, noise):
    found = run(SqueezeDetector(), block(force(STEADY_S, fs=fs, noise=noise), fs=fs))
    assert len(found) == len(STEADY_S)
    onset_s = STEADY_S - 0.3 * np.sqrt(np.log(1 / 0.12))
    assert np.abs([s.peak_s for s in found] - STEADY_S).max() < 0.06 + 1 / fs
    assert np.abs([s.onset_s for s in found] - onset_s).max() < 0.12 + 1 / fs
    # ten samples a second are joined by straight lines, which cut off tops
    assert np.median([s.peak for s in found]) == pytest.approx(20.0, rel=0.04 if fs > 20 else 0.06)
    within = 0.96 * 20 * 0.3 * np.sqrt(np.pi)  # a Gaussian between its 12 % crossings holds 96 % of it
    assert np.median([s.impulse for s in found]) == pytest.approx(within, rel=0.05)
    assert {s.ended_by for s in found} == {EndedBy.RELEASE}
    assert not any(s.doubtful for s in found)


def test_agrees_with_scipy_where_scipy_is_right(block, force):
    values = force(STEADY_S, np.linspace(10, 30, len(STEADY_S)), noise=0.0)
    expected, _ = find_peaks(values, prominence=5)
    found = run(SqueezeDetector(), block(values))
    assert np.abs(np.array([s.peak_index for s in found]) - expected).max() <= 2


def test_told_soon(block, force):
    found = run(SqueezeDetector(usual_peak=20.0), block(force(STEADY_S)))
    offset_s = STEADY_S + 0.3 * np.sqrt(np.log(1 / 0.12))
    assert np.quantile([s.decided_s for s in found] - offset_s, 0.95) < 0.15


def test_squeezing_is_seen_before_it_is_counted(block, force):
    values = force([2.0])
    detector = SqueezeDetector(usual_peak=20.0)
    seen = []
    for k in range(values.size):
        detector.update(block(values[k : k + 1], first=k))
        seen.append((detector.squeezing, detector.count))
    assert seen[130] == (False, 0) and seen[200] == (True, 0) and seen[300] == (False, 1)


def test_holds_are_one(block, force):
    values = force([6.0, 20.0], hold_s=8.0, noise=0.1)
    t = np.arange(values.size) / FS
    tired = values * (1 - 0.02 * (t % 14))  # a tiring hand sags by a quarter
    found = run(SqueezeDetector(), block(tired))
    assert len(found) == 2
    assert all(s.offset_s - s.onset_s > 8 for s in found)


def test_rapid_series(block):
    t = np.arange(0, 10, 1 / FS)
    values = 10 * np.maximum(0, np.sin(2 * np.pi * 3 * t)) ** 2 * (t > 1) * (t < 9)
    found = run(SqueezeDetector(), block(values))
    assert len(found) == pytest.approx(24, abs=1)


@pytest.mark.parametrize(("kept", "count"), [(0.3, 2), (0.45, 2), (0.75, 1), (0.9, 1)])
def test_two_peaks_without_letting_go(block, kept, count):
    """Counted apart from a fall of 40 %, which covers what people marked on both sides."""
    knots_s = [0, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7]
    values = np.interp(np.arange(0, 7, 0.01), knots_s, [0, 0, 10, 10, 10 * kept, 10, 10, 0, 0])
    found = run(SqueezeDetector(usual_peak=10.0), block(values))
    assert len(found) == count
    if count == 2:
        assert found[0].ended_by is EndedBy.NEXT_SQUEEZE
        assert found[0].offset_s <= found[1].onset_s


def test_some_hold_kept_between_squeezes_is_not_taken_for_rest(block):
    t = np.arange(0, 12, 0.01)
    values = np.interp(t, [0, 2, 2.5, 3.5, 4, 5.5, 6, 7, 7.5, 12], [0, 0, 20, 20, 5, 5, 20, 20, 0, 0])
    found = run(SqueezeDetector(), block(values))
    assert [s.peak for s in found] == pytest.approx([20, 20], rel=0.03)


def test_slow_drift_and_tremor_are_no_squeezes(block):
    t = np.arange(0, 120, 1 / FS)
    rng = np.random.default_rng(3)
    values = 0.02 * t + 0.3 * np.sin(2 * np.pi * 8 * t) + 0.1 * rng.standard_normal(t.size)
    assert run(SqueezeDetector(usual_peak=20.0), block(values)) == []


def test_rest_follows_a_warming_ball(block, force):
    values = force(STEADY_S) + np.linspace(0, 10, force(STEADY_S).size)
    detector = SqueezeDetector()
    found = detector.update(block(values))
    assert len(found) == len(STEADY_S)
    assert detector.rest == pytest.approx(10.5, abs=1.2)


def test_knocks_are_no_squeezes(block, force):
    values = force(STEADY_S, hold_s=0.6)
    for at in (300, 700, 1500):
        values[at : at + 4] += 25.0
    assert len(run(SqueezeDetector(), block(values))) == len(STEADY_S)


def test_picking_the_tool_up_is_no_squeeze(block, force):
    t = np.arange(0, 28, 1 / FS)
    taken = 1.5 * np.exp(-(((t - 0.6) / 0.08) ** 2)) + 0.5 * (t > 0.6)
    values = np.resize(force(STEADY_S + 1.0, end_s=28.0), t.size) + taken
    found = run(SqueezeDetector(), block(values))
    assert len(found) == len(STEADY_S)
    assert found[0].onset_s > 2


def test_mere_starts_are_no_squeezes(block, force):
    values = force(STEADY_S) + force(STEADY_S[3:] + 1.0, 1.5, end_s=STEADY_S[-1] + 2, rest=0.0)
    assert len(run(SqueezeDetector(), block(values))) == len(STEADY_S)


def test_weak_squeezes_are_not_overread(block, force):
    """The maximum of raw samples reads a tenth of usual force in this noise by half too high."""
    peaks_s = np.arange(2.0, 80.0, 2.0)
    values = force(peaks_s, 5.0, noise=0.8)
    found = run(SqueezeDetector(), block(values))
    assert len(found) == len(peaks_s)
    assert np.median([s.peak for s in found]) == pytest.approx(5.0, rel=0.08)
    raw = [values[int((at - 0.3) * 100) : int((at + 0.3) * 100)].max() - 0.5 for at in peaks_s]
    assert np.median(raw) > 5.0 * 1.15


def test_coarse_sensor(block, force):
    """Flicker of a step or two of the sensor is no squeeze, nor is the first squeeze lost in it."""
    values = np.round(force(STEADY_S, 8.0, noise=0.3))
    assert len(run(SqueezeDetector(), block(values))) == len(STEADY_S)


def test_a_short_gap_is_bridged_and_a_long_one_ends_the_squeeze(block, force):
    values = force([3.0, 9.0], hold_s=2.0)
    t = np.arange(values.size) / FS
    detector = SqueezeDetector(usual_peak=20.0)
    keep = np.ones(values.size, bool)
    keep[300:310] = False
    keep[900:950] = False
    values[~keep] = np.nan
    found = detector.update(block(values)) + detector.finish()
    assert [s.ended_by for s in found] == [EndedBy.RELEASE, EndedBy.GAP]
    assert found[1].doubtful == (CUT_OFF,)
    assert found[1].offset_index == 899 and found[1].offset_s == t[899]


def test_the_rest_of_a_torn_squeeze_does_not_count_twice(block, force):
    values = force([3.0, 9.0], hold_s=2.0)
    first, second = block(values[:330]), block(values[370:], first=370)
    found = run(SqueezeDetector(usual_peak=20.0), first, second)
    assert [s.ended_by for s in found] == [EndedBy.GAP, EndedBy.RELEASE]
    assert found[1].onset_s > 7


def test_a_squeeze_whose_onset_was_lost_still_counts(block, force):
    values = force([3.0, 9.0], hold_s=2.0)
    first, second = block(values[:700]), block(values[800:], first=800)
    assert len(run(SqueezeDetector(usual_peak=20.0), first, second)) == 2


def test_many_lost_samples_make_it_doubtful(block, force):
    values = force([3.0, 9.0], hold_s=2.0)
    blocks = [block(values[k : k + 4], first=k) for k in range(0, values.size, 10)]
    found = run(SqueezeDetector(usual_peak=20.0), *blocks)
    assert [s.doubtful for s in found] == [(LOST,), (LOST,)]


def test_the_sensors_end_makes_it_doubtful(block, force):
    values = force([2.0, 5.0, 8.0], [20.0, 40.0, 20.0], noise=0.0)
    clipped = values >= 30
    found = run(SqueezeDetector(), block(np.minimum(values, 30), clipped=clipped))
    assert [s.doubtful for s in found] == [(), (CLIPPED,), ()]


def test_end_of_stream(block, force):
    values = force([2.0, 5.0], hold_s=1.0)
    detector = SqueezeDetector(usual_peak=20.0)
    found = detector.update(block(values[:520])) + detector.finish()
    assert [(s.ended_by, s.doubtful) for s in found] == [
        (EndedBy.RELEASE, ()),
        (EndedBy.STREAM_END, (UNFINISHED,)),
    ]
    assert detector.finish() == []


def test_a_tool_that_lies_under_something(block):
    values = np.r_[np.zeros(300), np.full(9000, 20.0), np.full(1, 20.0)] + 1e-3 * np.sin(np.arange(9301))
    found = run(SqueezeDetector(usual_peak=20.0), block(values))
    assert [s.doubtful for s in found] == [(STUCK,)]


def test_restart_of_the_tool_goes_on_counting(block, force):
    values = force([2.0, 4.0, 6.0])
    detector = SqueezeDetector()
    first = detector.update(block(values))
    again = detector.update(block(values)) + detector.finish()
    assert [s.number for s in first + again] == [1, 2, 3, 4, 5, 6]
    assert [s.onset_index for s in first] == pytest.approx([s.onset_index for s in again], abs=3)


def test_change_of_unit_forgets_the_range(block, force):
    detector = SqueezeDetector()
    newtons = detector.update(block(force(STEADY_S, 200.0)))
    values = force(STEADY_S, 2.0, noise=0.01)
    kilopascals = detector.update(block(values, first=10_000, unit=Unit.KILOPASCAL)) + detector.finish()
    assert len(newtons) == len(kilopascals) == len(STEADY_S)
    assert {s.unit for s in kilopascals} == {Unit.KILOPASCAL}
    assert len(run(detector, block(values, first=0))) == len(STEADY_S)


def test_fatigue_lowers_what_is_usual(block, force):
    peaks_s = np.arange(2.0, 82.0, 2.0)
    values = force(peaks_s, 40 * 0.94 ** np.arange(len(peaks_s)))
    assert len(run(SqueezeDetector(), block(values))) == len(peaks_s)


@pytest.mark.parametrize("usual_peak", [2.0, 80.0, 200.0, 2000.0])
def test_a_wrong_usual_peak_does_not_blind_it(block, force, usual_peak):
    found = run(SqueezeDetector(usual_peak=usual_peak), block(force(STEADY_S)))
    assert len(found) == len(STEADY_S)


def test_a_huge_artefact_does_not_blind_it(block, force):
    values = force(STEADY_S + 2.0)
    values[100:200] += 400 * np.hanning(100)
    found = run(SqueezeDetector(), block(values))
    assert 0 <= len(found) - len(STEADY_S) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_hand_that_trembles_before_it_squeezes(block, force, seed):
    values = force(np.arange(5.0, 20.0, 2.0), 20.0, noise=0.02, seed=seed)
    t = np.arange(values.size) / 100
    values += 0.08 * np.sin(2 * np.pi * 4.0 * t) * (t > 3.2)
    assert len(run(SqueezeDetector(), block(values))) == 8


def test_a_single_pinch_after_rest(block, force):
    found = run(SqueezeDetector(), block(force([4.0], 10.0, width_s=0.05, noise=0.005, end_s=8.0)))
    assert [round(s.peak_s, 1) for s in found] == [4.0]
    bump = force([4.0], 1.0, width_s=0.05, noise=0.02, end_s=8.0)  # no higher than a tool's weight
    assert run(SqueezeDetector(), block(bump)) == []


def test_first_ones_show_before_they_count(block, force):
    values = force([3.0, 5.0, 7.0, 9.0, 11.0], 1.0, width_s=0.15, noise=0.1, seed=1)
    detector, shown = SqueezeDetector(), []
    for k in range(0, values.size, 10):
        detector.update(block(values[k : k + 10], first=k))
        shown.append((detector.count, len(detector.tentative)))
        assert all(FIRST in s.doubtful for s in detector.tentative)
    assert (0, 1) in shown
    assert (0, 2) in shown
    assert detector.count >= 4
    assert detector.tentative == ()


def test_what_nothing_can_join_any_more_waits_no_longer(block, force):
    detector, shown = SqueezeDetector(), []
    values = force([3.0], 1.0, width_s=0.15, noise=0.1, end_s=30.0, seed=1)
    for k in range(0, values.size, 10):
        detector.update(block(values[k : k + 10], first=k))
        shown.append(len(detector.tentative))
    last = len(shown) - shown[::-1].index(1)  # in tenths of a second
    assert 8.0 <= last / 10 <= 9.0
    assert sum(shown) == last - shown.index(1)  # without a break
    assert detector.finish() == []


def test_a_stretch_of_rest_does_not_tell_what_waited_from_what_came_in_one_piece(block, force, feed):
    values = force([3.0, 7.9, 15.0, 17.0, 19.0], 1.0, width_s=0.15, noise=0.1, seed=1)
    whole = run(SqueezeDetector(), block(values))
    detector = SqueezeDetector()
    assert feed(detector, block(values), range(3, values.size, 7)) + detector.finish() == whole


def test_hum_at_half_the_rate_is_not_taken_for_coarse_steps(block, force):
    """Every sample is far from the one before it, and near the one before that."""
    hum = 3 * (-1.0) ** np.arange(force(STEADY_S).size)
    values = np.round(force(STEADY_S) + hum, 1)
    assert len(run(SqueezeDetector(), block(values))) == len(STEADY_S)


def test_a_steady_series_that_hardly_rests(block):
    """Slow up, fast down, once a second, on a sensor whose noise is a twentieth of it."""
    t = np.arange(0, 12, 0.005)
    rng = np.random.default_rng(3)
    pulse = np.interp(t % 1.05, [0.0, 0.15, 0.55, 0.85, 1.05], [0.0, 0.05, 1.0, 0.0, 0.0])
    values = 700 + 900 * np.where(t < 0.5, 0, pulse) + 150 * rng.standard_normal(t.size)
    assert abs(len(run(SqueezeDetector(), block(values, t=t))) - 11) <= 1


def test_a_crest_of_hum_at_the_beginning_is_not_rest(block, force):
    values = force([2.0, 5.0, 8.0, 11.0], hold_s=1.0, fs=250, noise=0.3)
    values += 8 * np.cos(2 * np.pi * 50 * np.arange(values.size) / 250 + np.pi)
    found = run(SqueezeDetector(), block(values, fs=250))
    assert len(found) == 4
    assert found[0].onset_s > 0.5
