"""The hub's promise: what is committed here reaches the store, whatever is killed in between.

Rows go only when ingest says that it has committed them. In the same transaction as the events the state
of the session is kept, so that a hub that was killed goes on where it was.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from ..records import Event, SqueezeCounted, encode
from ..sqlite_file import connect, store_errors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counted (event_id BLOB PRIMARY KEY, session_id BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted_session (session_id BLOB PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_session (tool_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO tally VALUES ('committed', 0), ('acknowledged', 0);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is not yet acknowledged."""

    seq: int
    event_id: UUID
    topic: str
    payload: bytes


class Outbox:
    """Events on their way to ingest, in an SQLite file. Thread-safe.

    Parameters
    ----------
    path : Path
        The file; made with its folder when missing.

    Raises
    ------
    StoreError
        From every method, when the disk does not take or give data.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        with store_errors("outbox", path):
            self._db = connect(path, _SCHEMA, version=1)

    def commit(self, events: Sequence[Event], sessions: Mapping[str, str | None]) -> None:
        """Make events and session states durable, together.

        Parameters
        ----------
        sessions : mapping of tool id to state
            None closes the tool's session.
        """
        rows = [(event.event_id.bytes, event.topic(), encode(event)) for event in events]
        squeezes = [event for event in events if isinstance(event, SqueezeCounted)]
        with self._transaction() as db:
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO outbox (event_id, topic, payload) VALUES (?, ?, ?)", rows)
            new = db.total_changes - before
            db.executemany(
                "INSERT OR IGNORE INTO counted VALUES (?, ?)",
                [(squeeze.event_id.bytes, squeeze.session_id.bytes) for squeeze in squeezes],
            )
            db.executemany(
                "INSERT OR REPLACE INTO counted_session VALUES (?, ?)",
                [(squeeze.session_id.bytes, squeeze.measured_at.timestamp()) for squeeze in squeezes],
            )
            for tool_id, state in sessions.items():
                if state is None:
                    db.execute("DELETE FROM open_session WHERE tool_id = ?", (tool_id,))
                else:
                    db.execute("INSERT OR REPLACE INTO open_session VALUES (?, ?)", (tool_id, state))
            db.execute("UPDATE tally SET n = n + ? WHERE name = 'committed'", (new,))

    def waiting(self, after: int, limit: int, branch: str = "") -> list[Waiting]:
        """Unacknowledged events with a sequence number above `after`, oldest first.

        Parameters
        ----------
        branch : str
            Only those whose topic begins so.
        """
        query = """SELECT seq, event_id, topic, payload FROM outbox
                   WHERE seq > ? AND substr(topic, 1, ?) = ? ORDER BY seq LIMIT ?"""
        return [
            Waiting(seq, UUID(bytes=event_id), topic, payload)
            for seq, event_id, topic, payload in self._read(query, (after, len(branch), branch, limit))
        ]

    def elsewhere(self, branch: str) -> int:
        """How many unacknowledged events have a topic that does not begin so."""
        return int(
            self._read("SELECT count(*) FROM outbox WHERE substr(topic, 1, ?) != ?", (len(branch), branch))[
                0
            ][0]
        )

    def acknowledge(self, event_ids: Iterable[UUID]) -> None:
        """Forget events that ingest has committed."""
        with self._transaction() as db:
            before = db.total_changes
            db.executemany("DELETE FROM outbox WHERE event_id = ?", [(e.bytes,) for e in event_ids])
            gone = db.total_changes - before
            db.execute("UPDATE tally SET n = n + ? WHERE name = 'acknowledged'", (gone,))

    def prune(self, before: datetime) -> None:
        """Strike sessions whose last squeeze is older off the ledger of what was counted.

        What waits for ingest stays, however old it is.
        """
        with self._transaction() as db:
            old = (before.timestamp(),)
            db.execute(
                "DELETE FROM counted WHERE session_id IN"
                " (SELECT session_id FROM counted_session WHERE at < ?)",
                old,
            )
            db.execute("DELETE FROM counted_session WHERE at < ?", old)

    def open_sessions(self) -> dict[str, str]:
        """State of each session that was not closed, by tool id."""
        return dict(self._read("SELECT tool_id, state FROM open_session"))

    def tally(self) -> dict[str, int]:
        """Count of events ever ``committed`` and ever ``acknowledged``."""
        return dict(self._read("SELECT name, n FROM tally"))

    def counted(self, session_id: UUID) -> set[UUID]:
        """Event ids of the squeezes counted in a session, acknowledged or not."""
        rows = self._read("SELECT event_id FROM counted WHERE session_id = ?", (session_id.bytes,))
        return {UUID(bytes=event_id) for (event_id,) in rows}

    def counted_sessions(self) -> set[UUID]:
        """Sessions with at least one counted squeeze."""
        return {UUID(bytes=s) for (s,) in self._read("SELECT DISTINCT session_id FROM counted")}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def _read(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        with self._lock, store_errors("outbox", self._path):
            return self._db.execute(query, parameters).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("outbox", self._path), self._db as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
