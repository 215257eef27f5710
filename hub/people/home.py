"""The children of a home: those of its database, and those that its configuration file names.

``[[children]]`` is how a home began before there was a database, and still works: whom it names is taken
into the database at the next start, and its name and goal stand in the file, to be changed there. Everybody
else is added with `griphub child add`, or on the dashboard.
"""

import logging
import os
import threading
from typing import Final

from sqlalchemy import select

from ..config import ChildConfig, Config
from ..database.actor import Actor
from ..database.engine import FILE, Database, open_database
from ..database.work import Work
from ..errors import StoreError
from .model import Child, Family, Site

log = logging.getLogger(__name__)

_HOME: Final = Actor.part("home")


def family_of(work: Work, config: Config) -> Family:
    """The family whose hub this is, made with its site where they are missing."""
    found = work.scalar(select(Family).where(Family.site_id == config.site, Family.hub == config.hub))
    if found is not None:
        return found
    if work.get(Site, config.site) is None:
        work.add(Site(id=config.site, name="Home", created_at=work.now))
        work.flush()
    made = Family(
        id=f"f-{config.site}-{config.hub}"[:48],
        site_id=config.site,
        name="Home",
        hub=config.hub,
        created_at=work.now,
    )
    work.add(made)
    work.flush()
    return made


def settle(database: Database, config: Config) -> None:
    """Let those be there whom the configuration names, as it names them."""
    named = {child.id: child for child in config.children}
    if not named:
        return

    def differ(work: Work) -> dict[str, Child | None]:
        there = {key: work.get(Child, key) for key in named}
        return {
            key: child
            for key, child in there.items()
            if child is None or (child.name, child.goal) != (named[key].alias, named[key].goal)
        }

    with database.reading(_HOME) as work:
        if not differ(work):
            return
    with database.work(_HOME, "home.settle") as work:
        for key, child in differ(work).items():
            if child is not None:
                child.name, child.goal = named[key].alias, named[key].goal
                continue
            family = family_of(work, config)
            work.add(
                Child(
                    id=key,
                    family_id=family.id,
                    name=named[key].alias,
                    goal=named[key].goal,
                    created_at=work.now,
                )
            )


class Household:
    """The children of a home, as they are at any time. Thread-safe.

    Parameters
    ----------
    config : Config
        What it names is always there; beside it, what the home's own database has.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._path = config.data_dir / FILE
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int], ...] | None = None
        self._children = config.children
        self._database: Database | None = None

    def all(self) -> tuple[ChildConfig, ...]:
        """Every child who trains here: first the configuration's, then the others by name."""
        # a clinic's server holds many homes; its own processes ask it by themselves
        if self._config.database.url is not None:
            return self._config.children
        with self._lock:
            if (stamp := self._stamp()) and stamp != self._seen:
                self._read()
                self._seen = stamp
            return self._children

    def get(self, child_id: str) -> ChildConfig | None:
        """One of them."""
        return next((child for child in self.all() if child.id == child_id), None)

    def ids(self) -> set[str]:
        """Ids of all of them."""
        return {child.id for child in self.all()}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _read(self) -> None:
        try:
            self._database = self._database or open_database(self._config)
            with self._database.reading(_HOME) as work:
                rows = work.scalars(
                    select(Child)
                    .join(Family)
                    .where(
                        Child.left_at.is_(None),
                        Family.site_id == self._config.site,
                        Family.hub == self._config.hub,
                    )
                    .order_by(Child.name, Child.id)
                ).all()
        except StoreError as error:  # whom we know goes on training, whatever became of the file
            log.warning("The children could not be read: %s", error)
            return
        configured = {child.id for child in self._config.children}
        others = (
            ChildConfig(id=row.id, alias=row.name[:40], goal=row.goal)
            for row in rows
            if row.id not in configured
        )
        self._children = (*self._config.children, *others)

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        """What changes when somebody writes to the file: size and time of it and of its log."""
        found = []
        for name in (self._path, f"{self._path}-wal"):
            try:
                at = os.stat(name)  # noqa: PTH116 - the second is no path of its own
            except OSError:
                continue
            found.append((at.st_mtime_ns, at.st_size))
        return tuple(found)


def with_children(config: Config) -> Config:
    """The configuration, with everybody among its children who trains here now."""
    household = Household(config)
    try:
        return config.model_copy(update={"children": household.all()})
    finally:
        household.close()
