"""Tare, drift, loss, saturation, and recordings themselves."""

import numpy as np
import pytest
from scipy.signal import bessel, sosfiltfilt

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal.quality import Tare, drift, loss, saturation, tare
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason


def quiet(lasting_s=1.0, level=3.0, noise=0.1, fs=100.0, **more):
    t = np.arange(round(lasting_s * fs)) / fs
    force = level + noise * np.random.default_rng(0).standard_normal(t.size)
    return Recording(t, force, **{"unit": Unit.KILOPASCAL, **more})


def test_tare_of_a_quiet_second():
    zero = tare(quiet(), noise_limit=0.2)
    assert isinstance(zero, Tare)
    assert zero.level == pytest.approx(3.0, abs=0.05)
    assert zero.noise == pytest.approx(0.1, rel=0.25)
    assert zero.unit == "kPa"


def test_tare_that_is_none():
    assert tare(quiet(0.9), 0.2).reason is Reason.TOO_SHORT
    assert tare(quiet(noise=0.5), 0.2).reason is Reason.NOISE
    assert tare(quiet(clipped=np.arange(100) == 7), 0.2).reason is Reason.SATURATED
    whole = quiet(3.0)
    hole = (whole.t_s > 1) & (whole.t_s < 1.1)
    assert tare(Recording(whole.t_s[~hole], whole.force[~hole]), 0.2).reason is Reason.GAP


def test_what_the_radio_delays_is_no_gap_of_a_tare():
    t = np.arange(100) / 50
    late = np.repeat(t[::5] + 0.08, 5) + np.tile(np.arange(5) * 0.001, 20)  # five at once, ten times a second
    force = 3 + 0.1 * np.random.default_rng(0).standard_normal(100)
    assert isinstance(tare(Recording(late, force, timing=Timing.ARRIVAL), 0.2), Tare)
    silent = np.where(np.arange(100) < 50, late, late + 1.5)
    assert tare(Recording(silent, force, timing=Timing.ARRIVAL), 0.2).reason is Reason.GAP


def test_drift_is_judged_by_the_childs_maximum():
    before, after = Tare(3.0, 0.1, "kPa", 1.0), Tare(3.5, 0.1, "kPa", 1.0)
    found = drift(before, after, 20.0)
    assert (found.moved.value, found.percent, found.too_far) == (0.5, 2.5, True)
    assert not drift(before, after, 25.0).too_far
    assert drift(after, before, 20.0).percent == 2.5
    assert drift(before, Tare(0, 0.1, "N", 1), 20).reason is Reason.UNIT
    assert drift(before, after, np.nan).reason is Reason.NOT_KNOWN


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.45])
def test_loss(share):
    whole = quiet(60.0)
    keep = np.random.default_rng(1).random(len(whole)) >= share
    found = loss(Recording(whole.t_s[keep], whole.force[keep]))
    assert found.value == pytest.approx(100 * (1 - keep.mean()), abs=0.1)


@pytest.mark.parametrize("uneven", [0.1, 0.3, 0.5])
def test_a_tool_that_samples_unevenly_loses_nothing_by_that(uneven):
    rng = np.random.default_rng(2)
    t = np.cumsum(rng.gamma(uneven**-2, uneven**2 / 100, 4000))
    assert loss(Recording(t, np.ones(t.size))).value < 1.5
    kept = (t < 10) | (t > 14)
    assert loss(Recording(t[kept], np.ones(kept.sum()))).value == pytest.approx(10, abs=2)


def test_loss_does_not_show_without_stamps():
    assert loss(quiet(timing=Timing.ARRIVAL)).reason is Reason.STAMPS


def test_loss_within_a_part():
    whole = quiet(10.0)
    hole = (whole.t_s > 4) & (whole.t_s < 4.5)
    lost = Recording(whole.t_s[~hole], whole.force[~hole])
    assert lost.lost_percent(4, 5) == pytest.approx(49, abs=2)
    assert lost.lost_percent(6, 8) == 0
    assert lost.lost_percent(4.1, 4.4) == pytest.approx(97, abs=3)
    assert lost.longest_gap_s(4.1, 4.4) == pytest.approx(0.5, abs=0.02)
    assert not lost.has_gap(6, 8)


def test_saturation():
    assert saturation(quiet(clipped=np.arange(100) < 7)).value == pytest.approx(7)


def test_missing_readings_are_a_gap():
    t = np.arange(100) / 100
    force = np.ones(100)
    force[[3, 4, 5, 6, 50]] = np.nan, np.inf, -np.inf, 1e200, np.nan
    read = Recording(t, force)
    assert len(read) == 95
    assert read.has_gap(0, 0.1)
    assert not read.has_gap(0.4, 0.6)
    assert read.lost_percent() == pytest.approx(5, abs=1)


def test_smoothing_is_scipys_between_gaps():
    rng = np.random.default_rng(0)
    t = np.arange(600) / 100
    force = 10 * np.sin(t) + rng.standard_normal(600)
    sos = bessel(2, 5.0, fs=100, output="sos", norm="mag")
    smooth = Recording(t, force).smoothed(5.0)
    np.testing.assert_allclose(smooth.force, sosfiltfilt(sos, force, padlen=60), atol=1e-9)
    hole = (t > 2) & (t < 3)
    parts = Recording(t[~hole], force[~hole]).smoothed(5.0)
    np.testing.assert_allclose(parts.force[:201], sosfiltfilt(sos, force[:201], padlen=60), atol=1e-9)


def test_smoothed_noise_is_as_told():
    rng = np.random.default_rng(0)
    t = np.arange(20_000) / 100
    smooth = Recording(t, rng.standard_normal(t.size), noise=1.0).smoothed(5.0)
    assert smooth.noise == pytest.approx(smooth.force.std(), rel=0.05)


def test_smoothing_keeps_uneven_times():
    rng = np.random.default_rng(2)
    t = np.cumsum(rng.uniform(0.005, 0.015, 800))
    smooth = Recording(t, np.sin(t)).smoothed(5.0)
    np.testing.assert_array_equal(smooth.t_s, t)
    np.testing.assert_allclose(smooth.force[50:-50], np.sin(t)[50:-50], atol=0.01)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"t_s": [0, 1], "force": [1.0]}, "one time and one mark"),
        ({"t_s": [0, 0], "force": [1.0, 2.0]}, "increase"),
        ({"t_s": [0, np.nan], "force": [1.0, 2.0]}, "increase"),
        ({"t_s": [[0, 1]], "force": [[1.0, 2.0]]}, "one-dimensional"),
        ({"t_s": [0, 1], "force": [1.0, 2.0], "noise": -1.0}, "noise"),
        ({"t_s": [0, 1], "force": [1.0, 2.0], "unit": "kg"}, "unit must be one of N, kPa"),
        ({"t_s": [0, 1], "force": ["a", "b"]}, "must be numbers"),
        ({"t_s": [0, 1], "force": [1.0, 2.0], "clipped": [True]}, "one time and one mark"),
    ],
)
def test_impossible_recordings(given, says):
    with pytest.raises(GripError, match=says):
        Recording(**given)
