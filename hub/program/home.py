"""The home's own database: opened, brought up to date, with the children that the configuration names."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ..config import Config
from ..database.engine import Database, open_database
from ..database.migrate import require_current, upgrade
from ..database.work import Work
from ..errors import NotFound
from ..people.home import settle
from ..people.model import Child
from .local_days import local_day


@contextmanager
def opened(config: Config) -> Iterator[Database]:
    """Open the database; a home's own file is brought up to date, a clinic's server only looked at.

    Raises
    ------
    SetupError, StoreError, ConfigError
    """
    database = open_database(config)
    try:
        if config.database.url is None:
            upgrade(database)
        else:
            require_current(database)
        settle(database, config)
        yield database
    finally:
        database.close()


def child_id_of(work: Work, config: Config, name: str) -> str:
    """The child that is meant by an id or a name.

    Raises
    ------
    NotFound
        If nobody, or more than one, is called so.
    """
    for child in config.children:
        if name.casefold() in (child.id, child.alias.casefold()):
            return child.id
    if work.get(Child, name):
        return name
    called = work.scalars(select(Child.id).where(func.lower(Child.name) == name.casefold())).all()
    if len(called) != 1:
        raise NotFound("child", name)
    return called[0]


def zone_of(config: Config) -> ZoneInfo | None:
    """Where the family's days begin and end; None: as this machine's clock has it."""
    return ZoneInfo(config.time_zone) if config.time_zone else None


def today(config: Config, now: datetime) -> date:
    """The family's day."""
    return local_day(now, zone_of(config))
