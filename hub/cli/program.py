"""``griphub program``: what a child is asked to do, by whom, from when on."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from ..program.versions import PauseReason
from . import asked, post
from .common import ConfigOption, JsonOption, out
from .here import DAY, ChildArgument, here, say_that_it_travels

app = typer.Typer(
    help="What a child is asked to do at home, and what was asked on any day.", no_args_is_help=True
)
app.command("library")(asked.library)
app.command("show")(asked.show)
app.command("asked-on")(asked.asked_on)
app.command("versions")(asked.versions)
app.command("tell")(post.tell)
app.command("notes")(post.show_notes)
app.command("post")(post.post)
app.command("key")(post.key)
app.command("trust")(post.trust_key)


@app.command("set")
def set_program(
    child: ChildArgument,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="TOML or JSON; see docs/program.md.")
    ],
    since: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="First day; default: today.")
    ] = None,
    because: Annotated[str, typer.Option(help="Why, for whoever reads the versions later.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Ask a child for what a file says, from a day on. What was asked before stays on record."""
    from ..program import commands
    from ..program.activity_text import read_text
    from ..program.diff import differences
    from ..program.home import child_id_of
    from ..program.joining import require_prescriber
    from ..program.prescription import parse_program

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            require_prescriber(work, home.config, child_id)
            known = commands.library_for(work, child_id)
            program = parse_program(read_text(file), known)
            first = since.date() if since else home.today
            history = commands.history(work, child_id)
            history.check_version(first, home.today)
            lines = differences(history.program(first), program, known)
            if lines and not dry_run:
                version = commands.prescribe(
                    work,
                    child_id,
                    program,
                    valid_from=first,
                    today=home.today,
                    because=because,
                    library=known,
                )
        for line in lines:
            out.print(escape(line), soft_wrap=True)
        if not lines:
            out.print("Nothing changes.")
        elif dry_run:
            out.print(f"This would hold from {first} on. Nothing was changed.")
        else:
            out.print(f"Version {version.number} holds from {version.valid_from} on.")
            say_that_it_travels(home, child_id)


@app.command("end")
def end(
    child: ChildArgument,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="First day; default: today.")
    ] = None,
    because: Annotated[str, typer.Option(help="Why.")] = "",
    config: ConfigOption = None,
) -> None:
    """Ask for nothing any more, from a day on."""
    from ..program import commands
    from ..program.home import child_id_of
    from ..program.joining import require_prescriber

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            require_prescriber(work, home.config, child_id)
            first = since.date() if since else home.today
            commands.prescribe(work, child_id, None, valid_from=first, today=home.today, because=because)
        out.print(f"Nothing is asked from {first} on.")
        say_that_it_travels(home, child_id)


@app.command("pause")
def pause(
    child: ChildArgument,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="First day; default: today.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="Last day; open if left out.")
    ] = None,
    reason: Annotated[PauseReason, typer.Option(help="Why.")] = PauseReason.OTHER,
    note: Annotated[str, typer.Option(help="Anything to add.")] = "",
    replaces: Annotated[UUID | None, typer.Option(help="Id of a pause that this one corrects.")] = None,
    withdraw: Annotated[UUID | None, typer.Option(help="Id of a pause that was none.")] = None,
    config: ConfigOption = None,
) -> None:
    """Let a program rest for illness or holiday, also afterwards: such days are not missed."""
    from ..program import commands
    from ..program.home import child_id_of

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            if withdraw:
                commands.withdraw_pause(work, child_id, withdraw)
                words = "The pause is withdrawn. It stays on record."
            else:
                made = commands.pause(
                    work,
                    child_id,
                    since=since.date() if since else home.today,
                    until=until.date() if until else None,
                    reason=reason,
                    note=note,
                    replaces=replaces,
                )
                end = made.until or "an open end"
                words = f"Paused from {made.since} to {end} ({made.reason}), id {made.pause_id}."
        out.print(words)
        say_that_it_travels(home, child_id)


@app.command("suggest")
def suggest(
    child: ChildArgument,
    accept: Annotated[bool, typer.Option("--accept", help="Take them over, from today on.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the progression rules propose, and why; with --accept, do it."""
    from ..program import commands, suggestions
    from ..program.home import child_id_of
    from ..program.joining import require_prescriber
    from ..program.local_days import noon
    from ..stores import open_store

    with here(config) as home:
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            history = commands.history(work, child_id)
            declined = suggestions.declined(work, child_id)
        store = open_store(home.config, read_only=True)
        try:
            done = store.activities(child_id, since=noon(home.today - timedelta(days=28), None))
        finally:
            store.close()
        found = suggestions.suggestions(history, done, today=home.today, declined=declined)
        version = None
        if accept:
            with home.database.work(home.actor) as work:
                require_prescriber(work, home.config, child_id)
                version = suggestions.accept(work, child_id, found, today=home.today)
            if version:
                say_that_it_travels(home, child_id)
    if as_json:
        rows = [
            {"item": one.item_id, "direction": one.direction, "because": one.because, "auto": one.auto}
            for one in found
        ]
        out.print_json(json.dumps({"proposals": rows, "version": version.number if version else None}))
        return
    for one in found:
        out.print(f"{escape(one.item_id)}: {one.direction}. {escape(one.because)}", soft_wrap=True)
    if not found:
        out.print("No item has a progression rule.")
    if version:
        out.print(f"Version {version.number} holds from {version.valid_from} on.")


@app.command("trained")
def trained(
    child: ChildArgument,
    topics: Annotated[list[str], typer.Argument(help="What the parents know now; `program show` lists it.")],
    config: ConfigOption = None,
) -> None:
    """Tick what the parents have learned before the first session at home."""
    from ..program import commands
    from ..program.home import child_id_of

    with here(config) as home, home.database.work(home.actor) as work:
        commands.trained(work, child_id_of(work, home.config, child), topics, on=home.today)
    out.print(f"Noted: {escape(', '.join(topics))}.")
