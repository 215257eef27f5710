"""``griphub routine``: when the slots of a program are in a family's day."""

import json
from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer

from ..program.prescription import Slot
from .common import ConfigOption, JsonOption, err, out
from .here import ChildArgument, here

app = typer.Typer(
    help="When breakfast, school and bed are in a family's day; reminders go by it.", no_args_is_help=True
)

SlotArgument = Annotated[Slot, typer.Argument(metavar="SLOT", help="As `routine show` lists them.")]


@app.command("show")
def show(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show when each slot is for a child's family."""
    from ..people.model import Child
    from ..program import routine
    from ..program.home import child_id_of

    with here(config) as at, at.database.reading(at.actor) as work:
        child_id = child_id_of(work, at.config, child)
        found = routine.routine(work, work.need(Child, child_id).family_id)
    if as_json:
        times = {slot: _shown(found.at(slot)) for slot in Slot}
        out.print_json(json.dumps({"slots": times, "own": sorted(found.own)}))
        return
    for slot in Slot:
        own = "  (as the family said)" if slot in found.own else ""
        out.print(f"{_shown(found.at(slot)) or 'never':>5}  {slot}{own}")


@app.command("set")
def set_time(
    child: ChildArgument,
    slot: SlotArgument,
    at: Annotated[datetime, typer.Argument(formats=["%H:%M"], metavar="TIME", help="Such as 14:10.")],
    config: ConfigOption = None,
) -> None:
    """Say when a slot is in this family."""
    _change(child, slot, at.time(), config)
    out.print(f"{slot} is at {at:%H:%M}.")


@app.command("never")
def never(child: ChildArgument, slot: SlotArgument, config: ConfigOption = None) -> None:
    """Let a slot never remind."""
    _change(child, slot, None, config)
    out.print(f"{slot} reminds nobody.")


@app.command("reset")
def reset(child: ChildArgument, slot: SlotArgument, config: ConfigOption = None) -> None:
    """Let a slot be when it usually is."""
    from ..people.model import Child
    from ..program import routine
    from ..program.home import child_id_of

    with here(config) as at, at.database.work(at.actor) as work:
        child_id = child_id_of(work, at.config, child)
        routine.reset(work, work.need(Child, child_id).family_id, slot)
    out.print(f"{slot} is at {routine.USUAL[slot]:%H:%M}, as usual.")


def _change(child: str, slot: Slot, wall: time | None, config: Path | None) -> None:
    from ..people.model import Child
    from ..program import routine
    from ..program.home import child_id_of
    from ..program.reminders import Rhythm

    with here(config) as at, at.database.work(at.actor) as work:
        child_id = child_id_of(work, at.config, child)
        routine.change(work, work.need(Child, child_id).family_id, slot, wall)
        quiet = Rhythm(quiet_from=at.config.reminders.quiet_from, quiet_to=at.config.reminders.quiet_to)
    if wall is not None and quiet.quiet(wall):
        err.print(
            f"That is within the quiet hours ({quiet.quiet_from:%H:%M} to {quiet.quiet_to:%H:%M}), "
            "in which nobody is reminded.",
            soft_wrap=True,
        )


def _shown(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"
