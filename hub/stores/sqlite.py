"""The embedded store: one SQLite file, written by ingest and read by the dashboard's process."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import WaveformSecond
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Hand, Source
from ..sqlite_file import connect, connect_read_only, scrub, store_errors
from .assembling import CaseloadRows, caseload_of, from_us, join_waveform, standing, to_us
from .corrections import correct, in_order
from .models import CaseloadEntry, ChildOverview, SessionDetail, SessionLine, SessionPoint
from .sqlite_rows import apply_corrections, line_of_row, point_of, set_clock, squeeze_of, told_point
from .sqlite_tables import ABOUT, SCHEMA, UPGRADES, VERSION, statement

#: Tables whose rows name the child, and those that name only the session.
_OF_CHILD = ("strength_test", "activity", "feedback", "session")
_OF_SESSION = ("squeeze", "waveform", "correction")
#: Stands for an erased child in what is another one's.
_ERASED = "erased"
#: Pieces of waveform deleted at once: some ms, in which nothing else can be written.
FORGET_STEP = 500


class SqliteStore:
    """Results in an SQLite file: one process writes, any number read. Thread-safe.

    Parameters
    ----------
    path : Path
        The file. A writer makes it; to a reader a missing one means that there are no results yet.
    keep_waveforms : timedelta, optional
        After which `forget_waveforms` deletes them; by default never.

    Raises
    ------
    StoreError
        From every method, when the file cannot be used; the message says what to do about it.
    """

    name = "sqlite"

    def __init__(
        self, path: Path, *, read_only: bool = False, keep_waveforms: timedelta | None = None
    ) -> None:
        self._keep = keep_waveforms
        self._path = path
        self._read_only = read_only
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        with self._opened():
            pass

    def write(self, events: Sequence[Result]) -> None:
        """Store events in one transaction."""
        with self._writing() as db:
            for event in events:
                db.execute(*statement(event))
            for session_id in {str(session) for event in events if (session := _session_of(event))}:
                set_clock(db, session_id)
                apply_corrections(db, session_id)

    def children(self) -> list[ChildOverview]:
        """All children with at least one ended session, most recent first."""
        rows = self._select(
            """SELECT child_id, source, count(*) AS sessions, sum(squeezes) AS squeezes,
                      max(started_at) AS last
               FROM session WHERE ended_at IS NOT NULL
               GROUP BY child_id, source ORDER BY last DESC, child_id"""
        )
        return [
            ChildOverview(
                row["child_id"], Source(row["source"]), row["sessions"], row["squeezes"], from_us(row["last"])
            )
            for row in rows
        ]

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """Ended sessions of a child that started in ``[since, until)``, oldest first; both sources."""
        rows = self._select(
            """SELECT * FROM session WHERE child_id = ? AND started_at >= ? AND started_at < ?
               AND ended_at IS NOT NULL ORDER BY started_at, session_id""",
            child_id,
            *_range(since, until),
        )
        return [point_of(row) for row in rows]

    def session(self, session_id: UUID) -> SessionDetail | None:
        """One ended session, or None if there is none of that id."""
        key = str(session_id)
        found = self._select("SELECT * FROM session WHERE session_id = ? AND ended_at IS NOT NULL", key)
        if not found:
            return None
        about = {column: found[0][column] for column in ABOUT}
        squeezes = self._select("SELECT * FROM squeeze WHERE session_id = ? ORDER BY onset_s, number", key)
        seconds = self._select(
            "SELECT start_s, data FROM waveform WHERE session_id = ? ORDER BY first_index, start_s", key
        )
        corrections = in_order(
            SessionCorrected.model_validate_json(row["data"])
            for row in self._select("SELECT data FROM correction WHERE session_id = ?", key)
        )
        t_s, values = join_waveform(self.name, [(row["start_s"], row["data"]) for row in seconds])
        told = [squeeze_of(row, about, found[0]["clock_step"]) for row in squeezes]
        now = correct(told_point(found[0]), told, corrections)
        return SessionDetail(now.point, now.squeezes, t_s, values, now.set_aside, corrections)

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""
        return self._tests("child_id = ?", child_id, *_range(since, until))

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """What a child did in ``[since, until)`` and nobody took back, oldest first; both sources."""
        told = self._told("activity", child_id, since, until)
        return standing(map(ActivityDone.model_validate_json, told))

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """What was said of a child in ``[since, until)`` and not taken back, oldest first; both sources."""
        told = self._told("feedback", child_id, since, until)
        return standing(map(FeedbackGiven.model_validate_json, told))

    def tools(self) -> list[ToolSeen]:
        """The latest that is known of every tool, by id."""
        # from tool to tool along the index: one tool tells thousands of times in a year
        rows = self._select(
            """WITH RECURSIVE tool(id) AS (
                 SELECT min(tool_id) FROM tool_status
                 UNION ALL
                 SELECT (SELECT min(tool_id) FROM tool_status WHERE tool_id > id) FROM tool
                 WHERE id IS NOT NULL
               )
               SELECT (SELECT data FROM tool_status WHERE tool_id = id ORDER BY measured_at DESC LIMIT 1)
                      AS data
               FROM tool WHERE id IS NOT NULL"""
        )
        return [ToolSeen.model_validate_json(row["data"]) for row in rows]

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """Many children at once, each once, in the order given."""
        ids, first, end = json.dumps(list(dict.fromkeys(child_ids))), *_range(since, until)
        last = self._select(
            """SELECT child.value AS child_id, source.value AS source,
                      (SELECT max(started_at) FROM session WHERE child_id = child.value
                       AND source = source.value AND started_at < ? AND ended_at IS NOT NULL) AS last
               FROM json_each(?) AS child, json_each(?) AS source WHERE last IS NOT NULL""",
            end,
            ids,
            json.dumps(list(Source)),
        )
        columns = ", ".join(SessionLine._fields)
        sessions = self._select(
            f"""SELECT {columns} FROM json_each(?) CROSS JOIN session ON child_id = value
                WHERE started_at >= ? AND started_at < ? AND ended_at IS NOT NULL""",  # noqa: S608
            ids,
            first,
            end,
        )
        tests = self._tests("child_id IN (SELECT value FROM json_each(?))", ids, to_us(tests_since), end)

        def told(table: str) -> Iterator[str]:
            rows = self._select(
                f"""SELECT data FROM json_each(?) CROSS JOIN {table} ON child_id = value
                    WHERE measured_at >= ? AND measured_at < ?""",  # noqa: S608
                ids,
                first,
                end,
            )
            return (row["data"] for row in rows)

        return caseload_of(
            child_ids,
            CaseloadRows(
                {(row["child_id"], Source(row["source"])): from_us(row["last"]) for row in last},
                map(line_of_row, sessions),
                tests,
                map(ActivityDone.model_validate_json, told("activity")),
                map(FeedbackGiven.model_validate_json, told("feedback")),
            ),
        )

    def forget_waveforms(self, now: datetime) -> int:
        """Delete a small step of the waveforms that are older than they are kept; results stay."""
        if self._keep is None:
            return 0
        with self._writing() as db:
            return db.execute(
                """DELETE FROM waveform WHERE event_id IN
                   (SELECT event_id FROM waveform AS piece WHERE measured_at < :before AND NOT EXISTS
                    (SELECT * FROM session WHERE session.session_id = piece.session_id
                     AND piece.measured_at + clock_step >= :before) LIMIT :step)""",
                {"before": to_us(now - self._keep), "step": FORGET_STEP},
            ).rowcount

    def count_child(self, child_id: str) -> dict[str, int]:
        """How much there is of a child, by kind; kinds of which there is nothing are left out."""
        found = {}
        for table in _OF_CHILD:
            (row,) = self._select(f"SELECT count(*) AS n FROM {table} WHERE child_id = ?", child_id)  # noqa: S608
            found[table] = row["n"]
        for table in _OF_SESSION:
            (row,) = self._select(
                f"""SELECT count(*) AS n FROM session CROSS JOIN {table} USING (session_id)
                    WHERE child_id = ?""",  # noqa: S608
                child_id,
            )
            found[table] = row["n"]
        return {kind: n for kind, n in found.items() if n}

    def erase_child(self, child_id: str) -> None:
        """Delete everything of a child, so that no bytes of it stay in the file."""
        with self._writing() as db:
            for table in _OF_SESSION:
                db.execute(
                    f"""DELETE FROM {table} WHERE session_id IN
                        (SELECT session_id FROM session WHERE child_id = ?)""",  # noqa: S608
                    (child_id,),
                )
            for table in _OF_CHILD:
                db.execute(f"DELETE FROM {table} WHERE child_id = ?", (child_id,))  # noqa: S608
            # another child's sessions that were once taken for this one's
            quoted = json.dumps(child_id), json.dumps(_ERASED), f"%{json.dumps(child_id)}%"
            for table, column in (("correction", "data"), ("session", "recorded")):
                db.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE {column} LIKE ?",  # noqa: S608
                    quoted,
                )
        with self._opened() as opened:
            if opened is not None:
                scrub(opened)

    def squeeze_ids(self, session_id: UUID) -> set[UUID]:
        """Event ids of the squeezes stored for a session, ended or not."""
        rows = self._select("SELECT event_id FROM squeeze WHERE session_id = ?", str(session_id))
        return {UUID(row["event_id"]) for row in rows}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as db:
            if db is None or self._read_only:
                raise TypeError("this store was opened to read only")
            with db:
                db.execute("BEGIN IMMEDIATE")
                yield db

    def _told(self, table: str, child_id: str, since: datetime | None, until: datetime | None) -> list[str]:
        rows = self._select(
            f"""SELECT data FROM {table} WHERE child_id = ? AND measured_at >= ? AND measured_at < ?
                ORDER BY measured_at, event_id""",  # noqa: S608
            child_id,
            *_range(since, until),
        )
        return [row["data"] for row in rows]

    def _tests(self, whose: str, *parameters: object) -> list[StrengthTested]:
        """Strength tests of whoever `whose` says, from one time to before another."""
        rows = self._select(
            f"""SELECT test.data AS data, test.child_id AS child_id, test.measured_at AS measured_at,
                       session.hand AS hand
                FROM strength_test AS test
                LEFT JOIN session
                  ON session_id = json_extract(test.data, '$.session_id') AND recorded IS NOT NULL
                WHERE test.{whose} AND measured_at >= ? AND measured_at < ?
                ORDER BY measured_at, event_id""",  # noqa: S608
            *parameters,
        )
        return [
            StrengthTested.model_validate_json(row["data"]).model_copy(
                update={"child_id": row["child_id"], "measured_at": from_us(row["measured_at"])}
                | ({"hand": Hand(row["hand"])} if row["hand"] else {})
            )
            for row in rows
        ]

    def _select(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        with self._opened() as db:
            return [] if db is None else db.execute(query, parameters).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        with self._lock, store_errors(self.name, self._path):
            if self._db is None:
                self._db = self._connect()
            yield self._db

    def _connect(self) -> sqlite3.Connection | None:
        if not self._read_only:
            db = connect(self._path, SCHEMA, VERSION, UPGRADES)
        elif (found := connect_read_only(self._path, VERSION)) is not None:
            db = found
        else:
            return None
        db.row_factory = sqlite3.Row
        return db


def _range(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    first, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return to_us(since or first), to_us(until or end)


def _session_of(event: Result) -> UUID | None:
    """The session whose row an event may change."""
    return None if isinstance(event, WaveformSecond) else getattr(event, "session_id", None)
