"""The embedded store: one SQLite file, written by ingest and read by the dashboard's process."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID

from ...firmware_bridge.samples import ToolKind, Unit
from ..measured import SessionQuality
from ..records import (
    ActivityDone,
    Event,
    FeedbackGiven,
    Hand,
    Purpose,
    SessionCorrected,
    SessionEnded,
    SessionStarted,
    Source,
    SqueezeCounted,
    StrengthTested,
    ToolSeen,
    WaveformSecond,
)
from ..sqlite_file import connect, connect_read_only, scrub, store_errors
from .contract import (
    CaseloadEntry,
    CaseloadRows,
    ChildOverview,
    Recorded,
    SessionDetail,
    SessionPoint,
    SessionRow,
    caseload_of,
    from_us,
    join_waveform,
    standing,
    step_us,
    to_us,
)
from .corrections import correct, in_order, whose

VERSION = 6

# All events of a session repeat whose it is; only the session's row keeps it. Where somebody corrected it,
# the row holds what is true now, and `recorded` what was told, as JSON. Where the hub's clock was set
# meanwhile, the times in the session's row and of its strength test are put right, and those of its squeezes
# and waveform stay as told: reading adds `clock_step`.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    session_id TEXT PRIMARY KEY,
    site TEXT NOT NULL, hub TEXT NOT NULL, child_id TEXT NOT NULL, tool_id TEXT NOT NULL,
    tool_kind TEXT NOT NULL, hand TEXT NOT NULL, source TEXT NOT NULL, unit TEXT NOT NULL,
    started_at INTEGER NOT NULL, -- µs since 1970 UTC, like all times here
    goal INTEGER NOT NULL,
    ended_at INTEGER,            -- this and all below: null until the session has ended
    ended_by TEXT, squeezes INTEGER, doubtful INTEGER, peak REAL, median_peak REAL,
    first_index INTEGER, end_index INTEGER, received INTEGER, lost INTEGER, recorded TEXT,
    counts INTEGER NOT NULL DEFAULT 1, stored INTEGER NOT NULL DEFAULT 0,
    time_known INTEGER NOT NULL DEFAULT 1, firmware TEXT NOT NULL DEFAULT '',
    calibration_id TEXT, calibration_overdue INTEGER NOT NULL DEFAULT 0,
    purpose TEXT NOT NULL DEFAULT 'exercise',
    clock_step INTEGER NOT NULL DEFAULT 0, -- is in started_at and ended_at already
    quality TEXT                 -- JSON, see hub/measured.py
);
CREATE INDEX IF NOT EXISTS session_of_child ON session (child_id, started_at);
CREATE INDEX IF NOT EXISTS session_latest ON session (child_id, source, started_at)
    WHERE ended_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS squeeze (
    event_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    number INTEGER NOT NULL, onset_s REAL NOT NULL, peak_s REAL NOT NULL, offset_s REAL NOT NULL,
    decided_s REAL NOT NULL,
    peak REAL NOT NULL, rest REAL NOT NULL, impulse REAL NOT NULL, ended_by TEXT NOT NULL,
    doubtful TEXT NOT NULL,      -- JSON array of reasons
    peak_sd REAL, rise_s REAL, release_s REAL, rfd REAL, no_rfd TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS squeeze_of_session ON squeeze (session_id, onset_s);
CREATE TABLE IF NOT EXISTS waveform (
    event_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    first_index INTEGER NOT NULL, start_s REAL NOT NULL,
    samples INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS waveform_of_session ON waveform (session_id, first_index);
CREATE INDEX IF NOT EXISTS waveform_by_age ON waveform (measured_at);
CREATE TABLE IF NOT EXISTS strength_test (
    event_id TEXT PRIMARY KEY,
    child_id TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    data TEXT NOT NULL           -- the event as JSON
);
CREATE INDEX IF NOT EXISTS strength_test_of_child ON strength_test (child_id, measured_at);
CREATE TABLE IF NOT EXISTS activity (
    event_id TEXT PRIMARY KEY, child_id TEXT NOT NULL, measured_at INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS activity_of_child ON activity (child_id, measured_at);
CREATE TABLE IF NOT EXISTS feedback (
    event_id TEXT PRIMARY KEY, child_id TEXT NOT NULL, measured_at INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_of_child ON feedback (child_id, measured_at);
CREATE TABLE IF NOT EXISTS correction (
    event_id TEXT PRIMARY KEY, session_id TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS correction_of_session ON correction (session_id);
CREATE TABLE IF NOT EXISTS tool_status (
    event_id TEXT PRIMARY KEY, tool_id TEXT NOT NULL, measured_at INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tool_status_of_tool ON tool_status (tool_id, measured_at);
"""

