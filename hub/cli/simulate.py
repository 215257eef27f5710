"""``griphub simulate``: tools on a virtual radio, in a process of their own."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ...firmware_bridge.profile import WireKind, WireUnit
from ...simulators.child import PRESETS, ChildModel, Hand
from ...simulators.plays import Play
from ...simulators.recording import read_recording
from ...simulators.serve import ToolPlan, serve
from ...simulators.waveform import BALL, PUTTY, ToolModel, play
from .common import VerboseOption, set_up_logging
from .seed import tool_name

UNITS = {
    "n": WireUnit.NEWTON,
    "kgf": WireUnit.KILOGRAM_FORCE,
    "lbf": WireUnit.POUND_FORCE,
    "kpa": WireUnit.KILOPASCAL,
    "count": WireUnit.COUNT,
    "unknown": WireUnit.UNKNOWN,
}

UnitOption = Annotated[str, typer.Option(help=f"Unit of the recordings: {', '.join(UNITS)}.")]
SpeedOption = Annotated[float, typer.Option(min=1, max=50, help="Run so many times faster.")]

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


def players(kinds: Sequence[ToolModel], children: Sequence[str]) -> list[Player]:
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
        Player(child, hand, kind)
        for kind, child, hand in zip(kinds, itertools.cycle(chosen or PRESETS.values()), hands, strict=False)
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


def simulate(
    listen: Annotated[str, typer.Option(help="Where hubs find the radio: unix:PATH or tcp:127.0.0.1:PORT.")],
    ball: Annotated[bool, typer.Option("--ball", help="A grip ball.")] = False,
    putty: Annotated[bool, typer.Option("--putty", help="A putty sensor.")] = False,
    child: Annotated[
        list[str] | None, typer.Option(help="Who uses the tools, in turn: Mia, Jonas, Lea, or an id.")
    ] = None,
    recording: Annotated[
        list[Path] | None, typer.Option("--replay", help="Play this recording on a ball instead.")
    ] = None,
    unit: UnitOption = "unknown",
    play_s: Annotated[float, typer.Option(min=8, help="Seconds that a child keeps at it.")] = 45.0,
    plays: Annotated[
        int | None, typer.Option(min=1, help="Times that it does; without it, for ever.")
    ] = None,
    pause_s: Annotated[float, typer.Option(min=0, help="Seconds of sleep in between.")] = 8.0,
    speed: SpeedOption = 1.0,
    drop: Annotated[float, typer.Option(min=0, max=0.9, help="Share of packets that the radio loses.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same squeezes.")] = 1,
    truth: Annotated[Path | None, typer.Option(help="Append what truly happens here, as JSON lines.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder that stands for the tools' flash memory.")
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Run simulated tools on a virtual radio that hubs reach through a socket.

    Start a hub on it with `griphub hub --radio unix:PATH`. Killing either side is a lost link.
    """
    set_up_logging(verbose)
    if recording:
        plans = [recorded(recording, unit)]
    else:
        kinds = [model for model, wanted in ((BALL, ball), (PUTTY, putty)) if wanted] or [BALL]
        plans = [
            plan(player, seed, play_s=play_s, plays=plays, pause_s=pause_s)
            for player in players(kinds, child or [])
        ]
    asyncio.run(serve(plans, listen, seed=seed, speed=speed, drop=drop, state=state, truth=truth))
