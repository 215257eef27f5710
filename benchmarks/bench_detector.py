"""How well and how fast squeezes are counted, beside what one would otherwise pick.

Synthetic sessions come from ``griphub.simulators``; recorded hands from the folder that GRIPHUB_RECORDINGS
names, if it is set. Synthetic figures flatter whatever was tuned on them: the recordings judge.
"""

import csv
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.signal import butter, find_peaks, peak_widths, sosfilt

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.signal.batch import detect_squeezes
from griphub.signal.squeeze import SqueezeDetector
from griphub.simulators.child import ChildModel, Strength
from griphub.simulators.plays import TrueSqueeze
from griphub.simulators.presets import PRESETS
from griphub.simulators.waveform import BALL, PUTTY, ToolModel, play

SEEDS = int(os.environ.get("GRIPHUB_BENCH_SEEDS", "20"))
SQUEEZES = 15
ONSET_S = 0.15  # the tolerance of the onset F1
NEAR_S = 0.5  # farther from a true onset it is another squeeze
MIA, JONAS, LEA = PRESETS.values()


@dataclass(frozen=True, slots=True)
class Found:
    """What any method says about one squeeze."""

    onset_s: float
    peak: float
    decided_s: float = np.nan


Method = Callable[[np.ndarray, np.ndarray, float], list[Found]]


def griphub_detector(t_s: np.ndarray, force: np.ndarray, fs: float) -> list[Found]:
    at = {"fs": fs} if fs else {"t": t_s}
    return [Found(s.onset_s, s.peak, s.decided_s) for s in detect_squeezes(force, **at)]


def peaks_by_prominence(t_s: np.ndarray, force: np.ndarray, fs: float) -> list[Found]:
    good = np.isfinite(force)
    t_s, force = t_s[good], force[good]
    at, _ = find_peaks(force, prominence=0.1 * np.ptp(force))
    rest = np.percentile(force, 5)
    left = peak_widths(force, at, rel_height=0.88)[2] if at.size else []
    onsets = np.interp(left, np.arange(t_s.size), t_s)
    return [Found(float(onset), float(force[k] - rest)) for onset, k in zip(onsets, at, strict=True)]


def schmitt_trigger(t_s: np.ndarray, force: np.ndarray, fs: float) -> list[Found]:
    """On above 2, off below 1 (newtons, kilopascals), as fixed in many a firmware."""
    found, onset, peak = [], None, 0.0
    for at, value in zip(t_s.tolist(), force.tolist(), strict=True):
        if onset is None and value > 2.0:
            onset, peak = at, value
        elif onset is not None:
            peak = max(peak, value)
            if value < 1.0:
                found.append(Found(onset, peak))
                onset = None
    return found


METHODS: dict[str, Method] = {
    "griphub": griphub_detector,
    "find_peaks 10 %": peaks_by_prominence,
    "Schmitt 2/1": schmitt_trigger,
}


