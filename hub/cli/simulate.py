"""What ``griphub simulate`` simulates: who plays with which tool, or which recordings are played."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import typer

from ...firmware_bridge.profile import WireKind
from ...simulators.child import HANDS, ChildModel, Hand
from ...simulators.devices import DEVICES
from ...simulators.faults import ROUGH_DAY, Fault, rough_day
from ...simulators.history import history
from ...simulators.plans import ToolPlan
from ...simulators.plays import Play
from ...simulators.presets import PRESETS
from ...simulators.recording import UNITS, read_recording
from ...simulators.tool import PACKET_S
from ...simulators.waveform import BALL, PUTTY, ToolModel, play, untouched

#: The tool that recordings are played on.
REPLAY_TOOL = "replay"
MODELS = {"ball": BALL, "putty": PUTTY}  #: kinds of tools of ours
UNTOUCHED_S = 15.0  #: longer than a quiet check, and not too long for whoever waits for the child
ROUGH_PLAYS = 10  #: plays over which a rough day is spread where they never end


@dataclass(frozen=True, slots=True)
class Player:
    """A child with a tool in one hand.

    Attributes
    ----------
    name : str
        Name and serial number of the tool.
    device : str or None
        Driver's name of another maker's device; None for a tool of ours.
    """

    name: str
    child: ChildModel
    hand: Hand
    tool: ToolModel
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """How the children use their tools.

    Attributes
    ----------
    play_s : float
        Seconds that a child keeps at it.
    plays : int or None
        Times that it does; None: for ever.
    pause_s : float
        Seconds of sleep in between.
    weeks : int
        Weeks of real days, with their pauses, in place of all that; 0: none.
    rate_hz : float or None
        Samples per second; None: as many as the tool usually takes.
    packet_s : float
        How long a packet is.
    alone : bool
        Whether the children play without waiting for a hub.
    new : bool
        Whether each tool lies untouched for a while when a hub first listens, as while it is paired.
    """

    play_s: float = 45.0
    plays: int | None = None
    pause_s: float = 5.0
    weeks: int = 0
    rate_hz: float | None = None
    packet_s: float = PACKET_S
    alone: bool = False
    new: bool = False


def tool_name(kind: WireKind, child_id: str) -> str:
    """Name and serial number of a child's simulated tool, of eight characters at most."""
    return f"{kind.name.lower()[:4]}{child_id[-4:]}"


def players(
    *,
    ball: bool = False,
    putty: bool = False,
    devices: Sequence[str] = (),
    tools: int = 0,
    children: Sequence[str] = (),
) -> list[Player]:
    """Give each kind of tool to a child, in turn; the first child's right hand, the next one's left.

    Parameters
    ----------
    ball, putty : bool
        Tools of ours; a ball if nothing is asked for.
    devices : sequence of str
        Driver's names of other makers' devices.
    tools : int
        How many in all, the kinds in turn; 0: one of each kind.
    children : sequence of str
        Who uses them: names or ids of presets; by default all.

    Raises
    ------
    typer.BadParameter
        If there is no such child or device.
    """
    known = {name.lower(): child for child in PRESETS.values() for name in (child.child_id, child.alias)}
    kinds: list[tuple[ToolModel, str | None]] = [
        *((model, None) for model, wanted in ((BALL, ball), (PUTTY, putty)) if wanted),
        *((BALL, _one_of(DEVICES, device, "device")) for device in devices),
    ]
    kinds = kinds or [(BALL, None)]
    chosen = [known[_one_of(known, name, "simulated child")] for name in children] or list(PRESETS.values())
    hands: Iterator[Hand] = itertools.cycle(("right", "left"))
    everybody = zip(itertools.cycle(kinds), itertools.cycle(chosen), hands, strict=False)
    found: list[Player] = []
    for (tool, device), child, hand in itertools.islice(everybody, tools or len(kinds)):
        name = tool_name(tool.kind, child.child_id)
        if tools > len(kinds):
            name = f"{tool.kind.name.lower()[:4]}{len(found):03d}"
        if device:
            usual = DEVICES[device].default_name
            name = usual if usual not in {p.name for p in found} else f"{usual[:-3]}{len(found):03d}"
        found.append(Player(name, child, hand, tool, device))
    return found


