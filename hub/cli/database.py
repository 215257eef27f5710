"""``griphub database``: the tables of people and programs, brought up to date or looked at."""

import json

import typer
from rich.markup import escape

from .. import config as configuration
from .common import ConfigOption, Exit, JsonOption, out, set_up_logging

app = typer.Typer(help="The tables of people and programs.", no_args_is_help=True)


@app.command("upgrade")
def upgrade(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the tables up to date; data stays. `griphub up` does it by itself at home."""
    from ..database import migrate
    from ..database.engine import open_database

    set_up_logging()
    database = open_database(configuration.load(config))
    try:
        before = migrate.revision(database)
        after = migrate.upgrade(database)
    finally:
        database.close()
    if as_json:
        out.print_json(json.dumps({"before": before.found or None, "now": after.found}))
    elif before.current:
        out.print(f"The tables are up to date, version {escape(after.found)}.")
    else:
        out.print(f"The tables are of version {escape(after.found)} now.")


@app.command("check")
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say whether the tables are those that this GripHub needs; change nothing."""
    from ..database import migrate
    from ..database.engine import open_database

    set_up_logging()
    database = open_database(configuration.load(config))
    try:
        stand = migrate.revision(database)
        if as_json:
            out.print_json(
                json.dumps({"found": stand.found or None, "needed": stand.head, "current": stand.current})
            )
        else:
            migrate.require_current(database)
            out.print(f"The tables are up to date, version {escape(stand.found)}.")
    finally:
        database.close()
    if not stand.current:
        raise typer.Exit(Exit.FAILED)
