"""How well a tool's time becomes UTC in an hour: error by drift and by how the radio delays packets.

The error is against the true time of the sample, the radio's least delay of 2 ms included.
Aim: 5 ms, and 10 ms between two hands.
"""

import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from griphub.firmware_bridge.clock import HostClock
from griphub.firmware_bridge.timebase import TimeBase

HOUR_S = 3600.0
SAMPLE_S = 0.01
PACKET_S = 10 * SAMPLE_S
SETTLED_S = 60.0
LEAST_S = 0.002
EPOCH_S = 1.8e9

Delays = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class SetClock(HostClock):
    """A clock that shows what it is told."""

    now_s = 0.0

    def monotonic_s(self) -> float:
        """As told."""
        return self.now_s


def at_once(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A wire."""
    return np.zeros(taken_s.size)


def interval(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A connection interval of 48.75 ms, and an eighth of the packets sent again at the next event."""
    every_s = 0.04875
    return (-taken_s - rng.uniform(0, every_s)) % every_s + every_s * (rng.geometric(7 / 8, taken_s.size) - 1)


def marching(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An interval of 50 ms, of which packets are a whole multiple: they stay in step with it for minutes."""
    return (-taken_s - rng.uniform(0, 0.05)) % 0.05


def jitter(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exponential with a mean of 40 ms: a stack under load."""
    return rng.exponential(0.04, taken_s.size)


def bursts(taken_s: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The radio is busy for 0.5 to 5 s, ten times a minute, from the first moment on."""
    delay_s = interval(taken_s, rng)
    busy_s = np.concatenate([[taken_s[0]], rng.uniform(taken_s[0], taken_s[-1], int(HOUR_S / 6))])
    for begin_s, length_s in zip(busy_s, rng.uniform(0.5, 5, busy_s.size), strict=True):
        held = (taken_s >= begin_s) & (taken_s < begin_s + length_s)
        delay_s[held] = np.maximum(delay_s[held], begin_s + length_s - taken_s[held])
    return delay_s


MODELS: dict[str, tuple[Delays, bool]] = {
    "a wire": (at_once, False),
    "interval of 48.75 ms, 1 in 8 again": (interval, False),
    "interval of 50 ms, in step": (marching, False),
    "the same, packets of 5 to 15": (marching, True),
    "exponential, mean 40 ms": (jitter, False),
    "busy for seconds, 10 times a minute": (bursts, False),
}


def errors_s(drift: float, model: Delays, seed: int, *, uneven: bool = False) -> np.ndarray:
    """Error of each packet's time as told on arrival; `uneven` packets have 5 to 15 samples."""
    rng = np.random.default_rng(seed)
    n = round(HOUR_S / PACKET_S)
    steps_s = rng.integers(5, 16, n) * SAMPLE_S if uneven else np.full(n, PACKET_S)
    # the tool's own clock paces it
    taken_s = rng.uniform(0, PACKET_S) + np.cumsum(steps_s) / (1 + drift)
    # in order: what was held back holds the next ones back too
    arrived_s = np.maximum.accumulate(taken_s + LEAST_S + model(taken_s, rng))
    tool_s = 300 + taken_s * (1 + drift)
    clock = SetClock(epoch_s=EPOCH_S)
    base = TimeBase(clock)
    told_s = np.empty(taken_s.size)
    for n, (at_s, here_s) in enumerate(zip(tool_s.tolist(), arrived_s.tolist(), strict=True)):
        clock.now_s = here_s
        base.arrived(at_s)
        told_s[n] = base.utc_s(at_s)
    assert (np.diff(told_s) >= 0).all()
    return told_s - EPOCH_S - taken_s


def main() -> None:
    """Print the table."""
    table = Table(title="Error of a sample's UTC over an hour, ms (5 seeds, ±40 and ±80 ppm)", box=None)
    for column in ("delays", "p50", "p99", "max", "max in the first minute"):
        table.add_column(column, justify="left" if column == "delays" else "right")
    packets, began_s = 0, time.process_time()
    for name, (model, uneven) in MODELS.items():
        runs = [
            np.abs(errors_s(drift * 1e-6, model, seed, uneven=uneven)) * 1e3
            for drift in (-80, -40, 40, 80)
            for seed in range(5)
        ]
        packets += sum(run.size for run in runs)
        first = int(SETTLED_S / PACKET_S)
        settled = np.concatenate([run[first:] for run in runs])
        cells = (*np.percentile(settled, (50, 99, 100)), max(run[:first].max() for run in runs))
        table.add_row(name, *(f"{cell:.2f}" for cell in cells))
    spent_s = time.process_time() - began_s
    console = Console(width=100)
    console.print(table)
    console.print(f"At most {1e6 * spent_s / packets:.1f} µs a packet, the loop of this benchmark included.")


if __name__ == "__main__":
    main()
