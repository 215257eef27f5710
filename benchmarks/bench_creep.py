"""What taking creep off putty does to the peaks of squeezes, and what it would do to a ball.

Usage: ``python benchmarks/bench_creep.py [--tools 60]``

Each tool creeps by its own shares and times, as in ``simulators/nuisance.py``. Its model is fitted to a noisy
recording of a weight that was put on it by hand, and then corrects a session of the tier *typical*. Peaks are
those of the live detector, against the true ones.
"""

import argparse

import numpy as np

from griphub import detect_squeezes
from griphub.firmware_bridge.creep import Creep, CreepInverter, fit_creep
from griphub.firmware_bridge.samples import FloatArray
from griphub.simulators.plays import Play
from griphub.simulators.tiers import session

NEAR_S = 0.5  # farther from a true onset it is another squeeze
WEIGHT, NOISE = 60.0, 0.15


def make_tool(rng: np.random.Generator) -> Creep:
    share = 0.08 * rng.uniform(0.6, 1.2)
    return Creep(shares=(share, share), taus_s=(rng.uniform(0.4, 0.9), rng.uniform(3.0, 8.0)))


def crept(t_s: FloatArray, force: FloatArray, tool: Creep) -> FloatArray:
    """Forward model, sample by sample."""
    out = force.copy()
    for share, tau_s in zip(tool.shares, tool.taus_s, strict=True):
        state = force[0]
        for i, keep in enumerate(np.exp(-np.diff(t_s, prepend=t_s[0]) / tau_s)):
            state = keep * state + (1 - keep) * force[i]
            out[i] += share * state
    return out


def hold(tool: Creep, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A weight put on by hand, left for 40 s and taken off."""
    t_s = np.arange(0, 48, 0.01)
    force = np.interp(t_s, [0, 3, 3 + rng.uniform(0.1, 0.4), 43, 43.3, 48], [0, 0, WEIGHT, WEIGHT, 0, 0])
    return t_s, crept(t_s, force, tool) + NOISE * rng.standard_normal(t_s.size)


def peak_errors(play: Play, t_s: FloatArray, values: FloatArray) -> list[float]:
    found = detect_squeezes(values, t=t_s, unit="N")
    errors = []
    for true in play.truth:
        near = min(found, key=lambda one: abs(one.onset_s - true.onset_s), default=None)
        if near and abs(near.onset_s - true.onset_s) <= NEAR_S:
            errors.append(near.peak / true.peak - 1)
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tools", type=int, default=60, help="simulated tools, one session each")
    rows: dict[str, list[float]] = {
        name: []
        for name in (
            "putty as it comes",
            "putty, its own model",
            "putty, another one's model",
            "ball as it comes (no model)",
            "ball with a model of putty",
        )
    }
    another = make_tool(np.random.default_rng(999_999))
    for seed in range(parser.parse_args().tools):
        rng = np.random.default_rng(seed)
        tool = make_tool(rng)
        model = fit_creep(*hold(tool, rng))
        play, _ = session("typical", 10_000 + seed)
        t_s, values = np.asarray(play.t_s), np.asarray(play.values, dtype=float)
        reading = crept(t_s, values, tool)
        seen = (
            reading,
            CreepInverter(model).update(t_s, reading),
            CreepInverter(another).update(t_s, reading),
            values,
            CreepInverter(model).update(t_s, values),
        )
        for name, one in zip(rows, seen, strict=True):
            rows[name] += peak_errors(play, t_s, one)
    columns = f"{'squeezes':>10s}{'median %':>10s}{'90th %':>10s}{'mean, signed %':>16s}"
    print(f"{'error of the peak':32s}{columns}")
    for name, found in rows.items():
        e = 100 * np.array(found)
        wrong = np.abs(e)
        print(
            f"{name:32s}{e.size:10d}{np.median(wrong):10.1f}{np.quantile(wrong, 0.9):10.1f}{e.mean():16.1f}"
        )


if __name__ == "__main__":
    main()
