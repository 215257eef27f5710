"""Opening the database: a file at home, a PostgreSQL server by URL."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from ..config import Config
from ..errors import ConfigError, SetupError, StoreError
from ..sqlite_file import store_errors
from .actor import Actor
from .work import Work

FILE: Final = "people.db"

_POSTGRESQL_ADVICE: Final = "See that the server of [database] url runs and lets GripHub in, then try again."


class Database:
    """People, programs and what belongs to them.

    Parameters
    ----------
    url : str or URL
        ``sqlite:////path`` or ``postgresql://…``.
    clock : callable
        UTC now.

    Raises
    ------
    ConfigError
        If it is no URL of a database that GripHub knows.
    SetupError
        If PostgreSQL's driver is not installed.
    """

    def __init__(self, url: str | URL, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = _known(url)
        self._clock = clock
        self.engine = _engine(self.url)

    @contextlib.contextmanager
    def work(self, actor: Actor, command: str = "") -> Iterator[Work]:
        """Read and change something, all of it or nothing.

        Raises
        ------
        StoreError
            If the database does not answer, or refuses what was written.
        """
        with self.errors(), self.engine.begin() as connection, self._open(connection, actor, command) as work:
            yield work
            work.flush()

    @contextlib.contextmanager
    def reading(self, actor: Actor, command: str = "") -> Iterator[Work]:
        """Read something; what is changed is not kept.

        Raises
        ------
        StoreError
            If the database does not answer.
        """
        with self.errors(), self.engine.connect() as connection:
            connection.execution_options(griphub_reads=True)
            with self._open(connection, actor, command) as work:
                yield work

    def _open(self, connection: Connection, actor: Actor, command: str) -> Work:
        return Work(connection, actor, command=command, clock=self._clock)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the database's errors into `StoreError`."""
        try:
            yield
        except IntegrityError as error:
            raise StoreError(
                "people", str(error.orig), "It contradicts what is there; read it anew.", retryable=False
            ) from error
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error):
                with store_errors("people", Path(self.url.database or "")):
                    raise error.orig from error
            raise StoreError("people", _first_line(error.orig), _POSTGRESQL_ADVICE) from error
        except SQLAlchemyError as error:
            raise StoreError("people", _first_line(error), _POSTGRESQL_ADVICE) from error

    def close(self) -> None:
        """Let go of files and connections."""
        self.engine.dispose()


def open_database(config: Config) -> Database:
    """Open the database of an installation, whose tables must be there: `migrate.upgrade` makes them.

    Raises
    ------
    ConfigError, SetupError
        As `Database`; also if the folder cannot be made.
    """
    if config.database.url is not None:
        return Database(config.database.url.get_secret_value())
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(
            f"The data folder {config.data_dir} cannot be written ({error.strerror})",
            "Mend its permissions, or choose another one with GRIPHUB_DATA_DIR.",
        ) from None
    return Database(URL.create("sqlite", database=str(config.data_dir / FILE)))


def _known(url: str | URL) -> URL:
    try:
        known = make_url(url)
    except (ArgumentError, ValueError):  # neither shown nor chained: it may hold a password
        raise ConfigError(
            "database.url", "is no URL such as postgresql://griphub@localhost/griphub"
        ) from None
    if known.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return known.set(drivername="postgresql+psycopg")
    if known.drivername == "sqlite" and known.database not in {None, "", ":memory:"}:
        return known
    raise ConfigError(
        "database.url", f"names {known.drivername}; it must be postgresql://… or sqlite:////a/file.db"
    )


def _engine(url: URL) -> Engine:
    try:
        # pre-ping: a server that was restarted must not cost a parent an error
        engine = create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise SetupError(
            "PostgreSQL's driver is not installed", "Install GripHub with it: pip install 'griphub[clinic]'."
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin)
    return engine


def _durable(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions are ours, DDL included; see `_begin`
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # a writer that began as a reader would be refused, not made to wait, when another one wrote meanwhile
    reads = connection.get_execution_options().get("griphub_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
