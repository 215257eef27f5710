"""The front end beside SciPy, which it does without."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt, sosfilt_zi

from griphub.signal.filters import DELAY_STEPS, DETECT_HZ, MEDIAN_STEPS, Smoother
from griphub.signal.grid import GRID_HZ, STEP_S, Grid, Moment


def steps(block_of, values, t, cuts=(), **about):
    """What the grid makes of samples, put together again: each entry is mean, moment, clipped."""
    grid, rows, last = Grid(0.15), [], None
    edges = [0, *cuts, len(values)]
    for begin, end in pairwise(edges):
        part = {name: column[begin:end] for name, column in about.items()}
        for stretch in grid.push(block_of(values[begin:end], first=begin, t=t[begin:end], **part)):
            moments = map(Moment._make, stretch.moments)
            rows += zip(stretch.means, moments, stretch.clipped, stretch.quanta, strict=True)
            last = stretch.last
    return rows, last


def test_smoother_is_scipys_median_and_butterworth():
    values = np.random.default_rng(0).normal(3.0, 1.0, 500)
    late = (MEDIAN_STEPS - 1) // 2
    medians = np.r_[[values[0]] * late, median_filter(values, MEDIAN_STEPS, mode="nearest")[:-late]]
    sos = butter(2, DETECT_HZ, fs=GRID_HZ, output="sos")
    expected, _ = sosfilt(sos, medians, zi=sosfilt_zi(sos) * values[0])
    np.testing.assert_allclose(Smoother()(values.tolist()), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("fs", [10.0, 83.0, 185.0, 500.0])
@pytest.mark.parametrize("cuts", [(), tuple(range(10, 400, 10))], ids=["at once", "cut"])
def test_grid_means_are_integrals_of_the_line_through_the_samples(block, fs, cuts):
    rng = np.random.default_rng(1)
    t = 7.0 + np.cumsum(rng.uniform(0.6, 1.4, 400) / fs)
    x = rng.normal(0, 1, 400)
    rows, _ = steps(block, x, t, cuts)
    assert len(rows) == int((t[-1] - t[0]) * GRID_HZ)
    for k in range(0, len(rows), 61):
        begin, end = t[0] + k * STEP_S, t[0] + (k + 1) * STEP_S
        inside = t[(t > begin) & (t < end)]
        area, _ = quad(lambda at: np.interp(at, t, x), begin, end, points=inside if inside.size else None)
        assert rows[k][0] == pytest.approx(area * GRID_HZ, abs=1e-6)
        assert rows[k][1].t_s >= end - 1e-9


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("fs", [10.0, 83.0, 500.0])
def test_few_samples_and_many_take_the_same_sums(block, fs, uneven):
    """Python for small blocks, NumPy for large ones: not a bit of difference."""
    rng = np.random.default_rng(2)
    n = 1000
    t = np.cumsum(rng.uniform(0.1, 1.9, n) / fs) if uneven else np.arange(n) / fs
    for at in rng.integers(0, n, 5):
        t[at:] += rng.uniform(0, 0.6)
    x = np.round(rng.normal(3, 2, n), 2)
    x[rng.random(n) < 0.05] = np.nan
    clipped = rng.random(n) < 0.05
    whole = steps(block, x, t, clipped=clipped)
    assert steps(block, x, t, range(7, n, 7), clipped=clipped) == whole
    assert steps(block, x, t, [150, 450], clipped=clipped) == whole


def test_moments_are_those_that_force_tells_about(block):
    """A slow ramp comes out where it went in, once its delay is taken off."""
    t = np.arange(1200) / 100
    rows, _ = steps(block, t, t)
    force = Smoother()([row[0] for row in rows])
    at_s = np.array([row[1].t_s for row in rows])
    assert np.abs(np.array(force)[100:] - at_s[100 - DELAY_STEPS : -DELAY_STEPS]).max() < STEP_S


def test_a_knock_of_one_step_leaves_no_trace():
    values = [0.0] * 200
    values[101] = 1000.0
    assert max(Smoother()(values)) == 0.0


def test_mains_hum_of_50_hz_averages_out(block):
    t = np.arange(5000) / 500
    rows, _ = steps(block, np.sin(2 * np.pi * 50 * t + 0.3), t)
    assert max(abs(row[0]) for row in rows) < 0.02


def test_missing_samples_and_the_sensors_end_are_told_where_they_were(block):
    index = np.arange(200)
    values = np.where((index >= 100) & (index < 110), np.nan, 0.0)
    clipped = (index > 150) & (index < 160)
    rows, last = steps(block, values, index / 100, clipped=clipped)
    missing = {m.sample: m.sample + 1 - m.received for _, m, _, _ in rows}
    assert {n for index, n in missing.items() if index < 100} == {0}
    assert {n for index, n in missing.items() if index >= 110} == {10}
    assert (last.sample, last.received) == (199, 190)
    flagged = [m.sample for _, m, flag, _ in rows if flag]
    assert 150 <= min(flagged) <= 152 and 159 <= max(flagged) <= 161
