"""What the embedded store's rows say, once clocks were set and sessions corrected."""

import json
import sqlite3
from dataclasses import replace
from typing import Any
from uuid import UUID

from ...firmware_bridge.samples import ToolKind, Unit
from ..records.said import SessionCorrected
from ..records.session import SessionQuality, SqueezeCounted
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand, Purpose, Source
from .assembling import from_us, to_us
from .corrections import correct, whose
from .models import Recorded, SessionLine, SessionPoint
from .sqlite_tables import ABOUT, RECORDED, RESULT, SQUEEZE

# by text: making a member of an enumeration takes longer than all else that is done to a row
_KINDS = {str(kind): kind for kind in ToolKind}
_HANDS = {str(hand): hand for hand in Hand}
_SOURCES = {str(source): source for source in Source}
_UNITS = {str(unit): unit for unit in Unit}
_PURPOSES = {str(purpose): purpose for purpose in Purpose}


def set_clock(db: sqlite3.Connection, session_id: str) -> None:
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


def apply_corrections(db: sqlite3.Connection, session_id: str) -> None:
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
        about = {column: row[column] for column in ABOUT}
        rows = db.execute("SELECT * FROM squeeze WHERE session_id = ? ORDER BY onset_s", (session_id,))
        squeezes = [squeeze_of(one, about, row["clock_step"]) for one in rows]
        point = correct(told_point(row), squeezes, made).point
        values |= {column: getattr(point, column) for column in RECORDED[2:]}
    db.execute(
        f"""UPDATE session SET {", ".join(f"{column} = :{column}" for column in RECORDED)},
            recorded = :recorded WHERE session_id = :session_id""",  # noqa: S608
        values | {"recorded": json.dumps(told), "session_id": session_id},
    )
    db.execute(
        "UPDATE strength_test SET child_id = ? WHERE json_extract(data, '$.session_id') = ?",
        (child_id, session_id),
    )


def _told_row(row: sqlite3.Row) -> dict[str, Any]:
    """What was told of a session in the columns that a correction may change."""
    told = {column: row[column] for column in RECORDED}
    if row["recorded"]:
        before = json.loads(row["recorded"])
        # an end that came after the correction has put its own results into the row
        told |= before if before["squeezes"] is not None else {key: before[key] for key in RECORDED[:2]}
    return told


def told_point(row: sqlite3.Row) -> SessionPoint:
    """A session as it was told, before anybody corrected it."""
    told = _told_row(row)
    return replace(point_of(row), recorded=None, **told | {"hand": Hand(told["hand"])})


def point_of(row: sqlite3.Row) -> SessionPoint:
    """A session as its row has it."""
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
        **{column: row[column] for column in RESULT if column != "clock_step"}
        | {
            "ended_at": from_us(row["ended_at"]),
            "quality": row["quality"] and SessionQuality.model_validate_json(row["quality"]),
            "recorded": row["recorded"] and _recorded(json.loads(row["recorded"])),
        },
    )


def line_of_row(row: sqlite3.Row) -> SessionLine:
    """A session as a caseload has it, of a row with the columns of `SessionLine` in their order."""
    session_id, child, tool, kind, hand, source, unit, at, squeezes, peak, firmware, cal, known, purpose = row
    return SessionLine(
        UUID(session_id),
        child,
        tool,
        _KINDS[kind],
        _HANDS[hand],
        _SOURCES[source],
        _UNITS[unit],
        from_us(at),
        squeezes,
        peak,
        firmware,
        cal,
        bool(known),
        _PURPOSES[purpose],
    )


def _recorded(told: dict[str, Any]) -> Recorded:
    return Recorded(**told | {"hand": Hand(told["hand"])})


def squeeze_of(row: sqlite3.Row, about: dict[str, Any], clock_step: int) -> SqueezeCounted:
    """A squeeze of the session that `about` is of; `clock_step` in µs is added to its time."""
    return SqueezeCounted(
        event_id=row["event_id"],
        measured_at=from_us(row["measured_at"] + clock_step),
        doubtful=json.loads(row["doubtful"]),
        **about,
        **{column: row[column] for column in SQUEEZE},
    )
