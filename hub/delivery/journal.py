"""What ingest commits before it acknowledges: every event once, until the stores have it.

Stores recognise events by their id, so the journal may forget: a replay from months ago is simply
forwarded again and changes nothing.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from ..errors import StoreError
from ..sqlite_file import connect, connect_read_only, store_errors
from ..utc import utc

#: Newest dead letters kept of messages that are no events, and bytes of each: a bound on what a stranger's
#: messages can fill the disk with. Events that another version may read are kept whole, however many.
DEAD_LETTERS = 10_000
DEAD_LETTER_BYTES = 16_384

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    event_id BLOB NOT NULL UNIQUE,
    received_at REAL NOT NULL,  -- Unix time
    payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cursor (store TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letter (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at REAL NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    payload BLOB NOT NULL,
    event_id BLOB UNIQUE  -- of an event that another version may read
);
"""
_VERSION = 2
_UPGRADES = {
    1: """
    ALTER TABLE dead_letter RENAME TO dead_letter_1;
    CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        received_at REAL NOT NULL,
        topic TEXT NOT NULL,
        reason TEXT NOT NULL,
        payload BLOB NOT NULL,
        event_id BLOB UNIQUE
    );
    INSERT INTO dead_letter SELECT *, NULL FROM dead_letter_1;
    DROP TABLE dead_letter_1;
    """
}


