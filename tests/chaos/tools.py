"""The radio of the chaos run: four tools that children keep using, whoever listens.

Usage: tools.py SEED PLAY_S RADIO TRUTH STATE
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from griphub.simulators import tool
from griphub.simulators.child import Hand
from griphub.simulators.plans import ToolPlan
from griphub.simulators.plays import Play
from griphub.simulators.presets import PRESETS
from griphub.simulators.serve import serve
from griphub.simulators.waveform import BALL, PUTTY, ToolModel, play

CHILDREN = list(PRESETS.values())
#: Tool, what it is, who uses it, with which hand, in which home, and whether the child waits for the hub.
TOOLS: list[tuple[str, ToolModel, int, Hand, str, bool]] = [
    ("ball01", BALL, 0, "right", "north", True),
    ("putty01", PUTTY, 0, "left", "north", False),
    ("ball02", BALL, 1, "left", "south", False),
    ("putty02", PUTTY, 2, "right", "south", True),
]


#: These tools wait less long for a hub that missed the end, so that more is handed over at the next contact.
tool.LINGER_S = 15.0


def plan(number: int, seed: int, until_s: float) -> ToolPlan:
    """One tool, which is used until a moment (monotonic) and then once more, to hand over what it kept."""
    name, model, child, hand, _, waits = TOOLS[number]

    def plays() -> Iterator[tuple[Play, float]]:
        rng = np.random.default_rng([seed, number])
        left_s = until_s - time.monotonic()
        while time.monotonic() < until_s:
            yield (
                play(CHILDREN[child], hand, model, rng, duration_s=min(left_s / 4, rng.uniform(12, 50))),
                rng.uniform(1, 4),
            )
        yield play(CHILDREN[child], hand, model, rng, duration_s=8.0), 0.0

    return ToolPlan(name, model.kind, plays(), waits=waits)


if __name__ == "__main__":
    seed, play_s, radio, truth, state = sys.argv[1:]
    until_s = time.monotonic() + float(play_s)
    plans = [plan(number, int(seed), until_s) for number in range(len(TOOLS))]
    asyncio.run(serve(plans, radio, seed=int(seed), truth=Path(truth), state=Path(state)))
