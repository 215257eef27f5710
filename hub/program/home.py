"""The home's own database: opened, brought up to date, with the children that the configuration names."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database, open_database
from ..database.migrate import require_current, upgrade
from ..database.work import Work
from ..errors import NotFound
from ..people.model import Child, Family, Site
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
        _settle(database, config)
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


def _settle(database: Database, config: Config) -> None:
    """Let those be there whom the configuration names; what the database says of them stays."""
    if not config.children:
        return
    with database.reading(Actor.part("home")) as work:
        missing = [child for child in config.children if work.get(Child, child.id) is None]
    if not missing:
        return
    with database.work(Actor.part("home"), "home.settle") as work:
        if work.get(Site, config.site) is None:
            work.add(Site(id=config.site, name="Home", created_at=work.now))
            work.flush()
        family = work.scalar(
            select(Family).where(Family.site_id == config.site, Family.hub == config.hub)
        ) or Family(
            id=f"f-{config.site}-{config.hub}"[:48],
            site_id=config.site,
            name="Home",
            hub=config.hub,
            created_at=work.now,
        )
        work.add(family)
        work.flush()
        for child in missing:
            work.add(
                Child(
                    id=child.id, family_id=family.id, name=child.alias, goal=child.goal, created_at=work.now
                )
            )
