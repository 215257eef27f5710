"""``griphub tools``: the home's tools, who uses them, and where their links stand."""

import asyncio
import json
import time
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .. import config as configuration
from ..control.address import HubNotRunning, socket_path
from ..control.answers import ToolStatus
from ..people.home import with_children
from ..records.vocabulary import Hand
from ..tools import FILE, HomeTool, ToolRegistry, registered
from .common import ConfigOption, JsonOption, out, set_up_logging

app = typer.Typer(help="List the home's tools, give one to another child or hand, or let one go.")

ToolArgument = Annotated[str, typer.Argument(metavar="TOOL", help="Its id, as `griphub tools` shows it.")]


@app.callback(invoke_without_command=True)
def tools(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the home's tools, who uses them, and where their links stand."""
    from ..control.client import ControlClient

    set_up_logging()
    if context.invoked_subcommand:
        return
    settings = with_children(configuration.load(config))
    try:
        found, running = asyncio.run(ControlClient(socket_path(settings)).tools()), True
    except HubNotRunning:
        found, running = [ToolStatus(tool=tool) for tool in registered(settings)], False
    if as_json:
        out.print_json(json.dumps([{**s.model_dump(mode="json"), "words": s.words} for s in found]))
        return
    aliases = {child.id: child.alias for child in settings.children}
    table = Table("tool", "what it is", "who", "hand", "now", box=None, pad_edge=False)
    for status in found:
        tool = status.tool
        who = aliases.get(tool.child, f"{tool.child}, who is not here")
        words = status.words if running else "GripHub is not running."
        table.add_row(*map(escape, (tool.id, tool.title, who, tool.hand, words)))
    if found:
        out.print(table)
    else:
        out.print("There are no tools here yet. `griphub pair` takes one in.")


@app.command("use")
def use(
    tool: ToolArgument,
    child: Annotated[str, typer.Option(help="Id or name of the child who uses it from now on.")],
    hand: Annotated[Hand, typer.Option(help="The hand that holds it.")],
    config: ConfigOption = None,
) -> None:
    """Give a tool to another child or hand; what was measured before stays with whom it was."""
    from ..control.client import ControlClient

    settings = with_children(configuration.load(config))
    child_id = next((c.id for c in settings.children if child.casefold() == c.alias.casefold()), child)

    async def change() -> HomeTool:
        try:
            return await ControlClient(socket_path(settings)).use(tool, child_id, hand)
        except HubNotRunning:
            opened = ToolRegistry(settings.data_dir / FILE, settings)
            try:
                return opened.assign(tool, child_id, hand, at_s=time.time())
            finally:
                opened.close()

    asyncio.run(change())
    out.print(f"{escape(tool)} is for {escape(child)} now, {hand} hand.")


@app.command("forget")
def forget(tool: ToolArgument, config: ConfigOption = None) -> None:
    """Let a tool go: it is nobody's here, and has to be paired to be used again."""
    from .own_radio import hub_or_own_radio

    async def let_go() -> None:
        async with hub_or_own_radio(configuration.load(config)) as client:
            await client.forget(tool)

    asyncio.run(let_go())
    out.print(f"{escape(tool)} is forgotten. What it measured is kept.")
