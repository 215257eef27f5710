"""Sessions of known truth in tiers, from clean to worst, hard enough that counting them well means something.

The truth is the force that the hand means to give, slow wandering included: onset and offset at 12 % of the
peak, or where rise begins and release ends if the hand does not let go that far. Tremor, clonus, knocks and
all that the sensor adds come on top. The shapes are made here and not in `child`, on whose sessions the
detector grew up. Nothing is fitted to recordings; the ranges are plausible and wide.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from zlib import crc32

import numpy as np
from scipy.interpolate import PchipInterpolator

from ..firmware_bridge.profile import WireUnit
from ..firmware_bridge.samples import FloatArray
from . import nuisance
from .nuisance import FINE_HZ
from .plays import Play, TrueSqueeze

CROSSING_SHARE = 0.12
REST_S = (1.5, 3.0)  #: before the first and after the last squeeze
IDLE_S = 60.0

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tier:
    """What sessions are like. Ranges are drawn from once a session; shares are of the squeeze's force.

    Attributes
    ----------
    squeezes : int
        How many; none in an idle tier.
    peak_n, spread : range of float, float
        Usual force, and its log-SD from squeeze to squeeze.
    rise_s, hold_s, release_s, rest_s : range of float
        Typical phases; `unevenness` is their log-SD from squeeze to squeeze.
    kept : float
        Chance that the hand keeps 10 to 35 % of its force until the next squeeze.
    fatigue : float
        Share of force lost from the first squeeze to the last.
    mere_starts : float
        Chance before each squeeze of one that reaches 3 to 6 % of the usual force; it does not count.
    wandering, tremor, clonus : float
        Shares by which held force wanders slowly (SD; part of the truth), trembles (SD, 5-11 Hz) and
        beats (amplitude, 4-7 Hz, in every other squeeze).
    fidget_n : range of float
        SD of the resting hand's force, 0.1-1.5 Hz.
    noise_n, hum_n : range of float
        SD of the sensor's noise; amplitude of mains hum at 50 or 60 Hz.
    drift_n, warming_n : float
        Drift per minute, either way; shift by a warm hand.
    creep : float
        Share by which putty's reading grows under steady force.
    bump_n, knocks_per_min, drops : float, float, int
        Size of bumps when the tool is taken and put down; knocks, of a third to three times the usual
        force; falls to the ground.
    lose, jitter : float
        Share of lost packets; log-SD of the time between samples.
    rates_hz : tuple of float
        One is drawn.
    units : tuple of WireUnit
        One is drawn; all but newtons get a scale of their own and a coarse resolution.
    seeded : bool
        Whether the child's usual peak is known beforehand.
    held_out : bool
        Never to be looked at while a detector is tuned.
    """

    squeezes: int = 12
    peak_n: Range = (15.0, 60.0)
    spread: float = 0.15
    rise_s: Range = (0.12, 0.6)
    hold_s: Range = (0.1, 1.5)
    release_s: Range = (0.12, 0.6)
    rest_s: Range = (0.6, 2.0)
    unevenness: float = 0.2
    kept: float = 0.0
    fatigue: float = 0.0
    mere_starts: float = 0.0
    wandering: float = 0.01
    tremor: float = 0.005
    clonus: float = 0.0
    fidget_n: Range = (0.01, 0.05)
    noise_n: Range = (0.02, 0.15)
    hum_n: Range = (0.0, 0.02)
    drift_n: float = 0.1
    warming_n: float = 0.3
    creep: float = 0.0
    bump_n: float = 0.5
    knocks_per_min: float = 0.0
    drops: int = 0
    lose: float = 0.0
    jitter: float = 0.0
    rates_hz: tuple[float, ...] = (100.0,)
    units: tuple[WireUnit, ...] = (WireUnit.NEWTON,)
    seeded: bool = False
    held_out: bool = False


_TYPICAL = Tier(
    spread=0.25,
    unevenness=0.35,
    kept=0.1,
    mere_starts=0.03,
    wandering=0.02,
    tremor=0.015,
    fidget_n=(0.03, 0.12),
    noise_n=(0.05, 0.3),
    drift_n=0.3,
    warming_n=0.6,
    bump_n=1.5,
    fatigue=0.15,
)
_ANY_UNIT = (WireUnit.COUNT, WireUnit.KILOPASCAL, WireUnit.UNKNOWN)
_IDLE = replace(_TYPICAL, squeezes=0, bump_n=0.8)
_WORST = replace(
    _TYPICAL, peak_n=(4.0, 12.0), noise_n=(0.2, 0.5), spread=0.35, tremor=0.06, wandering=0.04, kept=0.3,
    mere_starts=0.08, fatigue=0.4, lose=0.04, knocks_per_min=2.0, hum_n=(0.1, 0.5), rates_hz=(80.0, 185.0),
    jitter=0.2, units=_ANY_UNIT,
)  # fmt: skip

TIERS: Final[dict[str, Tier]] = {
    "clean": Tier(),
    "typical": _TYPICAL,
    "weak": replace(_TYPICAL, peak_n=(2.5, 6.0), noise_n=(0.15, 0.35), bump_n=0.6),
    "faint": replace(
        _TYPICAL, peak_n=(1.2, 2.2), noise_n=(0.25, 0.4), fidget_n=(0.01, 0.04), bump_n=0.3, mere_starts=0.0
    ),
    "tremor": replace(_TYPICAL, tremor=0.09),
    "clonus": replace(_TYPICAL, clonus=0.18, hold_s=(1.0, 2.5)),
    "holds": replace(_TYPICAL, squeezes=5, hold_s=(6.0, 45.0), unevenness=0.25, fatigue=0.3, wandering=0.05),
    "rapid 3 Hz": replace(
        _TYPICAL,
        squeezes=20,
        rise_s=(0.09, 0.13),
        release_s=(0.09, 0.13),
        hold_s=(0.02, 0.06),
        rest_s=(0.04, 0.1),
        unevenness=0.12,
        kept=0.0,
    ),
    "irregular": replace(_TYPICAL, spread=0.5, unevenness=0.6, kept=0.2, mere_starts=0.06, held_out=True),
    "fatigue": replace(_TYPICAL, squeezes=20, fatigue=0.65),
    "putty": replace(_TYPICAL, creep=0.16, units=(WireUnit.KILOPASCAL,)),
    "artefacts": replace(_TYPICAL, bump_n=5.0, knocks_per_min=6.0, drops=1),
    "hum": replace(_TYPICAL, hum_n=(0.5, 3.0), rates_hz=(80.0, 100.0, 185.0, 250.0)),
    "drift": replace(_TYPICAL, drift_n=4.0, warming_n=4.0, held_out=True),
    "packet loss": replace(_TYPICAL, lose=0.06),
    "never lets go": replace(_TYPICAL, kept=1.0),
    "10 Hz": replace(_TYPICAL, rates_hz=(10.0, 12.5)),
    "25-50 Hz": replace(_TYPICAL, rates_hz=(25.0, 50.0), held_out=True),
    "250-500 Hz": replace(_TYPICAL, rates_hz=(250.0, 500.0)),
    "uneven": replace(_TYPICAL, jitter=0.5, rates_hz=(80.0, 185.0)),
    "any unit": replace(_TYPICAL, units=_ANY_UNIT, held_out=True),
    "weak tremor": replace(
        _TYPICAL, peak_n=(3.0, 8.0), noise_n=(0.1, 0.3), tremor=0.07, bump_n=0.6, held_out=True
    ),
    "worst": _WORST,
    "worst, seeded": replace(_WORST, seeded=True, held_out=True),
    "idle hand": _IDLE,
    "idle hand, restless": replace(_IDLE, fidget_n=(0.1, 0.4), bump_n=2.0),
    "idle hand, seeded": replace(_IDLE, fidget_n=(0.1, 0.4), bump_n=2.0, seeded=True),
    "on the table": replace(_IDLE, fidget_n=(0.0, 0.0), bump_n=0.0, knocks_per_min=4.0),
    "in a bag": replace(_IDLE, fidget_n=(0.02, 0.06), bump_n=1.0, knocks_per_min=60.0),
}


def session(name: str, seed: int, *, rate_hz: float | None = None) -> tuple[Play, float | None]:
    """Make a session of a tier; the same name and seed give the same to the bit.

    Parameters
    ----------
    rate_hz : float, optional
        Sample rate, instead of one that is drawn.

    Returns
    -------
    play : Play
        Samples and truth. The samples of an uneven tool, or of lost packets, are simply not there.
    usual_peak : float or None
        The child's usual peak in the play's unit, where the tier says that it is known.
    """
    tier = TIERS[name]
    rng = _chance(name, seed)
    usual_n, end_s, fine_s, meant_n, spans = _meant(tier, rng)
    truth = [_truth(meant_n, *span) for span in spans]

    bumps_n, taken_s, put_s = nuisance.handling(fine_s, tier.bump_n, rng)
    in_hand = np.clip((fine_s - taken_s) / 0.2, 0, 1) * np.clip((put_s - fine_s) / 0.15, 0, 1)
    weight_n = rng.uniform(0.1, 0.5) * min(1.0, tier.peak_n[0] / 5) * (tier.fidget_n[1] > 0)
    fidget_n = rng.uniform(*tier.fidget_n) * nuisance.wander(fine_s, 0.1, 1.5, rng)
    force_n = meant_n * _unmeant(tier, spans, fine_s, rng) + in_hand * np.maximum(weight_n + fidget_n, 0)
    force_n += bumps_n + nuisance.knocks(fine_s, tier.knocks_per_min, rng.uniform(0.3, 3.0) * usual_n, rng)
    for at_s in rng.uniform(1.0, end_s - 1.0, tier.drops):
        force_n += nuisance.drop(fine_s, at_s, 2 * usual_n, rng)
    if tier.creep:
        force_n = nuisance.creep(force_n, rng.uniform(0.6, 1.2) * tier.creep, rng)
    force_n += nuisance.drift(fine_s, tier.drift_n, tier.warming_n, rng)

    drawn_hz = float(rng.choice(tier.rates_hz))
    rate_hz = rate_hz or drawn_hz
    t_s = nuisance.sampled_at(end_s, rate_hz, tier.jitter, rng)
    values_n = np.interp(t_s, fine_s, force_n) + rng.uniform(*tier.noise_n) * rng.standard_normal(t_s.size)
    values_n += nuisance.hum(t_s, rng.uniform(*tier.hum_n), float(rng.choice([50.0, 60.0])), rng)
    unit = tier.units[int(rng.integers(len(tier.units)))]
    per_n, exponent, level = 1.0, -2, float(rng.uniform(-0.5, 2.0))
    if unit is not WireUnit.NEWTON:
        per_n = float(np.exp(rng.uniform(*np.log([0.05, 100.0]))))
        # so that a squeeze is 200 to 2,000 steps of the sensor
        exponent = int(np.floor(np.log10(per_n * usual_n / 200)))
        level = float(rng.uniform(-1, 5)) * per_n * usual_n
    values = np.round(values_n * per_n + level, -exponent)
    if tier.lose:
        there = nuisance.arrived(t_s.size, rate_hz, tier.lose, rng)
        there[0] = True
        t_s, values = t_s[there], values[there]
    play = Play(
        t_s=t_s,
        values=values,
        unit=unit,
        exponent=exponent,
        rate_hz=0.0 if tier.jitter or tier.lose else rate_hz,
        truth=tuple(replace(true, peak=true.peak * per_n) for true in truth if true.offset_s <= t_s[-1]),
        label=name,
    )
    return play, usual_n * per_n if tier.seeded else None


def meant_force(name: str, seed: int) -> tuple[FloatArray, FloatArray]:
    """Times in seconds, at `FINE_HZ`, and force in newtons that the hand means to give in that session."""
    _, _, fine_s, meant_n, _ = _meant(TIERS[name], _chance(name, seed))
    return fine_s, meant_n


def _chance(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([crc32(name.encode()), seed])


def _meant(
    tier: Tier, rng: np.random.Generator
) -> tuple[float, float, FloatArray, FloatArray, list[tuple[float, float]]]:
    """Usual force, length, times, force that is meant, and from when to when each squeeze lasts."""
    usual_n = float(np.exp(rng.uniform(*np.log(tier.peak_n))))
    knots_s, knots_n, spans = _intended(tier, usual_n, rng)
    end_s = float(knots_s[-1])
    fine_s = np.arange(int(end_s * FINE_HZ) + 1) / FINE_HZ
    steady_n = 1 + tier.wandering * nuisance.wander(fine_s, 0.2, 2.0, rng)
    return usual_n, end_s, fine_s, PchipInterpolator(knots_s, knots_n)(fine_s) * steady_n, spans


def _intended(
    tier: Tier, usual_n: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, list[tuple[float, float]]]:
    """Knots of the force that the hand means to give, and from when to when each squeeze lasts."""
    typical_s = {
        phase: float(np.exp(rng.uniform(*np.log(getattr(tier, phase)))))
        for phase in ("rise_s", "hold_s", "release_s", "rest_s")
    }

    def drawn_s(phase: str) -> float:
        return float(typical_s[phase] * np.exp(tier.unevenness * rng.standard_normal()))

    knots: list[tuple[float, float]] = [(0.0, 0.0)]
    spans: list[tuple[float, float]] = []
    now_s, kept_n = float(rng.uniform(*REST_S)), 0.0
    tired = tier.fatigue * np.linspace(0, 1, max(tier.squeezes, 1))
    peaks_n = usual_n * np.exp(tier.spread * rng.standard_normal(tier.squeezes + 1))
    peaks_n = np.maximum(peaks_n, 0.45 * usual_n) * (1 - np.append(tired, tired[-1])[: tier.squeezes + 1])
    for k in range(tier.squeezes):
        if rng.random() < tier.mere_starts and not kept_n:
            reach_n = float(rng.uniform(0.03, 0.06)) * usual_n
            knots += [(now_s, 0.0), (now_s + 0.2, reach_n), (now_s + 0.5, 0.0)]
            now_s += 0.5 + drawn_s("rest_s")
        kept_n_after = 0.0
        if k + 1 < tier.squeezes and rng.random() < tier.kept:
            kept_n_after = float(rng.uniform(0.1, 0.35) * min(peaks_n[k], peaks_n[k + 1]))
        begin_s = now_s
        phases_s = np.array([drawn_s(phase) for phase in ("rise_s", "hold_s", "release_s")])
        for at_s, force_n in _squeeze(peaks_n[k], kept_n, kept_n_after, phases_s, rng):
            knots.append((begin_s + at_s, force_n))
            now_s = begin_s + at_s
        spans.append((begin_s, now_s))
        kept_n = kept_n_after
        now_s += drawn_s("rest_s")
        if kept_n:
            kept_n *= float(rng.uniform(0.85, 1.0))
    now_s = max(now_s, 0.0 if tier.squeezes else IDLE_S) + float(rng.uniform(*REST_S))
    knots.append((now_s, 0.0))
    t_s, force_n = np.array(sorted(knots)).T
    keep = np.append(True, np.diff(t_s) > 1e-3)
    return t_s[keep], force_n[keep], spans


def _squeeze(
    peak_n: float, from_n: float, to_n: float, phases_s: FloatArray, rng: np.random.Generator
) -> Iterator[tuple[float, float]]:
    """Knots of one squeeze from its beginning: an uneven rise, a hold that sags and swells, a release."""
    rise_s, hold_s, release_s = phases_s
    sags = max(int(hold_s / 0.4), 1)
    held_n = np.cumsum(0.06 * rng.standard_normal(sags + 1))
    held_n = peak_n * (1 - np.clip(held_n.max() - held_n, 0, 0.25))
    yield 0.0, from_n
    for part, share in zip((0.25, 0.5, 0.75), np.sort(rng.beta(2, 2, 3)), strict=True):
        yield part * rise_s, from_n + share * (held_n[0] - from_n)
    for part, force_n in zip(np.linspace(0, 1, sags + 1), held_n, strict=True):
        yield rise_s + part * hold_s, force_n
    let_go = np.sort(rng.beta(2.5, 1.5, 3))  # a hand opens fast and ends with a tail
    for part, share in zip((0.25, 0.5, 0.75, 1.0), (*let_go, 1.0), strict=True):
        yield rise_s + hold_s + part * release_s, held_n[-1] + share * (to_n - held_n[-1])


def _unmeant(
    tier: Tier, spans: list[tuple[float, float]], t_s: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Tremor and clonus, as a factor of the force that is meant."""
    factor = np.ones_like(t_s)
    tremor_hz = rng.uniform(5.7, 10.3)
    factor += tier.tremor * nuisance.wander(t_s, tremor_hz - 0.7, tremor_hz + 0.7, rng)
    if tier.clonus:
        beat_hz = rng.uniform(4.0, 7.0)
        for begin_s, end_s in spans[::2]:
            swell = np.clip((t_s - begin_s) / 0.3, 0, 1) * np.clip((end_s - t_s) / 0.3, 0, 1)
            factor += tier.clonus * swell * np.sin(2 * np.pi * beat_hz * (t_s - begin_s))
    return factor


def _truth(meant_n: FloatArray, begin_s: float, end_s: float) -> TrueSqueeze:
    """Read a squeeze off the intended force."""
    first, last = round(begin_s * FINE_HZ), round(end_s * FINE_HZ)
    span = meant_n[first : last + 1]
    top = int(span.argmax())
    crossing = CROSSING_SHARE * span[top]
    below = np.flatnonzero(span[:top] < crossing)
    after = np.flatnonzero(span[top:] < crossing)
    return TrueSqueeze(
        onset_s=(first + (below[-1] if below.size else 0)) / FINE_HZ,
        peak_s=(first + top) / FINE_HZ,
        offset_s=(first + top + (after[0] if after.size else span.size - top - 1)) / FINE_HZ,
        peak=float(span[top]),
    )
