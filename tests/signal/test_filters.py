"""The front end beside SciPy, which it does without."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.signal import butter, sosfilt, sosfilt_zi

from griphub.signal.filters import DELAY_STEPS, DETECT_HZ, GRID_HZ, PEAK_HZ, FrontEnd, Grid, LowPass


@pytest.mark.parametrize("cutoff_hz", [DETECT_HZ, PEAK_HZ])
def test_lowpass_is_scipys_butterworth(cutoff_hz):
    values = np.random.default_rng(0).normal(3.0, 1.0, 500)
    sos = butter(2, cutoff_hz, fs=GRID_HZ, output="sos")
    expected, _ = sosfilt(sos, values, zi=sosfilt_zi(sos) * values[0])
    np.testing.assert_allclose(LowPass(cutoff_hz, values[0])(values.tolist()), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("fs", [10.0, 83.0, 185.0, 500.0])
def test_grid_means_are_integrals_of_the_line_through_the_samples(fs):
    rng = np.random.default_rng(1)
    t = 7.0 + np.cumsum(rng.uniform(0.3, 1.7, 60) / fs)
    x = rng.normal(0, 1, 60)
    means, closed_by = Grid(t[0], x[0]).push(t[1:], x[1:])
    assert len(means) == int((t[-1] - t[0]) * GRID_HZ)
    for k in range(0, len(means), 7):
        begin, end = t[0] + k / GRID_HZ, t[0] + (k + 1) / GRID_HZ
        inside = t[(t > begin) & (t < end)]
        area, _ = quad(lambda at: np.interp(at, t, x), begin, end, points=inside if inside.size else None)
        assert means[k] == pytest.approx(area * GRID_HZ, abs=1e-6)
        assert t[1:][closed_by[k]] >= end - 1e-9


def test_moments_are_those_that_force_tells_about():
    """A slow ramp comes out where it went in, once its delay is taken off."""
    t = np.arange(400) / GRID_HZ
    front = FrontEnd(0.0, 0.0, 0, False)
    steps = front.push(t[1:], t[1:].copy(), np.arange(1, 400), np.zeros(399, bool))
    at_s = np.array([moment[0] for moment in steps.moments[: len(steps.force)]])
    late = slice(100, None)
    assert (
        np.abs(np.array(steps.force)[late] - at_s[late]).max() < 1.5 / GRID_HZ
    )  # an edge may round to the next sample
    assert (
        np.abs(np.array(steps.peak_force)[: len(steps.force)][late] - at_s[late]).max() < 1.5 / GRID_HZ
    )  # an edge may round to the next sample
    assert steps.now_s[200] - at_s[200] == pytest.approx(DELAY_STEPS / GRID_HZ, abs=1.01 / GRID_HZ)


def test_a_knock_of_two_steps_leaves_no_trace():
    values = np.zeros(200)
    values[101] = 1000.0  # spreads over two steps
    front = FrontEnd(0.0, 0.0, 0, False)
    steps = front.push(np.arange(1, 200) / GRID_HZ, values[1:], np.arange(1, 200), np.zeros(199, bool))
    assert max(steps.force) == max(steps.peak_force) == 0.0


def test_missing_samples_and_the_sensors_end_are_told_where_they_were():
    index = np.r_[1:100, 110:200]
    clipped = (index > 150) & (index < 160)
    front = FrontEnd(0.0, 0.0, 0, False)
    steps = front.push(index / GRID_HZ, np.zeros(index.size), index, clipped)
    n = len(steps.force)
    assert front.missing == 10
    assert {m[2] for m in steps.moments[:n] if m[1] < 100} == {0}
    assert {m[2] for m in steps.moments[:n] if m[1] >= 110} == {10}
    flagged = [m[1] for m, flag in zip(steps.moments[:n], steps.clipped[:n], strict=True) if flag]
    assert 150 <= min(flagged) <= 152 and 159 <= max(flagged) <= 161
