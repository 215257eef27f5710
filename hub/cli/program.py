"""``griphub program``: what a child is asked to do, by whom, from when on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from .. import config as configuration
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..program.versions import PauseReason
from .common import ConfigOption, JsonOption, err, out, set_up_logging

if TYPE_CHECKING:
    from ..program.outgoing import Post

app = typer.Typer(
    help="What a child is asked to do at home, and what was asked on any day.", no_args_is_help=True
)

ChildArgument = Annotated[str, typer.Argument(metavar="CHILD", help="Id or name of the child.")]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day; default: today.")]
DAY = ["%Y-%m-%d"]


@dataclass(frozen=True, slots=True)
class Here:
    """What every command of this kind works with."""

    config: Config
    database: Database
    actor: Actor
    today: date


@contextmanager
def here(config_file: Path | None) -> Iterator[Here]:
    """The home or clinic of a configuration, in the name of whoever runs the command."""
    from ..program.home import opened, today

    set_up_logging()
    config = configuration.load(config_file)
    with opened(config) as database:
        yield Here(config, database, Actor.owner(), today(config, datetime.now(UTC)))


def _let_travel(home: Here, child_id: str) -> None:
    """Say that what was changed goes to the child's home, where that is not here."""
    from ..program.outgoing import Stand, post_of

    with home.database.reading(home.actor) as work:
        stand = post_of(work, home.config, child_id).stand
    if stand not in (Stand.NOTHING, Stand.HERE, Stand.NO_HOME):
        err.print(f"It goes to the home. `griphub program post {child_id}` says when it is there.")


@app.command("library")
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


@app.command("show")
def show(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what is asked of a child today."""
    _show(child, None, config, as_json)


@app.command("asked-on")
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
    from ..program.prescription import parse_program

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
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
            _let_travel(home, child_id)


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

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            first = since.date() if since else home.today
            commands.prescribe(work, child_id, None, valid_from=first, today=home.today, because=because)
        out.print(f"Nothing is asked from {first} on.")
        _let_travel(home, child_id)


@app.command("versions")
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
        _let_travel(home, child_id)


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
                version = suggestions.accept(work, child_id, found, today=home.today)
            if version:
                _let_travel(home, child_id)
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


@app.command("tell")
def tell(
    child: ChildArgument,
    words: Annotated[str, typer.Argument(help="In your own words.")],
    from_family: Annotated[
        bool, typer.Option("--from-family", help="At home: the family writes to the therapist.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write to a child's family, or from it to the therapist; it goes by itself."""
    from ..program.home import child_id_of
    from ..program.post import write_note

    with here(config) as home:
        with home.database.work(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            write_note(work, child_id, words, from_family=from_family)
        out.print("Noted.")
        _let_travel(home, child_id)


@app.command("notes")
def show_notes(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read what therapist and family wrote to each other about a child."""
    from dataclasses import asdict

    from ..program.conversation import conversation
    from ..program.home import child_id_of

    with here(config) as home, home.database.reading(home.actor) as work:
        found = conversation(work, home.config, child_id_of(work, home.config, child))
    if as_json:
        out.print_json(json.dumps([asdict(one) for one in found], default=str))
        return
    for one in found:
        who = "family" if one.from_family else "therapist"
        way = "" if one.delivered_at else "  (on its way)"
        out.print(f"{_minute(one.written_at)}  {who}: {escape(one.words)}{way}", soft_wrap=True)
    if not found:
        out.print("Nothing yet.")


@app.command("key")
def key(config: ConfigOption = None) -> None:
    """Print the key with which this clinic signs programs, for `griphub program trust` at each home."""
    from ..program.keys import shown, signing_key

    out.print(shown(signing_key(configuration.load(config)).public_key()), soft_wrap=True)


@app.command("trust")
def trust_key(
    key: Annotated[str, typer.Argument(help="As `griphub program key` prints it at the clinic.")],
    config: ConfigOption = None,
) -> None:
    """Take programs that are signed with a clinic's key from now on."""
    from ..program.keys import trust

    trust(configuration.load(config), key)
    out.print("Programs that are signed with it are taken from now on.")


@app.command("post")
def post(
    children: Annotated[list[str], typer.Argument(metavar="CHILD…", help="Ids or names of children.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether programs and notes are at the homes. They go by themselves, for as long as ingest runs."""
    from dataclasses import asdict

    from ..program.home import child_id_of
    from ..program.outgoing import post_of

    with here(config) as home, home.database.reading(home.actor) as work:
        found = {}
        for child in children:
            child_id = child_id_of(work, home.config, child)
            found[child_id] = post_of(work, home.config, child_id)
    if as_json:
        rows = [{"child": child_id, **asdict(one)} for child_id, one in found.items()]
        out.print_json(json.dumps(rows, default=str))
        return
    for child_id, one in found.items():
        out.print(f"{child_id}: {escape(_stands(one))}.", soft_wrap=True)


def _stands(post: "Post") -> str:
    from ..program.outgoing import Stand

    said = {
        Stand.NOTHING: "there is nothing to send",
        Stand.HERE: "the home is here; what you change is there at once",
        Stand.NO_HOME: "waits until the family has a hub",
        Stand.WAITING: f"waits since {_minute(post.changed_at)}; see that ingest and the broker run",
        Stand.AT_BROKER: f"sent on {_minute(post.sent_at)}; the home finds it when it is back",
        Stand.TAKEN: f"taken by the home on {_minute(post.taken_at)}",
        Stand.REFUSED: f"not taken: {post.problem}",
    }
    return said[post.stand]


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"


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