@dataclass(slots=True)
class Score:
    """Sums over sessions."""

    sessions: int = 0
    exact: int = 0
    miscounted: int = 0
    true: int = 0
    found: int = 0
    on_time: int = 0
    peak_errors: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    false: int = 0
    idle_s: float = 0.0

    def add(self, truth: tuple[TrueSqueeze, ...], found: list[Found], duration_s: float) -> None:
        """Score one session."""
        self.sessions += 1
        self.exact += len(found) == len(truth)
        self.miscounted += abs(len(found) - len(truth))
        self.true += len(truth)
        self.found += len(found)
        left = list(found)
        for true in truth:
            near = min(left, key=lambda f: abs(f.onset_s - true.onset_s), default=None)
            if near is None or abs(near.onset_s - true.onset_s) > NEAR_S:
                continue
            left.remove(near)
            self.on_time += abs(near.onset_s - true.onset_s) <= ONSET_S
            self.peak_errors.append(abs(near.peak / true.peak - 1))
            self.delays_s.append(near.decided_s - true.offset_s)
        self.false += sum(not any(t.onset_s <= f.onset_s <= t.offset_s for t in truth) for f in left)
        self.idle_s += duration_s - sum(t.offset_s - t.onset_s for t in truth)

    def row(self) -> list[str]:
        """Cells of the table."""
        delays = np.array(self.delays_s)
        delay = [f"{1000 * q:.0f}" for q in np.quantile(delays, [0.5, 0.95, 1])] if delays.size else ["–"] * 3
        if np.isnan(delays).any():
            delay = ["–"] * 3  # offline methods do not wait
        return [
            f"{100 * self.exact / self.sessions:.0f}",
            f"{self.miscounted / self.sessions:.2f}",
            f"{200 * self.on_time / max(self.true + self.found, 1):.0f}" if self.true else "–",
            f"{60 * self.false / self.idle_s:.2f}",
            f"{100 * np.median(self.peak_errors):.1f}" if self.peak_errors else "–",
            *delay,
        ]


Session = tuple[np.ndarray, np.ndarray, float, tuple[TrueSqueeze, ...]]


