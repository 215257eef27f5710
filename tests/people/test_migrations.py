"""The tables: made, upgraded, gone back, and the same as the classes say, on both engines."""

from collections.abc import Callable, Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from griphub.hub.database import migrate
from griphub.hub.database.engine import Database
from griphub.hub.database.tables import metadata
from griphub.hub.errors import SetupError, StoreError


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
