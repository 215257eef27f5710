"""Steadiness of a hold, following a target, letting go."""

import numpy as np
import pytest

from griphub.firmware_bridge.errors import GripError
from griphub.firmware_bridge.samples import Unit
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason, Refused
from griphub.signal.steadiness import release_time, steadiness, tracking_error


def hold(mean=15.0, cv=0.05, noise=0.05, lasting_s=10.0, fs=100.0, seed=0, **more):
    rng = np.random.default_rng(seed)
    t = np.arange(0, lasting_s, 1 / fs)
    sway = sum(np.sin(2 * np.pi * (f * t + rng.random())) for f in (0.7, 1.3, 3.1, 7.9)) / np.sqrt(
        2
    )  # of SD 1
    force = mean * (1 + cv * sway) + noise * rng.standard_normal(t.size)
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": noise, **more})


def test_steadiness_is_the_childs_not_the_tools():
    assert steadiness(hold(), 100).value == pytest.approx(5, rel=0.02)
    assert steadiness(hold(noise=0.3), 100).value == pytest.approx(5, rel=0.05)


def test_steadiness_where_it_is_defined():
    assert steadiness(hold(mean=40), 100).reason is Reason.PROTOCOL
    assert steadiness(hold(mean=3), 100).reason is Reason.PROTOCOL
    assert steadiness(hold(cv=0.001, noise=0.5), 100).reason is Reason.NOISE
    assert steadiness(hold(lasting_s=1.5), 100).reason is Reason.TOO_SHORT
    assert steadiness(hold(fs=5.0), 100).reason is Reason.RATE
    assert steadiness(hold(noise=0.0, cv=0.1, fs=10.0), 100).value > 0
    assert steadiness(hold(), np.nan).reason is Reason.NOT_KNOWN
    assert steadiness(hold(noise=0.05).between(0, 5), 0).reason is Reason.NOT_KNOWN


def test_tracking_error_and_its_release_apart():
    t = np.arange(0, 10, 0.01)
    target = np.interp(t, [0, 4, 6, 10], [0, 20, 20, 0])
    late = np.where(t > 6, 5.0, 1.0)
    found = tracking_error(Recording(t, target + late, Unit.NEWTON, noise=0.1), target, 100)
    assert found.release.value == pytest.approx(5.0, abs=0.005)
    assert found.overall.value == pytest.approx(np.sqrt(0.6 * 1 + 0.4 * 25), rel=0.01)
    assert found.overall.unit == "%"
    rising = tracking_error(Recording(t, t, Unit.NEWTON, noise=0.0), t, 100)
    assert rising.release is None
    assert rising.overall.value == 0


def test_tracking_error_is_the_childs_not_the_tools():
    t = np.arange(0, 20, 0.01)
    rng = np.random.default_rng(0)
    target = np.interp(t, [0, 10, 20], [0, 20, 0])
    off = 6 * np.sin(2 * np.pi * 0.7 * t) + rng.standard_normal(t.size)
    found = tracking_error(Recording(t, target + off, Unit.NEWTON, noise=1.0), target, 100)
    assert found.overall.value == pytest.approx(6 / np.sqrt(2), rel=0.02)
    assert found.release.value == pytest.approx(6 / np.sqrt(2), rel=0.03)
    noisy = Recording(t, target + rng.standard_normal(t.size), Unit.NEWTON, noise=1.0)
    assert tracking_error(noisy, target, 100).reason is Reason.NOISE
    steady_release = np.where(t > 10, 0.0, off)
    half = tracking_error(Recording(t, target + steady_release, Unit.NEWTON, noise=1.0), target, 100)
    assert half.release is None


def test_tracking_needs_times_and_a_target():
    force = hold(timing=Timing.ARRIVAL)
    assert tracking_error(force, np.zeros(len(force)), 100).reason is Reason.STAMPS
    with pytest.raises(GripError, match="target must be finite, one value for each of the 1000 samples"):
        tracking_error(force, np.zeros(3), 100)
    with pytest.raises(GripError, match="target must be finite"):
        tracking_error(force, np.full(len(force), np.nan), 100)


def squeeze(release_s, fs=100.0, **more):
    t = np.arange(0, 6, 1 / fs)
    force = 100 * np.clip((t - 1) / 0.2, 0, 1) * (1 + np.cos(np.pi * np.clip((t - 3) / release_s, 0, 1))) / 2
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": 0.01, **more})


@pytest.mark.parametrize("release_s", [0.3, 0.6, 1.5])
def test_release_time(release_s):
    """Of a raised cosine, from 90 % to 12 %."""
    part = (np.arccos(2 * 0.12 - 1) - np.arccos(2 * 0.9 - 1)) / np.pi
    assert release_time(squeeze(release_s)).value == pytest.approx(part * release_s, abs=0.03)


def test_release_that_cannot_be_told():
    assert release_time(squeeze(0.5, timing=Timing.ARRIVAL)).reason is Reason.STAMPS
    assert release_time(squeeze(0.5).between(0, 3.2)).reason is Reason.TOO_SHORT
    whole = squeeze(0.6)
    hole = (whole.t_s > 3.2) & (whole.t_s < 3.4)
    lost = Recording(whole.t_s[~hole], whole.force[~hole], noise=0.01)
    assert release_time(lost).reason is Reason.GAP
    assert release_time(Recording(whole.t_s, whole.force)).reason is Reason.NOISE
    rng = np.random.default_rng(0)
    noisy = Recording(whole.t_s, whole.force + 10 * rng.standard_normal(len(whole)), noise=10.0)
    assert release_time(noisy).reason is Reason.NOISE
    assert release_time(squeeze(0.3, fs=20.0)).reason is Reason.RATE
    assert release_time(squeeze(1.5, fs=20.0)).value == pytest.approx(0.93, abs=0.1)
    clipped = squeeze(0.5, clipped=whole.force > 90)
    assert isinstance(release_time(clipped), Refused)
    assert release_time(clipped).reason is Reason.SATURATED
