"""The home or clinic that a command works with, and how a child is named to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from .. import config as configuration
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from .common import err, set_up_logging

ChildArgument = Annotated[str, typer.Argument(metavar="CHILD", help="Id or name of the child.")]
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


def say_that_it_travels(home: Here, child_id: str) -> None:
    """Say that what was changed goes to the child's home, where that is not here."""
    from ..program.outgoing import Stand, post_of

    with home.database.reading(home.actor) as work:
        stand = post_of(work, home.config, child_id).stand
    if stand not in (Stand.NOTHING, Stand.HERE, Stand.NO_HOME):
        err.print(f"It goes to the home. `griphub program post {child_id}` says when it is there.")