def played(child: ChildModel, tool: ToolModel = BALL, lose: float = 0.0) -> Callable[[int], Session]:
    """Sessions of a child; `lose` is the share of 10-sample packets that never arrive."""

    def session(seed: int) -> Session:
        rng = np.random.default_rng(seed)
        one = play(child, "left", tool, rng, squeezes=SQUEEZES)
        force = one.values.copy()
        if lose:
            force[np.repeat(rng.random(force.size // 10 + 1) < lose, 10)[: force.size]] = np.nan
        return one.t_s, force, one.rate_hz, one.truth

    return session


def idle(seed: int) -> Session:
    """A hand that holds the ball for a minute and fidgets, without a squeeze."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(6000) / 100
    knots = np.interp(t_s, np.arange(0, 61, 0.5), rng.normal(0.5, 0.05, 122))
    return t_s, BALL.read(knots, rng), 100.0, ()


RAPID = {"rise_s": 0.1, "hold_s": 0.08, "release_s": 0.1, "rest_s": 0.05, "irregularity": 0.1}
WEAK = replace(JONAS, left=Strength(4.0), bump_n=0.3)
TIERS: dict[str, Callable[[int], Session]] = {
    "steady child": played(JONAS),
    "unsteady child": played(MIA),
    "irregular child": played(LEA),
    "putty": played(MIA, PUTTY),
    "weak (2 N)": played(WEAK),
    "tremor 10 %": played(replace(JONAS, tremor_share=0.1)),
    "clonus": played(replace(JONAS, clonus_share=0.25, clonus_chance=0.5)),
    "holds of 8 s": played(replace(JONAS, hold_s=8.0)),
    "rapid (3 Hz)": played(replace(JONAS, **RAPID)),
    "fatigue to 40 %": played(replace(JONAS, fatigue=0.06)),
    "never lets go": played(replace(JONAS, keeps_hold_chance=1.0)),
    "noisy sensor": played(MIA, replace(BALL, noise_sd=0.8)),
    "10 Hz tool": played(MIA, replace(BALL, rate_hz=10.0)),
    "500 Hz tool": played(MIA, replace(BALL, rate_hz=500.0)),
    "5 % of packets lost": played(MIA, lose=0.05),
    "idle hand": idle,
}


def synthetic(console: Console) -> None:
    columns = [
        "exact %",
        "count MAE",
        "F1 ±150 ms",
        "false/idle min",
        "peak error %",
        "delay p50",
        "p95",
        "max ms",
    ]
    table = Table(
        "tier", "method", *columns, title=f"{SEEDS} sessions of {SQUEEZES} squeezes a tier, not seeded"
    )
    total = {name: Score() for name in METHODS}
    for tier, session in TIERS.items():
        for k, (name, method) in enumerate(METHODS.items()):
            score = Score()
            for seed in range(SEEDS):
                t_s, force, fs, truth = session(seed)
                found = method(t_s, force, fs)
                score.add(truth, found, float(t_s[-1]))
                total[name].add(truth, found, float(t_s[-1]))
            table.add_row("" if k else tier, name, *score.row(), end_section=k == len(METHODS) - 1)
    for k, (name, score) in enumerate(total.items()):
        table.add_row("" if k else "all", name, *score.row())
    console.print(table)


def recordings(home: Path) -> Iterator[tuple[str, str, int, list[tuple[int, int, int]]]]:
    """Folder, method, and for every recording what was counted and the accepted range."""
    for folder in sorted(path.parent for path in home.glob("*/labels.csv")):
        with (folder / "labels.csv").open() as file:
            labels = list(csv.DictReader(file))
        tables = [np.genfromtxt(folder / "data" / row["file"], delimiter=",", names=True) for row in labels]
        for name, method in METHODS.items():
            counts = [
                (
                    len(method(data["time_s"], data["force"], 0.0)),
                    int(row["count_min"]),
                    int(row["count_max"]),
                )
                for row, data in zip(labels, tables, strict=True)
            ]
            yield folder.name, name, sum(int(row["squeeze_count"]) for row in labels), counts


def recorded(console: Console) -> None:
    home = os.environ.get("GRIPHUB_RECORDINGS")
    if not home:
        console.print("Recorded hands: skipped. Set GRIPHUB_RECORDINGS to a folder of labelled recordings.")
        return
    table = Table(
        "recordings", "method", "exact %", "count MAE", "count error %", title="Recorded hands (adults)"
    )
    for folder, name, squeezes, counts in recordings(Path(home)):
        errors = [max(low - n, n - high, 0) for n, low, high in counts]
        exact = sum(e == 0 for e in errors)
        table.add_row(
            f"{folder}: {len(counts)} recordings, {squeezes} squeezes" if name == "griphub" else "",
            name,
            f"{100 * exact / len(errors):.0f}",
            f"{np.mean(errors):.2f}",
            f"{100 * sum(errors) / squeezes:.1f}",
            end_section=name == list(METHODS)[-1],
        )
    console.print(table)


def best_of(action: Callable[[], object], runs: int = 5) -> float:
    """Shortest time of some runs, seconds."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)


def speed(console: Console) -> None:
    t_s, force, _, _ = played(JONAS)(0)
    n = 10 * (force.size // 10)
    blocks = [
        SampleBlock(
            "ball",
            k,
            t_s[k : k + 10].copy(),
            force[k : k + 10].copy(),
            Unit.NEWTON,
            100.0,
            0,
            np.zeros(10, bool),
        )
        for k in range(0, n, 10)
    ]

    def stream() -> None:
        detector = SqueezeDetector()
        for block in blocks:
            detector.update(block)

    sos, zi = butter(2, 5.8, fs=100, output="sos"), np.zeros((1, 2))

    def filter_only() -> None:
        for block in blocks:
            sosfilt(sos, block.values, zi=zi)

    update_s, sosfilt_s = best_of(stream) / len(blocks), best_of(filter_only) / len(blocks)
    console.print(
        f"10-sample update: {1e6 * update_s:.0f} µs, {update_s / sosfilt_s:.1f} × one sosfilt call; "
        f"one 100 Hz tool takes {1000 * update_s:.2f} % of a core"
    )
    long = np.tile(force, 20)
    for fs in (100, 500):
        spent_s = best_of(lambda fs=fs: detect_squeezes(long, fs))
        console.print(f"offline at {fs} Hz: {long.size / spent_s / 1e6:.1f} million samples a second")


if __name__ == "__main__":
    console = Console(width=150 if not sys.stdout.isatty() else None)
    recorded(console)
    synthetic(console)
    speed(console)
