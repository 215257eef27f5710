"""The process behind ``griphub simulate``: tools and the radio that hubs reach them by."""

import asyncio
import json
import signal
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from ..firmware_bridge.clock import HostClock
from .control import Stage, serve_control
from .lives import ToolLives
from .plans import ToolPlan
from .radio import VirtualLink, serve_hci
from .truth import Truth


async def serve(
    plans: Sequence[ToolPlan],
    listen: str,
    *,
    seed: int = 0,
    speed: float = 1.0,
    slots: int | None = None,
    state: Path | None = None,
    truth: Path | None = None,
    control: Path | None = None,
    children: Mapping[str, str] | None = None,
    another: Callable[[dict[str, Any], Collection[str]], ToolPlan] | None = None,
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
        Chooses which packets suffer.
    speed : float
        Seconds played per real second.
    slots : int, optional
        Links that a hub's radio can hold at a time.
    state : Path, optional
        Folder where the tools keep what they remember without power. Without it they forget it with the
        process, and hubs must pair anew.
    truth : Path, optional
        File to which what truly happens is appended; see `Truth`.
    control : Path, optional
        Socket on which faults, and further children, can be asked for; see `serve_control`.
    children : mapping of str to str, optional
        Names of the children who may come in later, by id.
    another : callable, optional
        Makes the plan of a child who comes in later, from a request and the names of tools that are taken;
        raises ValueError saying why not. Without it nobody does.

    Raises
    ------
    AdapterUnavailable
        If nothing can listen there.
    ValueError
        If a plan cannot be.
    """
    link, clock = VirtualLink(), HostClock(speed)
    async with AsyncExitStack() as stack:
        file = stack.enter_context(truth.open("a", encoding="utf-8")) if truth else None
        account = Truth(file, clock)
        memory = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="griphub-tools-")))
        tools = [
            ToolLives(plan, link=link, clock=clock, seed=seed, memory=memory, truth=account) for plan in plans
        ]
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
            stack.callback(loop.remove_signal_handler, number)
        radio = await stack.enter_async_context(serve_hci(link, listen, slots=slots))
        tasks: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as group:

            def enter(request: dict[str, Any]) -> str:
                assert another
                plan = another(request, [tool.name for tool in tools])
                tool = ToolLives(plan, link=link, clock=clock, seed=seed, memory=memory, truth=account)
                tools.append(tool)
                tasks.append(group.create_task(tool.run(), name=tool.name))
                return tool.name

            tasks += [group.create_task(tool.run(), name=tool.name) for tool in tools]
            if control:
                stage = Stage(children or {}, enter) if another else None
                await stack.enter_async_context(serve_control(control, tools, stage))
            tasks.append(group.create_task(_tell_when_done(tools, account), name="done"))
            _say(ready=radio, tools=[tool.name for tool in tools])
            await stop.wait()
            for task in tasks:
                task.cancel()


async def _tell_when_done(tools: Sequence[ToolLives], account: Truth) -> None:
    for tool in tools:
        await tool.done.wait()
    account.done()
    _say(done=True)


def _say(**row: Any) -> None:
    print(json.dumps(row), flush=True)
