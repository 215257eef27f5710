"""How well each squeeze's measures are read, from slow tools to fast ones: against the force that was meant.

Usage: ``python benchmarks/bench_measures.py [--tiers]``

Sessions are those of ``bench_detector.py``, on seeds that nobody looked at while measures were made, at each
of the rates in turn. Medians are of squeezes; a measure that is refused has no error, but a share.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator

import numpy as np
from methods import block
from rich.console import Console
from rich.table import Table

from griphub.signal.squeeze import Squeeze, SqueezeDetector
from griphub.simulators.nuisance import FINE_HZ
from griphub.simulators.other_hands import MANNERS, other_meant_force, other_session
from griphub.simulators.plays import TrueSqueeze
from griphub.simulators.tiers import TIERS, meant_force, session

SEEDS = int(os.environ.get("GRIPHUB_BENCH_SEEDS", "6"))
FIRST = int(os.environ.get("GRIPHUB_BENCH_FIRST", "5000"))
RATES_HZ = (10.0, 25.0, 50.0, 100.0, 500.0)
NEAR_S = 0.5  # farther from a true onset it is another squeeze
MEASURES = ("peak", "rise_s", "release_s", "impulse", "rfd")
OTHER = "other: "

_WEAK = ("weak", "faint", "weak tremor", "worst", "worst, seeded")
_SHAKING = ("tremor", "clonus")
_CREEPS = ("putty",)
GROUPS = {
    "firm hands": [
        n for n, tier in TIERS.items() if tier.squeezes and n not in (*_WEAK, *_SHAKING, *_CREEPS)
    ],
    "weak or worst": list(_WEAK),
    "tremor, clonus": list(_SHAKING),
    "putty": [*_CREEPS, OTHER + "putty"],
    "the other family": [OTHER + n for n, m in MANNERS.items() if m.squeezes[1] and n != "putty"],
}


def true_measures(t_s: np.ndarray, force: np.ndarray, true: TrueSqueeze) -> dict[str, float]:
    """What a squeeze's measures truly are, in units of its own peak."""
    first, last = round(true.onset_s * FINE_HZ), round(true.offset_s * FINE_HZ)
    span, at_s = force[first : last + 1] / force[first : last + 1].max(), t_s[first : last + 1]
    foot = span[0] if span[0] > 0.15 else 0.0  # a hand that kept hold
    low, high, most = (int((span >= foot + share * (1 - foot)).argmax()) for share in (0.2, 0.8, 0.9))
    left = int(np.flatnonzero(span >= 0.9)[-1])
    climbed = span[high] - span[low]
    return {
        "peak": 1.0,
        "rise_s": at_s[most] - at_s[0],
        "release_s": at_s[-1] - at_s[left],
        "impulse": float(np.trapezoid(span, at_s)),
        "rfd": climbed / (at_s[high] - at_s[low]) if high > low else np.nan,
    }


def pairs(tier: str, rate_hz: float) -> Iterator[tuple[Squeeze, float, dict[str, float]]]:
    """Squeezes that were found, with the true one's peak and measures."""
    name = tier.removeprefix(OTHER)
    for seed in range(FIRST, FIRST + SEEDS):
        if name != tier:
            play, usual, meant = other_session(name, seed, rate_hz=rate_hz), None, other_meant_force
        else:
            (play, usual), meant = session(name, seed, rate_hz=rate_hz), meant_force
        detector = SqueezeDetector(usual_peak=usual)
        left = detector.update(block(play.t_s, play.values, play.rate_hz)) + detector.finish()
        fine_s, force_n = meant(name, seed)
        for true in play.truth:
            near = min(left, key=lambda one: abs(one.onset_s - true.onset_s), default=None)
            if near is not None and abs(near.onset_s - true.onset_s) <= NEAR_S:
                left.remove(near)
                yield near, true.peak, true_measures(fine_s, force_n, true)


def errors(tiers: Iterable[str], rate_hz: float) -> dict[str, np.ndarray]:
    """Relative errors of each measure, with NaN where it is refused."""
    rows: dict[str, list[float]] = {name: [] for name in (*MEASURES, "z")}
    for found, peak, truth in (pair for tier in tiers for pair in pairs(tier, rate_hz)):
        for name in MEASURES:
            value = getattr(found, name)
            own = 1.0 if name.endswith("_s") else peak
            rows[name].append(np.nan if value is None else value / own / truth[name] - 1)
        rows["z"].append((found.peak - peak) / found.peak_sd)
    return {name: np.array(row) for name, row in rows.items()}


def cell(error: np.ndarray) -> str:
    told = error[np.isfinite(error)]
    if not told.size:
        return "refused"
    refused = 100 * (1 - told.size / error.size)
    said = f"{100 * np.median(np.abs(told)):.0f} ({100 * np.median(told):+.0f})"
    return said + (f", {refused:.0f} % refused" if refused >= 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tiers", action="store_true", help="each tier apart")
    each = parser.parse_args().tiers
    groups = {tier: [tier] for tiers in GROUPS.values() for tier in tiers} if each else GROUPS
    columns = ("within 2 SD %", "rise", "release", "impulse", "rate of force")
    table = Table("sessions", "Hz", "peak", *columns, title="Median error (signed), per cent")
    for group, tiers in groups.items():
        for rate_hz in RATES_HZ:
            found = errors(tiers, rate_hz)
            held = 100 * np.mean(np.abs(found["z"]) <= 2)
            cells = [cell(found[name]) for name in MEASURES]
            label = group if rate_hz == RATES_HZ[0] else ""
            table.add_row(
                label,
                f"{rate_hz:.0f}",
                cells[0],
                f"{held:.0f}",
                *cells[1:],
                end_section=rate_hz == RATES_HZ[-1],
            )
    Console(width=150 if not sys.stdout.isatty() else None).print(table)


if __name__ == "__main__":
    main()
