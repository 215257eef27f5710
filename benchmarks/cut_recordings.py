"""Other sessions out of recorded ones, cut where the hand rests: a few recordings say too little.

Each squeeze brings half of the rest around it. Some in a row begin and end elsewhere, run backwards, or come
in another order, some of them backwards. The labels stay true. What they were cut from is known, so these
judge how far a count hangs on where a recording begins, not how the detector does on other hands.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

REST_S = 0.12  #: before an onset and after an offset, which are good to about that
FEWEST, LONGEST_JOINED = 4, 16
CLEAR_SHARE = 0.25  #: of the median squeeze: whether a lower one counts is left open
Samples = tuple[np.ndarray, np.ndarray]


def cut(folder: Path, sessions: int) -> Iterator[tuple[str, Samples, int, int]]:
    """Kind, times and force, and accepted range of the count, of so many sessions of each kind."""
    with (folder / "events.csv").open() as file:
        events = list(csv.DictReader(file))
    names = sorted({event["file"] for event in events})
    for k in range(sessions):
        rng = np.random.default_rng([7, k])
        file = names[k % len(names)]
        of_it = [event for event in events if event["file"] == file]
        data = np.genfromtxt(folder / "data" / file, delimiter=",", names=True)
        t_s, force = data["time_s"], data["force"]
        on_s, off_s, heights = (
            np.array([float(event[name]) for event in of_it])
            for name in ("onset_s", "offset_s", "amplitude_above_rest")
        )
        since_s = np.append(t_s[0], off_s + REST_S)
        rests_s = rng.uniform(since_s, np.maximum(since_s, np.append(on_s - REST_S, t_s[-1])))

        def part(first: int, last: int, t_s=t_s, force=force, rests_s=rests_s) -> Samples:
            inside = (t_s >= rests_s[first]) & (t_s <= rests_s[last])
            return t_s[inside], force[inside]

        n = int(rng.integers(min(FEWEST, len(of_it)), len(of_it) + 1))
        first = int(rng.integers(0, len(of_it) - n + 1))
        some = part(first, first + n)
        low = clear(heights[first : first + n])
        yield "some in a row", some, low, n
        yield "backwards", backwards(some), low, n
        order = rng.integers(0, len(of_it), int(rng.integers(FEWEST, LONGEST_JOINED)))
        pieces = [part(one, one + 1) for one in order]
        pieces = [backwards(piece) if rng.random() < 0.5 else piece for piece in pieces]
        yield "in another order", joined(pieces), clear(heights[order]), len(order)


def clear(heights: np.ndarray) -> int:
    return int((heights >= CLEAR_SHARE * np.median(heights)).sum())


def backwards(some: Samples) -> Samples:
    t_s, force = some
    return t_s[-1] - t_s[::-1], force[::-1]


def joined(pieces: list[Samples]) -> Samples:
    """One after the other, each on the level of rest that the one before ended on."""
    times, forces, end_s, level = [], [], 0.0, None
    for t_s, force in pieces:
        near = min(40, force.size // 3)
        shift = 0.0 if level is None else level - float(np.mean(force[:near]))
        level = float(np.mean(force[-near:])) + shift
        times.append(t_s - t_s[0] + end_s)
        forces.append(force + shift)
        end_s = times[-1][-1] + float(np.median(np.diff(t_s)))
    return np.concatenate(times), np.concatenate(forces)
