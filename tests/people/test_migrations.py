"""The tables: made, upgraded, gone back, and the same as the classes say, on both engines."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Date, DateTime, LargeBinary, MetaData, Table, Time, insert, inspect, select

from griphub.hub.database import migrate
from griphub.hub.database.actor import Actor
from griphub.hub.database.base import Base
from griphub.hub.database.engine import Database
from griphub.hub.database.tables import metadata
from griphub.hub.errors import SetupError, StoreError

REVISIONS = Path(__file__).parent / "revisions"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, empty_url: Callable[[str], str]) -> Iterator[Database]:
    database = Database(empty_url(request.param))
    yield database
    database.close()


def test_the_steps_make_what_the_classes_say(empty: Database) -> None:
    migrate.upgrade(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_changes_nothing_and_going_back_leaves_nothing(empty: Database) -> None:
    with pytest.raises(SetupError, match="griphub database upgrade"):
        migrate.require_current(empty)
    assert migrate.upgrade(empty) == migrate.upgrade(empty)
    migrate.require_current(empty)
    migrate.downgrade(empty, "base")
    assert inspect(empty.engine).get_table_names() == ["alembic_version"]
    assert migrate.upgrade(empty).current


def test_tables_of_a_newer_griphub_are_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for use in (migrate.upgrade, migrate.require_current):
        with pytest.raises(StoreError, match="newer GripHub"):
            use(database)


def _typed(connection: Connection, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A pinned row as the driver of each engine wants it, and gives it back."""
    found = {}
    for name, value in row.items():
        kind = table.c[name].type
        if isinstance(kind, DateTime) and isinstance(value, str):
            at = datetime.fromisoformat(value)
            found[name] = at.replace(tzinfo=None) if connection.dialect.name == "sqlite" else at
        elif isinstance(kind, LargeBinary) and isinstance(value, str):
            found[name] = value.encode()
        elif isinstance(kind, Date) and isinstance(value, str):
            found[name] = date.fromisoformat(value)
        elif isinstance(kind, Time) and isinstance(value, str):
            found[name] = time.fromisoformat(value)
        else:
            found[name] = value
    return found


def _all_there(database: Database, pinned: dict[str, list[dict[str, Any]]]) -> None:
    tables = MetaData()
    tables.reflect(database.engine)
    with database.engine.connect() as connection:
        for name, rows in pinned.items():
            table = tables.tables[name]
            found = [dict(row._mapping) for row in connection.execute(select(table))]
            for row in rows:
                wanted = _typed(connection, table, row)
                assert any(all(one[key] == value for key, value in wanted.items()) for one in found), (
                    name,
                    wanted,
                )


@pytest.mark.parametrize("pinned", sorted(REVISIONS.glob("*.json")), ids=lambda path: path.stem)
def test_data_of_every_revision_survives_the_steps_forward_and_back(empty: Database, pinned: Path) -> None:
    rows = json.loads(pinned.read_text(encoding="utf-8"))
    with migrate._migrating(empty) as connection:
        command.upgrade(migrate.alembic_config(connection), pinned.stem)
    tables = MetaData()
    tables.reflect(empty.engine)
    with empty.engine.begin() as connection:
        for name, pinned_rows in rows.items():
            for row in pinned_rows:
                connection.execute(
                    insert(tables.tables[name]).values(_typed(connection, tables.tables[name], row))
                )
    migrate.upgrade(empty)
    _all_there(empty, rows)
    with empty.reading(Actor.part("test")) as work:  # the classes read every row
        for mapper in Base.registry.mappers:
            assert len(work.scalars(select(mapper.class_)).all()) >= len(
                rows.get(mapper.local_table.name, [])
            )
    migrate.downgrade(empty, pinned.stem)
    _all_there(empty, rows)
    assert migrate.upgrade(empty).current
    _all_there(empty, rows)


def test_every_revision_is_pinned_with_data() -> None:
    assert [path.stem for path in sorted(REVISIONS.glob("*.json"))] == migrate.revisions()
