"""``griphub visits``: when therapist and child met, and what was kept from one visit to the next."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ..program.tables import VisitKind
from .common import ConfigOption, JsonOption, out
from .here import DAY, ChildArgument, here
from .people_common import changing, columns, done, show

if TYPE_CHECKING:
    from ..program.retention import Retention

app = typer.Typer(help="When a therapist and a child met, or will meet.", no_args_is_help=True)

VisitArgument = Annotated[str, typer.Argument(metavar="VISIT", help="Id, as `visits list` shows it.")]
KindOption = Annotated[VisitKind, typer.Option(help="Where.")]

_VISIT = ("id", "day", "kind", "words")


@app.command("add")
def add(
    child: ChildArgument,
    day: Annotated[datetime, typer.Argument(formats=DAY, metavar="DATE", help="Over, or to come.")],
    kind: KindOption = VisitKind.CLINIC,
    words: Annotated[str, typer.Option(help="What is to be remembered of it; parents read it too.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note a visit."""
    from ..program import visits
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        made = visits.add(work, child_id_of(work, settings, child), day=day.date(), kind=kind, words=words)
        row = columns(made, _VISIT)
    done(row, as_json, f"Noted as {made.id}: {made.day}, {made.kind}.")


@app.command("change")
def change(
    visit: VisitArgument,
    day: Annotated[datetime | None, typer.Option(formats=DAY, help="Another day.")] = None,
    kind: Annotated[VisitKind | None, typer.Option(help="Where.")] = None,
    words: Annotated[str | None, typer.Option(help="What is to be remembered of it.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct a visit; what is left out stays."""
    from ..program import visits

    with changing(config) as (_, work):
        found = visits.change(work, visit, day=day.date() if day else None, kind=kind, words=words)
        row = columns(found, _VISIT)
    done(row, as_json, f"{found.id} is now: {found.day}, {found.kind}.")


@app.command("remove")
def remove(visit: VisitArgument, config: ConfigOption = None) -> None:
    """Take a visit off the list, one that did not come about."""
    from ..program import visits

    with changing(config) as (_, work):
        visits.remove(work, visit)
    out.print(f"{escape(visit)} is off the list.")


@app.command("list")
def list_visits(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the visits of a child, and say what was gained, held or lost from one to the next."""
    from ..program.home import child_id_of
    from ..program.reading import picture
    from ..program.retention import describe
    from ..stores import open_store

    with here(config) as home:
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
        store = open_store(home.config, read_only=True)
        try:
            found = picture(home.config, home.database, store, home.actor, child_id, now=datetime.now(UTC))
        finally:
            store.close()
    rows = [columns(one, _VISIT) for one in found.visits]
    if as_json:
        out.print_json(json.dumps({"visits": rows, "retained": [_row(one) for one in found.retained]}))
        return
    show(rows, False, "No visit is noted. `griphub visits add` notes one.")
    for one in found.retained:
        out.print(escape(describe(one)), soft_wrap=True)


def _row(one: "Retention") -> dict[str, Any]:
    def day(value: date) -> str:
        return value.isoformat()

    return {
        "since": day(one.since),
        "until": day(one.until),
        "measure": one.key.measure,
        "hand": one.key.side,
        "tool": one.key.tool,
        "unit": one.key.unit,
        "before": one.before,
        "after": one.after,
        "retained": one.retained,
        "error": one.error.sdd,
    }