#: What brings a file of an older version up to the next one.
_UPGRADES = {
    1: """
ALTER TABLE session ADD COLUMN counts INTEGER NOT NULL DEFAULT 1;
ALTER TABLE session ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN time_known INTEGER NOT NULL DEFAULT 1;
ALTER TABLE session ADD COLUMN firmware TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN calibration_id TEXT;
ALTER TABLE session ADD COLUMN calibration_overdue INTEGER NOT NULL DEFAULT 0;
""",
    2: """
ALTER TABLE session ADD COLUMN purpose TEXT NOT NULL DEFAULT 'exercise';
ALTER TABLE session ADD COLUMN quality TEXT;
ALTER TABLE squeeze ADD COLUMN peak_sd REAL;
ALTER TABLE squeeze ADD COLUMN rise_s REAL;
ALTER TABLE squeeze ADD COLUMN release_s REAL;
ALTER TABLE squeeze ADD COLUMN rfd REAL;
ALTER TABLE squeeze ADD COLUMN no_rfd TEXT NOT NULL DEFAULT '';
""",
    4: "ALTER TABLE session ADD COLUMN recorded TEXT;",
    5: "ALTER TABLE session ADD COLUMN clock_step INTEGER NOT NULL DEFAULT 0;",
}

_ABOUT = ("session_id", "site", "hub", "child_id", "tool_id", "tool_kind", "hand", "source", "unit")
_RESULT = (
    "ended_at", "ended_by", "squeezes", "doubtful", "peak", "median_peak",
    "first_index", "end_index", "received", "lost", "quality", "clock_step",
)  # fmt: skip
_CIRCUMSTANCES = (
    "goal", "counts", "stored", "time_known", "firmware", "calibration_id", "calibration_overdue",
    "purpose",
)  # fmt: skip
#: What a correction may change, first whose it is.
_RECORDED = ("child_id", "hand", "squeezes", "doubtful", "peak", "median_peak")
_SQUEEZE = (
    "number", "onset_s", "peak_s", "offset_s", "decided_s", "peak", "rest", "impulse", "ended_by",
    "peak_sd", "rise_s", "release_s", "rfd", "no_rfd",
)  # fmt: skip
_WAVEFORM = ("first_index", "start_s", "samples", "data")


#: Tables whose rows name the child, and those that name only the session.
_OF_CHILD = ("strength_test", "activity", "feedback", "session")
_OF_SESSION = ("squeeze", "waveform", "correction")
#: Stands for an erased child in what is another one's.
_ERASED = "erased"
#: Pieces of waveform deleted at once: some ms, in which nothing else can be written.
FORGET_STEP = 500
# by text: making a member of an enumeration takes longer than all else that is done to a row
_SOURCES = {str(source): source for source in Source}
_HANDS = {str(hand): hand for hand in Hand}
_UNITS = {str(unit): unit for unit in Unit}


def _insert(table: str, columns: Sequence[str], on_conflict: str) -> str:
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT {on_conflict}"  # noqa: S608


