"""``griphub child add`` and its like: who trains here. Only a random id ever leaves this computer."""

from typing import Annotated, Any

import typer

from ..errors import FieldError
from ..people.model import Child, Sex
from ..records.vocabulary import Hand
from .common import ConfigOption, JsonOption
from .here import ChildArgument
from .people_common import changing, columns, done, reading, show

app = typer.Typer(help="Who trains here: add a child, correct what is known.", no_args_is_help=True)

MonthOption = Annotated[str | None, typer.Option(help="Month of birth, such as 2018-04.")]
SexOption = Annotated[Sex | None, typer.Option(help="Only to compare with children of that age and sex.")]
HandOption = Annotated[Hand | None, typer.Option("--dominant-hand", help="The hand that the child prefers.")]

_COLUMNS = ("id", "name", "birth_month", "sex", "dominant_hand", "goal", "family_id", "left_at")


@app.command("add")
def add(
    name: Annotated[str, typer.Option(help="What the child is called here; it is never sent.")],
    birth_month: MonthOption = None,
    sex: SexOption = None,
    dominant_hand: HandOption = None,
    goal: Annotated[int, typer.Option(help="Squeezes in a session, where no program says otherwise.")] = 15,
    family: Annotated[str | None, typer.Option(help="Id of the family; default: this home's.")] = None,
    child_id: Annotated[
        str | None, typer.Option("--id", help="The id that the child has at home already; default: random.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a child, under a random id. A running hub knows it at once."""
    from ..people import places
    from ..people.home import family_of

    with changing(config) as (settings, work):
        child = places.add_child(
            work,
            family_id=family or family_of(work, settings).id,
            name=name,
            birth_month=birth_month,
            sex=sex,
            dominant_hand=dominant_hand,
            goal=goal,
            child_id=child_id,
        )
        row = columns(child, _COLUMNS)
    done(row, as_json, f"{child.name} is here now, as {child.id}.")


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the children who train here."""
    from ..people import places

    with reading(config) as work:
        rows = [columns(child, _COLUMNS) for child in places.children(work)]
    show(rows, as_json, "There are no children here yet. `griphub child add` adds one.")


@app.command("change")
def change(
    child: ChildArgument,
    name: Annotated[str | None, typer.Option(help="What the child is called here.")] = None,
    birth_month: MonthOption = None,
    sex: SexOption = None,
    dominant_hand: HandOption = None,
    goal: Annotated[int | None, typer.Option(help="Squeezes in a session.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct what is known of a child; what is left out stays."""
    from ..people import places
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        key = child_id_of(work, settings, child)
        if (name is not None or goal is not None) and any(c.id == key for c in settings.children):
            raise FieldError(
                "name" if name is not None else "goal",
                f"of {key} stands in the configuration file",
                "Change it in [[children]] there.",
            )
        changed = places.change_child(
            work,
            key,
            name=name,
            birth_month=birth_month,
            sex=sex,
            dominant_hand=dominant_hand,
            goal=goal,
        )
        row: dict[str, Any] = columns(changed, _COLUMNS)
    done(row, as_json, f"{changed.name} is changed.")


@app.command("leave")
def leave(child: ChildArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Note that a child does not train here any more; what was measured is kept."""
    from ..people import places
    from ..program.home import child_id_of

    with changing(config) as (settings, work):
        key = child_id_of(work, settings, child)
        if any(c.id == key for c in settings.children):
            raise FieldError(
                "child", f"{key} stands in the configuration file", "Remove it from [[children]] there first."
            )
        gone: Child = places.let_child_go(work, key)
        row = columns(gone, _COLUMNS)
    done(row, as_json, f"{gone.name} does not train here any more. What was measured is kept.")


def add_to(others: typer.Typer) -> None:
    """Let these be commands of `griphub child` too, beside taking along and erasing."""
    for command in app.registered_commands:
        others.registered_commands.append(command)
