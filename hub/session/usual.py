"""What a child usually squeezes with a tool: kept by the hub itself, since it reads no store.

The detector begins a session with it, so that a weak first squeeze is counted at once and a knock is not.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from ...firmware_bridge.samples import Unit
from ..errors import StoreError
from ..records.session import SessionEnded
from ..records.vocabulary import Hand, Purpose, Source
from ..sqlite_file import connect, store_errors

log = logging.getLogger(__name__)

FILE: Final = "usual.db"
LEAST_SQUEEZES: Final = 3  #: fewer may have been none
KEEP: Final = timedelta(days=90)  #: children grow, and hands get better or worse

# the latest five sessions: a weak day among them does not move their median
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS usual (
    session_id TEXT PRIMARY KEY, about TEXT NOT NULL, at REAL NOT NULL, peak REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS usual_about ON usual (about, at);
CREATE TRIGGER IF NOT EXISTS usual_is_bounded AFTER INSERT ON usual BEGIN
    DELETE FROM usual WHERE about = new.about AND session_id IN (
        SELECT session_id FROM usual WHERE about = new.about ORDER BY at DESC LIMIT -1 OFFSET 5
    );
END;
"""


class About(NamedTuple):
    """What must be equal for peaks to be comparable."""

    child_id: str
    hand: Hand
    tool_id: str
    unit: Unit
    firmware: str
    calibration_id: str | None
    source: Source

    @property
    def text(self) -> str:
        """One line for the table."""
        return "\n".join("" if part is None else str(part) for part in self)


class UsualPeaks:
    """The median peaks of the latest sessions, in an SQLite file. Thread-safe.

    Without the file the hub counts as well, only the first squeezes of a session are told later: errors are
    logged, and nobody is bothered.

    Parameters
    ----------
    path : Path
        Made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def peak(self, about: About, at_s: float) -> float | None:
        """Usual peak above rest at a Unix time, in the unit of `about`; None if it is not known."""
        try:
            with self._opened() as db:
                rows = db.execute(
                    "SELECT peak FROM usual WHERE about = ? AND at BETWEEN ? AND ?",
                    (about.text, at_s - KEEP.total_seconds(), at_s),
                ).fetchall()
        except StoreError as error:
            log.warning("What is usual is not known to this session: %s", error)
            return None
        return median(peak for (peak,) in rows) if rows else None

    def note(self, session: SessionEnded) -> None:
        """Learn from a session of exercise; the same one again changes nothing."""
        enough = session.squeezes - session.doubtful >= LEAST_SQUEEZES
        if session.purpose is not Purpose.EXERCISE or not enough or not session.median_peak:
            return
        about = About(**{name: getattr(session, name) for name in About._fields})
        row = (str(session.session_id), about.text, session.measured_at.timestamp(), session.median_peak)
        try:
            with self._opened() as db:
                db.execute("INSERT OR REPLACE INTO usual VALUES (?, ?, ?, ?)", row)
        except StoreError as error:
            log.warning("What is usual was not learned from this session: %s", error)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("usual peaks", self._path):
            if self._db is None:
                self._db = connect(self._path, _SCHEMA, _VERSION)
            yield self._db
