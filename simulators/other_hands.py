"""A second family of sessions of known truth, made in another way than `tiers`: to judge, not to tune by.

A detector that does well on `tiers` may have learned how `tiers` draws. Here pulses are closed formulas
(minimum jerk, gamma, half sine, saw tooth), noise is pink as well as white and is rounded to the steps of a
converter, knocks ring, hum comes in bursts, hands regrip, and rest lengths, rates and units are drawn for
every tier alike. The truth is read off the pulses alone, at 12 % of each one's own height.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

import numpy as np
from scipy.signal import lfilter

from ..firmware_bridge.profile import WireUnit
from ..firmware_bridge.samples import FloatArray
from .nuisance import FINE_HZ, arrived, wander
from .plays import Play, TrueSqueeze

_CROSSING = 0.12
_LONG_HOLD_S = 3.0  #: what is held for longer is a plateau, whatever the hand else does
_RATES_HZ = (10.0, 20.0, 25.0, 40.0, 50.0, 80.0, 100.0, 125.0, 200.0, 250.0, 400.0, 500.0)

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Manner:
    """What a session is like. Shares are of the usual force.

    Attributes
    ----------
    squeezes : tuple of int
        Least and most of them; none where nobody squeezes.
    usual_n, spread : range of float, float
        Usual force and its log-SD from one to the next.
    phase_s, hold_s, rest_s : range of float
        Rise and release, hold, rest in between; log-SD of each from one to the next is `uneven`.
    kept : range of float
        Share that the hand keeps in between.
    tired : float
        Share of force lost to the end.
    tremor, clonus : float
        SD of 4-11 Hz tremor, amplitude of 5-7 Hz beats while force is held.
    noise_n, pink_n, hum_n : range of float
        SDs of white and of pink noise, amplitude of hum in bursts.
    drift_n_per_min : float
        Slope of a random walk's trend, either way.
    creep : float
        Putty's creep.
    handled, knocks_per_min : int, float
        How often it is picked up, put down or gripped anew besides the beginning and the end; ringing knocks.
    fidget_n : range of float
        SD of a hand at rest.
    lose, uneven_s : float
        Share of lost packets; log-SD of the time between samples.
    rates_hz : tuple of float
        One is drawn.
    rests : bool
        Whether nobody holds it at all.
    """

    squeezes: tuple[int, int] = (5, 15)
    usual_n: Range = (8.0, 80.0)
    spread: float = 0.12
    uneven: float = 0.15
    phase_s: Range = (0.1, 0.5)
    hold_s: Range = (0.1, 1.2)
    rest_s: Range = (0.5, 2.5)
    kept: Range = (0.0, 0.0)
    tired: float = 0.0
    tremor: float = 0.01
    clonus: float = 0.0
    noise_n: Range = (0.02, 0.1)
    pink_n: Range = (0.0, 0.03)
    hum_n: Range = (0.0, 0.05)
    drift_n_per_min: float = 0.2
    creep: float = 0.0
    handled: int = 0
    knocks_per_min: float = 0.0
    fidget_n: Range = (0.0, 0.04)
    lose: float = 0.0
    uneven_s: float = 0.0
    rates_hz: tuple[float, ...] = _RATES_HZ
    rests: bool = False


_PLAIN = Manner(
    spread=0.2, uneven=0.25, noise_n=(0.05, 0.2), pink_n=(0.02, 0.1), fidget_n=(0.02, 0.1), tired=0.1
)
_NOBODY = replace(_PLAIN, squeezes=(0, 0), handled=2, knocks_per_min=2.0)

MANNERS: Final[dict[str, Manner]] = {
    "clean": Manner(),
    "typical": _PLAIN,
    "weak": replace(_PLAIN, usual_n=(2.0, 6.0)),
    "faint": replace(
        _PLAIN, usual_n=(1.2, 2.2), noise_n=(0.15, 0.3), pink_n=(0.0, 0.05), fidget_n=(0.0, 0.04)
    ),
    "tremor": replace(_PLAIN, tremor=0.08, hold_s=(0.5, 2.0)),
    "clonus": replace(_PLAIN, clonus=0.2, hold_s=(0.8, 3.0)),
    "holds": replace(_PLAIN, squeezes=(3, 5), hold_s=(5.0, 55.0), tremor=0.03, tired=0.3),
    "rapid 3 Hz": replace(
        _PLAIN, squeezes=(15, 30), phase_s=(0.08, 0.12), hold_s=(0.01, 0.04), rest_s=(0.06, 0.12), uneven=0.1,
        rates_hz=_RATES_HZ[2:],
    ),
    "irregular": replace(_PLAIN, spread=0.45, uneven=0.6),
    "fatigue": replace(_PLAIN, squeezes=(12, 25), tired=0.6),
    "putty": replace(_PLAIN, creep=0.15, phase_s=(0.25, 0.8)),
    "artefacts": replace(_PLAIN, handled=2, knocks_per_min=6.0),
    "packet loss": replace(_PLAIN, lose=0.08),
    "uneven": replace(_PLAIN, uneven_s=0.5),
    "following a target": replace(_PLAIN, kept=(0.15, 0.5), spread=0.05, squeezes=(3, 6), hold_s=(0.2, 1.5)),
    "laboratory": replace(
        _PLAIN, hum_n=(0.3, 2.0), drift_n_per_min=4.0, uneven_s=0.2, rates_hz=(185.0, 250.0)
    ),
    "worst": replace(
        _PLAIN, usual_n=(3.0, 10.0), noise_n=(0.1, 0.4), spread=0.35, uneven=0.4, tremor=0.06, tired=0.3,
        lose=0.04, uneven_s=0.2, knocks_per_min=2.0, hum_n=(0.0, 0.3), kept=(0.0, 0.15),
        rates_hz=_RATES_HZ[4:],
    ),
    "idle in the hand": _NOBODY,
    "idle on the table": replace(_NOBODY, rests=True, handled=0, fidget_n=(0.0, 0.0)),
    "idle, handled much": replace(_NOBODY, handled=8, knocks_per_min=6.0, fidget_n=(0.05, 0.15)),
    "idle, noisy": replace(_NOBODY, hum_n=(0.2, 2.0), pink_n=(0.1, 0.4), drift_n_per_min=5.0, uneven_s=0.3),
}  # fmt: skip


def _minimum_jerk(u: FloatArray) -> FloatArray:
    u = np.clip(u, 0, 1)
    smooth: FloatArray = u**3 * (10 - 15 * u + 6 * u * u)
    return smooth


def _gamma(t_s: FloatArray, rise_s: float, hold_s: float, release_s: float) -> FloatArray:
    """Fast up, slow down, without a plateau."""
    u = np.maximum(t_s, 0) / (rise_s + 0.3 * hold_s)
    pulse: FloatArray = (u * np.exp(1 - u)) ** 2
    return pulse


def _half_sine(t_s: FloatArray, rise_s: float, hold_s: float, release_s: float) -> FloatArray:
    pulse: FloatArray = np.sin(np.pi * np.clip(t_s / (rise_s + hold_s + release_s), 0, 1))
    return pulse


def _plateau(t_s: FloatArray, rise_s: float, hold_s: float, release_s: float) -> FloatArray:
    """Overshoot on arrival, a sagging plateau, a release with an exponential tail."""
    up = _minimum_jerk(t_s / rise_s) * (0.9 + 0.1 * np.exp(-np.maximum(t_s - rise_s, 0) / 0.3))
    after_s = np.maximum(t_s - rise_s - hold_s, 0)
    pulse: FloatArray = up * (
        0.8 * (1 - _minimum_jerk(after_s / release_s)) + 0.2 * np.exp(-after_s / release_s)
    )
    return pulse


def _saw_tooth(t_s: FloatArray, rise_s: float, hold_s: float, release_s: float) -> FloatArray:
    pulse: FloatArray = np.interp(t_s, [0, rise_s + hold_s, rise_s + hold_s + release_s], [0, 1, 0])
    return pulse


_SHAPES: tuple[Callable[[FloatArray, float, float, float], FloatArray], ...] = (
    _gamma, _half_sine, _plateau, _plateau, _saw_tooth,
)  # fmt: skip


def other_session(name: str, seed: int, *, rate_hz: float | None = None) -> Play:
    """Make a session; the same name and seed give the same to the bit.

    Parameters
    ----------
    rate_hz : float, optional
        Sample rate, instead of one that is drawn.
    """
    manner = MANNERS[name]
    rng = np.random.default_rng([crc32(name.encode()), seed, 2])
    usual_n = float(np.exp(rng.uniform(*np.log(manner.usual_n))))
    meant_n, held, truth = _meant(manner, usual_n, rng)
    t_s = np.arange(meant_n.size) / FINE_HZ
    tremor_hz, beat_hz = rng.uniform(4.5, 10.0), rng.uniform(5.0, 7.0)
    shake = manner.tremor * wander(t_s, tremor_hz - 0.5, tremor_hz + 0.5, rng)
    beats = manner.clonus * held * np.sin(2 * np.pi * beat_hz * t_s)
    force_n = meant_n * (1 + shake + beats)
    force_n += _handling(manner, t_s, held, rng)
    if manner.creep:
        for part, tau_s in ((0.4, rng.uniform(0.3, 1.0)), (0.6, rng.uniform(2.0, 10.0))):
            keep = np.exp(-1 / (FINE_HZ * tau_s))
            force_n = force_n + manner.creep * part * lfilter([1 - keep], [1, -keep], force_n)
    slope = manner.drift_n_per_min * rng.uniform(-1, 1) / 60
    walk = np.cumsum(rng.standard_normal(t_s.size)) * 0.02 * manner.drift_n_per_min / FINE_HZ**0.5
    force_n += slope * t_s + walk
    return _sensed(manner, name, usual_n, t_s, force_n, truth, rate_hz, rng)


def other_meant_force(name: str, seed: int) -> tuple[FloatArray, FloatArray]:
    """Times in seconds, at `FINE_HZ`, and force in newtons that the hand means to give in that session."""
    manner = MANNERS[name]
    rng = np.random.default_rng([crc32(name.encode()), seed, 2])
    meant_n, _, _ = _meant(manner, float(np.exp(rng.uniform(*np.log(manner.usual_n)))), rng)
    return np.arange(meant_n.size) / FINE_HZ, meant_n


def _meant(
    manner: Manner, usual_n: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, list[TrueSqueeze]]:
    """Force that is meant at `FINE_HZ`, how much of it is held (0 to 1), and what is true of it."""
    count = int(rng.integers(manner.squeezes[0], manner.squeezes[1] + 1))
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    if manner.hold_s[0] > _LONG_HOLD_S:
        shape = _plateau
    typical = {
        phase: float(np.exp(rng.uniform(*np.log(getattr(manner, phase)))))
        for phase in ("phase_s", "hold_s", "rest_s")
    }

    def drawn_s(phase: str) -> float:
        return float(typical[phase] * np.exp(manner.uneven * rng.standard_normal()))

    now_s, pulses, begin_s = float(rng.uniform(1.0, 4.0)), [], 0.0
    kept = rng.uniform(*manner.kept)
    for k in range(count):
        rise_s, release_s = drawn_s("phase_s"), drawn_s("phase_s") * rng.uniform(0.8, 1.6)
        hold_s = min(drawn_s("hold_s"), 58.0)
        peak_n = usual_n * max(float(np.exp(manner.spread * rng.standard_normal())), 0.4)
        peak_n *= 1 - manner.tired * k / max(count, 1)
        pulses.append((now_s, (rise_s, hold_s, release_s), peak_n))
        begin_s = begin_s or now_s
        # a gamma pulse's tail is long: the next one waits for it
        lasts_s = 4.5 * (rise_s + 0.3 * hold_s) if shape is _gamma else rise_s + hold_s + 1.7 * release_s
        now_s += lasts_s + drawn_s("rest_s")
    end_s = now_s + rng.uniform(1.0, 3.0) if count else float(rng.uniform(30.0, 90.0))
    t_s = np.arange(int(end_s * FINE_HZ)) / FINE_HZ
    total, held, truth = np.zeros_like(t_s), np.zeros_like(t_s), []
    if kept and len(pulses) > 1:
        low_n = kept * min(peak_n for _, _, peak_n in pulses)
        first_s, last_s = pulses[0][0], pulses[-1][0]
        total = low_n * _minimum_jerk((t_s - first_s) / 0.3) * (1 - _minimum_jerk((t_s - last_s - 0.3) / 0.3))
    for k, (at_s, phases_s, peak_n) in enumerate(pulses):
        until_s = pulses[k + 1][0] if k + 1 < len(pulses) else end_s
        span = slice(int(at_s * FINE_HZ), int(until_s * FINE_HZ))
        pulse = shape(t_s[span] - at_s, *phases_s)
        total[span] = np.maximum(total[span], peak_n * pulse)
        held[span] = np.clip(2 * pulse - 1, 0, 1)
        top = int(total[span].argmax())
        over = np.flatnonzero(pulse > _CROSSING)
        truth.append(
            TrueSqueeze(
                t_s[span][over[0]], t_s[span][max(top, over[0] + 1)],
                t_s[span][over[-1]], float(total[span].max()),
            )
        )  # fmt: skip
    return total, held, truth


def _handling(manner: Manner, t_s: FloatArray, held: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Picking up, gripping anew, putting down; knocks that ring; a hand that fidgets at rest."""
    end_s = float(t_s[-1])
    total = np.zeros_like(t_s)
    if not manner.rests:
        taken_s, put_s = rng.uniform(0.2, 0.7), end_s - rng.uniform(0.2, 0.6)
        inside = _minimum_jerk((t_s - taken_s) / 0.25) * (1 - _minimum_jerk((t_s - put_s) / 0.2))
        scale_n = min(1.0, manner.usual_n[0] / 5)
        weight_n = scale_n * rng.uniform(0.05, 0.5)
        sway = lfilter([1], [1, -np.exp(-1 / (FINE_HZ * 0.4))], rng.standard_normal(t_s.size))
        fidget = rng.uniform(*manner.fidget_n) * sway / sway.std()
        total += inside * np.maximum(weight_n + fidget, 0)
        free = held < 0.01
        ats_s = [taken_s, put_s, *rng.uniform(1.0, end_s - 1.0, manner.handled)]
        for at_s in ats_s:
            if not free[int(at_s * FINE_HZ)]:
                continue
            width_s, height_n = rng.uniform(0.05, 0.3), scale_n * float(np.exp(rng.normal(0.0, 0.5)))
            total += height_n * np.exp(-0.5 * ((t_s - at_s) / (width_s / 2)) ** 2)
            step_n = scale_n * rng.normal(0, 0.15)
            total += (
                inside * step_n * _minimum_jerk((t_s - at_s) / 0.2) * np.exp(-np.maximum(t_s - at_s, 0) / 20)
            )
    for at_s in rng.uniform(0.5, end_s, rng.poisson(manner.knocks_per_min * end_s / 60)):
        after_s = np.maximum(t_s - at_s, 0)
        ring_hz, fades_s = rng.uniform(12, 60), rng.uniform(0.01, 0.05)
        total += (
            np.exp(rng.normal(1.5, 0.7)) * (t_s > at_s) * np.exp(-after_s / fades_s)
            * np.cos(2 * np.pi * ring_hz * after_s)
        )  # fmt: skip
    return total