def plan(player: Player, seed: int, routine: Routine, faults: Sequence[str] = ()) -> ToolPlan:
    """Let a child play, and things go wrong.

    Raises
    ------
    FaultError
        If there is no such fault.
    """
    model = replace(player.tool, rate_hz=routine.rate_hz or player.tool.rate_hz)
    # each tool has its own stream of chance, so that one tool more changes nothing for the others
    rng = np.random.default_rng([seed, *player.name.encode()])

    def all_plays() -> Iterator[Play]:
        if routine.new:
            yield untouched(model, rng, UNTOUCHED_S)
        for _ in range(routine.plays) if routine.plays else itertools.count():
            yield play(player.child, player.hand, model, rng, duration_s=routine.play_s)

    return ToolPlan(
        player.name,
        model.kind,
        _days(player, seed, routine.weeks) if routine.weeks else all_plays(),
        pause_s=routine.pause_s,
        packet_s=routine.packet_s,
        waits=not routine.alone,
        device=player.device,
        faults=tuple(_faults(faults, seed, player.name, routine)),
    )


def another(request: Mapping[str, Any], taken: Collection[str], seed: int, routine: Routine) -> ToolPlan:
    """The plan of a child who comes in while a simulation runs, with a new tool that was never paired.

    Raises
    ------
    ValueError
        If there is no such child, tool or hand.
    """
    known = {name: child for child in PRESETS.values() for name in (child.child_id, child.alias)}
    child, kind, hand = known.get(str(request.get("child"))), request.get("kind"), request.get("hand")
    if child is None:
        raise ValueError(
            f"There is no simulated child {request.get('child')!r}; choose from {', '.join(known)}."
        )
    if kind not in MODELS:
        raise ValueError(f"There is no kind of tool {kind!r}; choose from {', '.join(MODELS)}.")
    if hand not in HANDS:
        raise ValueError(f"There is no hand {hand!r}; choose from {', '.join(HANDS)}.")
    name = next(name for n in itertools.count() if (name := f"{kind[:4]}{n:04x}") not in taken)
    return plan(
        Player(name, child, hand, MODELS[kind]), seed, replace(routine, new=True, plays=None, weeks=0)
    )


def _faults(texts: Sequence[str], seed: int, name: str, routine: Routine) -> Iterator[Fault]:
    for text in texts:
        if text == ROUGH_DAY:
            yield from rough_day(f"{seed} {name}", (routine.plays or ROUGH_PLAYS) * routine.play_s)
        else:
            yield Fault.parse(text)


def _days(player: Player, seed: int, weeks: int) -> Iterator[tuple[Play, float]]:
    """Sessions of the child's next weeks with this tool in this hand, each with the pause until the next."""
    mine = (
        session
        for session in history(
            player.child, datetime.now(UTC).date() + timedelta(weeks=weeks), seed, weeks=weeks
        )
        if session.hand == player.hand and session.tool == player.tool
    )
    for session, following in itertools.pairwise(itertools.chain(mine, [None])):
        assert session
        ends = session.when + timedelta(seconds=session.play.duration_s)
        yield session.play, (following.when - ends).total_seconds() if following else 0.0


def recordings(files: Sequence[Path], unit: str) -> list[Play]:
    """Read recordings, all of them before the first is played, so that a bad one is told at once.

    Raises
    ------
    typer.BadParameter
        If there is no such unit.
    RecordingError
        Naming file and line.
    """
    return [read_recording(file, UNITS[_one_of(UNITS, unit, "unit")]) for file in files]


def recorded(files: Sequence[Path], unit: str) -> ToolPlan:
    """Play recordings on a ball, one after the other; raises what `recordings` raises."""
    return ToolPlan(REPLAY_TOOL, WireKind.BALL, recordings(files, unit), pause_s=0.0)


def _one_of(known: Collection[str], name: str, what: str) -> str:
    if name.lower() not in known:
        raise typer.BadParameter(f"there is no {what} {name}; choose from {', '.join(known)}")
    return name.lower()
