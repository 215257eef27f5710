"""Streams to feed a detector with, and ways to cut them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from griphub.firmware_bridge.samples import SampleBlock, Unit
from griphub.signal.squeeze import Squeeze, SqueezeDetector

MakeBlock = Callable[..., SampleBlock]
Feed = Callable[..., list[Squeeze]]


@pytest.fixture(scope="session")
def block() -> MakeBlock:
    """Make a block of samples, at 100 Hz unless told otherwise."""

    def make(
        values: Iterable[float],
        *,
        first: int = 0,
        fs: float = 100.0,
        t: Sequence[float] | None = None,
        unit: Unit = Unit.NEWTON,
        clipped: Sequence[bool] | None = None,
        tool: str = "ball",
    ) -> SampleBlock:
        x = np.array(list(values), dtype=float)
        return SampleBlock(
            tool_id=tool,
            first_index=first,
            t_s=(first + np.arange(x.size)) / fs if t is None else np.array(t, dtype=float),
            values=x,
            unit=unit,
            fs_hz=0.0 if t is not None else fs,
            lost=0,
            clipped=np.zeros(x.size, bool) if clipped is None else np.array(clipped, bool),
        )

    return make


@pytest.fixture(scope="session")
def feed() -> Feed:
    """Feed one block, cut before the given positions; without `finish`."""

    def cut_and_feed(
        detector: SqueezeDetector, whole: SampleBlock, cuts: Iterable[int] = ()
    ) -> list[Squeeze]:
        found: list[Squeeze] = []
        edges = [0, *sorted(cuts), len(whole)]
        for begin, end in pairwise(edges):
            found += detector.update(
                SampleBlock(
                    whole.tool_id,
                    whole.first_index + begin,
                    whole.t_s[begin:end].copy(),
                    whole.values[begin:end].copy(),
                    whole.unit,
                    whole.fs_hz,
                    0,
                    whole.clipped[begin:end].copy(),
                )
            )
        return found

    return cut_and_feed


@pytest.fixture(scope="session")
def force() -> Callable[..., np.ndarray]:
    """Squeezes of known place and height on a rest of 0.5, with noise of known SD."""

    def make(
        peaks_s: Sequence[float],
        heights: Sequence[float] | float = 20.0,
        *,
        width_s: float = 0.3,
        hold_s: float = 0.0,
        fs: float = 100.0,
        end_s: float | None = None,
        noise: float = 0.05,
        rest: float = 0.5,
        seed: int = 0,
    ) -> np.ndarray:
        end_s = max(peaks_s, default=0.0) + hold_s + 2.0 if end_s is None else end_s
        t = np.arange(0, end_s, 1 / fs)
        x = rest + noise * np.random.default_rng(seed).standard_normal(t.size)
        for at, height in zip(peaks_s, np.broadcast_to(heights, len(peaks_s)), strict=True):
            away = np.maximum(np.abs(t - at) - hold_s / 2, 0)
            x += height * np.exp(-((away / width_s) ** 2))
        return x

    return make
