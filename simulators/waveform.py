"""What a child does to a tool, as the tool's sensor sees it.

The *intended* force is a monotone cubic through the knots of a child's efforts: free of noise, and with its
peaks on knots. The truth is read off this curve alone, as the labels of the recorded hands were: onset and
offset where it crosses 12 % of the squeeze's peak above rest, or where rise begins and release ends when
the hand does not let go that far. Tremor, clonus, wandering force, the tool's rest level, creep and noise
come on top, so that a measured peak may honestly differ from the true one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from ..firmware_bridge.packets import RAW_CLIPPED
from ..firmware_bridge.profile import WireKind, WireUnit
from ..firmware_bridge.samples import FloatArray
from .child import ChildModel, Hand
from .effort import Effort
from .plays import Play, TrueSqueeze

REST_S = 2.0  #: rest before the first and after the last effort
CROSSING_SHARE = 0.12
_OPEN_S = 0.3  # a hand that kept hold opens so fast when the exercise is over
_TRUTH_STEP_S = 1e-3


@dataclass(frozen=True, slots=True)
class ToolModel:
    """What a tool makes of force.

    Attributes
    ----------
    kind, unit : WireKind, WireUnit
        What the tool says that it is and measures.
    per_n : float
        `unit` per newton; 1 for a tool calibrated in newtons.
    exponent : int
        The tool sends multiples of 10**exponent.
    full_scale : float
        The sensor's end, in `unit`; beyond it samples come as clipped.
    rate_hz : float
        10 … 500.
    noise_sd, rest_level : float
        Sensor noise and what it shows untouched, in `unit`.
    warming, warming_s : float
        How far a warm hand typically shifts the rest level (in `unit`), and its time constant.
    creep, creep_s : float
        Share by which the reading grows under a steady force, and its time constant.
    """

    kind: WireKind
    unit: WireUnit
    exponent: int
    full_scale: float
    per_n: float = 1.0
    rate_hz: float = 100.0
    noise_sd: float = 0.0
    rest_level: float = 0.0
    warming: float = 0.0
    warming_s: float = 60.0
    creep: float = 0.0
    creep_s: float = 3.0

    def __post_init__(self) -> None:
        if not 10 <= self.rate_hz <= 500:
            raise ValueError(f"rate_hz must be 10 … 500, not {self.rate_hz}")
        if not 0 < self.full_scale <= RAW_CLIPPED * 10.0**self.exponent:
            raise ValueError(f"full_scale {self.full_scale} does not fit 16 bits of 10**{self.exponent}")

    def read(self, force_n: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Turn force on the tool, evenly sampled at `rate_hz`, into what it sends."""
        level = self.per_n * force_n
        if self.creep:
            keep = np.exp(-1 / (self.rate_hz * self.creep_s))
            level = level + self.creep * lfilter([1 - keep], [1, -keep], level)
        t_s = np.arange(force_n.size) / self.rate_hz
        warming = self.warming * rng.uniform(0.3, 1.5)
        level = level + self.rest_level + warming * (1 - np.exp(-t_s / self.warming_s))
        level = level + self.noise_sd * rng.standard_normal(force_n.size)
        end = RAW_CLIPPED * 10.0**self.exponent
        sent = np.round(np.maximum(level, -end), -self.exponent)
        return np.where(level >= self.full_scale, end, sent)


#: A ball calibrated in newtons, and putty around a pressure sensor that nobody calibrated.
BALL = ToolModel(WireKind.BALL, WireUnit.NEWTON, -2, 250.0, noise_sd=0.06, rest_level=0.2, warming=0.6)
PUTTY = ToolModel(
    WireKind.PUTTY,
    WireUnit.KILOPASCAL,
    -2,
    120.0,
    per_n=0.4,
    noise_sd=0.05,
    rest_level=1.1,
    warming=0.25,
    creep=0.07,
)


def play(
    child: ChildModel,
    hand: Hand,
    tool: ToolModel,
    rng: np.random.Generator,
    *,
    squeezes: int | None = None,
    duration_s: float | None = None,
    day: float = 0.0,
    form: float | None = None,
) -> Play:
    """Let a child exercise with a tool for one session.

    Parameters
    ----------
    child, hand, tool
        Who, with which hand, with what.
    rng : numpy.random.Generator
        The only source of chance: the same seed gives the same play to the bit.
    squeezes : int, optional
        True squeezes to make.
    duration_s : float, optional
        Longest play, with the `REST_S` before and after. Give either this or `squeezes`.
    day : float
        Days since the training began: force grows.
    form : float, optional
        How good the session is (1 is average); drawn from the child's own variation by default.

    Raises
    ------
    ValueError
        If not exactly one of `squeezes` and `duration_s` is given, or it leaves no time to squeeze.
    """
    if (squeezes is None) == (duration_s is None):
        raise ValueError("give either squeezes or duration_s")
    if squeezes is not None and squeezes < 1:
        raise ValueError(f"squeezes must be 1 or more, not {squeezes}")
    if duration_s is not None and duration_s <= 2 * REST_S:
        raise ValueError(f"duration_s must be above {2 * REST_S:g} s of rest, not {duration_s:g}")
    form = child.form(rng) if form is None else form

    efforts: list[Effort] = []
    found = 0
    for effort in child.efforts(hand, rng, day=day, form=form):
        if duration_s is not None and effort.t_s[-1] > duration_s - 2 * REST_S:
            break
        efforts.append(effort)
        found += effort.counts
        if found == squeezes:
            break
    end_s = 2 * REST_S + (float(efforts[-1].t_s[-1]) if efforts else 0.0)
    curve = intended_force(efforts, end_s)
    t_s = np.arange(int(end_s * tool.rate_hz) + 1) / tool.rate_hz
    return Play(
        t_s=t_s,
        values=tool.read(_force_on_tool(child, efforts, curve, t_s, rng), rng),
        unit=tool.unit,
        exponent=tool.exponent,
        rate_hz=tool.rate_hz,
        truth=tuple(_truth(effort, curve, tool.per_n) for effort in efforts if effort.counts),
        label=f"{child.child_id} {hand} {tool.kind.name.lower()}",
    )


