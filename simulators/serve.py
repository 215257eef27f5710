"""The process behind ``griphub simulate``: tools and the radio that hubs reach them by."""

import asyncio
import json
import signal
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from ..firmware_bridge.clock import HostClock
from ..firmware_bridge.profile import WireKind
from .plays import Play
from .radio import VirtualLink, serve_hci
from .tool import PlayEnded, PlayStarted, SimulatedTool


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """One tool to simulate; see `SimulatedTool`."""

    name: str
    kind: WireKind
    plays: Iterable[Play]
    pause_s: float = 5.0


async def serve(
    plans: Sequence[ToolPlan],
    listen: str,
    *,
    seed: int = 0,
    speed: float = 1.0,
    drop: float = 0.0,
    state: Path | None = None,
    truth: Path | None = None,
) -> None:
    """Run tools on a radio until SIGTERM or SIGINT, or until cancelled.

    Prints ``{"ready": RADIO, "tools": [NAME, …]}`` once hubs can connect, RADIO being what they pass as their
    radio, and ``{"done": true}`` once no tool has anything left to play.

    Parameters
    ----------
    plans : sequence of ToolPlan
        The tools.
    listen : str
        ``unix:/path`` or ``tcp:127.0.0.1:port``.
    seed : int
        Chooses which packets are dropped.
    speed : float
        Seconds played per real second.
    drop : float
        Fraction of packets with samples that the radio loses.
    state : Path, optional
        Folder where the tools keep their bonds. Without it they forget them with the process, and hubs must
        pair anew.
    truth : Path, optional
        File to which what truly happens is appended as JSON lines: ``play_started``, ``play_ended``,
        ``done``.

    Raises
    ------
    AdapterUnavailable
        If nothing can listen there.
    ValueError
        If a plan cannot be.
    """
    link, clock = VirtualLink(), HostClock(speed)
    with ExitStack() as stack:
        file = stack.enter_context(truth.open("a", encoding="utf-8")) if truth else None
        tools = [
            SimulatedTool(
                plan.name,
                plan.kind,
                plan.plays,
                link=link,
                clock=clock,
                pause_s=plan.pause_s,
                bonds=state / f"{plan.name}.json" if state else None,
                drop=drop,
                seed=seed,
                observer=lambda event: _write(file, _truth(event, clock)),
            )
            for plan in plans
        ]
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
            stack.callback(loop.remove_signal_handler, number)
        async with serve_hci(link, listen) as radio, asyncio.TaskGroup() as group:
            tasks = [group.create_task(tool.run(), name=tool.name) for tool in tools]
            tasks.append(group.create_task(_tell_when_done(tools, file), name="done"))
            _say(ready=radio, tools=[tool.name for tool in tools])
            await stop.wait()
            for task in tasks:
                task.cancel()


async def _tell_when_done(tools: Sequence[SimulatedTool], file: TextIO | None) -> None:
    for tool in tools:
        await tool.done.wait()
    _write(file, {"event": "done"})
    _say(done=True)


def _truth(event: PlayStarted | PlayEnded, clock: HostClock) -> dict[str, Any]:
    row = {"tool_id": event.tool_id, "boot_id": event.boot_id, "play": event.number}
    if isinstance(event, PlayEnded):
        return {"event": "play_ended", **row, "sent": event.sent}
    play = event.play
    return {
        "event": "play_started",
        **row,
        "at_s": clock.utc_s(),  # Unix time of the first sample
        "label": play.label,
        "first_index": event.first_index,
        "samples": len(play.values),
        "rate_hz": play.rate_hz,
        "unit": play.unit.name,
        "squeezes": [asdict(squeeze) for squeeze in play.truth],
    }


def _write(file: TextIO | None, row: dict[str, Any]) -> None:
    if file:
        print(json.dumps(row, ensure_ascii=False), file=file, flush=True)


def _say(**row: Any) -> None:
    print(json.dumps(row), flush=True)
