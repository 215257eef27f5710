"""``griphub settings``: how whoever uses this computer wants to see GripHub."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from ..records.vocabulary import Hand
from ..units import ForceUnit
from .common import ConfigOption, JsonOption
from .people_common import changing, done, reading

app = typer.Typer(
    help="Language, unit of force, which hand stands first, calm or lively; of a home without accounts.",
    no_args_is_help=True,
)


@app.command("show")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what was chosen, or what holds where nobody chose."""
    from ..people import settings

    with reading(config) as work:
        row = _row(settings.mine(work))
    done(row, as_json, "\n".join(f"{name}: {value}" for name, value in row.items()))


@app.command("set")
def set_settings(
    language: Annotated[str | None, typer.Option(help="As BCP 47 writes it: de, pt-BR; '' for none.")] = None,
    unit: Annotated[ForceUnit | None, typer.Option(help="Of what is a force; kPa stays kPa.")] = None,
    first_hand: Annotated[Hand | None, typer.Option(help="Which stands left, or first.")] = None,
    calm: Annotated[bool | None, typer.Option("--calm/--lively", help="Nothing moves or flashes.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose; what is left out stays."""
    from ..people import settings

    with changing(config) as (_, work):
        now = settings.mine(work)
        chosen = replace(
            now,
            language=now.language if language is None else language or None,
            force_unit=unit or now.force_unit,
            first_hand=first_hand or now.first_hand,
            calm=now.calm if calm is None else calm,
        )
        row = _row(settings.change(work, chosen))
    done(row, as_json, "Kept.")


def _row(found: Any) -> dict[str, Any]:
    return {
        "language": found.language,
        "force_unit": found.force_unit,
        "first_hand": found.first_hand,
        "calm": found.calm,
    }
