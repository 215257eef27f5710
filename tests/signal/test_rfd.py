"""Rate of force development, and when it must not be told."""

import numpy as np
import pytest

from griphub.firmware_bridge.samples import Unit
from griphub.signal.recording import Recording, Timing
from griphub.signal.refusal import Reason, Refused
from griphub.signal.rfd import WINDOWS_S, rfd_20_80, rfd_window


def climb(rise_s=0.3, fs=200.0, peak=100.0, noise=0.1, shift_s=0.0, seed=0, **more):
    """Raised cosine: its mean slope from 20 to 80 % is known."""
    t = np.arange(-1.0, 2.5, 1 / fs) + shift_s
    force = peak * (1 - np.cos(np.pi * np.clip(t / rise_s, 0, 1))) / 2
    force = force + noise * np.random.default_rng(seed).standard_normal(t.size)
    return Recording(t, force, **{"unit": Unit.NEWTON, "noise": noise, **more})


def true_slope(rise_s, peak=100.0):
    low, high = (np.arccos(1 - 2 * share) / np.pi * rise_s for share in (0.2, 0.8))
    return 0.6 * peak / (high - low)


@pytest.mark.parametrize("fs", [80.0, 100.0, 200.0, 500.0])
@pytest.mark.parametrize("rise_s", [0.25, 0.4, 1.0])
def test_slope_is_true(fs, rise_s):
    found = rfd_20_80(climb(rise_s, fs))
    assert found.unit == "N/s"
    assert found.value == pytest.approx(true_slope(rise_s), rel=0.04)


def test_slope_does_not_depend_on_where_samples_fall():
    values = [rfd_20_80(climb(0.3, 80.0, shift_s=shift)).value for shift in np.linspace(0, 0.0125, 7)]
    assert np.ptp(values) < 0.03 * np.mean(values)


def test_uncertainty_is_about_right():
    found = [rfd_20_80(climb(0.4, noise=2.0, seed=seed)) for seed in range(60)]
    told, spread = np.mean([one.sd for one in found]), np.std([one.value for one in found])
    assert 0.5 < told / spread < 2


def test_windows_start_at_onset():
    """From 5 % on, a climb of 1 s rises in 0.3 s from 5 to 36 %."""
    onset_s = np.arccos(0.9) / np.pi
    for window_s in WINDOWS_S[:-1]:
        rise = 50 * (np.cos(np.pi * onset_s) - np.cos(np.pi * (onset_s + window_s)))
        assert rfd_window(climb(1.0), window_s).value == pytest.approx(rise / window_s, rel=0.1)


def test_only_windows_that_have_a_source():
    assert rfd_window(climb(), 0.05).reason is Reason.PROTOCOL


def test_no_rfd_for_tools_that_stamp_nothing():
    for refused in (
        rfd_20_80(climb(timing=Timing.ARRIVAL)),
        rfd_window(climb(timing=Timing.ARRIVAL), 0.2),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.STAMPS
        assert "Not available on this tool" in refused.because


@pytest.mark.parametrize(
    ("fs", "window_s", "given"),
    [
        (80.0, 0.1, True),  # 8 samples
        (75.0, 0.1, False),
        (10.0, 0.3, False),
        (10.0, 1.0, True),
        (4.0, 1.0, False),
    ],
)
def test_eight_samples_in_the_window(fs, window_s, given):
    found = rfd_window(climb(1.0, fs, noise=0.01), window_s)
    assert isinstance(found, Refused) is not given
    if not given:
        assert found.reason is Reason.RATE


def test_noise_forbids():
    assert rfd_20_80(climb(noise=40.0, peak=200.0)).reason is Reason.NOISE
    assert rfd_20_80(climb(noise=0.1, peak=200.0)).sd < 10
    unknown = climb()
    assert rfd_20_80(Recording(unknown.t_s, unknown.force, Unit.NEWTON)).reason is Reason.NOISE


def test_a_gap_in_the_climb_forbids():
    whole = climb(0.4)
    hole = (whole.t_s > 0.15) & (whole.t_s < 0.2)
    assert rfd_20_80(Recording(whole.t_s[~hole], whole.force[~hole], noise=0.1)).reason is Reason.GAP
    after = (whole.t_s > 1.0) & (whole.t_s < 1.5)
    elsewhere = rfd_20_80(Recording(whole.t_s[~after], whole.force[~after], noise=0.1))
    assert elsewhere.value == pytest.approx(true_slope(0.4), rel=0.04)


def test_saturation_in_the_climb_forbids():
    whole = climb(0.4)
    clipped = Recording(whole.t_s, np.minimum(whole.force, 60), clipped=whole.force > 60, noise=0.1)
    assert rfd_window(clipped, 0.3).reason is Reason.SATURATED


def test_a_recording_that_begins_in_the_squeeze():
    assert rfd_20_80(climb().between(0.1, 3.0)).reason is Reason.PROTOCOL
    assert rfd_window(climb().between(-1, 0.5), 1.0).reason is Reason.TOO_SHORT


def test_pressure_rises_in_kilopascals():
    assert rfd_20_80(climb(unit=Unit.KILOPASCAL)).unit == "kPa/s"
