"""Events as InfluxDB points and back; docs/influxdb.md has the table."""

# mypy: disable-error-code="no-untyped-call"
# (the client leaves its constructors without annotations)

import json
import math
from datetime import timedelta
from functools import cache
from typing import Any, get_args
from uuid import UUID

import numpy as np
from influxdb_client.client.write.point import Point
from influxdb_client.domain.write_precision import WritePrecision
from pydantic import BaseModel

from ...firmware_bridge.samples import ToolKind, Unit
from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import SessionEnded, SessionQuality, SessionStarted, SqueezeCounted, WaveformSecond
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Hand, Purpose, Source
from ..waveform import decode_samples
from .assembling import from_us, step_us, to_us
from .models import SessionLine, SessionPoint

#: A point as Flux gives it back after a pivot: tags and fields by name, ``_time``, no nulls.
Record = dict[str, Any]

#: What is known in advance and few: each combination of tags is a series that the server keeps an index
#: of. Session ids are without end, so they are fields.
_TAGS = {
    "site": "site", "hub": "hub", "child": "child_id", "tool": "tool_id",
    "tool_kind": "tool_kind", "hand": "hand", "source": "source", "unit": "unit", "item": "item_id",
}  # fmt: skip
_RESULT = (
    "goal", "squeezes", "doubtful", "peak", "median_peak",
    "first_index", "end_index", "received", "lost",
)  # fmt: skip
_CIRCUMSTANCES = (
    "counts", "stored", "time_known", "firmware", "calibration_id", "calibration_overdue", "purpose",
)  # fmt: skip
#: Fields that a `SessionLine` is made of, beside the tags.
LINE = (
    "session_id", "squeezes", "peak", "firmware", "calibration_id", "time_known", "purpose", "clock_step_us",
)  # fmt: skip
_SQUEEZE = ("number", "onset_s", "peak_s", "offset_s", "decided_s", "peak", "rest", "impulse")
_DONE = ("minutes", "minutes_asked", "sets", "sets_asked", "reps", "reps_asked")
_SAID = ("pain_before", "pain_after", "effort", "enjoyment", "participation", "confidence")
_SEEN = ("link", "battery_percent", "rssi_dbm", "firmware", "rate_hz")
_LATER = ("peak_sd", "rise_s", "release_s", "rfd", "no_rfd")  #: what older hubs did not tell of a squeeze


def to_point(event: Result) -> Point:
    """The point of an event. The start and end of a session are fields of one point."""
    session_id = getattr(event, "session_id", None)
    fields: dict[str, Any] = {"session_id": session_id and str(session_id)}
    match event:
        case SessionStarted():
            measurement = "session"
            fields |= {"goal": event.goal}
        case SessionEnded():
            measurement = "session"
            fields |= {column: getattr(event, column) for column in (*_RESULT, *_CIRCUMSTANCES)}
            fields |= {"ended_at_us": to_us(event.ended_at), "ended_by": event.ended_by}
            if step := step_us(event):  # the point keeps its time, which is its key; reading adds this
                fields |= {"clock_step_us": step}
            if event.quality:
                fields |= {"quality": event.quality.model_dump_json()}
        case SqueezeCounted():
            measurement = "squeeze"
            fields |= {column: getattr(event, column) for column in (*_SQUEEZE, *_LATER)}
            fields |= {"event_id": str(event.event_id), "ended_by": event.ended_by}
            fields |= {"doubtful": json.dumps(event.doubtful)}
        case WaveformSecond():
            measurement = "waveform"
            fields |= {
                column: getattr(event, column) for column in ("first_index", "start_s", "samples", "data")
            }
            fields |= _envelope(event.data)
        case StrengthTested():
            measurement = "strength_test"
            fields |= {"event_id": str(event.event_id), "protocol": event.protocol}
            fields |= {"score": event.outcome.score, "data": event.model_dump_json(by_alias=True)}
        case SessionCorrected():
            measurement = "correction"
            fields |= {"event_id": str(event.event_id), "data": event.model_dump_json(by_alias=True)}
        case ActivityDone() | FeedbackGiven() | ToolSeen():
            # the numbers for charts, and the event as it was
            measurement = event.schema_.split("/")[0]
            columns = {ActivityDone: _DONE, FeedbackGiven: _SAID, ToolSeen: _SEEN}[type(event)]
            fields |= {column: getattr(event, column) for column in columns}
            fields |= {"event_id": str(event.event_id), "data": event.model_dump_json(by_alias=True)}
    # Flux does not tell an empty text from none at all
    fields = {field: value for field, value in fields.items() if value not in (None, "")}
    if not isinstance(event, SessionStarted):
        fields["field_count"] = len(fields) + 1
    point: Point = Point(measurement).time(_time_ns(event), WritePrecision.NS)
    for tag, attribute in _tags_of(type(event)):
        point.tag(tag, getattr(event, attribute))
    for field, value in fields.items():
        point.field(field, value)
    return point


