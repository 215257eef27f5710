"""Opening SQLite files, and what their errors mean to the person who runs the hub."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from .errors import StoreError

_ADVICE = {
    sqlite3.SQLITE_FULL: "Free some space on that disk; nothing was lost, and it goes on by itself.",
    sqlite3.SQLITE_BUSY: "Another program holds the file; close it, and it goes on by itself.",
    sqlite3.SQLITE_READONLY: "Give the user that runs griphub the right to write there.",
    sqlite3.SQLITE_CANTOPEN: "See that the folder exists and belongs to the user that runs griphub.",
    sqlite3.SQLITE_IOERR: "See that the disk is well and still mounted.",
    sqlite3.SQLITE_CORRUPT: "Stop griphub, set the file aside and restore it from a backup.",
    sqlite3.SQLITE_NOTADB: "Stop griphub, set the file aside and restore it from a backup.",
}


def connect(
    path: Path, schema: str, version: int, upgrades: Mapping[int, str] = MappingProxyType({})
) -> sqlite3.Connection:
    """Open a file for writing, durable at every commit, with its tables made.

    Parameters
    ----------
    schema : str
        ``CREATE … IF NOT EXISTS`` statements.
    version : int
        What `schema` is, kept in ``PRAGMA user_version``.
    upgrades : mapping of int to str
        Statements that bring a file of that version to the next one.

    Raises
    ------
    StoreError
        If a newer GripHub made the file.
    sqlite3.Error, OSError
        Use `store_errors` around it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        found = check_version(db, path, version)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        old = "".join(upgrades.get(step, "") for step in range(found or version, version))
        db.executescript(f"BEGIN IMMEDIATE; {old} {schema} PRAGMA user_version = {version}; COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def connect_read_only(path: Path, version: int) -> sqlite3.Connection | None:
    """Open a file that another process writes, or that lies still; nothing is made or changed.

    Returns
    -------
    sqlite3.Connection or None
        None if there is no file yet, or its writer has still to bring its tables to `version`.

    Raises
    ------
    StoreError
        If a newer GripHub made the file.
    sqlite3.Error
        Use `store_errors` around it.
    """
    if not path.exists():
        return None
    uri = f"{path.resolve().as_uri()}?mode=ro"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        found = check_version(db, path, version)
    except BaseException:
        db.close()
        raise
    if found < version:
        db.close()
        return None
    return db


def check_version(db: sqlite3.Connection, path: Path, version: int) -> int:
    """Version of the file's tables, 0 before they are made; refuses one from the future."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        raise StoreError(
            path.name,
            f"a newer GripHub wrote {path} (its tables are version {found}, this one knows {version})",
            "Install that version again; the file is unchanged.",
            retryable=False,
        )
    return found


def scrub(db: sqlite3.Connection) -> None:
    """Write a file anew, so that what was deleted is in no free page and not in the write-ahead log.

    Takes as long as copying what is left, and as much room. Other connections wait.
    """
    db.execute("VACUUM")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("somebody reads what is about to be overwritten")


@contextlib.contextmanager
def store_errors(name: str, path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `StoreError`.

    Only an event that does not fit into the tables is not worth another try: a disk is freed, a file
    restored, a lock given up.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, OverflowError) as error:
        raise StoreError(name, str(error), "The event was refused.", retryable=False) from error
    except sqlite3.Error as error:
        # the low byte is the primary code that an extended one refines
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        advice = _ADVICE.get(code, "Run `griphub doctor`; if it finds nothing, report this as a bug.")
        raise StoreError(name, f"{error} ({path})", advice) from error
    except OSError as error:
        raise StoreError(name, str(error), _ADVICE[sqlite3.SQLITE_CANTOPEN]) from error
