"""The hub's promise: what is committed here reaches the store, whatever is killed in between.

Rows go only when each ingest to which they are owed says that it has committed them: the home's own, and that
of a clinic. In the same transaction as the events the state of the session is kept, so that a hub that was
killed goes on where it was.
"""

import contextlib
import json
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from ..config import Config
from ..errors import PayloadError
from ..records.event import Event, decode, encode
from ..records.post import ForPeople
from ..records.session import SqueezeCounted
from ..sqlite_file import connect, store_errors
from .outbox_file import SCHEMA, TALLIES, UPGRADES, VERSION, Owed, outbox_path

_REMINDED = "SELECT slot, at, items FROM reminded WHERE child_id = ? AND day = ? ORDER BY at"

#: Every child of whom something waits, null for what is about none: one step in the index for each of them.
_CHILDREN = """WITH RECURSIVE child(id) AS (
    SELECT min(child_id) FROM outbox
    UNION ALL
    SELECT (SELECT min(child_id) FROM outbox WHERE child_id > child.id) FROM child WHERE child.id IS NOT NULL
) SELECT id FROM child"""


class Taken(NamedTuple):
    """Samples of a tool that are here: those of one session, so far."""

    session_id: UUID
    tool_id: str
    boot_id: int
    first_index: int
    end_index: int
    at_s: float  #: Unix time of this word, for forgetting


class Anchor(NamedTuple):
    """A moment of a tool's life whose UTC is known: the latest since `since_s`, which names it."""

    tool_id: str
    boot_id: int
    since_s: float  #: tool time
    tool_s: float
    utc_s: float


