"""``griphub annotations``: what a therapist writes beside days of a child's chart."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from .common import ConfigOption, JsonOption, out
from .here import DAY, ChildArgument, here
from .people_common import changing, columns, done, show

app = typer.Typer(help="Notes beside days of a child's chart: new splint, ill.", no_args_is_help=True)

NoteArgument = Annotated[str, typer.Argument(metavar="NOTE", help="Id, as `annotations list` shows it.")]

_NOTE = ("id", "first", "last", "words", "shared")


@app.command("add")
def add(
    child: ChildArgument,
    words: Annotated[str, typer.Argument(help="A few words; 200 signs at most.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="Default: today.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Default: the same day.")] = None,
    shared: Annotated[bool, typer.Option("--share", help="Parents see it too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write something beside a day, or some days."""
    from ..program import annotations
    from ..program.home import child_id_of

    with here(config) as home, home.database.work(home.actor) as work:
        made = annotations.add(
            work,
            child_id_of(work, home.config, child),
            first=first.date() if first else home.today,
            last=last.date() if last else None,
            words=words,
            shared=shared,
        )
        row = columns(made, _NOTE)
    done(row, as_json, f"Noted as {made.id}: {made.first} to {made.last}.")


@app.command("change")
def change(
    note: NoteArgument,
    words: Annotated[str | None, typer.Option(help="Other words.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day.")] = None,
    shared: Annotated[bool | None, typer.Option("--share/--unshare", help="Parents see it.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct a note; what is left out stays."""
    from ..program import annotations

    with changing(config) as (_, work):
        found = annotations.change(
            work,
            note,
            first=first.date() if first else None,
            last=last.date() if last else None,
            words=words,
            shared=shared,
        )
        row = columns(found, _NOTE)
    done(row, as_json, f"{found.id} is now: {found.first} to {found.last}: {found.words}")


@app.command("remove")
def remove(note: NoteArgument, config: ConfigOption = None) -> None:
    """Take a note off the chart."""
    from ..program import annotations

    with changing(config) as (_, work):
        annotations.remove(work, note)
    out.print(f"{escape(note)} is off the chart.")


@app.command("list")
def list_notes(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what is written beside days of a child's chart."""
    from ..program import annotations
    from ..program.home import child_id_of

    with here(config) as home, home.database.reading(home.actor) as work:
        found = annotations.annotations(work, child_id_of(work, home.config, child))
        rows = [columns(one, _NOTE) for one in found]
    show(rows, as_json, "Nothing is written there yet.")
