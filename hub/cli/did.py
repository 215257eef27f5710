"""``griphub did`` and ``griphub feedback``: what a parent ticks, and how it went."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..records.vocabulary import Evidence, Person
from .common import ConfigOption, JsonOption, out
from .here import DAY, ChildArgument, here

DayOption = Annotated[datetime | None, typer.Option("--day", formats=DAY, help="When; default: today.")]
Ten = typer.Option(min=0, max=10, help="0: not at all, 10: as much as can be.")
Faces = typer.Option(min=0, max=10, help="The face that the child showed: 0, 2, 4, 6, 8 or 10.")


def did(
    child: ChildArgument,
    activity: Annotated[str, typer.Argument(help="Id of an item of the program, or of an activity.")],
    minutes: Annotated[float | None, typer.Option(min=0, max=1440, help="How long.")] = None,
    reps: Annotated[int | None, typer.Option(min=0, max=100_000, help="How many.")] = None,
    helped: Annotated[Person | None, typer.Option(help="Who helped.")] = None,
    evidence: Annotated[Evidence, typer.Option(help="Who saw it.")] = Evidence.PARENT,
    day: DayOption = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the day's last tick of it back.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tick something that was done without a tool, today or on a day that is over."""
    from ..errors import NotFound
    from ..program import commands
    from ..program.did import activity_done, taken_back
    from ..program.errors import ProgramError
    from ..program.home import child_id_of
    from ..program.reading import today_of
    from ..stores import open_store
    from ..taking_in import take_in

    if evidence is Evidence.SENSOR:
        raise typer.BadParameter("a tool says so itself", param_hint="--evidence")
    with here(config) as home:
        on = day.date() if day else home.today
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
            program = commands.history(work, child_id).program(on)
            library = commands.library_for(work, child_id)
        items = program.items if program else ()
        item = next((one for one in items if activity in (one.id, one.activity)), None)
        known = item.activity if item else activity
        if known not in library:
            raise NotFound("activity", activity)
        if undo:
            store = open_store(home.config, read_only=True)
            try:
                ticks = [
                    one
                    for one in today_of(home.config, store, child_id, on)
                    if one.item_id == (item.id if item else known) and one.evidence is not Evidence.SENSOR
                ]
            finally:
                store.close()
            if not ticks:
                raise ProgramError(
                    "activity", f"no tick of {activity} on {on} is known", "Look again in a moment."
                )
            event = taken_back(ticks[-1])
        else:
            event = activity_done(
                home.config,
                child_id,
                item,
                known,
                now=datetime.now(UTC),
                day=on,
                minutes=minutes,
                reps=reps,
                helped_by=helped,
                evidence=evidence,
            )
        take_in(home.config, [event])
    if as_json:
        out.print_json(event.model_dump_json(by_alias=True))
    elif undo:
        out.print(f"The tick of {escape(library[known].title)} on {on} is taken back.")
    else:
        asked = "" if item else " Nobody asked for it; it is kept all the same."
        out.print(f"Well done! {escape(library[known].title)} on {on} is noted.{asked}")


def feedback(
    child: ChildArgument,
    pain_before: Annotated[int | None, Faces] = None,
    pain_after: Annotated[int | None, Faces] = None,
    effort: Annotated[int | None, Ten] = None,
    enjoyment: Annotated[int | None, Ten] = None,
    participation: Annotated[int | None, Ten] = None,
    confidence: Annotated[int | None, typer.Option(min=0, max=10, help="Yours, to do it alone.")] = None,
    observation: Annotated[str, typer.Option(help="In your own words.")] = "",
    photo: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A picture; it stays at home unless you share it."),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Let the therapist see the picture.")] = False,
    said_by: Annotated[Person, typer.Option(help="Who says so.")] = Person.PARENT,
    day: DayOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how it went: pain, effort, joy, and what you saw."""
    from ..program import commands
    from ..program.did import feedback as make
    from ..program.home import child_id_of
    from ..program.photos import keep
    from ..taking_in import take_in

    with here(config) as home:
        on = day.date() if day else home.today
        with home.database.reading(home.actor) as work:
            child_id = child_id_of(work, home.config, child)
        name = keep(home.config, photo) if photo else None
        event = make(
            home.config,
            child_id,
            now=datetime.now(UTC),
            day=on,
            said_by=said_by,
            photo=name if share else None,
            observation=observation or ("A picture was taken." if name and not share else ""),
            pain_before=pain_before,
            pain_after=pain_after,
            effort=effort,
            enjoyment=enjoyment,
            participation=participation,
            confidence=confidence,
        )
        if name:
            with home.database.work(home.actor) as work:
                commands.add_photo(work, child_id, name, taken_on=on, shared=share)
        take_in(home.config, [event])
    if as_json:
        out.print_json(json.dumps({"event": str(event.event_id), "photo": name}))
    else:
        out.print("Thank you, it is noted." + (f" The picture is {name}." if name else ""))
