"""What ``griphub simulate`` simulates: who plays with which tool, or which recordings are played."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer

from ...firmware_bridge.profile import WireKind
from ...simulators.child import PRESETS, ChildModel, Hand
from ...simulators.plays import Play
from ...simulators.recording import UNITS, read_recording
from ...simulators.serve import ToolPlan
from ...simulators.waveform import BALL, PUTTY, ToolModel, play
from .seed import tool_name

#: The tool that recordings are played on.
REPLAY_TOOL = "replay"


@dataclass(frozen=True, slots=True)
class Player:
    """A child with a tool in one hand."""

    child: ChildModel
    hand: Hand
    tool: ToolModel

    @property
    def name(self) -> str:
        """Name and serial number of the tool."""
        return tool_name(self.tool.kind, self.child.child_id)


def kinds(*, ball: bool, putty: bool) -> list[ToolModel]:
    """The tools asked for; a ball if none is."""
    return [model for model, wanted in ((BALL, ball), (PUTTY, putty)) if wanted] or [BALL]


def players(tools: Sequence[ToolModel], children: Sequence[str]) -> list[Player]:
    """Give each tool to a child, in turn; the first child's right hand, the next one's left.

    Raises
    ------
    typer.BadParameter
        If there is no such child.
    """
    known = {name.lower(): child for child in PRESETS.values() for name in (child.child_id, child.alias)}
    chosen = []
    for name in children:
        if name.lower() not in known:
            raise typer.BadParameter(f"there is no simulated child {name}; choose from {', '.join(known)}")
        chosen.append(known[name.lower()])
    hands: Iterator[Hand] = itertools.cycle(("right", "left"))
    return [
        Player(child, hand, tool)
        for tool, child, hand in zip(tools, itertools.cycle(chosen or PRESETS.values()), hands, strict=False)
    ]


def plan(player: Player, seed: int, *, play_s: float, plays: int | None, pause_s: float) -> ToolPlan:
    """Let a child play, `plays` times or for ever."""

    def all_plays() -> Iterator[Play]:
        # each tool has its own stream of chance, so that one tool more changes nothing for the others
        rng = np.random.default_rng([seed, *player.name.encode()])
        for _ in range(plays) if plays else itertools.count():
            yield play(player.child, player.hand, player.tool, rng, duration_s=play_s)

    return ToolPlan(player.name, player.tool.kind, all_plays(), pause_s)


def recorded(files: Sequence[Path], unit: str) -> ToolPlan:
    """Play recordings on a ball, one after the other; all are read first, so that a bad one is told at once.

    Raises
    ------
    typer.BadParameter
        If there is no such unit.
    RecordingError
        Naming file and line.
    """
    if unit.lower() not in UNITS:
        raise typer.BadParameter(f"there is no unit {unit}; choose from {', '.join(UNITS)}")
    plays = [read_recording(file, UNITS[unit.lower()]) for file in files]
    return ToolPlan(REPLAY_TOOL, WireKind.BALL, plays, pause_s=0.0)
