"""Where a child's data lies, and how each place counts and erases it.

A module that keeps something of a child in a new file or database adds a place here; the search afterwards
(`search`) finds what nobody thought of.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import select

from ..config import Config
from ..database.actor import Actor
from ..database.engine import open_database
from ..delivery.outbox_file import outbox_path
from ..program.photos import FOLDER as PHOTOS
from ..program.photos import path_of
from ..program.tables import Photo
from ..session.usual import FILE as USUAL
from ..sqlite_file import scrub, store_errors
from ..stores import open_store
from ..tools import FILE as TOOLS
from .relational import DatabasePlace


class Place(Protocol):
    """Somewhere that a child's data may lie. Every method may raise `StoreError`."""

    name: str

    def count(self, child_id: str) -> int:
        """How many rows, points or lines there are of a child."""

    def erase(self, child_id: str) -> None:
        """Delete them, so that no bytes of them stay in our own files."""


def places(config: Config, child_id: str) -> list[Place]:
    """Every place of an installation, in the order in which an event passes through them.

    The child's sessions are looked up now: some ledgers name nothing but them, and once the results are
    erased nobody knows whose they were.
    """
    sessions = sessions_of(config, child_id)
    return [
        SqlitePlace("outbox", outbox_path(config), _OUTBOX, sessions=sessions),
        SqlitePlace("journal", config.data_dir / "journal.db", _JOURNAL, emptied="event"),
        StorePlace(config),
        SqlitePlace("usual peaks", config.data_dir / USUAL, _USUAL),
        SqlitePlace("tools", config.data_dir / TOOLS, _TOOLS, before=_let_tools_go),
        PhotoPlace(config),
        DatabasePlace(config),
        LogPlace(config.data_dir / "run"),
    ]


def mentions(child_id: str) -> re.Pattern[bytes]:
    """The id as it stands in any file, and not as a part of a longer one.

    Examples
    --------
    >>> bool(mentions("c-1").search(b'"child_id":"c-1"')), bool(mentions("c-1").search(b"c-12"))
    (True, False)
    """
    return re.compile(rb"(?<![a-z0-9_-])" + re.escape(child_id.encode()) + rb"(?![a-z0-9_-])")


_ERASING: Final = Actor.part("erasing")

# an event is JSON, a dead letter may be anything: of that, all that has the id in quotes goes
_EVENT: Final = (
    "CASE WHEN length(payload) THEN json_extract(CAST(payload AS TEXT), '$.child_id') END = :child"
)
_OF_SESSION: Final = "hex(session_id) IN (SELECT value FROM json_each(:sessions))"
_OUTBOX: Final = {
    "outbox": _EVENT,
    "open_session": "json_extract(state, '$.child_id') = :child",
    "open_exercise": "child_id = :child",
    "reminded": "child_id = :child",
    "counted": _OF_SESSION,
    "counted_session": _OF_SESSION,
    "taken": _OF_SESSION,
}
#: Where an event, or the state of a session, stands in a table.
_DOCUMENTS: Final = {"outbox": "payload", "event": "payload", "open_session": "state"}
_JOURNAL: Final = {"event": _EVENT, "dead_letter": """instr(CAST(payload AS TEXT), '"' || :child || '"')"""}
_USUAL: Final = {"usual": "substr(about, 1, length(:child) + 1) = :child || char(10)"}
_TOOLS: Final = {"tool_use": "child = :child"}


def sessions_of(config: Config, child_id: str) -> frozenset[UUID]:
    """Sessions of a child: those with results, and those of events on their way."""
    found: set[UUID] = set()
    for name, tables in (("outbox.db", _OUTBOX), ("journal.db", _JOURNAL)):
        place = SqlitePlace(name, config.data_dir / name, tables)
        found.update(place.sessions(child_id))
    with closing(open_store(config, read_only=True)) as store:
        found.update(point.session_id for point in store.trend(child_id))
    return frozenset(found)


def _let_tools_go(db: sqlite3.Connection, child_id: str) -> None:
    """Forget the child's tools: they must not fall back to who had them before, nor stay with nobody."""
    db.execute(
        """UPDATE tool SET forgotten_at = unixepoch() WHERE forgotten_at IS NULL AND ? =
           (SELECT child FROM tool_use WHERE tool_use.tool_id = tool.tool_id ORDER BY seq DESC LIMIT 1)""",
        (child_id,),
    )


