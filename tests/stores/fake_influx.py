"""An InfluxDB that keeps points in memory: what the store makes of rows is tried without a server.

It answers the store's own queries by what they mean. That they say so in Flux is tried with a server.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from griphub.hub.errors import StoreError
from griphub.hub.records.event import Result
from griphub.hub.records.session import WaveformSecond
from griphub.hub.stores import influx, influx_caseload, influx_rows
from griphub.hub.stores.influx_points import LINE, Record, to_point
from griphub.hub.stores.influx_server import FIRST, LAST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHILDREN_OF_A_CASELOAD = re.compile(r"child =~ /(\^\([^/]*\)\$)/")
Tags = tuple[tuple[str, str], ...]


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1_000


class FakeServer:
    """Takes the place of `InfluxServer`."""

    bucket, waveform_bucket = "results", "waveforms"

    def __init__(self) -> None:
        self._points: dict[tuple[str, str, Tags, int], dict[str, Any]] = {}

    def write(self, events: Sequence[Result]) -> None:
        for event in events:
            point = to_point(event)
            if any(isinstance(value, int) and abs(value) >= 1 << 63 for value in point._fields.values()):
                raise StoreError("influxdb", "a number has no room", "", retryable=False)
            bucket = self.waveform_bucket if isinstance(event, WaveformSecond) else self.bucket
            tags = tuple(sorted((name, str(value)) for name, value in point._tags.items()))
            self._points.setdefault((bucket, point._name, tags, point._time), {}).update(point._fields)

    def query(self, flux: str, **parameters: Any) -> list[Record]:
        asked = {"bucket": self.bucket, "since": FIRST, "until": LAST} | parameters
        if flux.startswith(influx_caseload._CASELOAD.split("/CHILDREN/")[0]):
            return list(self._caseload(flux, asked))
        answer: dict[str, Callable[[dict[str, Any]], Iterable[Record]]] = {
            influx._CHILDREN: self._children,
            influx._TOOLS: lambda asked: self._field(asked, "tool_status", "data"),
            influx._COUNT: self._count,
            influx_rows._OF_CHILD: self._of_child,
            influx_rows._OF_SESSION: self._of_session,
            influx_rows._CORRECTIONS: lambda asked: self._field(asked, "correction", "data"),
            influx_rows._STEPPED: lambda asked: self._field(asked, "session", "clock_step_us"),
            influx_rows._FIND: self._find,
        }
        return list(answer[flux](asked))

    def delete(self, predicate: str) -> None:
        child = predicate.split('"')[1]
        self._points = {key: value for key, value in self._points.items() if ("child", child) not in key[2]}

    def make_buckets(self) -> None:
        """There are both."""

    def close(self) -> None:
        """Nothing is open."""

    def _rows(self, asked: dict[str, Any], measurement: str, **tags: str) -> Iterator[Record]:
        """Whole points in the range, oldest first."""
        since, until = _ns(asked["since"]), _ns(asked["until"])
        for (bucket, name, its, at), fields in sorted(self._points.items(), key=lambda item: item[0][3]):
            fits = (bucket, name) == (asked["bucket"], measurement) and since <= at < until
            if fits and tags.items() <= dict(its).items():
                yield {"_time": _EPOCH + timedelta(microseconds=at // 1_000), **dict(its), **fields}

    def _field(self, asked: dict[str, Any], measurement: str, field: str) -> Iterator[Record]:
        for row in self._rows(asked, measurement):
            if field in row:
                yield row | {"_value": row[field]}

    def _children(self, asked: dict[str, Any]) -> Iterator[Record]:
        for row in self._field(asked, "session", "squeezes"):
            yield row | {"result": "sessions", "_value": 1}
            yield row | {"result": "squeezes"}
            yield row | {"result": "last"}

    def _count(self, asked: dict[str, Any]) -> Iterator[Record]:
        for measurement in sorted({name for _, name, _, _ in self._points}):
            rows = list(self._rows(asked, measurement, child=asked["child"]))
            if rows:
                yield {"_measurement": measurement, "_value": len(rows)}

    def _of_child(self, asked: dict[str, Any]) -> Iterator[Record]:
        return self._rows(asked, asked["measurement"], child=asked["child"])

    def _of_session(self, asked: dict[str, Any]) -> Iterator[Record]:
        rows = self._rows(asked, asked["measurement"], child=asked["child"], tool=asked["tool"])
        return (row for row in rows if row.get("session_id") == asked["session_id"])

    def _find(self, asked: dict[str, Any]) -> Iterator[Record]:
        found = self._field(asked, asked["measurement"], "session_id")
        return (row for row in found if row["_value"] == asked["session_id"])

    def _caseload(self, flux: str, asked: dict[str, Any]) -> Iterator[Record]:
        (wanted,) = set(_CHILDREN_OF_A_CASELOAD.findall(flux))
        before = asked | {"since": asked["beginning"]}
        tests = asked | {"since": asked["earlier"], "until": asked["later"]}
        parts = {
            "last": self._field(before, "session", "squeezes"),
            "sessions": self._rows(asked, "session"),
            "tests": self._field(tests, "strength_test", "data"),
            "activities": self._field(asked, "activity_done", "data"),
            "feedback": self._field(asked, "feedback", "data"),
        }
        for name, rows in parts.items():
            for row in rows:
                if re.search(wanted, row["child"]):
                    kept = {*LINE, "_time", "_value", "child", "tool", "tool_kind", "hand", "source", "unit"}
                    yield {"result": name} | {key: value for key, value in row.items() if key in kept}
