"""What each squeeze says of itself, on force of known shape."""

import numpy as np
import pytest

from griphub.signal.batch import detect_squeezes
from griphub.signal.measure import TOO_FEW_SAMPLES, TOO_NOISY
from griphub.signal.squeeze import SqueezeDetector
from griphub.simulators.tiers import session

HOLD_S, RELEASE_S = 0.8, 0.3


def ramps(rise_s: float, fs: float, *, peak: float = 20.0, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    """Nine squeezes, straight up, held and straight down, every 4 s from 2 s on."""
    t = np.arange(0, 40, 1 / fs)
    one = [0.0, rise_s, rise_s + HOLD_S, rise_s + HOLD_S + RELEASE_S]
    x = sum(peak * np.interp(t, [k + at for at in one], [0, 1, 1, 0]) for k in range(2, 38, 4))
    return 0.5 + x + noise * np.random.default_rng(seed).standard_normal(t.size)


@pytest.mark.parametrize("fs", [100.0, 250.0, 500.0])
@pytest.mark.parametrize("rise_s", [0.15, 0.25, 0.4, 0.8])
def test_rise_release_and_rate_of_force(fs, rise_s):
    found = detect_squeezes(ramps(rise_s, fs), fs)
    assert len(found) == 9
    assert not any(s.no_rfd for s in found)
    assert np.median([s.rfd for s in found]) == pytest.approx(20 / rise_s, rel=0.06)
    assert np.median([s.rise_s for s in found]) == pytest.approx((0.9 - 0.12) * rise_s, abs=0.03)
    assert np.median([s.release_s for s in found]) == pytest.approx((0.9 - 0.12) * RELEASE_S, abs=0.04)


@pytest.mark.parametrize(
    ("fs", "within"), [(10.0, 0.2), (25.0, 0.15), (50.0, 0.1), (100.0, 0.08), (500.0, 0.08)]
)
def test_rise_and_release_are_told_only_as_far_as_the_tool_carries_them(fs, within):
    told = 0
    for phase_s in (0.06, 0.1, 0.2, 0.3, 0.5, 1.0):
        found = detect_squeezes(ramps(phase_s, fs), fs)
        assert len(found) == 9
        times = [s.rise_s for s in found if s.rise_s is not None]
        told += len(times) > 6
        if len(times) > 2:
            assert np.median(times) == pytest.approx((0.9 - 0.12) * phase_s, rel=within)
    assert told >= (2 if fs == 10 else 4)
    brief = detect_squeezes(ramps(0.06, fs), fs)
    assert not any(s.rise_s for s in brief)


def test_no_release_where_samples_end(block):
    values = ramps(0.3, 100.0)
    detector = SqueezeDetector(usual_peak=20.0)
    found = detector.update(block(values[:280])) + detector.update(block(values[420:], first=420))
    assert found[0].ended_by == "gap"
    assert found[0].release_s is None


def test_no_rate_of_force_without_samples_in_the_climb():
    for rise_s, fs in [(0.3, 10.0), (0.3, 25.0), (0.1, 100.0)]:
        found = detect_squeezes(ramps(rise_s, fs), fs)
        assert {(s.rfd, s.no_rfd) for s in found} == {(None, TOO_FEW_SAMPLES)}


def test_no_rate_of_force_in_noise():
    quiet, noisy = (detect_squeezes(ramps(0.4, 100.0, peak=2.0, noise=n), 100.0) for n in (0.05, 0.45))
    assert len(noisy) == 9
    assert {s.no_rfd for s in quiet} == {""}
    refused = [s for s in noisy if s.no_rfd == TOO_NOISY and s.rfd is None]
    assert len(refused) >= 7  # what noise is can only be estimated


def test_impulse_is_the_area_between_the_crossings():
    found = detect_squeezes(ramps(0.4, 100.0), 100.0)
    part = (1 - 0.12**2) / 2  # of a ramp's area, above its crossing
    area = 20 * (HOLD_S + part * (0.4 + RELEASE_S))
    assert np.median([s.impulse for s in found]) == pytest.approx(area, rel=0.03)


@pytest.mark.parametrize("noise", [0.02, 0.2, 0.8])
def test_peak_errors_are_as_large_as_they_say(noise):
    """Two standard uncertainties hold about 95 % of the errors, and the whole is not merely wide."""
    errors = []
    for seed in range(6):
        found = detect_squeezes(ramps(0.3, 100.0, peak=12.0, noise=noise, seed=seed), 100.0)
        errors += [((s.peak - 12.0), s.peak_sd) for s in found]
    error, sd = np.array(errors).T
    assert np.mean(np.abs(error) <= 2 * sd) >= 0.9
    assert np.median(sd) < 8 * np.std(error)  # a sharp top looks like a tremor


def test_noise_makes_the_uncertainty_larger():
    both = [detect_squeezes(ramps(0.3, 100.0, noise=noise), 100) for noise in (0.05, 1.0)]
    sds = [np.median([s.peak_sd for s in found]) for found in both]
    assert sds[1] > 3 * sds[0]


def test_a_weak_hand_is_not_read_too_strong():
    """The luckiest bit of noise is not its strength: mean error over faint sessions."""
    errors = []
    for seed in range(8):
        play, _ = session("faint", seed)
        for s in detect_squeezes(play.values, play.rate_hz):
            near = min(play.truth, key=lambda true: abs(true.onset_s - s.onset_s))
            if abs(near.onset_s - s.onset_s) < 0.15:
                errors.append(s.peak / near.peak - 1)
    assert len(errors) > 60
    assert abs(np.median(errors)) < 0.05


def test_provisional_is_there_while_it_rises_and_holds(block):
    values = ramps(0.3, 100.0)
    detector = SqueezeDetector(usual_peak=20.0)
    assert detector.provisional is None
    seen = []
    for k in range(600):
        detector.update(block(values[k : k + 1], first=k))
        seen.append(detector.provisional)
    assert not any(seen[:200])
    told = next(k for k, one in enumerate(seen) if one and one.likely)
    assert 200 < told < 230  # true onset at 2.036 s
    assert seen[told].onset_s == pytest.approx(2.036, abs=0.06)
    assert seen[300].height == pytest.approx(20.0, rel=0.06)
    assert not any(seen[360:])


def test_what_hardly_rises_is_not_likely(block):
    values = ramps(0.3, 100.0, peak=2.0)
    detector = SqueezeDetector(usual_peak=20.0)
    likely = []
    for k in range(1000):
        assert detector.update(block(values[k : k + 1], first=k)) == []
        likely.append(detector.provisional is not None and detector.provisional.likely)
    assert not any(likely)