#: The cursor of what goes to the database of people instead of a store: what families wrote and shared.
PEOPLE: Final = "people"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events a store does not have yet, and since when the oldest of them waits."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that no store will take, with the reason. `number` counts all there ever were.

    `event_id` is that of an event that another version of GripHub may read.
    """

    number: int
    received_at: datetime
    topic: str
    reason: str
    payload: bytes
    event_id: UUID | None = None


class Journal:
    """Events in order of arrival, durable before `append` returns. Thread-safe.

    Parameters
    ----------
    path : Path
        The file, made when missing.
    read_only : bool
        To look into a journal that another process writes, or that lies still: only what reads works.

    Raises
    ------
    StoreError
        From every method, when the file cannot be written or read.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.Lock()
        with store_errors("journal", path):
            found = (
                connect_read_only(path, _VERSION)
                if read_only
                else connect(path, _SCHEMA, _VERSION, _UPGRADES)
            )
        if found is None:
            raise StoreError("journal", f"there is no {path}", "It is made when ingest is first started.")
        self._db = found
        self._path = path

    def append(self, payloads: Sequence[tuple[UUID, bytes]]) -> int:
        """Commit events; those that are here already are ignored.

        Returns
        -------
        int
            How many were new.
        """
        now = time.time()
        rows = [(event_id.bytes, now, payload) for event_id, payload in payloads]
        with self._transaction() as db:
            before = db.total_changes
            db.executemany(
                "INSERT OR IGNORE INTO event (event_id, received_at, payload) VALUES (?, ?, ?)", rows
            )
            return db.total_changes - before

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` events behind sequence number `after`, in order: (number, payload)."""
        with self._reading() as db:
            return db.execute(
                "SELECT seq, payload FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()

    def cursor(self, store: str) -> int:
        """Number of the last event that `store` has; 0 at first."""
        with self._reading() as db:
            row = db.execute("SELECT seq FROM cursor WHERE store = ?", (store,)).fetchone()
        return int(row[0]) if row else 0

    def advance(self, store: str, seq: int) -> None:
        """Note that `store` has everything up to `seq`.

        A cursor that a power cut takes back costs a repetition, never an event: so this does not wait for
        the disk, which on an SD card would double the delay of the next squeeze.
        """
        with self._transaction(synchronous="NORMAL") as db:
            db.execute("INSERT OR REPLACE INTO cursor (store, seq) VALUES (?, ?)", (store, seq))

    def forget(self, event_ids: Sequence[UUID]) -> None:
        """Empty some events, whose place in the order stays."""
        if event_ids:
            with self._transaction() as db:
                db.executemany(
                    "UPDATE event SET payload = x'' WHERE event_id = ?", [(one.bytes,) for one in event_ids]
                )

    def waiting(self, store: str) -> Waiting:
        """What `store` does not have yet."""
        with self._reading() as db:
            # numbers have no gaps above any cursor, so that a long queue need not be counted row by row
            count, since = db.execute(
                """SELECT (SELECT ifnull(max(seq), 0) FROM event) - at,
                          (SELECT received_at FROM event WHERE seq > at ORDER BY seq LIMIT 1)
                   FROM (SELECT ifnull(max(seq), 0) AS at FROM cursor WHERE store = ?)""",
                (store,),
            ).fetchone()
        return Waiting(count, None if since is None else utc(since))

    def stores(self) -> list[str]:
        """Names of the stores that ever took something."""
        with self._reading() as db:
            return [name for (name,) in db.execute("SELECT store FROM cursor ORDER BY store")]

    def prune(self, before: datetime) -> int:
        """Forget events that came before `before` and that every store with a cursor has.

        The newest row always stays, because SQLite numbers from the highest row there is.

        Returns
        -------
        int
            How many were forgotten.
        """
        with self._transaction() as db:
            return db.execute(
                """DELETE FROM event WHERE received_at < ? AND seq <= (SELECT min(seq) FROM cursor)
                   AND seq < (SELECT max(seq) FROM event)""",
                (before.timestamp(),),
            ).rowcount

    def dead_letter(self, topic: str, payload: bytes, reason: str, *, event_id: UUID | None = None) -> None:
        """Set a message aside.

        Parameters
        ----------
        event_id : UUID, optional
            Of an event that another version may read: it is kept whole, and once, until it was read. Of
            other messages the beginning is kept, and the oldest go when there are more than `DEAD_LETTERS`.
        """
        kept = payload if event_id else payload[:DEAD_LETTER_BYTES]
        with self._transaction() as db:
            db.execute(
                """INSERT OR IGNORE INTO dead_letter (received_at, topic, reason, payload, event_id)
                   VALUES (?, ?, ?, ?, ?)""",
                (time.time(), topic, reason, kept, event_id.bytes if event_id else None),
            )
            # what a store refused was counted and acknowledged: it is nowhere else, and stays
            db.execute(
                """DELETE FROM dead_letter WHERE event_id IS NULL AND topic NOT LIKE 'store/%'
                   AND number <= (SELECT max(number) FROM dead_letter) - ?""",
                (DEAD_LETTERS,),
            )

    def readmit(self, letters: Sequence[tuple[DeadLetter, UUID]]) -> None:
        """Take dead letters in as events after all, each with its id, together.

        One that is here already comes again behind every store's cursor.
        """
        now = time.time()
        with self._transaction() as db:
            db.executemany(
                """INSERT INTO event (event_id, received_at, payload) VALUES (?, ?, ?)
                   ON CONFLICT (event_id) DO UPDATE SET seq = (SELECT max(seq) + 1 FROM event)""",
                [(event_id.bytes, now, letter.payload) for letter, event_id in letters],
            )
            db.executemany(
                "DELETE FROM dead_letter WHERE number = ?", [(letter.number,) for letter, _ in letters]
            )

    def count_dead_letters(self, topic: str | None = None) -> int:
        """How many dead letters there are, of one topic or of all."""
        with self._reading() as db:
            query = "SELECT count(*) FROM dead_letter WHERE ?1 IS NULL OR topic = ?1"
            return int(db.execute(query, (topic,)).fetchone()[0])

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first."""
        return self._letters("ORDER BY number DESC LIMIT ?", (limit,))

    def unread(self, after: int, limit: int) -> list[DeadLetter]:
        """Dead letters behind `number` that are events which another version may read, oldest first."""
        where = "WHERE event_id IS NOT NULL AND number > ? ORDER BY number LIMIT ?"
        return self._letters(where, (after, limit))

    def _letters(self, which: str, parameters: tuple[int, ...]) -> list[DeadLetter]:
        columns = "number, received_at, topic, reason, payload, event_id"
        with self._reading() as db:
            rows = db.execute(f"SELECT {columns} FROM dead_letter {which}", parameters).fetchall()  # noqa: S608
        return [
            DeadLetter(number, utc(at), topic, reason, payload, UUID(bytes=event_id) if event_id else None)
            for number, at, topic, reason, payload, event_id in rows
        ]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("journal", self._path):
            yield self._db

    @contextlib.contextmanager
    def _transaction(self, synchronous: str = "FULL") -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute(f"PRAGMA synchronous = {synchronous}")
            with db:
                db.execute("BEGIN IMMEDIATE")
                yield db
