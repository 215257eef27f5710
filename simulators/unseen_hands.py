"""A third family of sessions of known truth, which nobody tunes on: hands as muscles, tools as sensors.

`tiers` and `other_hands` draw the force itself. Here a child sends commands: a motor command with noise in
proportion to it works a muscle that activates faster than it lets go, tires and recovers, and trembles in
proportion to its force. What the hand does is then read by a tool as they are built: an air bulb (lag, leak,
warmth), a force-sensing resistor behind a divider (dead zone, hysteresis), a load cell whose converter
averages, a sensor in relaxing putty. Maxima are those of children of 4 to 12 years (Dodds 2014, medians).

The truth is the force that the hand truly gave, tremor included, above its rest; onset and offset are where
it crosses 12 % of the peak. The sessions are hard but fair: the noise is at most a sixth of the smallest
squeeze, a squeeze is at least a third of the usual one and six steps of the sensor, force falls below half
between two of them and stays above that within one, and no squeeze loses most of its samples.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from scipy.signal import lfilter

from ..firmware_bridge.samples import FloatArray
from .nuisance import FINE_HZ
from .plays import Play, TrueSqueeze
from .unseen_tools import SENSORS, Range, Sensor, Way, drawn, lag, sampled

_CROSSING = 0.12
_N_PER_KGF = 9.80665
#: Median maximum of boys in kgf at 4, 6, 8, 10 and 12 years (Dodds 2014; girls' differ by a tenth at most).
_AGES, _MEDIANS_KGF = (4, 6, 8, 10, 12), (6.0, 9.4, 13.1, 17.0, 21.5)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a session is like.

    Attributes
    ----------
    squeezes : tuple of int
        Least and most of them.
    strength, effort : range of float
        The hand's maximum as a share of its age's median, and the share of that which a squeeze takes.
    spread, rhythm : float
        Log-SD of effort and of durations from one squeeze to the next.
    reach_s, hold_s, pause_s : range of float
        How long the command takes to rise, stays, and is nothing.
    tires_per_s : float
        Share of strength that full effort costs a second.
    shaky, tremor, clonus : range of float
        SD of the command's noise as its share; SD of 6-10 Hz tremor and height of 5-7 Hz beats as shares of
        the force.
    handled, knocks_per_min : int, float
        How often it is gripped anew or dropped between squeezes; knocks.
    held : bool
        Whether a hand is there at all.
    way : Way
        Sensor, converter and radio.
    """

    squeezes: tuple[int, int] = (6, 14)
    strength: Range = (0.5, 1.0)
    effort: Range = (0.3, 0.9)
    spread: float = 0.15
    rhythm: float = 0.2
    reach_s: Range = (0.05, 0.3)
    hold_s: Range = (0.2, 1.5)
    pause_s: Range = (0.8, 3.0)
    tires_per_s: float = 0.004
    shaky: Range = (0.02, 0.05)
    tremor: Range = (0.005, 0.02)
    clonus: Range = (0.0, 0.0)
    handled: int = 0
    knocks_per_min: float = 0.0
    held: bool = True
    way: Way = field(default_factory=Way)


_IDLE = Kind(squeezes=(0, 0), effort=(0.5, 0.5), knocks_per_min=3.0)
_WEAK = Kind(strength=(0.08, 0.25), effort=(0.4, 0.9), way=Way(noise=(0.02, 0.06)))

