"""``griphub exercise``: lead a child through an item, in a terminal."""

import asyncio
import contextlib
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from .. import config as configuration
from ..control.address import socket_path
from ..control.client import ControlClient
from ..live import ExerciseView
from ..program.faces import FACES, Face
from .common import ConfigOption, JsonOption, out, set_up_logging

_HELP = (
    "Enter: go on · s: stop · c: the child wants to stop · p: it hurts · p 4: a face · n: next part · "
    "l: a longer rest · after a test a 2 yes: the face now, and whether the child sat as shown"
)


def exercise(
    child: Annotated[str, typer.Argument(metavar="CHILD", help="Id or name of the child.")],
    item: Annotated[
        str | None, typer.Argument(metavar="[ITEM]", help="Id of an item; default: what is due.")
    ] = None,
    pain_before: Annotated[
        int | None, typer.Option(help="The face that the child showed before: 0, 2, 4, 6, 8 or 10.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="See one that is under way.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Lead a child through squeezes or a strength test of its program; stop at any time."""
    set_up_logging()
    settings = configuration.load(config)
    child_id = next((c.id for c in settings.children if child.casefold() == c.alias.casefold()), child)
    before = _face(pain_before) if pain_before is not None else None
    last = asyncio.run(
        _lead(ControlClient(socket_path(settings)), child_id, item, before, watch=watch, as_json=as_json)
    )
    if not as_json and last:
        out.print(f"{_summary(last)} ({last.ended_by}).")


def _summary(view: ExerciseView) -> str:
    if view.kind == "strength_test":
        return f"{view.done} of {view.reps} trials count"
    zone = f", {view.hits} of them in the zone" if view.hits is not None else ""
    return f"{view.done} of {view.sets * view.reps} squeezes in {view.set_number} sets{zone}"


def _face(number: int) -> Face:
    if number not in FACES:
        raise typer.BadParameter(f"the faces are {', '.join(map(str, FACES))}")
    return number  # type: ignore[return-value]


async def _lead(
    client: ControlClient, child: str, item: str | None, before: Face | None, *, watch: bool, as_json: bool
) -> ExerciseView | None:
    last = None if watch else await client.start_exercise(child, item, pain_before=before)
    if as_json:
        async for last in client.watch_exercise(child):
            out.print(last.model_dump_json(), soft_wrap=True, markup=False)
        return last
    listening = asyncio.create_task(_listen(client, child))
    try:
        with Live(console=out, auto_refresh=False) as screen:
            async for last in client.watch_exercise(child):
                screen.update(picture(last), refresh=True)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return last


async def _listen(client: ControlClient, child: str) -> None:
    """Take what somebody types; without anybody at the terminal, just let it go on."""
    from ..control.answers import ControlError
    from .ask import Asker, NobodyAnswered

    asker = Asker()
    with contextlib.suppress(NobodyAnswered):
        while True:
            word, *more = (await asker.line()).casefold().split() or [""]
            face = next((int(one) for one in more if one.isdigit() and int(one) in FACES), None)
            with contextlib.suppress(ControlError):  # it has just ended
                match word:
                    case "":
                        await client.tell_exercise(child, "confirm")
                    case "s" | "stop":
                        await client.tell_exercise(child, "stop", by="parent")
                    case "c" | "child":
                        await client.tell_exercise(child, "stop", by="child")
                    case "n" | "next":
                        await client.tell_exercise(child, "skip")
                    case "l" | "longer":
                        await client.tell_exercise(child, "longer")
                    case "p" | "pain":
                        await client.tell_exercise(child, "pain", face=face)  # type: ignore[arg-type]
                    case "a" | "after":
                        sat = next((one[0] == "y" for one in more if one in ("y", "yes", "n", "no")), None)
                        await client.tell_exercise(
                            child,
                            "after",
                            face=face,  # type: ignore[arg-type]
                            position_kept=sat,
                        )


def picture(view: ExerciseView) -> Panel:
    """One screen of an exercise."""
    who = "[dim]for you:[/] " if view.for_parent else ""
    parts = [Text.from_markup(f"{who}[bold]{escape(view.words)}[/]")]
    if view.kind == "strength_test":
        kind = "practice" if view.practice else "trial"
        parts.insert(0, Text(f"{view.script} Say first: stop at once if it hurts.".strip(), style="dim"))
        parts.append(Text(f"{view.hand} hand, {kind} {view.trial} of {view.trials}. {' '.join(view.news)}"))
        if view.hold_left_s is not None:
            parts.append(Text(f"hold: {view.hold_left_s:.0f} s"))
    match view.phase:
        case "set" | "asking" if view.kind == "strength_test":
            pass
        case "warm_up" if view.warm_up:
            parts.append(Text(f"warm-up {view.warmed_up} of {view.warm_up}"))
        case "rest":
            parts.append(Text(f"rest: {view.rest_left_s or 0:.0f} s"))
        case "set" | "asking":
            parts.append(Text(f"set {view.set_number} of {view.sets}: {view.in_set} of {view.reps}"))
    total = view.sets * view.reps
    full = round(40 * view.done / total)
    parts.append(Text("      " + "━" * full + "─" * (40 - full) + f" {view.done:3} of {total}"))
    for hand, level in view.levels.items():
        zone = view.zones.get(hand)
        parts.append(Text(f"{hand:5} {_bar(level, zone)} {level:7.1f} {view.unit}"))
    if view.away:
        parts.append(Text(f"waiting for: {', '.join(view.away)}", style="dim"))
    parts.append(Text(_HELP, style="dim"))
    return Panel(Group(*parts), title=escape(view.title), width=76)


def _bar(level: float, zone: tuple[float, float] | None, width: int = 40) -> str:
    """Force as a bar, with the zone marked by brackets."""
    top = zone[1] * 1.4 if zone else max(level, 1.0) * 1.4
    cells = ["█" if n / width * top < level else "·" for n in range(width)]
    if zone:
        for edge, sign in ((zone[0], "["), (zone[1], "]")):
            cells[min(width - 1, int(edge / top * width))] = sign
    return "".join(cells)