_STARTED = _insert("session", (*_ABOUT, "started_at", *_CIRCUMSTANCES), "DO NOTHING")
_ENDED = _insert(
    "session",
    (*_ABOUT, "started_at", *_CIRCUMSTANCES, *_RESULT),
    "(session_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in ("started_at", *_CIRCUMSTANCES, *_RESULT))
    + " WHERE ended_at IS NULL",
)
_COUNTED = _insert("squeeze", ("event_id", "session_id", "measured_at", *_SQUEEZE, "doubtful"), "DO NOTHING")
_TOLD = ("event_id", "child_id", "measured_at", "data")
#: Events that are kept whole, as JSON.
_WHOLE: dict[type, str] = {
    kind: _insert(table, _TOLD, "DO NOTHING")
    for kind, table in [
        (StrengthTested, "strength_test"),
        (ActivityDone, "activity"),
        (FeedbackGiven, "feedback"),
    ]
}
_SEEN = _insert("tool_status", ("event_id", "tool_id", "measured_at", "data"), "DO NOTHING")
_CORRECTED = _insert("correction", ("event_id", "session_id", "data"), "DO NOTHING")
_SECOND = _insert("waveform", ("event_id", "session_id", "measured_at", *_WAVEFORM), "DO NOTHING")


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

    def write(self, events: Sequence[Event]) -> None:
        """Store events in one transaction."""
        with self._writing() as db:
            for event in events:
                db.execute(*_statement(event))
            for session_id in {str(session) for event in events if (session := _session_of(event))}:
                _set_clock(db, session_id)
                _correct(db, session_id)

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
        return [_point(row) for row in rows]

    def session(self, session_id: UUID) -> SessionDetail | None:
        """One ended session, or None if there is none of that id."""
        key = str(session_id)
        found = self._select("SELECT * FROM session WHERE session_id = ? AND ended_at IS NOT NULL", key)
        if not found:
            return None
        about = {column: found[0][column] for column in _ABOUT}
        squeezes = self._select("SELECT * FROM squeeze WHERE session_id = ? ORDER BY onset_s, number", key)
        seconds = self._select(
            "SELECT start_s, data FROM waveform WHERE session_id = ? ORDER BY first_index, start_s", key
        )
        corrections = in_order(
            SessionCorrected.model_validate_json(row["data"])
            for row in self._select("SELECT data FROM correction WHERE session_id = ?", key)
        )
        t_s, values = join_waveform(self.name, [(row["start_s"], row["data"]) for row in seconds])
        told = [_squeeze(row, about, found[0]["clock_step"]) for row in squeezes]
        now = correct(_told_point(found[0]), told, corrections)
        return SessionDetail(now.point, now.squeezes, t_s, values, now.set_aside, corrections)

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""
        rows = self._select(
            """SELECT test.data AS data, test.child_id AS child_id, test.measured_at AS measured_at,
                      session.hand AS hand
               FROM strength_test AS test
               LEFT JOIN session
                 ON session_id = json_extract(test.data, '$.session_id') AND recorded IS NOT NULL
               WHERE test.child_id = ? AND measured_at >= ? AND measured_at < ?
               ORDER BY measured_at, event_id""",
            child_id,
            *_range(since, until),
        )
        return [
            StrengthTested.model_validate_json(row["data"]).model_copy(
                update={"child_id": row["child_id"], "measured_at": from_us(row["measured_at"])}
                | ({"hand": Hand(row["hand"])} if row["hand"] else {})
            )
            for row in rows
        ]

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
        # with max(), SQLite takes the other columns from the row that has it
        rows = self._select(
            "SELECT data, max(measured_at) FROM tool_status GROUP BY tool_id ORDER BY tool_id"
        )
        return [ToolSeen.model_validate_json(row["data"]) for row in rows]

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, zone: tzinfo
    ) -> list[CaseloadEntry]:
        """Many children at once, in the order given; none of whom there is nothing."""
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
        sessions = self._select(
            """SELECT child_id, source, hand, tool_id, unit, started_at, squeezes, peak, purpose
               FROM json_each(?) CROSS JOIN session ON child_id = value
               WHERE started_at >= ? AND started_at < ? AND ended_at IS NOT NULL""",
            ids,
            first,
            end,
        )
        feedback = self._select(
            """SELECT data FROM json_each(?) CROSS JOIN feedback ON child_id = value
               WHERE measured_at >= ? AND measured_at < ?""",
            ids,
            first,
            end,
        )
        return caseload_of(
            child_ids,
            CaseloadRows(
                {(row["child_id"], Source(row["source"])): from_us(row["last"]) for row in last},
                (
                    SessionRow(
                        child,
                        _SOURCES[source],
                        _HANDS[hand],
                        tool,
                        _UNITS[unit],
                        at,
                        squeezes,
                        peak,
                        purpose == Purpose.EXERCISE,
                    )
                    for child, source, hand, tool, unit, at, squeezes, peak, purpose in sessions
                ),
                (FeedbackGiven.model_validate_json(row["data"]) for row in feedback),
            ),
            zone,
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
            db = connect(self._path, _SCHEMA, VERSION, _UPGRADES)
        elif (found := connect_read_only(self._path, VERSION)) is not None:
            db = found
        else:
            return None
        db.row_factory = sqlite3.Row
        return db


def _range(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    first, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    return to_us(since or first), to_us(until or end)


def _statement(event: Event) -> tuple[str, dict[str, Any]]:
    about = {"event_id": str(event.event_id), "measured_at": to_us(event.measured_at)}
    if isinstance(event, ToolSeen | SessionCorrected):
        keys = {key: str(getattr(event, key, "")) for key in ("tool_id", "session_id")}
        return _SEEN if isinstance(event, ToolSeen) else _CORRECTED, about | keys | {"data": _json(event)}
    if isinstance(event, StrengthTested | ActivityDone | FeedbackGiven):
        return _WHOLE[type(event)], about | {"child_id": event.child_id, "data": _json(event)}
    values = event.model_dump(exclude={"event_id", "measured_at"}) | about
    values |= {"session_id": str(event.session_id), "started_at": about["measured_at"]}
    match event:
        case SessionStarted():
            return _STARTED, values
        case SessionEnded():
            step = step_us(event)
            quality = event.quality and event.quality.model_dump_json()
            return _ENDED, values | {
                "started_at": values["started_at"] + step,
                "ended_at": to_us(event.ended_at) + step,
                "clock_step": step,
                "quality": quality,
            }
        case SqueezeCounted():
            return _COUNTED, values | {"doubtful": json.dumps(event.doubtful)}
        case WaveformSecond():
            return _SECOND, values


def _session_of(event: Event) -> UUID | None:
    """The session whose row an event may change."""
    return None if isinstance(event, WaveformSecond) else getattr(event, "session_id", None)


def _set_clock(db: sqlite3.Connection, session_id: str) -> None:
    """Put a strength test right whose session began before the hub's clock was set."""
    (step,) = db.execute("SELECT max(clock_step) FROM session WHERE session_id = ?", (session_id,)).fetchone()
    if not step:
        return
    tests = db.execute(
        "SELECT data FROM strength_test WHERE json_extract(data, '$.session_id') = ?", (session_id,)
    ).fetchall()
    for (data,) in tests:
        test = StrengthTested.model_validate_json(data)
        db.execute(
            "UPDATE strength_test SET measured_at = ? WHERE event_id = ?",
            (to_us(test.measured_at) + step, str(test.event_id)),
        )


def _correct(db: sqlite3.Connection, session_id: str) -> None:
    """Let a session's row hold what it was corrected to, and what it was in `recorded`."""
    made = [
        SessionCorrected.model_validate_json(row["data"])
        for row in db.execute("SELECT data FROM correction WHERE session_id = ?", (session_id,))
    ]
    if not made:
        return
    row = db.execute("SELECT * FROM session WHERE session_id = ?", (session_id,)).fetchone()
    if row is None:  # it is still on its way
        return
    told = _told_row(row)
    child_id, hand = whose(told["child_id"], Hand(told["hand"]), made)
    values = told | {"child_id": child_id, "hand": hand}
    if row["ended_at"] is not None:
        about = {column: row[column] for column in _ABOUT}
        rows = db.execute("SELECT * FROM squeeze WHERE session_id = ? ORDER BY onset_s", (session_id,))
        squeezes = [_squeeze(one, about, row["clock_step"]) for one in rows]
        point = correct(_told_point(row), squeezes, made).point
        values |= {column: getattr(point, column) for column in _RECORDED[2:]}
    db.execute(
        f"""UPDATE session SET {", ".join(f"{column} = :{column}" for column in _RECORDED)},
            recorded = :recorded WHERE session_id = :session_id""",  # noqa: S608
        values | {"recorded": json.dumps(told), "session_id": session_id},
    )
    db.execute(
        "UPDATE strength_test SET child_id = ? WHERE json_extract(data, '$.session_id') = ?",
        (child_id, session_id),
    )


def _told_row(row: sqlite3.Row) -> dict[str, Any]:
    """What was told of a session in the columns that a correction may change."""
    told = {column: row[column] for column in _RECORDED}
    if row["recorded"]:
        before = json.loads(row["recorded"])
        # an end that came after the correction has put its own results into the row
        told |= before if before["squeezes"] is not None else {key: before[key] for key in _RECORDED[:2]}
    return told


def _told_point(row: sqlite3.Row) -> SessionPoint:
    told = _told_row(row)
    return replace(_point(row), recorded=None, **told | {"hand": Hand(told["hand"])})


def _json(event: Event) -> str:
    return event.model_dump_json(by_alias=True)


def _point(row: sqlite3.Row) -> SessionPoint:
    return SessionPoint(
        session_id=UUID(row["session_id"]),
        child_id=row["child_id"],
        tool_id=row["tool_id"],
        tool_kind=ToolKind(row["tool_kind"]),
        hand=Hand(row["hand"]),
        source=Source(row["source"]),
        unit=Unit(row["unit"]),
        started_at=from_us(row["started_at"]),
        goal=row["goal"],
        counts=bool(row["counts"]),
        stored=bool(row["stored"]),
        time_known=bool(row["time_known"]),
        firmware=row["firmware"],
        calibration_id=row["calibration_id"],
        calibration_overdue=bool(row["calibration_overdue"]),
        purpose=Purpose(row["purpose"]),
        clock_step_s=row["clock_step"] / 1e6,
        **{column: row[column] for column in _RESULT if column != "clock_step"}
        | {
            "ended_at": from_us(row["ended_at"]),
            "quality": row["quality"] and SessionQuality.model_validate_json(row["quality"]),
            "recorded": row["recorded"] and _recorded(json.loads(row["recorded"])),
        },
    )


def _recorded(told: dict[str, Any]) -> Recorded:
    return Recorded(**told | {"hand": Hand(told["hand"])})


def _squeeze(row: sqlite3.Row, about: dict[str, Any], clock_step: int) -> SqueezeCounted:
    return SqueezeCounted(
        event_id=row["event_id"],
        measured_at=from_us(row["measured_at"] + clock_step),
        doubtful=json.loads(row["doubtful"]),
        **about,
        **{column: row[column] for column in _SQUEEZE},
    )