def untouched(tool: ToolModel, rng: np.random.Generator, duration_s: float) -> Play:
    """A tool that lies on the table: what a parent is asked for when it is paired."""
    t_s = np.arange(int(duration_s * tool.rate_hz) + 1) / tool.rate_hz
    values = tool.read(np.zeros_like(t_s), rng)
    return Play(t_s, values, tool.unit, tool.exponent, tool.rate_hz, (), "untouched")


def intended_force(efforts: Sequence[Effort], end_s: float) -> PchipInterpolator:
    """Force above rest in newtons that a child means to apply, over time from the play's first sample."""
    t_s = [
        np.zeros(1),
        *(REST_S + effort.t_s for effort in efforts),
        np.array([end_s - REST_S + _OPEN_S, end_s]),
    ]
    force_n = [np.zeros(1), *(effort.force_n for effort in efforts), np.zeros(2)]
    return PchipInterpolator(np.concatenate(t_s), np.concatenate(force_n))


def _truth(effort: Effort, curve: PchipInterpolator, per_n: float) -> TrueSqueeze:
    t_s = REST_S + effort.t_s
    top = int(np.argmax(effort.force_n))
    peak_n = float(effort.force_n[top])
    level_n = CROSSING_SHARE * peak_n

    def crossing(from_s: float, to_s: float) -> float:
        fine_s = np.linspace(from_s, to_s, max(2, int(abs(to_s - from_s) / _TRUTH_STEP_S)))
        fine_n = curve(fine_s)
        after = int(np.argmax(fine_n < level_n))
        if not after:  # the hand does not let go that far
            return float(to_s)
        pair = [after, after - 1]  # in rising order, as interpolation wants it
        return float(np.interp(level_n, fine_n[pair], fine_s[pair]))

    return TrueSqueeze(
        onset_s=crossing(t_s[top], t_s[0]),
        peak_s=float(t_s[top]),
        offset_s=crossing(t_s[top], t_s[-1]),
        peak=peak_n * per_n,
    )


def _force_on_tool(
    child: ChildModel,
    efforts: Sequence[Effort],
    curve: PchipInterpolator,
    t_s: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Add to the intended force what the child does not intend."""
    taken_s = rng.uniform(0.3, 0.7)
    put_s = t_s[-1] - rng.uniform(0.3, 0.7)
    in_hand = np.clip((t_s - taken_s) / 0.2, 0, 1) * np.clip((put_s - t_s) / 0.15, 0, 1)
    holding_n = rng.uniform(0.3, 0.7) + 0.1 * _wander(t_s, 0.1, 1.5, rng)
    force_n = curve(t_s)
    beat = np.zeros_like(t_s)
    for effort in efforts:
        if effort.clonus:
            begins_s, ends_s = (REST_S + at_s for at_s in effort.hold_s)
            swell = np.clip((t_s - begins_s) / 0.15, 0, 1) * np.clip((ends_s - t_s) / 0.15, 0, 1)
            beat += swell * np.sin(2 * np.pi * child.clonus_hz * (t_s - begins_s))
    unmeant = (
        child.unsteadiness * _wander(t_s, 0.3, 3.0, rng)
        + child.tremor_share * _wander(t_s, child.tremor_hz - 0.7, child.tremor_hz + 0.7, rng)
        + child.clonus_share * beat
    )
    force_n = (force_n + in_hand * np.maximum(holding_n, 0)) * (1 + unmeant)
    for at_s in (taken_s, put_s):
        width_s = rng.uniform(0.03, 0.07)
        height_n = child.bump_n * np.exp(0.5 * rng.standard_normal())
        force_n += height_n * np.exp(-0.5 * ((t_s - at_s) / width_s) ** 2)
    pressed_n: FloatArray = np.maximum(force_n, 0)
    return pressed_n


def _wander(t_s: FloatArray, low_hz: float, high_hz: float, rng: np.random.Generator) -> FloatArray:
    """Noise of SD 1 within a band: a dozen sines, which any sample rate may sample."""
    waves = 12
    hz = rng.uniform(low_hz, high_hz, waves)
    phase = rng.uniform(0, 2 * np.pi, waves)
    waved: FloatArray = np.sin(2 * np.pi * np.outer(t_s, hz) + phase).sum(axis=1) / np.sqrt(waves / 2)
    return waved