KINDS: Final[dict[str, Kind]] = {
    "clean": Kind(spread=0.08, rhythm=0.1, way=Way(noise=(0.001, 0.005))),
    "typical": Kind(),
    "weak": _WEAK,
    "faint": replace(_WEAK, strength=(0.03, 0.08), way=Way(noise=(0.1, 0.16))),
    "tremor": Kind(tremor=(0.03, 0.06), shaky=(0.04, 0.08), hold_s=(0.6, 2.5)),
    "clonus": Kind(clonus=(0.06, 0.13), hold_s=(0.8, 3.0)),
    "holds": Kind(squeezes=(3, 5), hold_s=(6.0, 60.0), effort=(0.25, 0.6), pause_s=(2.0, 8.0)),
    "rapid": Kind(
        squeezes=(15, 30), reach_s=(0.02, 0.04), hold_s=(0.07, 0.1), pause_s=(0.2, 0.28), rhythm=0.08,
        way=Way(rates_hz=(20.0, 40.0, 80.0, 100.0, 250.0, 320.0)),
    ),
    "irregular": Kind(spread=0.4, rhythm=0.6),
    "fatigue": Kind(squeezes=(15, 28), hold_s=(0.6, 2.0), pause_s=(0.7, 1.5), tires_per_s=0.06),
    "putty": Kind(reach_s=(0.15, 0.6), way=Way(sensors=("putty",))),
    "artefacts": Kind(handled=3, knocks_per_min=6.0),
    "packet loss": Kind(way=Way(lose=0.07)),
    # with a mean rate of 10 Hz it would be below that half of the time
    "uneven": Kind(way=Way(uneven=0.5, rates_hz=(20.0, 40.0, 62.5, 80.0, 100.0, 160.0, 250.0))),
    "hum and drift": Kind(
        way=Way(hum=(0.02, 0.08), drift_per_min=(0.05, 0.3), sensors=("load cell", "resistor"))
    ),
    "worst": replace(
        _WEAK, spread=0.35, rhythm=0.4, tremor=(0.02, 0.05), handled=1, knocks_per_min=2.0, tires_per_s=0.02,
        way=Way(
            noise=(0.05, 0.12), hum=(0.0, 0.05), lose=0.04, uneven=0.3, rates_hz=(40.0, 80.0, 100.0, 250.0)
        ),
    ),
    "idle on the table": replace(_IDLE, held=False),
    "idle in the hand": replace(_IDLE, handled=3),
}  # fmt: skip


def unseen_session(name: str, seed: int) -> Play:
    """Make a session; the same name and seed give the same to the bit."""
    kind, rng = KINDS[name], np.random.default_rng([crc32(name.encode()), seed, 3])
    age = rng.uniform(4.0, 12.0)
    most_n = _N_PER_KGF * float(np.interp(age, _AGES, _MEDIANS_KGF))
    most_n *= drawn(kind.strength, rng)
    effort = drawn(kind.effort, rng)
    commands, free_s, end_s = _plan(kind, effort, rng)
    t_s = np.arange(int(end_s * FINE_HZ)) / FINE_HZ
    given_n = most_n * _muscle(_command(kind, t_s, commands, rng), kind.tires_per_s, rng)
    given_n *= 1 + drawn(kind.tremor, rng) * np.clip(_band(t_s, 6.0, 10.0, rng), -2.2, 2.2)
    given_n *= 1 + drawn(kind.clonus, rng) * np.sin(2 * np.pi * rng.uniform(5, 7) * t_s)
    begins = [int(at_s * FINE_HZ) for at_s, *_ in commands]
    peaks = [a + int(given_n[a:b].argmax()) for a, b in pairwise([*begins, t_s.size])]
    usual_n = effort * most_n
    pressed_n = given_n + (_hand(kind, t_s, usual_n, free_s, rng) if kind.held else 0)
    for at_s in rng.uniform(0.5, end_s, rng.poisson(kind.knocks_per_min * end_s / 60)):
        pressed_n += _ring(t_s - at_s, min(usual_n, 25.0) * np.exp(rng.normal(-0.5, 0.7)), rng)
    kinds = kind.way.sensors
    sensor = SENSORS[kinds[int(rng.integers(len(kinds)))]](np.maximum(pressed_n, 0), rng)
    truth = tuple(_true(t_s, given_n, peaks, k, sensor) for k in range(len(peaks)))
    least = min((true.peak for true in truth), default=sensor.read(usual_n))
    return sampled(kind.way, sensor, truth, least, name, rng)


