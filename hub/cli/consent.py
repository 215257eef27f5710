"""``griphub people consent`` and ``audit``: who agreed to what, and the log of every change."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from .common import ConfigOption, JsonOption
from .here import ChildArgument
from .people_common import changing, columns, done, reading, show

app = typer.Typer(help="Who agreed that a child's results are shared.", no_args_is_help=True)

SiteOption = Annotated[str, typer.Option("--site", help="Id of the site.")]

_CONSENT = ("child_id", "version", "given_by", "given_on", "withdrawn_on", "withdrawn_by")
_TEXT = ("site_id", "version", "language", "published_at")


@app.command("publish")
def publish(
    version: Annotated[str, typer.Argument(help="What the version is called, such as 2026-11.")],
    text: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="File with the words.")],
    site_id: SiteOption,
    language: Annotated[
        str | None, typer.Option(help="In which it is written, as BCP 47 has it: de, pt-BR.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish what parents agree to, and send it to homes. A child without consent may not be shared then."""
    from ..errors import FieldError
    from ..people import consent as commands

    try:
        words = text.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FieldError("text", f"{text} is no text in UTF-8", "Save it as plain text.") from None
    with changing(config) as (_, work):
        made = commands.publish_text(work, site_id=site_id, version=version, text=words, language=language)
        row = columns(made, _TEXT)
    done(row, as_json, f"Version {made.version} is published at {made.site_id}.")


@app.command("give")
def give(
    name: ChildArgument,
    version: Annotated[str, typer.Option(help="Version of the text.")],
    by: Annotated[str, typer.Option(help="Whose signature it is.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the signature; default: today.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that somebody with parental responsibility agreed."""
    from ..people import consent as commands
    from ..program.home import child_id_of

    day: date | None = on.date() if on else None
    with changing(config) as (settings, work):
        made = commands.give(
            work, child_id_of(work, settings, name), version=version, given_by=by, given_on=day
        )
        row = columns(made, _CONSENT)
    done(row, as_json, f"{made.given_by} agreed to version {made.version} on {made.given_on}.")


@app.command("withdraw")
def withdraw(
    name: ChildArgument,
    by: Annotated[str, typer.Option(help="Who takes it back.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take consent back: nothing new may be shared from now on."""
    from ..people import consent as commands
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        ended = commands.withdraw(work, child_id_of(work, settings, name), withdrawn_by=by)
        row = columns(ended, _CONSENT)
    done(row, as_json, f"Nothing new of {ended.child_id} may be shared from now on.")


@app.command("list")
def list_consents(name: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List every consent of a child, oldest first; last what the home, or the clinic, told of it."""
    from .. import config as configuration
    from ..people import consent as commands
    from ..program.home import child_id_of

    with reading(config) as work:
        key = child_id_of(work, configuration.load(config), name)
        rows = [columns(one, _CONSENT) for one in commands.history(work, key)]
        if there := commands.elsewhere(work, key):
            day = there.decided_at.date().isoformat()
            whose = {"given_by": commands.ELSEWHERE, "given_on": day if there.given else None}
            taken = {"withdrawn_on": None if there.given else day, "withdrawn_by": None}
            rows.append({"child_id": key, "version": there.version, **whose, **taken})
    show(rows, as_json, "Nobody has agreed to anything yet.")


def audit(
    about: Annotated[str | None, typer.Option(help="Only of this child, or this row.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this account, or owner:…, did.")] = None,
    table: Annotated[str | None, typer.Option(help="Only of this table, such as consents.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on, UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only before this day.")
    ] = None,
    before: Annotated[int | None, typer.Option(help="Only older than this entry: the next page.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who changed what, latest first. Names and secrets are not in it."""
    from ..people import log

    begin, end = (day.replace(tzinfo=UTC) if day else None for day in (since, until))
    with reading(config) as work:
        found = [
            columns(one, ("id", "at", "actor", "role", "command", "did", "table", "row", "before", "after"))
            for one in log.changes(
                work,
                about=about,
                actor=actor,
                table=table,
                since=begin,
                until=end,
                before=before,
                rows=rows,
            )
        ]
    show(found, as_json, "Nothing was changed yet.")
