"""Bringing the tables to the version that this GripHub knows: `griphub database upgrade`."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ...firmware_bridge.errors import GripError
from ..config import Config
from ..errors import SetupError, StoreError
from .engine import FILE, Database, open_database

FOLDER: Final = Path(__file__).parent / "migrations"

#: Any number that is GripHub's own: two processes that upgrade one server take turns.
_ADVISORY_LOCK: Final = 0x67726970


@dataclass(frozen=True, slots=True)
class Revision:
    """Where a database's tables stand.

    Attributes
    ----------
    found : str
        Revision of the tables; empty where there are none.
    head : str
        Revision that this GripHub knows.
    """

    found: str
    head: str

    @property
    def current(self) -> bool:
        """Whether nothing is left to do."""
        return self.found == self.head


def newest() -> str:
    """Revision of the tables that this GripHub knows."""
    return _steps().get_current_head() or ""


def revisions() -> list[str]:
    """Every revision that there was, oldest first."""
    return [script.revision for script in _steps().walk_revisions()][::-1]


def revision(database: Database) -> Revision:
    """Look where the tables stand, and change nothing.

    Raises
    ------
    StoreError
        If the database does not answer.
    """
    with database.errors(), database.engine.connect() as connection:
        found = MigrationContext.configure(
            connection.execution_options(griphub_reads=True)
        ).get_current_revision()
    return Revision(found or "", newest())


def require_current(database: Database) -> None:
    """See that the tables are those that this GripHub knows.

    Raises
    ------
    SetupError
        If they are older or missing.
    StoreError
        If a newer GripHub made them, or the database does not answer.
    """
    stand = revision(database)
    _refuse_newer(stand)
    if not stand.current:
        raise SetupError(
            f"The tables in {_shown(database)} are of version {stand.found or 'none'}, "
            f"this GripHub needs {stand.head}",
            "Make a backup, then run `griphub database upgrade`.",
        )


def open_current(config: Config) -> Database | None:
    """Open an installation's database as it is; None where nobody has made one yet.

    Raises
    ------
    SetupError
        If the tables are older.
    StoreError
        If a newer GripHub made them, or the database does not answer.
    """
    if config.database.url is None and not (config.data_dir / FILE).exists():
        return None
    database = open_database(config)
    try:
        require_current(database)
    except GripError:
        database.close()
        raise
    return database


def upgrade(database: Database, to: str = "head") -> Revision:
    """Bring the tables up to date, all steps or none; data stays.

    Raises
    ------
    StoreError
        If a newer GripHub made the tables, or the database does not answer.
    """
    _refuse_newer(revision(database))
    with _migrating(database) as connection:
        command.upgrade(alembic_config(connection), to)
    return revision(database)


def downgrade(database: Database, to: str) -> Revision:
    """Go back to an older version of the tables; what only the newer one holds is gone."""
    with _migrating(database) as connection:
        command.downgrade(alembic_config(connection), to)
    return revision(database)


def alembic_config(connection: Connection) -> AlembicConfig:
    """Alembic's settings for an open transaction."""
    config = _settings()
    config.attributes["connection"] = connection
    return config


@contextlib.contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """Open a transaction in which tables may be rebuilt; a second process waits for the first."""
    sqlite = database.url.get_backend_name() == "sqlite"
    with database.errors(), database.engine.connect() as connection:
        if sqlite:
            # SQLite changes a table by copying it: with foreign keys on, dropping the old one would delete
            # what refers to it. The switch does nothing inside a transaction.
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield connection
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise StoreError(
                "people",
                f"after the upgrade {len(broken)} rows would refer to nothing",
                "Nothing was changed; report this as a bug.",
                retryable=False,
            )
        connection.commit()
        connection.invalidate()  # the next one has foreign keys on again


def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(_settings())


def _settings() -> AlembicConfig:
    config = AlembicConfig(stdout=io.StringIO())
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_newer(stand: Revision) -> None:
    if stand.found and stand.found not in revisions():
        raise StoreError(
            "people",
            f"a newer GripHub made its tables (version {stand.found}, this one knows {stand.head})",
            "Install that version again; nothing was changed.",
            retryable=False,
        )


def _shown(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)
