"""A slow tool whose samples come unevenly: a pause between two of them is no gap in the squeeze."""

import numpy as np
import pytest

from griphub.signal.batch import detect_squeezes
from griphub.signal.squeeze import SqueezeDetector


def uneven(rate_hz: float, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fifteen squeezes of 20, 0.5 to 1.5 s long, read at times that scatter by `spread` (log-SD)."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(np.exp(spread * rng.standard_normal(round(60 * rate_hz)) - spread**2 / 2)) / rate_hz
    t = t[t < 50]
    lasts_s = rng.uniform(0.5, 1.5, 15)
    x = sum(
        20 * np.interp(t, [at, at + 0.3 * s, at + 0.7 * s, at + s], [0, 1, 1, 0])
        for at, s in zip(2 + 3.0 * np.arange(15), lasts_s, strict=True)
    )
    return t, x + 0.1 * rng.standard_normal(t.size)


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("rate_hz", [10.0, 20.0])
def test_normal_squeezes_are_counted(rate_hz, spread):
    counts = []
    for seed in range(5):
        t, x = uneven(rate_hz, spread, seed)
        counts.append(len(detect_squeezes(x, t=t)))
    assert sum(count == 15 for count in counts) >= 4
    assert all(14 <= count <= 15 for count in counts)


def test_a_second_without_samples_is_a_gap_all_the_same(block):
    t, x = uneven(10.0, 0.3, 0)
    away = (t > 5.3) & (t < 6.6)  # within the second squeeze and after it
    detector = SqueezeDetector(usual_peak=20.0)
    found = detector.update(block(x[~away], t=t[~away].tolist()))
    assert [s.ended_by for s in found][:3] == ["release", "gap", "release"]
