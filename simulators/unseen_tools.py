"""What a tool and its radio make of the force on it, for `unseen_hands`: sensors as they are built.

An air bulb lags, leaks and warms in the hand; a force-sensing resistor has a dead zone, hysteresis and a
divider that bends its scale; a load cell's sigma-delta converter averages; putty relaxes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from ..firmware_bridge.profile import WireUnit
from ..firmware_bridge.samples import FloatArray
from .nuisance import FINE_HZ
from .plays import Play, TrueSqueeze

_LEAST_KEPT = 0.6  # of the samples of a squeeze that arrive
_LEAST_STEPS = 6  # of the sensor in the smallest squeeze

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Way:
    """How force becomes samples. Shares are of the smallest squeeze.

    Attributes
    ----------
    sensors, rates_hz : tuple
        One of each is drawn.
    noise, hum, drift_per_min : range of float
        SD of noise, height of mains hum, slope of the level.
    lose : float
        Share of lost packets.
    uneven : float
        Relative SD of the time between samples; 0 for a steady clock.
    """

    sensors: tuple[str, ...] = ("bulb", "resistor", "load cell")
    rates_hz: tuple[float, ...] = (10.0, 16.0, 20.0, 40.0, 62.5, 80.0, 100.0, 160.0, 250.0, 320.0, 500.0)
    noise: Range = (0.005, 0.03)
    hum: Range = (0.0, 0.0)
    drift_per_min: Range = (0.0, 0.03)
    lose: float = 0.0
    uneven: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """Readings at `FINE_HZ`, and what a steady force would read."""

    readings: FloatArray
    read: Callable[[float], float]
    unit: WireUnit
    exponent: int
    averages: bool = False


def drawn(between: Range, rng: np.random.Generator) -> float:
    """Draw from a range, by its logarithm unless it begins at 0."""
    low, high = between
    return float(low * (high / low) ** rng.random()) if low else float(rng.uniform(low, high))


def lag(x: FloatArray, tau_s: float) -> FloatArray:
    """First-order lag at `FINE_HZ`, settled on the first value."""
    keep = np.exp(-1 / (FINE_HZ * tau_s))
    lagging: FloatArray = lfilter([1 - keep], [1, -keep], x, zi=[keep * x[0]])[0]
    return lagging


def _bulb(pressed_n: FloatArray, rng: np.random.Generator) -> Sensor:
    """Air lags, seeps out through the valve of one in three, and warms in the hand (0.35 kPa/K)."""
    per_n = rng.uniform(0.15, 0.6)
    kpa = lag(per_n * pressed_n, rng.uniform(0.008, 0.03))
    if rng.random() < 1 / 3:
        kpa = kpa - lag(kpa, rng.uniform(150, 600))
    most = per_n * float(pressed_n.max())
    warmth = 1 - np.exp(-np.arange(kpa.size) / FINE_HZ / rng.uniform(40, 150))
    kpa = kpa + min(0.35 * rng.uniform(0, 3), 0.3 * most) * warmth
    return Sensor(kpa, lambda n: per_n * n, WireUnit.KILOPASCAL, -2 if most > 3 else -3)


def _resistor(pressed_n: FloatArray, rng: np.random.Generator) -> Sensor:
    """Conductance grows with force beyond a dead zone; letting go lags behind; a divider bends it."""
    dead_n, half_n = rng.uniform(0.0, 0.15), rng.uniform(25, 90)
    full, share = (1023, 4095)[int(rng.integers(2))], rng.uniform(0.02, 0.08)
    play_n, memory_n = 0.1 * float(np.quantile(pressed_n, 0.98)), 0.0
    lagging = np.empty_like(pressed_n)
    for k, now_n in enumerate(pressed_n.tolist()):
        memory_n = min(max(memory_n, now_n - play_n), now_n + play_n)
        lagging[k] = memory_n

    def counts(felt_n: FloatArray) -> FloatArray:
        above_n = np.maximum(felt_n - dead_n, 0)
        return full * above_n / (above_n + half_n)

    def read(n: float) -> float:
        return float(counts(np.array([n + share * max(n - play_n, 0)]))[0])

    felt_n = pressed_n + share * np.maximum(lagging, 0)
    return Sensor(counts(felt_n), read, WireUnit.COUNT, 0)


def _load_cell(pressed_n: FloatArray, rng: np.random.Generator) -> Sensor:
    """Linear; its converter tells the mean since its last value; the tare is never perfect."""
    return Sensor(pressed_n + rng.uniform(-0.5, 1.0), lambda n: n, WireUnit.NEWTON, -2, averages=True)


def _putty(pressed_n: FloatArray, rng: np.random.Generator) -> Sensor:
    """A sensor in putty, whose stress relaxes while it is held (two-term Prony) and undershoots after."""
    per_n, relaxed_n = rng.uniform(0.05, 0.3), pressed_n
    for share, tau_s in ((rng.uniform(0.05, 0.12), 0.6), (rng.uniform(0.05, 0.15), rng.uniform(3, 9))):
        relaxed_n = relaxed_n - share * lag(pressed_n, tau_s)
    level = rng.uniform(1.0, 4.0)
    return Sensor(per_n * relaxed_n + level, lambda n: per_n * n, WireUnit.KILOPASCAL, -3)


SENSORS: Final[dict[str, Callable[[FloatArray, np.random.Generator], Sensor]]] = {
    "bulb": _bulb,
    "resistor": _resistor,
    "load cell": _load_cell,
    "putty": _putty,
}


def sampled(
    way: Way,
    sensor: Sensor,
    truth: tuple[TrueSqueeze, ...],
    least: float,
    label: str,
    rng: np.random.Generator,
) -> Play:
    """Sample the readings and send them; `least` is what the smallest squeeze reads."""
    end_s = sensor.readings.size / FINE_HZ
    rate_hz = float(rng.choice(way.rates_hz))
    steps_s = np.full(int(end_s * rate_hz), 1 / rate_hz)
    if way.uneven:
        steps_s = np.maximum(rng.gamma(way.uneven**-2, way.uneven**2 / rate_hz, steps_s.size), 0.0005)
    t_s = np.cumsum(steps_s) - steps_s[0]
    t_s = t_s[t_s < end_s - 1 / FINE_HZ]
    values = _converted(sensor, t_s, rate_hz) + least * _disturbance(way, t_s, rate_hz, rng)
    finest = 10.0**sensor.exponent
    step = finest * int(rng.integers(1, 8))
    step = step if step < least / _LEAST_STEPS else finest
    values = np.round(np.round(values / step) * step, -sensor.exponent)
    there = np.ones(t_s.size, bool)
    if way.lose:
        there = _delivered(t_s.size, rate_hz, way.lose, rng)
        for true in truth:
            inside = (t_s >= true.onset_s) & (t_s <= true.offset_s)
            there |= inside & (there[inside].mean() < _LEAST_KEPT)
        there[[0, -1]] = True
    even = not (way.uneven or way.lose)
    return Play(
        t_s[there], values[there], sensor.unit, sensor.exponent, rate_hz if even else 0.0, truth, label
    )


def _converted(sensor: Sensor, t_s: FloatArray, rate_hz: float) -> FloatArray:
    """Readings at the times of samples, or their means since one sample before."""
    fine_s = np.arange(sensor.readings.size + 1) / FINE_HZ
    if not sensor.averages:
        return np.interp(t_s, fine_s[:-1], sensor.readings)
    area = np.append(0.0, np.cumsum(sensor.readings)) / FINE_HZ
    began_s = np.maximum(t_s - 1 / rate_hz, 0)
    ended_s = np.maximum(t_s, 1 / FINE_HZ)
    means: FloatArray = np.interp(ended_s, fine_s, area) - np.interp(began_s, fine_s, area)
    means /= ended_s - began_s
    return means


def _disturbance(way: Way, t_s: FloatArray, rate_hz: float, rng: np.random.Generator) -> FloatArray:
    """Noise, a part of which lasts for a second, hum and drift."""
    keep = np.exp(-1 / rate_hz)
    lasting = lfilter([np.sqrt(1 - keep**2)], [1, -keep], rng.standard_normal(t_s.size))
    noise = drawn(way.noise, rng) * (0.95 * rng.standard_normal(t_s.size) + 0.3 * lasting)
    mains_hz = float(rng.choice([50.0, 60.0])) + rng.uniform(-0.05, 0.05)
    hum = drawn(way.hum, rng) * np.sin(2 * np.pi * mains_hz * t_s + rng.uniform(0, 2 * np.pi))
    drift = drawn(way.drift_per_min, rng) * float(rng.choice([-1, 1])) * t_s / 60
    total: FloatArray = noise + hum + drift
    return total


def _delivered(samples: int, rate_hz: float, lose: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which samples arrive through a channel that is good or bad (Gilbert and Elliott), packet by packet."""
    in_packet = max(1, round(rate_hz * rng.uniform(0.02, 0.1)))
    bad, lost = False, []
    for _ in range(samples // in_packet + 1):
        bad = bool(rng.random() < (0.6 if bad else 0.4 * lose / (1 - lose)))
        lost.append(bad)
    return ~np.repeat(lost, in_packet)[:samples]