def _pink(n: int, rng: np.random.Generator) -> FloatArray:
    """Noise of SD 1 whose power falls with frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, n)
    pink: FloatArray = noise / noise.std()
    return pink


def _sensed(
    manner: Manner,
    name: str,
    usual_n: float,
    fine_s: FloatArray,
    force_n: FloatArray,
    truth: list[TrueSqueeze],
    rate_hz: float | None,
    rng: np.random.Generator,
) -> Play:
    """Sample it, with noise, hum, a unit and the steps of a converter."""
    drawn_hz = float(rng.choice(manner.rates_hz))
    rate_hz = rate_hz or drawn_hz
    n = int(fine_s[-1] * rate_hz)
    t_s = np.arange(n) / rate_hz
    if manner.uneven_s:
        t_s = np.cumsum(np.exp(manner.uneven_s * rng.standard_normal(n))) / rate_hz
        t_s -= t_s[0]
        t_s = t_s[t_s < fine_s[-1]]
    values = np.interp(t_s, fine_s, force_n) + rng.uniform(*manner.noise_n) * rng.standard_normal(t_s.size)
    values += rng.uniform(*manner.pink_n) * _pink(t_s.size, rng)
    mains_hz = float(rng.choice([50.0, 60.0])) + rng.uniform(-0.1, 0.1)
    bursts = np.clip(2 * wander(t_s, 0.02, 0.2, rng), 0, 1)
    values += rng.uniform(*manner.hum_n) * bursts * np.sin(2 * np.pi * mains_hz * t_s + rng.uniform(0, 6))
    unit = (WireUnit.NEWTON, WireUnit.KILOPASCAL, WireUnit.COUNT)[int(rng.integers(3))]
    per_n = {WireUnit.NEWTON: 1.0, WireUnit.KILOPASCAL: rng.uniform(0.1, 0.8)}.get(
        unit, rng.uniform(50, 5000)
    )
    exponent = {WireUnit.NEWTON: -2, WireUnit.KILOPASCAL: -3}.get(unit, 0)
    level = rng.uniform(-1, 3) * per_n
    values = np.round(values * per_n + level, -exponent)
    if manner.lose:
        there = arrived(t_s.size, rate_hz, manner.lose, rng)
        there[0] = True
        t_s, values = t_s[there], values[there]
    seen = tuple(replace(true, peak=true.peak * per_n) for true in truth if true.offset_s <= t_s[-1])
    even = not (manner.uneven_s or manner.lose)
    return Play(t_s, values, unit, exponent, rate_hz if even else 0.0, seen, name)
