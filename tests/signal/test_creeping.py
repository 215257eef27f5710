"""A tool that creeps, as putty does, shows by how much; one that does not is left alone."""

import numpy as np
import pytest
from scipy.signal import lfilter

from griphub.signal.batch import detect_squeezes
from griphub.signal.settings import DEFAULTS, PUTTY, SqueezeSettings
from griphub.signal.squeeze import SqueezeDetector

FS, PEAK = 100.0, 20.0
BLIND = SqueezeSettings(creep_share=1e-6)


def squeezes(*, release_s: float = 0.2, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    """Sixteen squeezes of 20, held for 0.3 to 1.5 s, every 3.5 s, whose release ends in a tail."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 60, 1 / FS)
    x = np.zeros_like(t)
    for k in range(16):
        begin, hold_s = 2 + 3.5 * k, rng.uniform(0.3, 1.5)
        up = np.clip((t - begin) / 0.2, 0, 1)
        x += PEAK * up * np.exp(-np.maximum(t - begin - 0.2 - hold_s, 0) / release_s)
    return x + noise * rng.standard_normal(t.size)


def crept(force: np.ndarray, *terms: tuple[float, float]) -> np.ndarray:
    """What putty makes of it: a Prony series of shares and time constants."""
    out = force.copy()
    for share, tau_s in terms:
        keep = np.exp(-1 / (FS * tau_s))
        out += share * lfilter([1 - keep], [1, -keep], force)
    return out


def errors(values: np.ndarray, settings: SqueezeSettings) -> tuple[np.ndarray, np.ndarray]:
    found = detect_squeezes(values, FS, settings=settings)
    assert len(found) == 16
    return np.array([s.peak / PEAK - 1 for s in found]), np.array([s.peak_sd / PEAK for s in found])


@pytest.mark.parametrize(
    "terms",
    [((0.07, 0.6), (0.07, 5.0)), ((0.12, 1.5),), ((0.05, 0.3), (0.05, 1.0), (0.05, 4.0))],
    ids=["two terms", "one", "three"],
)
@pytest.mark.parametrize("settings", [DEFAULTS, PUTTY], ids=["not told", "told"])
def test_creep_is_learned_from_what_squeezes_leave_behind(terms, settings):
    reading = crept(squeezes(release_s=0.05), *terms)
    without, _ = errors(reading, BLIND)
    learned, sd = errors(reading, settings)
    assert np.median(without) > 0.02
    assert np.median(np.abs(learned)) < 0.6 * np.median(np.abs(without))
    assert np.mean(np.abs(learned) <= 2 * sd) >= 0.9


@pytest.mark.parametrize("release_s", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_a_ball_is_left_alone_however_slowly_the_hand_opens(release_s, noise):
    force = squeezes(release_s=release_s, noise=noise)
    without, _ = errors(force, BLIND)
    learned, _ = errors(force, DEFAULTS)
    assert np.abs(learned - without).max() < 0.004


def test_another_tool_is_not_taken_for_the_same_putty(block):
    reading = crept(squeezes(release_s=0.05), (0.07, 0.6), (0.07, 5.0))
    ball = squeezes(seed=1)
    fresh, used = SqueezeDetector(), SqueezeDetector()
    used.update(block(reading, tool="putty"))
    after = used.update(block(ball, tool="ball"))
    assert [s.peak for s in after] == [s.peak for s in fresh.update(block(ball, tool="ball"))]
