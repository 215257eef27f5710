"""``griphub delivery``: what waits between the tool and the store, and what nobody takes."""

import contextlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from .. import config as configuration
from .common import ConfigOption, Exit, JsonOption, out

if TYPE_CHECKING:
    from ..delivery.journal import DeadLetter

app = typer.Typer(no_args_is_help=True, help="What waits between the tools and the store, and why.")


@app.command("status")
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say how many events wait where, since when, and why; exit code 1 if something stands in the way."""
    from ..delivery.status import delivery_status

    found = delivery_status(configuration.load(config))
    if as_json:
        queues = [
            {
                "place": queue.place,
                "goal": queue.goal,
                "waiting": queue.waiting,
                "since": _iso(queue.since),
                "reasons": queue.reasons,
            }
            for queue in found.queues
        ]
        out.print_json(
            json.dumps({"flows": found.flows, "queues": queues, "dead_letters": found.dead_letters})
        )
    else:
        table = Table("from", "to", "waiting", "since", "why", box=None, pad_edge=False)
        for queue in found.queues:
            why = escape(" ".join(queue.reasons)) or "[green]nothing stands in the way[/]"
            since = f"{queue.since.astimezone():%d %b %H:%M:%S}" if queue.since else "–"
            table.add_row(queue.place, queue.goal, str(queue.waiting), since, why)
        if found.queues:
            out.print(table)
        else:
            out.print("No hub and no ingest ever ran with this data folder: nothing waits here.")
        if found.dead_letters:
            out.print(
                f"\n{found.dead_letters} messages were set aside; "
                "`griphub delivery dead-letters` shows them with their reasons."
            )
    if not found.flows:
        raise typer.Exit(Exit.FAILED)


@app.command("dead-letters")
def dead_letters(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, newest first.")] = 100,
    retry: Annotated[
        bool, typer.Option("--retry", help="Put back those that can be read, after the cause was mended.")
    ] = False,
) -> None:
    """Show messages that nobody takes, with the reason."""
    from ..delivery.journal import Journal
    from ..delivery.status import retry_dead_letters

    path = configuration.load(config).data_dir / "journal.db"
    if not path.exists():
        _show([], 0, as_json)
        return
    with contextlib.closing(Journal(path, read_only=not retry)) as journal:
        if not retry:
            _show(journal.dead_letters(limit), journal.count_dead_letters(), as_json)
            return
        restored, left = retry_dead_letters(journal)
    if as_json:
        out.print_json(json.dumps({"restored": restored, "left": [_letter(letter) for letter in left]}))
    else:
        out.print(f"{restored} put back; they go to the store again while ingest runs.")
        for letter in left:
            out.print(f"{letter.number} stays: {escape(letter.reason)}", soft_wrap=True)


def _show(letters: "Sequence[DeadLetter]", count: int, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps({"count": count, "letters": [_letter(letter) for letter in letters]}))
        return
    if not letters:
        out.print("Nothing was set aside.")
        return
    table = Table("number", "came", "on", "reason", box=None, pad_edge=False)
    for letter in letters:
        came = f"{letter.received_at.astimezone():%d %b %H:%M:%S}"
        table.add_row(str(letter.number), came, escape(letter.topic), escape(letter.reason))
    out.print(table)
    if count > len(letters):
        out.print(f"… and {count - len(letters)} older ones.")


def _letter(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "number": letter.number,
        "received_at": _iso(letter.received_at),
        "topic": letter.topic,
        "reason": letter.reason,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
