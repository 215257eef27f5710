"""Rows in InfluxDB as they were told, and what puts them right: corrections, and clocks that were set."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from ..records.said import SessionCorrected
from ..records.session import SqueezeCounted
from ..records.vocabulary import Source
from .corrections import correct
from .influx_points import Record, is_whole, session_of, squeeze_of
from .influx_server import FIRST, LAST, InfluxServer
from .models import SessionPoint

#: A squeeze is looked for so far around its session, should clocks have been set in between.
MARGIN = timedelta(hours=1)
TICK = timedelta(microseconds=1)

PIVOT = '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_OF_CHILD = f"""
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r.child == child)
        {PIVOT}
"""
#: Few: somebody took the wrong ball now and then. What was measured keeps its tags; reading applies them.
_CORRECTIONS = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "correction" and r._field == "data")
"""
#: Few as well: sessions that began under a clock that was set before they ended. A point's time is its key.
_STEPPED = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "session" and r._field == "clock_step_us")
"""
_FIND = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r._field == "session_id")
        |> filter(fn: (r) => r._value == session_id)
"""
_OF_SESSION = f"""
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r.child == child and r.tool == tool)
        {PIVOT} |> filter(fn: (r) => r.session_id == session_id)
"""


class Stepped(NamedTuple):
    """A session in which the hub's clock was set: when it began as told, and in truth."""

    child_id: str
    source: Source
    told_at: datetime
    started_at: datetime


def is_within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    """Whether a time is in ``[since, until)``; None is no bound."""
    return (since is None or since <= at) and (until is None or at < until)


def comes_in(one: Stepped, since: datetime | None, until: datetime | None) -> bool:
    """Whether a session is of a range, and as it was told is not, so that it has to be read by itself."""
    return is_within(one.started_at, since, until) and not is_within(one.told_at, since, until)


def began(one: SessionCorrected, stepped: Iterable[Stepped]) -> tuple[datetime, datetime]:
    """When a corrected session began as told, and in truth; whoever corrects knows either."""
    for session in stepped:
        if session.child_id == one.child_id and one.measured_at in session[2:]:
            return session.told_at, session.started_at
    return one.measured_at, one.measured_at


def of_squeezes(made: Iterable[SessionCorrected]) -> bool:
    """Whether corrections are of single squeezes, which then have to be read."""
    return any(one.squeeze_id or one.added for one in made)


class InfluxRows:
    """Reads rows of one child or session."""

    def __init__(self, server: InfluxServer) -> None:
        self._server = server

    def of_child(
        self, measurement: str, child_id: str, since: datetime | None, until: datetime | None
    ) -> list[Record]:
        """Whole points of a child in ``[since, until)``, of one measurement."""
        start, stop = max(since or FIRST, FIRST), min(until or LAST, LAST)
        if start >= stop:
            return []  # Flux calls an empty range an error
        rows = self._server.query(_OF_CHILD, since=start, until=stop, measurement=measurement, child=child_id)
        return list(filter(is_whole, rows))

    def at(self, measurement: str, child_id: str, at: datetime) -> list[Record]:
        """Points of a child at one time."""
        return self.of_child(measurement, child_id, at, at + TICK)

    def find(self, measurement: str, session_id: UUID) -> list[Record]:
        """Where points of a session are: their times and tags."""
        return self._server.query(_FIND, measurement=measurement, session_id=str(session_id))

    def of_session(self, found: Record, measurement: str, since: datetime, until: datetime) -> list[Record]:
        """Whole points of the session that a point of `find` is of."""
        waveform = measurement == "waveform"
        rows = self._server.query(
            _OF_SESSION,
            bucket=self._server.waveform_bucket if waveform else self._server.bucket,
            measurement=measurement,
            since=since,
            until=until,
            child=found["child"],
            tool=found["tool"],
            session_id=found["_value"],
        )
        return list(filter(is_whole, rows))

    def squeezes(self, told: SessionPoint) -> list[SqueezeCounted]:
        """Squeezes of a session as it was told, in order."""
        step = timedelta(seconds=told.clock_step_s)
        found = {"child": told.child_id, "tool": told.tool_id, "_value": str(told.session_id)}
        around = told.started_at - step - MARGIN, told.ended_at - step + MARGIN
        rows = self.of_session(found, "squeeze", *around)
        squeezes = (squeeze_of(row, told.clock_step_s) for row in rows)
        return sorted(squeezes, key=lambda squeeze: (squeeze.onset_s, squeeze.number))

    def corrected(self, told: SessionPoint, made: Sequence[SessionCorrected]) -> SessionPoint:
        """A point with its corrections; only where squeezes were corrected, they are read."""
        squeezes = self.squeezes(told) if of_squeezes(made) else ()
        return correct(told, squeezes, made).point

    def told(self, one: SessionCorrected, stepped: Iterable[Stepped]) -> list[SessionPoint]:
        """The ended session that a correction is of, as it was told; none where it is not here."""
        told_at, _ = began(one, stepped)
        points = map(session_of, self.at("session", one.child_id, told_at))
        return [point for point in points if point.session_id == one.session_id][:1]

    def corrections(self) -> dict[UUID, list[SessionCorrected]]:
        """All corrections, by session."""
        made = defaultdict(list)
        for row in self._server.query(_CORRECTIONS):
            one = SessionCorrected.model_validate_json(row["_value"])
            made[one.session_id].append(one)
        return made

    def stepped(self) -> list[Stepped]:
        """All sessions in which a clock was set."""
        return [
            Stepped(
                row["child"],
                Source(row["source"]),
                row["_time"],
                row["_time"] + timedelta(microseconds=row["_value"]),
            )
            for row in self._server.query(_STEPPED)
        ]