def _wandering(n: int, tau_s: float, rng: np.random.Generator) -> FloatArray:
    """Ornstein-Uhlenbeck noise of SD 1."""
    keep = np.exp(-1 / (FINE_HZ * tau_s))
    steps = np.sqrt(1 - keep**2) * rng.standard_normal(n)
    wandering: FloatArray = lfilter([1], [1, -keep], steps)
    return wandering


def _band(t_s: FloatArray, low_hz: float, high_hz: float, rng: np.random.Generator) -> FloatArray:
    """Noise of SD 1 within a band, by its spectrum."""
    hz = np.fft.rfftfreq(t_s.size, 1 / FINE_HZ)
    lines = rng.standard_normal(hz.size) + 1j * rng.standard_normal(hz.size)
    noise = np.fft.irfft(np.where((hz >= low_hz) & (hz <= high_hz), lines, 0), t_s.size)
    band: FloatArray = noise / noise.std()
    return band


Command = tuple[float, float, float, float]  #: when, reach in seconds, hold in seconds, effort


def _plan(kind: Kind, effort: float, rng: np.random.Generator) -> tuple[list[Command], list[float], float]:
    """What the child means to do, times at which the tool may be handled, and when it ends."""
    count = int(rng.integers(kind.squeezes[0], kind.squeezes[1] + 1))
    ranges = (kind.reach_s, kind.hold_s, kind.pause_s)
    reach_s, hold_s, pause_s = (drawn(between, rng) for between in ranges)
    now_s, commands, free_s = rng.uniform(2.0, 4.0), [], []
    if not count:
        end_s = rng.uniform(30.0, 90.0)
        return [], list(rng.uniform(2.0, end_s - 4.0, kind.handled)), end_s
    handled_after = rng.choice(count, min(kind.handled, count), replace=False)
    for k in range(count):
        varied = np.exp(kind.rhythm * np.clip(rng.standard_normal(3), -2, 2))
        meant = effort * max(float(np.exp(kind.spread * rng.standard_normal())), 0.4)
        commands.append((now_s, reach_s * varied[0], min(hold_s * varied[1], 60.0), min(meant, 1.0)))
        now_s += reach_s * varied[0] + min(hold_s * varied[1], 60.0) + max(pause_s * varied[2], 0.16)
        if k in handled_after:
            free_s.append(now_s + 0.5)
            now_s += 4.0
    return commands, free_s, now_s + rng.uniform(1.5, 3.0)


def _command(kind: Kind, t_s: FloatArray, commands: list[Command], rng: np.random.Generator) -> FloatArray:
    """Motor command from 0 to 1: each rises, often in two goes, stays and is dropped; noise grows with it."""
    total = np.zeros_like(t_s)
    for at_s, reach_s, hold_s, effort in commands:
        first = rng.uniform(0.7, 1.0)  # the hand is closed to about the right force, then corrected
        let_go_s = rng.uniform(0.02, 0.1) if hold_s < 0.2 else rng.uniform(0.03, 0.25)
        knots_s = np.cumsum([at_s, reach_s, 0.2 * hold_s, 0.8 * hold_s, let_go_s])
        total += np.interp(t_s, knots_s, np.array([0, first, 1, 1, 0]) * effort)
    noisy: FloatArray = total * (1 + drawn(kind.shaky, rng) * _wandering(t_s.size, 0.06, rng))
    return np.clip(noisy, 0, 1.2)


