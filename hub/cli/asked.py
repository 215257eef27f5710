"""``griphub program library``, ``show``, ``asked-on``, ``versions``: what is, and was, asked of a child."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from .common import ConfigOption, JsonOption, err, out
from .here import DAY, ChildArgument, here


def library(
    activity: Annotated[str | None, typer.Argument(help="Id of one activity, to read it all.")] = None,
    own: Annotated[
        Path | None, typer.Option("--add", exists=True, dir_okay=False, help="TOML file of the clinic's own.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the activities that can be asked for, or read one."""
    from ..errors import NotFound
    from ..program import commands
    from ..program.activity import builtin, read_own
    from ..program.activity_text import read_file, text_of

    with here(config) as home:
        if own:
            added = read_own(read_file(own))
            with home.database.work(home.actor) as work:
                commands.add_activities(work, home.config.site, added)
            err.print(f"{len(added)} activities were added.")
        with home.database.reading(home.actor) as work:
            known = commands.library_of(work, home.config.site)
    if activity:
        if activity not in known:
            raise NotFound("activity", activity)
        found = known[activity]
        if as_json:
            out.print_json(found.model_dump_json())
        else:
            out.print(escape(text_of(found)), soft_wrap=True)
        return
    if as_json:
        out.print_json(json.dumps([one.model_dump(mode="json") for one in known.values()]))
        return
    table = Table("", "id", "title", "minutes", "good for", box=None, pad_edge=False)
    for one in known.values():
        skills = ", ".join(skill.replace("_", " ") for skill in one.skills)
        whose = " (own)" if one.id not in builtin() or one.own else ""
        table.add_row(*map(escape, (one.picture, one.id, one.title + whose, str(one.minutes), skills)))
    out.print(table)


def show(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is asked of a child today."""
    _show(child, None, config, as_json)


def asked_on(
    child: ChildArgument,
    day: Annotated[datetime, typer.Argument(formats=DAY, metavar="DATE")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what was asked of a child on a day."""
    _show(child, day.date(), config, as_json)


def _show(child: str, day: date | None, config: Path | None, as_json: bool) -> None:
    from ..program import commands
    from ..program.diff import describe
    from ..program.home import child_id_of
    from ..program.prescription import TRAINING

    with here(config) as home, home.database.reading(home.actor) as work:
        child_id = child_id_of(work, home.config, child)
        history = commands.history(work, child_id)
        known = commands.library_for(work, child_id)
        asked = day or home.today
        version, paused = history.on(asked), history.paused(asked)
        left = commands.training_left(work, child_id, version.program) if version and version.program else []
    program = version.program if version else None
    if as_json:
        found = {
            "day": asked.isoformat(),
            "version": version.number if version else None,
            "valid_from": version.valid_from.isoformat() if version else None,
            "by": version.by if version else None,
            "paused": paused.reason if paused else None,
            "program": program.model_dump(mode="json") if program else None,
            "training_left": left,
        }
        out.print_json(json.dumps(found))
        return
    if paused:
        until = f" until {paused.until}" if paused.until else ""
        out.print(f"Paused since {paused.since}{until}: {paused.reason}.")
    if version is None or program is None:
        out.print(f"Nothing is asked of {escape(child)} on {asked}.")
        return
    out.print(f"[bold]{escape(program.title)}[/] – version {version.number}, from {version.valid_from}")
    goals = {goal.id: goal.words for goal in program.goals}
    for item in program.items:
        activity = known.get(item.activity)
        out.print(
            f"\n{activity.picture if activity else ''} {escape(item.id)}: {escape(describe(item, known))}"
        )
        slots = ", ".join(slot.replace("_", " ") for slot in item.slots)
        for name, words in (
            ("when", slots),
            ("for", goals.get(item.goal or "", "")),
            ("note", item.note),
            ("made to fit", item.adaptation),
        ):
            if words:
                out.print(f"   {name}: {escape(words)}", soft_wrap=True)
    if left and day is None:
        out.print("\nBefore the first session at home, parents should know:")
        for topic in left:
            out.print(f"  ☐ {escape(TRAINING[topic])}   [dim]{topic}[/]")


def versions(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List every version and pause, with who said so and when."""
    from ..program import commands
    from ..program.home import child_id_of

    with here(config) as home, home.database.reading(home.actor) as work:
        history = commands.history(work, child_id_of(work, home.config, child))
    if as_json:
        found = {
            "versions": [
                {
                    "number": one.number,
                    "valid_from": one.valid_from.isoformat(),
                    "recorded_at": one.recorded_at.isoformat(),
                    "by": one.by,
                    "because": one.because,
                    "program": one.program.model_dump(mode="json") if one.program else None,
                }
                for one in history.versions
            ],
            "pauses": [
                {
                    "id": str(one.pause_id),
                    "since": one.since.isoformat(),
                    "until": one.until.isoformat() if one.until else None,
                    "reason": one.reason,
                    "note": one.note,
                    "by": one.by,
                    "replaces": str(one.replaces) if one.replaces else None,
                    "withdrawn": one.withdrawn,
                }
                for one in history.records
            ],
        }
        out.print_json(json.dumps(found))
        return
    table = Table("version", "from", "title", "items", "recorded", "by", "because", box=None, pad_edge=False)
    for version in history.versions:
        program = version.program
        table.add_row(
            str(version.number),
            str(version.valid_from),
            escape(program.title) if program else "(nothing asked)",
            str(len(program.items)) if program else "0",
            f"{version.recorded_at:%Y-%m-%d %H:%M} UTC",
            escape(version.by),
            escape(version.because),
        )
    out.print(table if history.versions else "There is no program yet.")
    for pause in history.records:
        standing = pause in history.pauses
        state = "" if standing else " (corrected)" if not pause.withdrawn else " (withdrawn)"
        note = f", {pause.note}" if pause.note else ""
        out.print(
            f"pause {pause.pause_id}: {pause.since} to {pause.until or 'open'}, "
            f"{pause.reason}{escape(note)}, by {escape(pause.by)}{state}",
            soft_wrap=True,
        )
