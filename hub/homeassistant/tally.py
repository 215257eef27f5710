"""What a restart of the hub must not forget of the tools that Home Assistant shows.

A file of its own beside the outbox. A hub that was killed between the two finds in the outbox what is missing
here: whatever ingest has not acknowledged yet.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from ...firmware_bridge.samples import Unit
from ..delivery.outbox import Outbox
from ..records.event import decode
from ..records.session import SqueezeCounted
from ..sqlite_file import connect, store_errors
from ..utc import utc

FILE: Final = "homeassistant.db"

#: Squeezes are kept for so long: a day, and the hours by which a clock may be set.
KEEP: Final = timedelta(days=3)
_BATCH: Final = 500

_SCHEMA = """
CREATE TABLE IF NOT EXISTS squeeze (
    event_id BLOB PRIMARY KEY, tool_id TEXT NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS squeeze_of_tool ON squeeze (tool_id, at);
CREATE TABLE IF NOT EXISTS latest (
    tool_id TEXT PRIMARY KEY, session_id BLOB NOT NULL, at REAL NOT NULL, peak REAL, unit TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (
    tool_id TEXT PRIMARY KEY, manufacturer TEXT NOT NULL, model TEXT NOT NULL, firmware TEXT NOT NULL,
    tare INTEGER NOT NULL, battery INTEGER
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Latest:
    """The last session of a tool: when it was over, and its highest squeeze in `unit`."""

    at: datetime
    peak: float | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Known:
    """What a tool said of itself when it was last connected; `battery` in percent, None if it does not."""

    manufacturer: str
    model: str
    firmware: str
    tare: bool
    battery: int | None


def midnight(now: datetime) -> datetime:
    """The last midnight where this computer is, also on a day on which the clocks change."""
    return datetime.combine(now.astimezone().date(), time.min).astimezone()


class Tally:
    """Squeezes of these days, and the latest session of each tool. Thread-safe.

    Raises
    ------
    StoreError
        From every method, when the disk does not take or give data.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        with store_errors("homeassistant", path):
            self._db = connect(path, _SCHEMA, version=1)
            # a power cut may take back what is shown, never what was counted: the outbox keeps that
            self._db.execute("PRAGMA synchronous = NORMAL")

    def catch_up(self, outbox: Outbox, branch: str) -> None:
        """Take in what a killed hub had counted and not noted here; forget what is old."""
        after = 0
        while rows := outbox.waiting(after, _BATCH, f"{branch}/event/squeeze"):
            after = rows[-1].seq
            for row in rows:
                event = decode(row.payload)
                if isinstance(event, SqueezeCounted):
                    self.add(event)

    def prune(self, now: datetime) -> None:
        """Forget squeezes that are too old to be of today."""
        with self._transaction() as db:
            db.execute("DELETE FROM squeeze WHERE at < ?", ((now - KEEP).timestamp(),))

    def add(self, squeeze: SqueezeCounted) -> None:
        """Note a squeeze; again changes nothing."""
        at_s = squeeze.measured_at.timestamp()
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO squeeze VALUES (?, ?, ?)",
                (squeeze.event_id.bytes, squeeze.tool_id, at_s),
            )
            over_s = at_s + squeeze.offset_s - squeeze.onset_s
            _note(db, squeeze.tool_id, squeeze.session_id, over_s, squeeze.peak, squeeze.unit)

    def ended(self, tool_id: str, session_id: UUID, at_s: float, peak: float | None, unit: Unit) -> None:
        """Note that a session was over at a Unix time."""
        with self._transaction() as db:
            _note(db, tool_id, session_id, at_s, peak, unit)

    def know(self, tool_id: str, known: Known) -> None:
        """Note what a tool says of itself; a battery that it does not tell now stays as it was."""
        with self._transaction() as db:
            db.execute(
                """INSERT INTO known VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tool_id) DO UPDATE SET
                   manufacturer = excluded.manufacturer, model = excluded.model,
                   firmware = excluded.firmware, tare = excluded.tare,
                   battery = ifnull(excluded.battery, battery)""",
                (tool_id, known.manufacturer, known.model, known.firmware, known.tare, known.battery),
            )

    def today(self, tool_id: str, now: datetime) -> int:
        """Squeezes with a tool since the last midnight."""
        since_s = midnight(now).timestamp()
        with self._reading() as db:
            row = db.execute(
                "SELECT count(*) FROM squeeze WHERE tool_id = ? AND at >= ?", (tool_id, since_s)
            ).fetchone()
        return int(row[0])

    def latest(self, tool_id: str) -> Latest | None:
        """The last session of a tool."""
        with self._reading() as db:
            row = db.execute("SELECT at, peak, unit FROM latest WHERE tool_id = ?", (tool_id,)).fetchone()
        return Latest(utc(row[0]), row[1], Unit(row[2])) if row else None

    def known(self, tool_id: str) -> Known | None:
        """What a tool said of itself."""
        with self._reading() as db:
            row = db.execute(
                "SELECT manufacturer, model, firmware, tare, battery FROM known WHERE tool_id = ?", (tool_id,)
            ).fetchone()
        return Known(row[0], row[1], row[2], bool(row[3]), row[4]) if row else None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, store_errors("homeassistant", self._path):
            yield self._db

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield db


def _note(
    db: sqlite3.Connection, tool_id: str, session_id: UUID, at_s: float, peak: float | None, unit: Unit
) -> None:
    """Keep the latest session; what a tool hands over later may be older than that."""
    db.execute(
        """INSERT INTO latest VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tool_id) DO UPDATE SET
           peak = CASE WHEN session_id = excluded.session_id
                       THEN max(ifnull(peak, excluded.peak), ifnull(excluded.peak, peak))
                       ELSE excluded.peak END,
           at = max(at, excluded.at), session_id = excluded.session_id, unit = excluded.unit
           WHERE excluded.at >= at OR session_id = excluded.session_id""",
        (tool_id, session_id.bytes, at_s, peak, unit),
    )
