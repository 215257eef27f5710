"""Tables of the embedded store, and what writes each event into them."""

import json
from collections.abc import Sequence
from typing import Any

from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from .assembling import step_us, to_us

VERSION = 6

# All events of a session repeat whose it is; only the session's row keeps it. Where somebody corrected it,
# the row holds what is true now, and `recorded` what was told, as JSON. Where the hub's clock was set
# meanwhile, the times in the session's row and of its strength test are put right, and those of its squeezes
# and waveform stay as told: reading adds `clock_step`.
SCHEMA = """
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
    quality TEXT                 -- JSON, see hub/records/session.py
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
UPGRADES = {
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

ABOUT = ("session_id", "site", "hub", "child_id", "tool_id", "tool_kind", "hand", "source", "unit")
RESULT = (
    "ended_at", "ended_by", "squeezes", "doubtful", "peak", "median_peak",
    "first_index", "end_index", "received", "lost", "quality", "clock_step",
)  # fmt: skip
_CIRCUMSTANCES = (
    "goal", "counts", "stored", "time_known", "firmware", "calibration_id", "calibration_overdue",
    "purpose",
)  # fmt: skip
#: What a correction may change, first whose it is.
RECORDED = ("child_id", "hand", "squeezes", "doubtful", "peak", "median_peak")
SQUEEZE = (
    "number", "onset_s", "peak_s", "offset_s", "decided_s", "peak", "rest", "impulse", "ended_by",
    "peak_sd", "rise_s", "release_s", "rfd", "no_rfd",
)  # fmt: skip
_WAVEFORM = ("first_index", "start_s", "samples", "data")


def _insert(table: str, columns: Sequence[str], on_conflict: str) -> str:
    values = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) ON CONFLICT {on_conflict}"  # noqa: S608


_STARTED = _insert("session", (*ABOUT, "started_at", *_CIRCUMSTANCES), "DO NOTHING")
_ENDED = _insert(
    "session",
    (*ABOUT, "started_at", *_CIRCUMSTANCES, *RESULT),
    "(session_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in ("started_at", *_CIRCUMSTANCES, *RESULT))
    + " WHERE ended_at IS NULL",
)
_COUNTED = _insert("squeeze", ("event_id", "session_id", "measured_at", *SQUEEZE, "doubtful"), "DO NOTHING")
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


def statement(event: Result) -> tuple[str, dict[str, Any]]:
    """What writes an event, with its values. Writing it again changes nothing."""
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


def _json(event: Result) -> str:
    return event.model_dump_json(by_alias=True)