def _muscle(command: FloatArray, tires_per_s: float, rng: np.random.Generator) -> FloatArray:
    """Force as a share of the rested maximum: activation, then a twitch of second order, times what is left.

    Activation takes 10-25 ms, deactivation about three times that, a twitch about 60 ms to its peak.
    """
    step_s = 1 / FINE_HZ
    up, down = step_s / rng.uniform(0.01, 0.025), step_s / rng.uniform(0.03, 0.06)
    twitch = step_s / rng.uniform(0.018, 0.03)
    tires, recovers = step_s * tires_per_s, step_s / 60
    active = halfway = force = 0.0
    left = 1.0
    given = np.empty_like(command)
    for k, wanted in enumerate(command.tolist()):
        active += (up if wanted > active else down) * (wanted - active)
        halfway += twitch * (active - halfway)
        force += twitch * (halfway - force)
        left += recovers * (1 - left) - tires * active * left
        given[k] = force * left
    return given


def _ring(after_s: FloatArray, height_n: float, rng: np.random.Generator) -> FloatArray:
    """A knock: the tool rings for some hundredths of a second."""
    late_s = np.clip(after_s, 0, 1)
    wave = np.sin(2 * np.pi * rng.uniform(15, 45) * late_s)
    ringing: FloatArray = height_n * np.exp(-late_s / rng.uniform(0.01, 0.04)) * wave
    return ringing


def _hand(
    kind: Kind, t_s: FloatArray, usual_n: float, free_s: list[float], rng: np.random.Generator
) -> FloatArray:
    """What a hand does to a tool besides squeezing: it takes it up, keeps touch, shifts, drops, puts down."""
    small_n = min(usual_n, 12.0)
    level = rng.uniform(0.01, 0.08) * small_n
    touch = level * np.maximum(1 + 0.25 * _wandering(t_s.size, 0.8, rng), 0)
    taken_s, put_s = rng.uniform(0.3, 0.8), t_s[-1] - rng.uniform(0.3, 0.7)
    total = np.where((t_s > taken_s) & (t_s < put_s), touch, 0.0)
    for at_s in [taken_s, put_s, *free_s]:
        if at_s in free_s and rng.random() < 0.4:  # it falls: weightless, some bounces, and is taken up anew
            total[(t_s > at_s - 0.3) & (t_s < at_s + 1.5)] = 0
            for k in range(3):
                total += _ring(t_s - at_s - 0.3 * (1 - 0.5**k), 40.0 * 0.5**k * rng.uniform(0.5, 1), rng)
            gripped_s = at_s + 1.5
        else:
            gripped_s = at_s
            lies = (t_s > at_s) & (t_s < put_s)  # differently from now on
            total += lag(lies.astype(float), 0.06) * rng.uniform(-0.5, 1.0) * level
        fingers = np.zeros_like(t_s)  # find their places, one after the other: no two of them make a squeeze
        for _ in range(int(rng.integers(2, 5))):
            sd_s, after_s = rng.uniform(0.015, 0.05), rng.uniform(0, 0.5)
            height_n = small_n * rng.uniform(0.03, 0.3)
            fingers = np.maximum(fingers, height_n * np.exp(-0.5 * ((t_s - gripped_s - after_s) / sd_s) ** 2))
        total += fingers
    return lag(total, 0.01)


def _true(t_s: FloatArray, given_n: FloatArray, peaks: list[int], k: int, sensor: Sensor) -> TrueSqueeze:
    """Walk from the top to where force is below 12 % of it, or to the lowest point before the next one."""
    top = peaks[k]
    low = _CROSSING * given_n[top]
    first = peaks[k - 1] + int(given_n[peaks[k - 1] : top].argmin()) if k else 0
    last = top + int(given_n[top : peaks[k + 1]].argmin()) if k + 1 < len(peaks) else t_s.size - 1
    below_before = np.flatnonzero(given_n[first:top] < low)
    below_after = np.flatnonzero(given_n[top:last] < low)
    onset = first + int(below_before[-1]) + 1 if below_before.size else first
    offset = top + int(below_after[0]) if below_after.size else last
    peak = sensor.read(float(given_n[top])) - sensor.read(0.0)
    return TrueSqueeze(float(t_s[onset]), float(t_s[top]), float(t_s[offset]), peak)
