"""How well and how fast squeezes are counted, beside what one would otherwise pick.

Synthetic sessions come from ``griphub.simulators.tiers``; recorded hands from the folder that
GRIPHUB_RECORDINGS names, if it is set. What the detector was tuned on, and what nobody looked at meanwhile
(other seeds, whole tiers, every other recording), is told apart: only the latter judges. The unseen family
(``griphub.simulators.unseen_hands``) was never tuned on, nor may it be: what fails there may be told in
words.
"""

import csv
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
from cut_recordings import cut
from methods import METHODS, NEUROKIT, Method, block, found
from rich.console import Console
from rich.table import Table
from scipy.signal import butter, sosfilt
from scoring import COLUMNS, Score

from griphub.signal import baseline, candidate, counter, filters, measure, rise, second_look, usual
from griphub.signal.batch import detect_squeezes
from griphub.signal.settings import DEFAULTS, SqueezeSettings
from griphub.signal.squeeze import SqueezeDetector
from griphub.simulators.other_hands import MANNERS, other_session
from griphub.simulators.plays import Play
from griphub.simulators.tiers import TIERS, session
from griphub.simulators.unseen_hands import KINDS, unseen_session

SEEDS = int(os.environ.get("GRIPHUB_BENCH_SEEDS", "20"))
CUT_SESSIONS = 5 * SEEDS
SHAKEN_SEEDS = max(SEEDS // 7, 1)
UNSEEN = 7000  #: seeds from here on were never looked at; tuning used those below 5000
OTHER, THIRD = "other: ", "unseen: "  #: before the name of a tier of the second family, and of the third
OURS = ("griphub stream", "griphub offline")
MEASURED = (baseline, candidate, counter, filters, measure, rise, usual)  #: whose constants are shaken
Data = tuple[np.ndarray, np.ndarray, float, float | None]


@cache
def sessions(tier: str, first: int, seeds: int) -> list[tuple[Data, tuple]]:
    seeded = range(first, first + seeds)
    plays: list[tuple[Play, float | None]]
    if tier.startswith(OTHER):
        plays = [(other_session(tier.removeprefix(OTHER), k), None) for k in seeded]
    elif tier.startswith(THIRD):
        plays = [(unseen_session(tier.removeprefix(THIRD), k), None) for k in seeded]
    else:
        plays = [session(tier, k) for k in seeded]
    return [((p.t_s, p.values, p.rate_hz, usual), p.truth) for p, usual in plays]


@cache
def of_tier(method: Method, tier: str, first: int, seeds: int) -> Score:
    score = Score()
    for data, truth in sessions(tier, first, seeds):
        score.add(truth, method(*data), float(data[0][-1]))
    return score


def scored(method: Method, tiers: list[str], first: int, seeds: int) -> Score:
    score = Score()
    for tier in tiers:
        score += of_tier(method, tier, first, seeds)
    return score


GROUPS = {
    "tuned on": ([name for name, tier in TIERS.items() if not tier.held_out], 0),
    "same tiers, other seeds": ([name for name, tier in TIERS.items() if not tier.held_out], UNSEEN),
    "tiers held out": ([name for name, tier in TIERS.items() if tier.held_out], UNSEEN),
    "the other family": ([OTHER + name for name in MANNERS], UNSEEN),
    "the unseen family": ([THIRD + name for name in KINDS], UNSEEN),
}
ALL = list(TIERS)
IDLE = [name for name, tier in TIERS.items() if not tier.squeezes]


def goals(console: Console) -> None:
    """The table that was set as a goal, on unseen seeds of all tiers."""
    table = Table("all tiers, unseen seeds", *METHODS, "to reach", title="What was to be reached")

    def row(name: str, tiers: list[str], read: Callable[[Score], str], goal: str) -> None:
        table.add_row(name, *(read(scored(m, tiers, UNSEEN, SEEDS)) for m in METHODS.values()), goal)

    row("sessions with the exact count, %", ALL, lambda s: f"{s.exact_percent:.0f}", "92 stream, 95 offline")
    row("onset F1 ±150 ms", ALL, lambda s: f"{s.f1:.0f}", "98")
    row("  faint", ["faint"], lambda s: f"{s.f1:.0f}", "88")
    row("false a minute on an idle tool", IDLE, lambda s: f"{s.false_per_min:.2f}", "0.2")
    row("peak error, median %", ALL, lambda s: f"{s.peak_error:.1f}", "4")
    row("  weak", ["weak"], lambda s: f"{s.peak_error:.1f}", "8")
    row("  putty", ["putty"], lambda s: f"{s.peak_error:.1f}", "3.5")
    row("told after the true offset, p95; max ms", ALL, lambda s: "; ".join(s.row()[-2:]), "400; 1,000")
    console.print(table)


def groups(console: Console) -> None:
    table = Table("synthetic", "method", *COLUMNS, title=f"{SEEDS} sessions a tier: tuned on, and not")
    for group, (tiers, first) in GROUPS.items():
        for k, (name, method) in enumerate(METHODS.items()):
            row = scored(method, tiers, first, SEEDS).row()
            table.add_row("" if k else group, name, *row, end_section=k == len(METHODS) - 1)
    console.print(table)


def each_tier(console: Console) -> None:
    table = Table("tier (* held out)", "method", *COLUMNS, "within 2 SD %", title="Each tier, unseen seeds")
    for tier in ALL + GROUPS["the other family"][0] + GROUPS["the unseen family"][0]:
        for k, name in enumerate(OURS):
            score = scored(METHODS[name], [tier], UNSEEN, SEEDS)
            label = tier + (" *" if tier in TIERS and TIERS[tier].held_out else "")
            table.add_row("" if k else label, name, *score.row(), score.covered, end_section=bool(k))
    console.print(table)


def recordings(home: Path) -> Iterator[tuple[str, bool, Data, int, int, int]]:
    """Folder, whether held out, samples, count and accepted range. Every other recording is held out."""
    for folder in sorted(path.parent for path in home.glob("*/labels.csv")):
        with (folder / "labels.csv").open() as file:
            labels = sorted(csv.DictReader(file), key=lambda row: row["file"])
        for k, row in enumerate(labels):
            data = np.genfromtxt(folder / "data" / row["file"], delimiter=",", names=True)
            counts = (int(row["squeeze_count"]), int(row["count_min"]), int(row["count_max"]))
            yield folder.name, bool(k % 2), (data["time_s"], data["force"], 0.0, None), *counts


def recorded(console: Console) -> None:
    home = os.environ.get("GRIPHUB_RECORDINGS")
    if not home:
        console.print("Recorded hands: skipped. Set GRIPHUB_RECORDINGS to a folder of labelled recordings.")
        return
    rows = list(recordings(Path(home)))
    table = Table("recorded hands (adults)", "method", "exact %", "count error %", title="Recordings")
    for part in sorted({(folder, held_out) for folder, held_out, *_ in rows}):
        chosen = [row for row in rows if row[:2] == part]
        squeezes = sum(row[3] for row in chosen)
        label = f"{part[0]}, {'held out' if part[1] else 'tuned on'}: {len(chosen)}, {squeezes} squeezes"
        for k, (name, method) in enumerate(METHODS.items()):
            errors = []
            for _, _, data, _, low, high in chosen:
                n = len(method(*data))
                errors.append(max(low - n, n - high, 0))
            exact = 100 * np.mean(np.equal(errors, 0))
            cells = (f"{exact:.0f}", f"{100 * sum(errors) / squeezes:.1f}")
            table.add_row("" if k else label, name, *cells, end_section=k == len(METHODS) - 1)
    console.print(table)


def harder(t_s: np.ndarray, force: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The same recording as slower, noisier, coarser tools would have sent it: the count stays the same."""
    swing = float(np.subtract(*np.percentile(force, [95, 5])))
    area = np.append(0, np.cumsum(np.diff(t_s) * (force[1:] + force[:-1]) / 2))
    for fs in (10, 25, 50, 80):
        at_s = np.arange(t_s[0] + 1 / fs, t_s[-1], 1 / fs)
        mean = (np.interp(at_s, t_s, area) - np.interp(at_s - 1 / fs, t_s, area)) * fs
        yield f"at {fs} Hz", at_s, mean
    yield "noise of 3 %", t_s, force + 0.03 * swing * np.random.default_rng(0).standard_normal(force.size)
    yield "hum of 5 %", t_s, force + 0.05 * swing * np.sin(2 * np.pi * 50.03 * t_s)
    yield "drift of 20 %", t_s, force + 0.2 * swing * (t_s - t_s[0]) / (t_s[-1] - t_s[0])
    yield "60 steps", t_s, np.round(force / (swing / 60)) * (swing / 60)


def recorded_harder(console: Console) -> None:
    home = os.environ.get("GRIPHUB_RECORDINGS")
    if not home:
        return
    right: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for folder, _, (t_s, force, *_rest), _, low, high in recordings(Path(home)):
        for name, at_s, changed in harder(t_s, force):
            counts = [len(METHODS[ours](at_s, changed, 0.0, None)) for ours in OURS]
            exact = (low <= counts[0] <= high, low <= counts[1] <= high)
            right.setdefault((folder, name), []).append(exact)
    table = Table("recorded hands, made harder", "live", "offline", "of", title="Exact counts")
    for (folder, name), pairs in right.items():
        live, offline = (sum(pair[k] for pair in pairs) for k in (0, 1))
        table.add_row(f"{folder}, {name}", str(live), str(offline), str(len(pairs)))
    console.print(table)


def recorded_cut(console: Console) -> None:
    """Sessions cut out of the longest recordings, also with all settings off at once."""
    home = os.environ.get("GRIPHUB_RECORDINGS")
    folder = Path(home or "") / "atusa_grip_ati_mini45"
    if not home or not folder.exists():
        return
    table = Table("cut out of ATI recordings", "live", "offline", "of", title="Exact counts, %")
    made = list(cut(folder, CUT_SESSIONS))
    for name, settings in [("", DEFAULTS), *((", settings off by 15 %", s) for s in shaken_settings(3))]:
        right: dict[str, list[tuple[bool, bool]]] = {}
        for kind, (t_s, force), low, high in made:
            detector = SqueezeDetector(settings)
            live = detector.update(block(t_s, force, 0.0)) + detector.finish()
            twice = detect_squeezes(force, t=t_s, settings=settings)
            right.setdefault(kind, []).append((low <= len(live) <= high, low <= len(twice) <= high))
        for kind, pairs in right.items():
            table.add_row(kind + name, *(f"{x:.0f}" for x in 100 * np.mean(pairs, axis=0)), str(len(pairs)))
    console.print(table)


def shaken_settings(draws: int) -> Iterator[SqueezeSettings]:
    """All settings off at once by up to 15 %."""
    for draw in range(draws):
        rng = np.random.default_rng(100 + draw)
        off = {one.name: getattr(DEFAULTS, one.name) * rng.uniform(0.85, 1.15) for one in fields(DEFAULTS)}
        yield replace(DEFAULTS, **off)


def each_source(console: Console) -> None:
    """Each source of recordings with all settings off at once: what hangs on what is set falls.

    No setting was fitted to a source, so there is none to be left out in turn; some were looked at for
    causes (docs/detector.md says which).
    """
    home = os.environ.get("GRIPHUB_RECORDINGS")
    if not home:
        return
    draws = [DEFAULTS, *shaken_settings(10)]
    rows: dict[str, list[tuple[Data, int, int]]] = {}
    for folder, _, data, _, low, high in recordings(Path(home)):
        rows.setdefault(folder, []).append((data, low, high))
    table = Table("source", "of", "live", "shaken", "offline", "shaken", title="Exact counts by source")
    for folder, some in rows.items():
        exact = np.zeros((len(draws), 2), int)
        for k, settings in enumerate(draws):
            for (t_s, force, _, _), low, high in some:
                detector = SqueezeDetector(settings)
                live = detector.update(block(t_s, force, 0.0)) + detector.finish()
                twice = detect_squeezes(force, t=t_s, settings=settings)
                exact[k] += [low <= len(live) <= high, low <= len(twice) <= high]
        spread = [f"{exact[1:, j].min()} to {exact[1:, j].max()}" for j in (0, 1)]
        table.add_row(folder, str(len(some)), str(exact[0, 0]), spread[0], str(exact[0, 1]), spread[1])
    console.print(table)


@contextmanager
def constant(name: str, value: float) -> Iterator[None]:
    """Change a constant of the detector, wherever it was imported to."""
    holders = [
        (module, getattr(module, name)) for module in (*MEASURED, second_look) if hasattr(module, name)
    ]
    for module, _ in holders:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, was in holders:
            setattr(module, name, was)


def constants() -> dict[str, float]:
    """Numbers that the detector's modules are built on; steps and windows as whole numbers stay whole."""
    own = {name: value for module in MEASURED for name, value in vars(module).items() if name.isupper()}
    numbers = {name: value for name, value in own.items() if isinstance(value, int | float)}
    fixed = {"GRID_HZ", "STEP_S", "DELAY_STEPS", "MEDIAN_STEPS", "DETECT_HZ"}  # the filter is one whole
    return {name: value for name, value in numbers.items() if name not in fixed}


def shaken(console: Console) -> None:
    """What becomes of it when one parameter, or each of them, is off by 15 %."""

    def run(settings=DEFAULTS) -> tuple[Score, Score]:
        def method(t_s, force, fs_hz, usual):
            detector = SqueezeDetector(settings, usual_peak=usual)
            return found(detector.update(block(t_s, force, fs_hz)) + detector.finish())

        every = scored(method, ALL, UNSEEN, SHAKEN_SEEDS)
        return every, scored(method, IDLE, UNSEEN, SHAKEN_SEEDS)

    def cells(pair: tuple[Score, Score]) -> list[str]:
        score, idle = pair
        late = f"{1000 * np.quantile(score.delays_s, 0.95):.0f}"
        numbers = (f"{score.exact_percent:.1f}", f"{score.f1:.1f}", f"{idle.false_per_min:.2f}")
        return [*numbers, f"{score.peak_error:.1f}", late]

    results: dict[str, list[str]] = {}
    for one in fields(DEFAULTS):
        for factor in (0.85, 1.15):
            value = min(getattr(DEFAULTS, one.name) * factor, 0.99 if one.name.endswith("_share") else np.inf)
            results[f"{one.name} × {factor}"] = cells(run(replace(DEFAULTS, **{one.name: value})))
    for name, value in constants().items():
        for factor in (0.85, 1.15):
            shifted = max(round(value * factor), 1) if isinstance(value, int) else value * factor
            if shifted == value:
                shifted += 1 if factor > 1 else -1
            with constant(name, shifted):
                results[f"{name} × {factor}"] = cells(run())
    for draw in range(5):
        rng = np.random.default_rng(draw)
        off = {one.name: getattr(DEFAULTS, one.name) * rng.uniform(0.85, 1.15) for one in fields(DEFAULTS)}
        results[f"all settings at once, draw {draw}"] = cells(run(replace(DEFAULTS, **off)))
    columns = ["exact %", "F1", "false/idle min", "peak error %", "delay p95"]
    table = Table(
        "changed", *columns, title=f"Off by 15 %: {SHAKEN_SEEDS} sessions a tier, unseen, streaming"
    )
    table.add_row("nothing", *cells(run()), end_section=True)
    singles = [name for name in results if "at once" not in name]
    worst = sorted(singles, key=lambda name: float(results[name][0]))
    for name in worst[:8]:
        table.add_row(name, *results[name])
    middle = np.median([[float(cell) for cell in results[name]] for name in singles], axis=0)
    table.add_row(f"median of {len(singles)} changes", *(f"{x:.2f}" for x in middle), end_section=True)
    for name, row in results.items():
        if name not in singles:
            table.add_row(name, *row)
    console.print(table)


def provisional(console: Console) -> None:
    """How long a game waits to be told that a squeeze has begun."""
    waits_s = []
    for tier in ("clean", "typical", "weak"):
        for (t_s, force, fs_hz, _), truth in sessions(tier, UNSEEN, SEEDS):
            detector = SqueezeDetector(usual_peak=float(np.median([true.peak for true in truth])))
            began: list[tuple[float, float]] = []
            for k in range(0, t_s.size, 5):
                detector.update(block(t_s[k : k + 5], force[k : k + 5], fs_hz, k))
                now = detector.provisional
                if now and now.likely and (not began or now.onset_s > began[-1][0] + 0.05):
                    began.append((now.onset_s, float(t_s[min(k + 4, t_s.size - 1)])))
            for true in truth:
                told = [at for onset, at in began if abs(onset - true.onset_s) < 0.3]
                waits_s += [told[0] - true.onset_s] if told else []
    p50, p95 = 1000 * np.quantile(waits_s, [0.5, 0.95])
    console.print(f"Provisional onset, seeded, after the true one: p50 {p50:.0f} ms, p95 {p95:.0f} ms")


def tentative(console: Console) -> None:
    """How long a screen waits to be told of a squeeze at all: as one that counts, or as one that may."""
    waits_s, counted_s = [], []
    for tier in ("weak", "faint", "rapid 3 Hz", "worst"):
        for (t_s, force, fs_hz, _), truth in sessions(tier, UNSEEN, SEEDS):
            detector, told, seen = SqueezeDetector(), {}, {}
            for k in range(0, t_s.size, 10):
                out = detector.update(block(t_s[k : k + 10], force[k : k + 10], fs_hz, k))
                now_s = float(t_s[min(k + 9, t_s.size - 1)])
                for s in out:
                    told.setdefault(s.onset_s, now_s)
                for s in (*out, *detector.tentative):
                    seen.setdefault(s.onset_s, now_s)
            for true in truth:
                at_s = [onset for onset in seen if abs(onset - true.onset_s) < 0.3]
                if at_s:
                    waits_s.append(seen[at_s[0]] - true.offset_s)
                    counted_s.append(told.get(at_s[0], np.inf) - true.offset_s)
    late = 100 * np.mean(np.array(counted_s) > 1)
    p95, most = 1000 * np.quantile(waits_s, [0.95, 1])
    console.print(
        "Weak, faint, rapid and worst tiers, unknown hand: told at all, counted or tentative, after the "
        f"true offset: p95 {p95:.0f} ms, max {most:.0f} ms; {late:.0f} % of them count after 1 s, or never"
    )


def best_of(action: Callable[[], object], runs: int = 5) -> float:
    """Shortest processor time of some runs, seconds: others may use the machine, too."""
    times = []
    for _ in range(runs):
        begin = time.process_time()
        action()
        times.append(time.process_time() - begin)
    return min(times)


def speed(console: Console) -> None:
    (t_s, force, fs_hz, _), _ = sessions("typical", UNSEEN, 1)[0]
    n = 10 * (force.size // 10)
    blocks = [block(t_s[k : k + 10], force[k : k + 10], fs_hz, k) for k in range(0, n, 10)]
    sos = butter(2, 5.8, fs=100, output="sos")
    spent: dict[str, list[np.ndarray]] = {"ours": [], "sosfilt": []}
    for _ in range(9):
        detector, zi = SqueezeDetector(), np.zeros((1, 2))
        actions = {"ours": detector.update, "sosfilt": lambda one, zi=zi: sosfilt(sos, one.values, zi=zi)}
        for name, action in actions.items():
            times = []
            for one in blocks:
                begin = time.perf_counter()
                action(one)
                times.append(time.perf_counter() - begin)
            spent[name].append(1e6 * np.quantile(times, [0.5, 0.99]))
    ours, filtered = np.min(spent["ours"], axis=0), np.min(spent["sosfilt"], axis=0)[0]
    console.print(
        f"10-sample update: p50 {ours[0]:.0f} µs, p99 {ours[1]:.0f} µs; "
        f"{ours[0] / filtered:.2f} and {ours[1] / filtered:.1f} × one sosfilt call ({filtered:.0f} µs)"
    )
    long = np.tile(force, 20)
    for fs in (100, 500):
        spent_s = best_of(lambda fs=fs: detect_squeezes(long, fs))
        console.print(f"offline at {fs} Hz: {long.size / spent_s / 1e6:.1f} million samples a second")


if __name__ == "__main__":
    console = Console(width=170 if not sys.stdout.isatty() else None)
    if "NeuroKit2 findpeaks" not in METHODS:
        console.print(NEUROKIT)
    recorded(console)
    each_source(console)
    recorded_harder(console)
    recorded_cut(console)
    goals(console)
    groups(console)
    each_tier(console)
    shaken(console)
    provisional(console)
    tentative(console)
    speed(console)