class SqlitePlace:
    """Tables of an SQLite file.

    Parameters
    ----------
    tables : mapping of str to str
        By table, which rows are the child's.
    before : callable, optional
        What else to do in the same transaction, while the rows are still there.
    emptied : str
        Table whose rows stay, without their payload: a reader's place in it is a row's number, and a number
        that is free is given to the next row.
    sessions : iterable of UUID
        The child's, for tables that name nothing else.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        tables: dict[str, str],
        before: Callable[[sqlite3.Connection, str], None] | None = None,
        emptied: str = "",
        sessions: Iterable[UUID] = (),
    ) -> None:
        self._emptied = emptied
        self._sessions = json.dumps([session.hex.upper() for session in sessions])
        self.name = f"{name} ({path.name})"
        self._path = path
        self._tables = tables
        self._before = before

    def count(self, child_id: str) -> int:
        """How many rows there are of a child."""
        with self._opened() as db:
            if db is None:
                return 0
            counts = [
                db.execute(f"SELECT count(*) FROM {table} WHERE {which}", self._given(child_id)).fetchone()  # noqa: S608
                for table, which in self._there(db).items()
            ]
        return sum(int(n) for (n,) in counts)

    def erase(self, child_id: str) -> None:
        """Delete them and write the file anew."""
        with self._opened() as db:
            if db is None:
                return
            with db:
                db.execute("BEGIN IMMEDIATE")
                if self._before:
                    self._before(db, child_id)
                for table, which in self._there(db).items():
                    what = "UPDATE {} SET payload = x''" if table == self._emptied else "DELETE FROM {}"
                    db.execute(f"{what.format(table)} WHERE {which}", self._given(child_id))
            scrub(db)

    def sessions(self, child_id: str) -> set[UUID]:
        """Sessions that the child's events and open sessions name."""
        found: set[UUID] = set()
        with self._opened() as db:
            if db is None:
                return found
            for table in self._there(db).keys() & _DOCUMENTS.keys():
                document = _DOCUMENTS[table]
                rows = db.execute(
                    f"""SELECT DISTINCT json_extract(CAST({document} AS TEXT), '$.session_id') FROM {table}
                        WHERE {self._tables[table]}""",  # noqa: S608
                    self._given(child_id),
                )
                found.update(UUID(session_id) for (session_id,) in rows if session_id)
        return found

    def _there(self, db: sqlite3.Connection) -> dict[str, str]:
        """Tables that the file has: an older version may have written it last."""
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return {table: which for table, which in self._tables.items() if table in names}

    def _given(self, child_id: str) -> dict[str, str]:
        return {"child": child_id, "sessions": self._sessions}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        if not self._path.exists():
            yield None
            return
        with (
            store_errors(self.name, self._path),
            closing(sqlite3.connect(self._path, isolation_level=None, timeout=10)) as db,
        ):
            yield db


class StorePlace:
    """The store of results, whichever it is."""

    def __init__(self, config: Config) -> None:
        kind = config.store.kind
        where = config.store.influxdb.url if kind == "influxdb" else "store.db"
        self.name = f"results ({where})"
        self._config = config

    def count(self, child_id: str) -> int:
        """How many rows or points there are of a child."""
        with closing(open_store(self._config, read_only=True)) as store:
            return sum(store.count_child(child_id).values())

    def erase(self, child_id: str) -> None:
        """Delete them."""
        if self._config.store.kind == "sqlite" and not (self._config.data_dir / "store.db").exists():
            return
        with closing(open_store(self._config, read_only=False)) as store:
            store.erase_child(child_id)


class PhotoPlace:
    """Pictures in the data folder; whose they are stands in the database, which is erased after them."""

    def __init__(self, config: Config) -> None:
        self.name = f"pictures ({PHOTOS}/)"
        self._config = config

    def count(self, child_id: str) -> int:
        """How many there are of a child."""
        return len(self._files(child_id))

    def erase(self, child_id: str) -> None:
        """Delete them."""
        for file in self._files(child_id):
            file.unlink(missing_ok=True)

    def _files(self, child_id: str) -> list[Path]:
        if not (self._config.data_dir / PHOTOS).exists():
            return []
        with closing(open_database(self._config)) as database, database.reading(_ERASING) as work:
            names = work.scalars(select(Photo.id).where(Photo.child_id == child_id)).all()
        return [file for name in names if (file := path_of(self._config, name)).exists()]


class LogPlace:
    """Log files of the processes, in which a line may name a child."""

    def __init__(self, folder: Path) -> None:
        self.name = "logs (run/)"
        self._folder = folder

    def count(self, child_id: str) -> int:
        """How many lines name a child."""
        return sum(bool(mentions(child_id).search(line)) for log in self._logs() for line in _lines(log))

    def erase(self, child_id: str) -> None:
        """Take these lines out."""
        for log in self._logs():
            lines = _lines(log)
            kept = [line for line in lines if not mentions(child_id).search(line)]
            if len(kept) < len(lines):
                log.write_bytes(b"".join(kept))

    def _logs(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("**/*") if path.is_file() and ".log" in path.name)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)
