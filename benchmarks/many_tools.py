"""A radio with any number of simulated balls, as a process for the benchmarks.

Usage: python benchmarks/many_tools.py TOOLS PLAYS PLAY_S PACKET_S RADIO TRUTH STATE
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from griphub.simulators.plans import ToolPlan
from griphub.simulators.plays import Play
from griphub.simulators.presets import PRESETS
from griphub.simulators.serve import serve
from griphub.simulators.waveform import BALL, play


def name(n: int) -> str:
    """Serial number of the n-th ball."""
    return f"ball{n:03d}"


def child(n: int) -> str:
    """Id of the child who uses it: one for each ball, so that each has a live page of its own."""
    return f"c-{n:03d}"


def _plan(n: int, plays: int, play_s: float, packet_s: float) -> ToolPlan:
    model = list(PRESETS.values())[n % len(PRESETS)]

    def all_plays() -> Iterator[Play]:
        rng = np.random.default_rng(n)
        for _ in range(plays):
            yield play(model, "right", BALL, rng, duration_s=play_s)

    return ToolPlan(name(n), BALL.kind, all_plays(), pause_s=1.0, packet_s=packet_s)


if __name__ == "__main__":
    tools, plays, play_s, packet_s, radio, truth, state = sys.argv[1:]
    plans = [_plan(n, int(plays), float(play_s), float(packet_s)) for n in range(int(tools))]
    asyncio.run(serve(plans, radio, truth=Path(truth), state=Path(state)))
