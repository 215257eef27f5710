"""A child in the relational database: every table that names one, also those of modules to come."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select

from ..config import Config
from ..database.base import Base
from ..database.engine import open_database
from ..database.migrate import revision
from ..database.tables import metadata
from ..database.work import Work
from ..people.model import Child, Family
from ..sqlite_file import scrub

#: Rows by table, each by column.
Rows = Mapping[str, list[dict[str, Any]]]

_SQLITE_TRIGGER: Final = "audit_no_delete"
_POSTGRESQL_TRIGGER: Final = "audit_only_grows"


class DatabasePlace:
    """People, programs and the log of changes. Accounts and the family stay: they are others' too."""

    def __init__(self, config: Config) -> None:
        self.name = "people and programs" + (" (people.db)" if config.database.url is None else "")
        self._config = config

    def count(self, child_id: str) -> int:
        """How many rows there are of a child."""
        with self._connected() as connection:
            return sum(len(rows) for rows in _read(connection, child_id).values()) if connection else 0

    def rows(self, child_id: str) -> Rows:
        """Rows of a child, by table."""
        with self._connected() as connection:
            return _read(connection, child_id) if connection else {}

    def homes(self, child_id: str) -> set[tuple[str, str]]:
        """Site and hub of the child's family, where it has one."""
        home = select(Family.site_id, Family.hub).join(Child, Child.family_id == Family.id)
        with self._connected() as connection:
            rows = connection.execute(home.where(Child.id == child_id)).all() if connection else []
        return {(site, hub) for site, hub in rows if hub}

    def erase(self, child_id: str) -> None:
        """Delete them, in the log of changes too, which otherwise only grows."""
        with self._connected() as connection:
            if connection is None:
                return
            with connection.begin(), _log_may_shrink(connection):
                for table, which in reversed(_tables_of(child_id)):
                    connection.execute(delete(table).where(which))
            if connection.dialect.name == "sqlite":
                scrub(cast("sqlite3.Connection", connection.connection.dbapi_connection))

    @contextmanager
    def _connected(self) -> Iterator[Connection | None]:
        database = open_database(self._config)
        try:
            file = database.url.database
            missing = database.url.get_backend_name() == "sqlite" and not Path(file or "").exists()
            if missing or not revision(database).found:
                yield None
                return
            with database.errors(), database.engine.connect() as connection:
                yield connection
        finally:
            database.close()


def visible_rows(work: Work, child_id: str) -> Rows:
    """Rows of a child that the actor may see, by table: of the log, what they did themselves.

    Raises
    ------
    NotFound
        If there is no such child whom the actor may see.
    """
    work.need(Child, child_id)
    found = {}
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__):
        columns = {column.name: mapper.get_property_by_column(column).key for column in mapper.columns}
        key = "id" if mapper.class_ is Child else columns.get("child_id")
        if key is None:
            continue
        rows = work.scalars(select(mapper.class_).where(getattr(mapper.class_, key) == child_id)).all()
        if rows:
            found[mapper.class_.__tablename__] = [
                {name: getattr(row, attribute) for name, attribute in columns.items()} for row in rows
            ]
    return found


def _tables_of(child_id: str) -> list[tuple[Table, ColumnElement[bool]]]:
    """Tables that name a child and which rows of them do, each after those that it refers to."""
    found: list[tuple[Table, ColumnElement[bool]]] = []
    for table in metadata.sorted_tables:
        if table.name == "children":
            found.append((table, table.c.id == child_id))
        elif table.name == "audit":
            found.append((table, or_(table.c.child_id == child_id, table.c.row_key == child_id)))
        elif "child_id" in table.c:
            found.append((table, table.c.child_id == child_id))
    return found


def _read(connection: Connection, child_id: str) -> Rows:
    return {
        table.name: [dict(row) for row in connection.execute(select(table).where(which)).mappings()]
        for table, which in _tables_of(child_id)
        if connection.execute(select(func.count()).select_from(table).where(which)).scalar_one()
    }


@contextmanager
def _log_may_shrink(connection: Connection) -> Iterator[None]:
    """Lift what keeps the log of changes from being changed, within this transaction."""
    if connection.dialect.name == "sqlite":
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", (_SQLITE_TRIGGER,)
        ).scalar_one()
        connection.exec_driver_sql(f"DROP TRIGGER {_SQLITE_TRIGGER}")
        yield
        connection.exec_driver_sql(made)
    else:
        connection.exec_driver_sql(f"ALTER TABLE audit DISABLE TRIGGER {_POSTGRESQL_TRIGGER}")
        yield
        connection.exec_driver_sql(f"ALTER TABLE audit ENABLE TRIGGER {_POSTGRESQL_TRIGGER}")
