"""What is in a reading beside the hand: knocks, mains hum, drift, creep, lost packets, uneven sampling.

Each takes the fine time axis or the samples and a source of chance, and returns what to add or what is left.
Forces are in newtons unless a name says otherwise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from ..firmware_bridge.samples import FloatArray

FINE_HZ = 1000.0  #: force is made at this rate, then sampled
_BURST = 4  # consecutive packets of a longer loss


def wander(t_s: FloatArray, low_hz: float, high_hz: float, rng: np.random.Generator) -> FloatArray:
    """Noise of SD 1 within a band: sines, so that any rate may sample it."""
    waves = 16
    hz = rng.uniform(low_hz, high_hz, waves)
    phase = rng.uniform(0, 2 * np.pi, waves)
    total = np.zeros_like(t_s)
    for one_hz, one_phase in zip(hz, phase, strict=True):
        total += np.sin(2 * np.pi * one_hz * t_s + one_phase)
    unit: FloatArray = total / np.sqrt(waves / 2)
    return unit


def bump(t_s: FloatArray, at_s: float, width_s: float, height: float) -> FloatArray:
    """One knock: a raised cosine, which is over after `width_s`."""
    u = np.clip((t_s - at_s) / width_s, 0, 1)
    return height * 0.5 * (1 - np.cos(2 * np.pi * u))


def knocks(t_s: FloatArray, per_min: float, height_n: float, rng: np.random.Generator) -> FloatArray:
    """Short knocks against something hard, 5 to 40 ms, some of them followed by a rebound."""
    total = np.zeros_like(t_s)
    for at_s in rng.uniform(0.2, t_s[-1], rng.poisson(per_min * t_s[-1] / 60)):
        height = height_n * np.exp(0.5 * rng.standard_normal())
        width_s = rng.uniform(0.005, 0.04)
        total += bump(t_s, at_s, width_s, height)
        if rng.random() < 0.4:
            total += bump(t_s, at_s + rng.uniform(0.06, 0.15), width_s, 0.4 * height)
    return total


def handling(t_s: FloatArray, bump_n: float, rng: np.random.Generator) -> tuple[FloatArray, float, float]:
    """Picking the tool up and putting it down.

    Returns
    -------
    force : ndarray of float64
        Bumps of both.
    taken_s, put_s : float
        From when to when it is in the hand.
    """
    taken_s = float(rng.uniform(0.3, 1.0))
    put_s = float(t_s[-1] - rng.uniform(0.3, 0.9))
    total = np.zeros_like(t_s)
    for at_s in (taken_s, put_s):
        for k in range(int(rng.integers(1, 4))):
            height = bump_n * np.exp(0.4 * rng.standard_normal()) * 0.7**k
            total += bump(t_s, at_s + k * rng.uniform(0.05, 0.15), rng.uniform(0.03, 0.18), height)
    return total, taken_s, put_s


def drop(t_s: FloatArray, at_s: float, height_n: float, rng: np.random.Generator) -> FloatArray:
    """A tool that falls: some bounces of 8 to 25 ms, each lower and sooner than the one before."""
    total = np.zeros_like(t_s)
    for k in range(4):
        total += bump(t_s, at_s, rng.uniform(0.008, 0.025), height_n * 0.5**k)
        at_s += 0.28 * 0.6**k
    return total


def drift(t_s: FloatArray, per_min: float, warming: float, rng: np.random.Generator) -> FloatArray:
    """A level that wanders off steadily, and one that a warm hand shifts within a minute or so."""
    straight = per_min * rng.uniform(-1, 1) * t_s / 60
    warmed = warming * rng.uniform(0.3, 1.0) * (1 - np.exp(-t_s / rng.uniform(20, 90)))
    level: FloatArray = straight + warmed
    return level


def creep(force: FloatArray, share: float, rng: np.random.Generator) -> FloatArray:
    """Putty: the reading goes on growing under a steady force, and lags when it is let go.

    Two relaxing terms (a Prony series), one fast and one slow, sharing `share` between them.
    """
    total = force.copy()
    for part, tau_s in ((0.5, rng.uniform(0.4, 0.9)), (0.5, rng.uniform(3.0, 8.0))):
        keep = np.exp(-1 / (FINE_HZ * tau_s))
        total += part * share * lfilter([1 - keep], [1, -keep], force)
    return total


def hum(t_s: FloatArray, amplitude: float, mains_hz: float, rng: np.random.Generator) -> FloatArray:
    """Mains hum at the very times of the samples, so that it aliases as it does in a real tool."""
    slip_hz = mains_hz + rng.uniform(-0.05, 0.05)
    phase = rng.uniform(0, 2 * np.pi)
    wave: FloatArray = np.sin(2 * np.pi * slip_hz * t_s + phase)
    return amplitude * (wave + 0.3 * np.sin(4 * np.pi * slip_hz * t_s + 2 * phase))


def sampled_at(end_s: float, rate_hz: float, jitter: float, rng: np.random.Generator) -> FloatArray:
    """Times of samples; `jitter` is the log-SD of the steps, 0 for a steady clock."""
    n = int(end_s * rate_hz)
    if not jitter:
        return np.arange(n) / rate_hz
    steps_s = np.exp(jitter * rng.standard_normal(n) - jitter**2 / 2) / rate_hz
    steps_s[rng.random(n) < 0.02] *= 4.0  # a host that looks away
    t_s: FloatArray = np.cumsum(steps_s) - steps_s[0]
    return t_s[: int(t_s.searchsorted(end_s))]


def arrived(samples: int, rate_hz: float, lose: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which samples arrive when packets of a tenth of a second are lost, some of them in bursts."""
    per_packet = max(1, round(rate_hz / 10))
    packets = samples // per_packet + 1
    lost = rng.random(packets) < 0.6 * lose
    for begin in np.flatnonzero(rng.random(packets) < 0.4 * lose / _BURST):
        lost[begin : begin + _BURST] = True
    there: NDArray[np.bool_] = ~np.repeat(lost, per_packet)[:samples]
    return there