class Told(NamedTuple):
    """Of what a family was reminded."""

    slot: str
    at_s: float  #: Unix time
    items: tuple[str, ...]  #: ids


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes durable together.

    Attributes
    ----------
    events : sequence of Event
    sessions : mapping of tool id to state
        None closes the tool's session.
    taken, anchors : sequence
        Each replaces what was known of the same session, or contact.
    exercises : mapping of child id to state
        None: it is over.
    """

    events: Sequence[Event] = ()
    sessions: Mapping[str, str | None] = field(default_factory=dict)
    taken: Sequence[Taken] = ()
    anchors: Sequence[Anchor] = ()
    exercises: Mapping[str, str | None] = field(default_factory=dict)


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
    clinic : bool
        Whether what is committed from now on is owed to a clinic as well; what is for its people alone, such
        as a message, is then owed to nobody else.

    Raises
    ------
    StoreError
        From every method, when the disk does not take or give data.
    """

    def __init__(self, path: Path, *, clinic: bool = False) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._clinic = clinic
        with store_errors("outbox", path):
            self._db = connect(path, SCHEMA, VERSION, UPGRADES)
            self._latest_s = float(self._db.execute("SELECT ifnull(max(at), 0) FROM taken").fetchone()[0])

    def commit(self, events: Sequence[Event], sessions: Mapping[str, str | None]) -> None:
        """Make events and session states durable, together; None closes the tool's session."""
        self.commit_all([Entry(events, sessions)])

    def commit_all(self, entries: Sequence[Entry]) -> None:
        """Make entries durable, together and in order."""
        events = [event for entry in entries for event in entry.events]
        now = time.time()
        rows: dict[Owed, list[tuple[object, ...]]] = defaultdict(list)
        for event in events:
            about, owed = getattr(event, "child_id", None), self._owed(event)
            rows[owed].append((event.event_id.bytes, event.topic(), encode(event), now, about, int(owed)))
        squeezes = [event for event in events if isinstance(event, SqueezeCounted)]
        with self._transaction() as db:
            for owed, some in rows.items():
                before = db.total_changes
                db.executemany(
                    "INSERT OR IGNORE INTO outbox (event_id, topic, payload, committed_at, child_id, owed)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    some,
                )
                new = db.total_changes - before
                for to in owed:
                    _count(db, TALLIES[to][0], new)
            db.executemany(
                "INSERT OR IGNORE INTO counted VALUES (?, ?)",
                [(squeeze.event_id.bytes, squeeze.session_id.bytes) for squeeze in squeezes],
            )
            db.executemany(
                "INSERT OR REPLACE INTO counted_session VALUES (?, ?)",
                [(squeeze.session_id.bytes, squeeze.measured_at.timestamp()) for squeeze in squeezes],
            )
            for entry in entries:
                for tool_id, state in entry.sessions.items():
                    if state is None:
                        db.execute("DELETE FROM open_session WHERE tool_id = ?", (tool_id,))
                    else:
                        db.execute("INSERT OR REPLACE INTO open_session VALUES (?, ?)", (tool_id, state))
                for child_id, state in entry.exercises.items():
                    if state is None:
                        db.execute("DELETE FROM open_exercise WHERE child_id = ?", (child_id,))
                    else:
                        db.execute("INSERT OR REPLACE INTO open_exercise VALUES (?, ?)", (child_id, state))
                db.executemany(
                    "INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, ?, ?)",
                    [(one.session_id.bytes, *one[1:-1], self._age(one.at_s)) for one in entry.taken],
                )
                db.executemany(
                    """INSERT INTO anchor VALUES (?, ?, ?, ?, ?) ON CONFLICT
                       DO UPDATE SET tool_s = excluded.tool_s, utc_s = excluded.utc_s""",
                    entry.anchors,
                )

    def _owed(self, event: Event) -> Owed:
        if not self._clinic:
            return Owed.INGEST
        return Owed.CLINIC if isinstance(event, ForPeople) else Owed.INGEST | Owed.CLINIC

    def waiting(
        self,
        after: int,
        limit: int,
        branch: str = "",
        held: Collection[str] = (),
        to: Owed = Owed.INGEST,
    ) -> list[Waiting]:
        """Events owed to somebody with a sequence number above `after`, oldest first.

        Parameters
        ----------
        branch : str
            Only those whose topic begins so.
        held : collection of str
            Children whose events are passed over.
        """
        where, rows = f"owed & {int(to)} AND seq > ? AND substr(topic, 1, ?) = ? ORDER BY seq LIMIT ?", []
        query = f"SELECT seq, event_id, topic, payload FROM outbox WHERE {where}"  # noqa: S608
        parameters = (after, len(branch), branch, limit)
        if held:
            # each of the others by the index: what is held may be a million rows
            query = query.replace("WHERE", "WHERE child_id IS ? AND")
            for child_id in self._children() - set(held):
                rows += self._read(query, (child_id, *parameters))
            rows = sorted(rows)[:limit]
        else:
            rows = self._read(query, parameters)
        return [Waiting(seq, UUID(bytes=event_id), topic, payload) for seq, event_id, topic, payload in rows]

    def holds(self, event_ids: Sequence[UUID]) -> set[UUID]:
        """Those of some events that somebody is still owed."""
        rows = self._read(
            "SELECT event_id FROM outbox WHERE hex(event_id) IN (SELECT value FROM json_each(?))",
            (json.dumps([event_id.hex.upper() for event_id in event_ids]),),
        )
        return {UUID(bytes=found) for (found,) in rows}

    def has(self, child_ids: Collection[str]) -> set[str]:
        """Those of some children of whom something waits."""
        return {child_id for child_id in self._children() if child_id and child_id in child_ids}

    def _children(self) -> set[str | None]:
        found: list[tuple[str | None]] = self._read(_CHILDREN)
        return {None, *(child_id for (child_id,) in found)}

    def elsewhere(self, branch: str) -> int:
        """How many unacknowledged events have a topic that does not begin so; `branch` ends in a slash."""
        after = branch[:-1] + chr(ord("/") + 1)  # the first text behind all that begin so
        query = """SELECT (SELECT count(*) FROM outbox WHERE topic < ?)
                        + (SELECT count(*) FROM outbox WHERE topic >= ?)"""
        return int(self._read(query, (branch, after))[0][0])

    def acknowledge(self, event_ids: Iterable[UUID], to: Owed = Owed.INGEST) -> None:
        """Forget events that an ingest has committed, as soon as none is owed them any more."""
        rows = [(event_id.bytes,) for event_id in event_ids]
        with self._transaction() as db:
            before = db.total_changes
            db.executemany(f"DELETE FROM outbox WHERE event_id = ? AND owed = {int(to)}", rows)  # noqa: S608
            others = f"UPDATE outbox SET owed = owed - {int(to)} WHERE event_id = ? AND owed & {int(to)}"  # noqa: S608
            db.executemany(others, rows)
            _count(db, TALLIES[to][1], db.total_changes - before)

    def rename(self, site: str, hub: str) -> None:
        """Let what waits, and sessions that go on, say what this home is called from now on."""
        with self._transaction() as db:
            db.execute(
                "UPDATE open_session SET state = json_set(state, '$.site', ?, '$.hub', ?)"
                " WHERE json_valid(state)",
                (site, hub),
            )
            rows = db.execute("SELECT seq, payload FROM outbox").fetchall()
            for seq, payload in rows:
                try:
                    event = decode(payload).model_copy(update={"site": site, "hub": hub})
                except PayloadError:  # of a newer version, before a downgrade: it waits as it is
                    continue
                db.execute(
                    "UPDATE outbox SET topic = ?, payload = ? WHERE seq = ?",
                    (event.topic(), encode(event), seq),
                )

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
            db.execute("DELETE FROM taken WHERE at < ?", old)
            db.execute("DELETE FROM reminded WHERE at < ?", old)

    def open_sessions(self) -> dict[str, str]:
        """State of each session that was not closed, by tool id."""
        return dict(self._read("SELECT tool_id, state FROM open_session"))

    def note_alive(self, day: date) -> None:
        """Note that the hub ran on a day: of a day on which it did not, nobody knows what was done."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO alive_day VALUES (?)", (day.isoformat(),))

    def note_told(self, child_id: str, day: date, told: Told) -> None:
        """Note that a child's family was reminded; once for each slot of a day."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO reminded VALUES (?, ?, ?, ?, ?)",
                (child_id, day.isoformat(), told.slot, told.at_s, json.dumps(told.items)),
            )

    def told(self, child_id: str, day: date) -> list[Told]:
        """Of what a child's family was reminded on a day, in that order."""
        return [_told(*row) for row in self._read(_REMINDED, (child_id, day.isoformat()))]

    def open_exercises(self) -> dict[str, str]:
        """State of each exercise that is not over, by child id."""
        return dict(self._read("SELECT child_id, state FROM open_exercise"))

    def taken(self, tool_id: str, boot_id: int) -> list[tuple[int, int]]:
        """Ranges of sample indices, end excluded, that are here of one life of a tool."""
        return self._read(
            "SELECT first_index, end_index FROM taken WHERE tool_id = ? AND boot_id = ? ORDER BY first_index",
            (tool_id, boot_id),
        )

    def lives(self) -> dict[UUID, int]:
        """Boot id of the tool's life in which each session was."""
        return {
            UUID(bytes=session): boot for session, boot in self._read("SELECT session_id, boot_id FROM taken")
        }

    def anchors(self, tool_id: str) -> list[Anchor]:
        """Known moments of a tool's lives."""
        rows = self._read("SELECT * FROM anchor WHERE tool_id = ? ORDER BY boot_id, tool_s", (tool_id,))
        return [Anchor(*row) for row in rows]

    def tally(self, to: Owed = Owed.INGEST) -> dict[str, int]:
        """Count of events ever ``committed`` for somebody, and ever ``acknowledged``."""
        found = dict(self._read("SELECT name, n FROM tally"))
        return dict(zip(("committed", "acknowledged"), (found[name] for name in TALLIES[to]), strict=True))

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

    def _age(self, at_s: float) -> float:
        """When something was, to forget it by: never before what is known already.

        A Raspberry Pi wakes up years back. What it takes until somebody sets its clock is not old.
        """
        self._latest_s = max(self._latest_s, at_s)
        return self._latest_s

    def _read(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        with self._lock, store_errors("outbox", self._path):
            return self._db.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("outbox", self._path), self._db as db:
            db.execute("BEGIN IMMEDIATE")
            yield db


def open_outbox(config: Config) -> Outbox:
    """Open the outbox of the configured home.

    Raises
    ------
    StoreError
    """
    return Outbox(outbox_path(config), clinic=config.clinic is not None)


def _count(db: sqlite3.Connection, tally: str, n: int) -> None:
    db.execute("UPDATE tally SET n = n + ? WHERE name = ?", (n, tally))


def _told(slot: str, at_s: float, items: str) -> Told:
    return Told(slot, at_s, tuple(json.loads(items)))