@cache
def _tags_of(kind: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """Tags and attributes of a kind of event: only those that it always has.

    InfluxDB 3 takes a measurement's tags from its first point and refuses others later.
    """
    none = type(None)
    fields = {name: field.annotation for name, field in kind.model_fields.items()}
    return tuple(
        (tag, name) for tag, name in _TAGS.items() if name in fields and none not in get_args(fields[name])
    )


def _time_ns(event: Result) -> int:
    """Time of measurement.

    What somebody says is told of a whole minute or of noon, and may be told twice of the same one: below a
    microsecond, where no time of ours has anything, the id keeps such points apart. Of a session there may be
    dozens of corrections, all at its start, which a thousand places would not keep apart: they have a second.
    """
    if isinstance(event, SessionCorrected):
        apart = event.event_id.int % 1_000_000_000
    else:
        apart = event.event_id.int % 1_000 if isinstance(event, ActivityDone | FeedbackGiven) else 0
    return to_us(event.measured_at) * 1_000 + apart


def is_whole(row: Record) -> bool:
    """Whether all fields of a point are there.

    The server takes the fields of a point one by one, and a query may come in between: what is not whole
    yet is not there yet.
    """
    fields = sum(not (name.startswith("_") or name in _TAGS or name in ("result", "table")) for name in row)
    return bool(fields >= row.get("field_count", math.inf))


def _envelope(data: str) -> dict[str, float]:
    """Lowest and highest sample of a second: what a chart in the database's own tools shows."""
    _, values = decode_samples(data)
    values = values[np.isfinite(values)]
    return {"min": float(values.min()), "max": float(values.max())} if values.size else {}


def session_of(row: Record) -> SessionPoint:
    """The read model of an ended session's point."""
    result: Record = {column: row.get(column) for column in _RESULT}
    # what was stored before there were such fields has the read model's defaults
    result |= {column: row[column] for column in _CIRCUMSTANCES if row.get(column) is not None}
    step = row.get("clock_step_us", 0)
    if row.get("purpose"):
        result |= {"purpose": Purpose(row["purpose"])}
    if row.get("quality"):
        result |= {"quality": SessionQuality.model_validate_json(row["quality"])}
    return SessionPoint(
        session_id=UUID(row["session_id"]),
        child_id=row["child"],
        tool_id=row["tool"],
        tool_kind=ToolKind(row["tool_kind"]),
        hand=Hand(row["hand"]),
        source=Source(row["source"]),
        unit=Unit(row["unit"]),
        started_at=row["_time"] + timedelta(microseconds=step),
        ended_at=from_us(row["ended_at_us"] + step),
        clock_step_s=step / 1e6,
        **result,
        ended_by=row.get("ended_by", ""),
    )


def line_of_row(row: Record) -> SessionLine:
    """An ended session as a caseload has it."""
    return SessionLine(
        session_id=UUID(row["session_id"]),
        child_id=row["child"],
        tool_id=row["tool"],
        tool_kind=ToolKind(row["tool_kind"]),
        hand=Hand(row["hand"]),
        source=Source(row["source"]),
        unit=Unit(row["unit"]),
        started_at=row["_time"] + timedelta(microseconds=row.get("clock_step_us", 0)),
        squeezes=row["squeezes"],
        peak=row.get("peak"),
        firmware=row.get("firmware", ""),
        calibration_id=row.get("calibration_id"),
        time_known=row.get("time_known", True),
        purpose=Purpose(row.get("purpose", Purpose.EXERCISE)),
    )


def squeeze_of(row: Record, clock_step_s: float) -> SqueezeCounted:
    """The event that a squeeze's point was made from, its time put right by what the hub's clock was set."""
    return SqueezeCounted(
        event_id=row["event_id"],
        measured_at=row["_time"] + timedelta(seconds=clock_step_s),
        session_id=row["session_id"],
        doubtful=json.loads(row["doubtful"]),
        **{attribute: row[tag] for tag, attribute in _TAGS.items() if tag in row},
        **{column: row[column] for column in _SQUEEZE},
        **{column: row[column] for column in _LATER if row.get(column) is not None},
        ended_by=row.get("ended_by", ""),
    )
