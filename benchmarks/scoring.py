"""How well squeezes were found."""

from dataclasses import dataclass, field

import numpy as np
from methods import Found

from griphub.simulators.plays import TrueSqueeze

ONSET_S = 0.15  # the tolerance of the onset F1
NEAR_S = 0.5  # farther from a true onset it is another squeeze

COLUMNS = ["exact %", "count MAE", "F1 ±150 ms", "false/idle min", "peak error %", "its mean"]
COLUMNS += ["delay p50", "p95", "max ms"]


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
    peak_z: list[float] = field(default_factory=list)
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
            self.peak_errors.append(near.peak / true.peak - 1)
            self.peak_z.append((near.peak - true.peak) / near.peak_sd)
            self.delays_s.append(near.decided_s - true.offset_s)
        self.false += sum(not any(t.onset_s <= f.onset_s <= t.offset_s for t in truth) for f in left)
        self.idle_s += duration_s - sum(t.offset_s - t.onset_s for t in truth)

    def __iadd__(self, other: "Score") -> "Score":
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def exact_percent(self) -> float:
        """Sessions with the exact count."""
        return 100 * self.exact / self.sessions

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of onsets, per cent."""
        return 200 * self.on_time / max(self.true + self.found, 1)

    @property
    def false_per_min(self) -> float:
        """Squeezes where there was none, per minute without any."""
        return 60 * self.false / self.idle_s

    @property
    def peak_error(self) -> float:
        """Median of the peaks' relative errors, per cent."""
        return 100 * float(np.median(np.abs(self.peak_errors))) if self.peak_errors else np.nan

    @property
    def covered(self) -> str:
        """Share of peaks within two of their own standard uncertainties."""
        z = np.array(self.peak_z)
        z = z[np.isfinite(z)]
        return f"{100 * np.mean(np.abs(z) <= 2):.0f}" if z.size else "–"

    def row(self) -> list[str]:
        """Cells of the table."""
        delays = np.array(self.delays_s)
        delay = ["–"] * 3
        if delays.size and not np.isnan(delays).any():
            delay = [f"{1000 * q:.0f}" for q in np.quantile(delays, [0.5, 0.95, 1])]
        return [
            f"{self.exact_percent:.0f}",
            f"{self.miscounted / self.sessions:.2f}",
            f"{self.f1:.0f}" if self.true else "–",
            f"{self.false_per_min:.2f}",
            f"{self.peak_error:.1f}" if self.peak_errors else "–",
            f"{100 * np.mean(np.abs(self.peak_errors)):.1f}" if self.peak_errors else "–",
            *delay,
        ]
