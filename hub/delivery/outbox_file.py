"""The outbox's file: its tables, and what any process may read in it while the hub writes."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import date
from enum import IntFlag
from pathlib import Path
from typing import Final

from ..config import Config
from ..sqlite_file import connect_read_only, store_errors


class Owed(IntFlag):
    """Who has to confirm an event before it goes."""

    INGEST = 1  #: by ``[broker]``
    CLINIC = 2  #: the clinic's ingest, by ``[clinic]``


SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    committed_at REAL,  -- Unix time; null for what an older GripHub committed
    -- to whom (see Owed); what is owed to nobody is deleted
    owed INTEGER NOT NULL DEFAULT 1,
    child_id TEXT  -- null where it is about no child, such as a tool that was seen
);
-- to see at every start, also after a long night, that nothing of another site or hub waits
CREATE INDEX IF NOT EXISTS outbox_of_topic ON outbox (topic);
-- to pass over a child whose results are held without reading them, and to see who has any
CREATE INDEX IF NOT EXISTS outbox_of_child ON outbox (child_id, seq);
-- what is owed to one of them is found without reading the million rows that wait for the other
CREATE INDEX IF NOT EXISTS outbox_to_ingest ON outbox (seq) WHERE owed & 1;
CREATE INDEX IF NOT EXISTS outbox_to_clinic ON outbox (seq) WHERE owed & 2;
CREATE TABLE IF NOT EXISTS counted (event_id BLOB PRIMARY KEY, session_id BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted_session (session_id BLOB PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_session (tool_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_exercise (child_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alive_day (day TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reminded (
    child_id TEXT NOT NULL, day TEXT NOT NULL, slot TEXT NOT NULL, at REAL NOT NULL, items TEXT NOT NULL,
    PRIMARY KEY (child_id, day, slot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (
    session_id BLOB PRIMARY KEY, tool_id TEXT NOT NULL, boot_id INTEGER NOT NULL,
    first_index INTEGER NOT NULL, end_index INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS taken_of_tool ON taken (tool_id, boot_id);
CREATE TABLE IF NOT EXISTS anchor (
    tool_id TEXT NOT NULL, boot_id INTEGER NOT NULL, since_s REAL NOT NULL,
    tool_s REAL NOT NULL, utc_s REAL NOT NULL, PRIMARY KEY (tool_id, boot_id, since_s)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS anchors_are_bounded AFTER INSERT ON anchor BEGIN
    DELETE FROM anchor WHERE tool_id = new.tool_id AND (boot_id, since_s) IN (
        SELECT boot_id, since_s FROM anchor WHERE tool_id = new.tool_id
        ORDER BY utc_s DESC LIMIT -1 OFFSET 60 -- two contacts a day for a month
    );
END;
-- how many were ever owed to each, and confirmed: counting a million rows would take a while
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO tally
VALUES ('committed', 0), ('acknowledged', 0), ('committed_clinic', 0), ('acknowledged_clinic', 0);
"""

VERSION: Final = 4
UPGRADES: Final = {
    1: "ALTER TABLE outbox ADD COLUMN committed_at REAL;",
    2: """ALTER TABLE outbox ADD COLUMN child_id TEXT;
          UPDATE outbox SET child_id = json_extract(CAST(payload AS TEXT), '$.child_id')
          WHERE json_valid(CAST(payload AS TEXT));""",
    3: "ALTER TABLE outbox ADD COLUMN owed INTEGER NOT NULL DEFAULT 1;",
}

#: Names of the two tallies of each: ever owed, ever confirmed.
TALLIES: Final = {
    Owed.INGEST: ("committed", "acknowledged"),
    Owed.CLINIC: ("committed_clinic", "acknowledged_clinic"),
}


def outbox_path(config: Config) -> Path:
    """Where the hub keeps what waits."""
    return config.data_dir / "outbox.db"


def alive_days(path: Path) -> set[date]:
    """Days on which the hub of an outbox ran, also if it runs now; empty where that was never noted."""
    with _seen(path) as db:
        rows = db.execute("SELECT day FROM alive_day").fetchall() if db else []
    return {date.fromisoformat(day) for (day,) in rows}


def waiting_since(path: Path, child_id: str, to: Owed) -> float | None:
    """Since when the oldest event of a child waits for somebody, Unix time; None: none waits.

    An event of before that was noted waits since 1970.
    """
    oldest = """SELECT ifnull(committed_at, 0) FROM outbox WHERE child_id = ? AND owed & ?
                ORDER BY seq LIMIT 1"""
    with _seen(path) as db:
        row = db.execute(oldest, (child_id, int(to))).fetchone() if db else None
    return None if row is None else float(row[0])


def unacknowledged(path: Path, to: Owed) -> tuple[int, float | None]:
    """What waits in an outbox that another process owns, or nobody any more: how many, and since when.

    Returns
    -------
    count : int
    since : float or None
        Unix time at which the oldest was committed, where that is known.
    """
    counts = f"""SELECT (SELECT n FROM tally WHERE name = ?) - (SELECT n FROM tally WHERE name = ?),
                 (SELECT committed_at FROM outbox WHERE owed & {int(to)} ORDER BY seq LIMIT 1)"""  # noqa: S608
    with _seen(path) as db:
        return db.execute(counts, TALLIES[to]).fetchone() if db else (0, None)


@contextlib.contextmanager
def _seen(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Look into the file; None where there is none yet, or its hub has still to bring it up to date."""
    with store_errors("outbox", path):
        if (db := connect_read_only(path, VERSION)) is None:
            yield None
            return
        with contextlib.closing(db):
            yield db
