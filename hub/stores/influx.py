"""The server store: InfluxDB 2, for a clinic with many homes. Tags and fields are in docs/influxdb.md."""

# mypy: disable-error-code="no-untyped-call"
# (the client leaves its constructors without annotations)

import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.flux_csv_parser import FluxCsvParserException, FluxQueryException
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from ..config import InfluxConfig
from ..errors import NotReadable, StoreError
from ..records import (
    ActivityDone,
    FeedbackGiven,
    Result,
    SessionCorrected,
    Source,
    StrengthTested,
    ToolSeen,
    WaveformSecond,
)
from .contract import (
    CaseloadEntry,
    CaseloadRows,
    ChildOverview,
    SessionDetail,
    SessionLine,
    SessionPoint,
    caseload_of,
    join_waveform,
    line_of,
    standing,
)
from .corrections import correct, in_order
from .influx_points import LINE, Record, is_whole, line_of_row, session_of, squeeze_of, to_point

log = logging.getLogger(__name__)

#: Lines in one request: the batch size that InfluxDB's documentation recommends.
LINES = 5_000
TIMEOUT_MS = 10_000
#: How long a waveform is kept where nobody says how long; the summaries are kept for ever.
WAVEFORM_RETENTION = timedelta(days=90)
#: Time that the summaries' files cover: years of a few points a day, read as one trend. Against the usual
#: week this made ten years of ten children twice as fast to read.
SHARD = timedelta(weeks=52)
#: A squeeze is looked for so far around its session, should clocks have been set in between.
MARGIN = timedelta(hours=1)

# the times that InfluxDB can hold, in whole years
_FIRST = datetime(1678, 1, 1, tzinfo=UTC)
_LAST = datetime(2262, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

_PIVOT = '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_CHILDREN = """
    ended = from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "session" and r._field == "squeezes")
    ended |> count() |> yield(name: "sessions")
    ended |> sum() |> yield(name: "squeezes")
    ended |> last() |> yield(name: "last")
"""
_OF_CHILD = f"""
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r.child == child)
        {_PIVOT}
"""
_TOOLS = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "tool_status" and r._field == "data")
        |> last()
"""
#: Rows of some children, and the latest session of each, in one answer. Their ids stand in the text, as an
#: expression of which the server's storage itself can make use: with a function, 200 children took it more
#: than ten seconds.
_CASELOAD = f"""
    from(bucket: bucket) |> range(start: beginning, stop: until)
        |> filter(fn: (r) => r._measurement == "session" and r._field == "squeezes")
        |> filter(fn: (r) => r.child =~ /CHILDREN/)
        |> last() |> yield(name: "last")
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "session" and r.child =~ /CHILDREN/)
        |> filter(fn: (r) => {" or ".join(f'r._field == "{field}"' for field in LINE)})
        {_PIVOT} |> yield(name: "sessions")
    from(bucket: bucket) |> range(start: earlier, stop: until)
        |> filter(fn: (r) => r._measurement == "strength_test" and r._field == "data")
        |> filter(fn: (r) => r.child =~ /CHILDREN/)
        |> yield(name: "tests")
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "activity_done" and r._field == "data")
        |> filter(fn: (r) => r.child =~ /CHILDREN/)
        |> yield(name: "activities")
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "feedback" and r._field == "data")
        |> filter(fn: (r) => r.child =~ /CHILDREN/)
        |> yield(name: "feedback")
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
#: What may stand in an expression: ids, which have no sign that means anything there.
_PLAIN = re.compile(r"[a-z0-9_-]+")
_COUNT = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r.child == child and (r._field == "event_id" or r._field == "session_id"))
        |> group(columns: ["_measurement", "_field"]) |> count()
"""
_FIND = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r._field == "session_id")
        |> filter(fn: (r) => r._value == session_id)
"""
_OF_SESSION = f"""
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == measurement and r.child == child and r.tool == tool)
        {_PIVOT} |> filter(fn: (r) => r.session_id == session_id)
"""


class InfluxStore:
    """Results in InfluxDB 2. Thread-safe; the same event always becomes the same point.

    Parameters
    ----------
    config : InfluxConfig
        Where the server is. Buckets that it lacks are made on the first write, if the token may.
    keep_waveforms : timedelta
        How long a waveform bucket made here keeps a waveform; one that is there keeps its own retention.

    Raises
    ------
    StoreError
        From every method that asks the server. 400, 413 and 422 mean that the data is at fault; all else,
        a refused token too, may be mended while the data waits.
    """

    name = "influxdb"

    def __init__(self, config: InfluxConfig, *, keep_waveforms: timedelta = WAVEFORM_RETENTION) -> None:
        self._keep = keep_waveforms
        self._config = config
        self._client = InfluxDBClient(
            config.url,
            config.token.get_secret_value(),
            org=config.org,
            timeout=TIMEOUT_MS,
            enable_gzip=True,
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._reader = self._client.query_api()

    def write(self, events: Sequence[Result]) -> None:
        """Store events; returns when the server has them on its disk."""
        with self._errors():
            for start in range(0, len(events), LINES):
                self._write(events[start : start + LINES])

    def children(self) -> list[ChildOverview]:
        """All children with at least one ended session, most recent first."""
        sums: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._query(_CHILDREN):
            at = sums.setdefault(
                (row["child"], row["source"]), {"sessions": 0, "squeezes": 0, "last": _FIRST}
            )
            if row["result"] == "last":
                at["last"] = max(at["last"], row["_time"])
            else:
                at[row["result"]] += row["_value"]
        for row in self._query(_STEPPED):
            whose = row["child"], row["source"]
            if whose in sums:
                right = row["_time"] + timedelta(microseconds=row["_value"])
                sums[whose]["last"] = max(sums[whose]["last"], right)
        found = [
            ChildOverview(child, Source(source), at["sessions"], at["squeezes"], at["last"])
            for (child, source), at in sorted(sums.items())
        ]
        return sorted(found, key=lambda child: child.last_session_at or _FIRST, reverse=True)

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """Ended sessions of a child that started in ``[since, until)``, oldest first; both sources."""
        corrections, stepped = self._corrections(), self._stepped()
        points = list(map(session_of, self._of_child("session", child_id, since, until)))
        points += [session_of(row) for at in stepped[child_id] for row in self._at("session", child_id, at)]
        for session_id, made in corrections.items():
            told = made[0]
            if told.child_id != child_id and any(one.to_child == child_id for one in made):
                moved = (
                    session_of(row)
                    for at in {told.measured_at, *stepped[told.child_id]}
                    for row in self._at("session", told.child_id, at)
                )
                points += [point for point in moved if point.session_id == session_id]
        once = {point.session_id: point for point in points}.values()
        now = [self._corrected(point, corrections.get(point.session_id, ())) for point in once]
        within = (
            point
            for point in now
            if point.child_id == child_id
            and (since is None or since <= point.started_at)
            and (until is None or point.started_at < until)
        )
        return sorted(within, key=lambda point: (point.started_at, str(point.session_id)))

    def session(self, session_id: UUID) -> SessionDetail | None:
        """One ended session, or None if there is none of that id."""
        for found in self._query(_FIND, measurement="session", session_id=str(session_id)):
            start = found["_time"]
            ended = self._of_session(found, "session", start, start + _TICK)
            if not ended:
                continue
            point = session_of(ended[0])
            step = timedelta(seconds=point.clock_step_s)
            around = start - MARGIN, point.ended_at - step + MARGIN
            squeezes = [
                squeeze_of(row, point.clock_step_s) for row in self._of_session(found, "squeeze", *around)
            ]
            seconds = self._of_session(found, "waveform", *around)
            seconds.sort(key=lambda second: (second["first_index"], second["start_s"]))
            t_s, values = join_waveform(self.name, [(row["start_s"], row["data"]) for row in seconds])
            told = sorted(squeezes, key=lambda squeeze: (squeeze.onset_s, squeeze.number))
            corrections = in_order(self._corrections().get(session_id, ()))
            now = correct(point, told, corrections)
            return SessionDetail(now.point, now.squeezes, t_s, values, now.set_aside, corrections)
        return None

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""
        rows = self._of_child("strength_test", child_id, since, until)
        stepped = self._stepped()[child_id]
        if stepped:  # a test has its session's clock
            rows = self._of_child("strength_test", child_id, None, None)
        steps = {
            UUID(row["session_id"]): timedelta(microseconds=row["clock_step_us"])
            for at in stepped
            for row in self._at("session", child_id, at)
            if "clock_step_us" in row
        }
        none = timedelta()
        told = (StrengthTested.model_validate_json(row["data"]) for row in rows)
        tests = [
            test.model_copy(update={"measured_at": test.measured_at + steps.get(test.session_id, none)})
            for test in told
        ]
        within = (
            test
            for test in tests
            if (since is None or since <= test.measured_at) and (until is None or test.measured_at < until)
        )
        return sorted(within, key=lambda test: (test.measured_at, str(test.event_id)))

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """What a child did in ``[since, until)`` and nobody took back, oldest first; both sources."""
        rows = self._of_child("activity_done", child_id, since, until)
        return standing(ActivityDone.model_validate_json(row["data"]) for row in rows)

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """What was said of a child in ``[since, until)`` and not taken back, oldest first; both sources."""
        rows = self._of_child("feedback", child_id, since, until)
        return standing(FeedbackGiven.model_validate_json(row["data"]) for row in rows)

    def tools(self) -> list[ToolSeen]:
        """The latest that is known of every tool, by id."""
        told = [ToolSeen.model_validate_json(row["_value"]) for row in self._query(_TOOLS)]
        latest = {tool.tool_id: tool for tool in sorted(told, key=lambda tool: tool.measured_at)}
        return [latest[tool_id] for tool_id in sorted(latest)]

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """Many children at once, each once, in the order given."""
        start, stop = max(since, _FIRST), min(until, _LAST)
        ids = sorted(set(filter(_PLAIN.fullmatch, child_ids)))
        if start >= stop or not ids:
            return caseload_of(child_ids, CaseloadRows({}, (), (), (), ()))
        flux = _CASELOAD.replace("CHILDREN", f"^({'|'.join(ids)})$")
        earlier = max(min(tests_since, start), _FIRST)
        rows = self._query(flux, beginning=_FIRST, earlier=earlier, since=start, until=stop)
        told_at = self._stepped()
        stepped = [
            session_of(row)
            for child in ids
            for at in told_at[child]
            for row in self._at("session", child, at)
            if "clock_step_us" in row
        ]
        wrong = {
            (point.child_id, point.tool_id, point.started_at - timedelta(seconds=point.clock_step_s))
            for point in stepped
        }
        last: dict[tuple[str, Source], datetime] = {}
        lines: dict[UUID, SessionLine] = {}
        for row in rows:
            if row["result"] in ("last", "sessions") and (row["child"], row["tool"], row["_time"]) in wrong:
                continue
            if row["result"] == "last":
                whose = row["child"], Source(row["source"])
                last[whose] = max(last.get(whose, _FIRST), row["_time"])
            elif row["result"] == "sessions" and "squeezes" in row and "session_id" in row:
                lines[UUID(row["session_id"])] = line_of_row(row)
        for point in stepped:
            if point.started_at < until:
                whose = point.child_id, point.source
                last[whose] = max(last.get(whose, _FIRST), point.started_at)
            if since <= point.started_at < until:
                lines[point.session_id] = line_of(point)
        for session_id, now in self._corrected_of(ids):
            lines.pop(session_id, None)
            if now is not None and since <= now.started_at < until:
                lines[session_id] = line_of(now)
        told: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            told[row["result"]].append(row.get("_value", ""))
        tests = [
            test
            for test in map(StrengthTested.model_validate_json, told["tests"])
            if test.measured_at >= tests_since and not told_at[test.child_id]
        ]
        for child in filter(told_at.get, ids):  # a test has its session's clock
            tests += self.strength_tests(child, since=tests_since, until=until)
        return caseload_of(
            child_ids,
            CaseloadRows(
                last,
                lines.values(),
                tests,
                map(ActivityDone.model_validate_json, told["activities"]),
                map(FeedbackGiven.model_validate_json, told["feedback"]),
            ),
        )

    def forget_waveforms(self, now: datetime) -> int:
        """Do nothing: the server's retention does it."""
        return 0

    def count_child(self, child_id: str) -> dict[str, int]:
        """How much there is of a child, by kind; kinds of which there is nothing are left out."""
        found: dict[str, int] = {}
        for bucket in (self._config.bucket, self._config.waveform_bucket):
            for row in self._query(_COUNT, bucket=bucket, child=child_id):
                kind = row["_measurement"]
                found[kind] = max(found.get(kind, 0), row["_value"])
        return found

    def erase_child(self, child_id: str) -> None:
        """Delete everything of a child; the server takes it off its disk when it next compacts its files.

        The token must be one that may write both buckets.
        """
        if not _PLAIN.fullmatch(child_id):
            return  # nobody has such an id, and in a predicate it could mean more
        with self._errors():
            for bucket in (self._config.bucket, self._config.waveform_bucket):
                self._client.delete_api().delete(
                    _FIRST, _LAST, f'child="{child_id}"', bucket=bucket, org=self._config.org
                )

    def squeeze_ids(self, session_id: UUID) -> set[UUID]:
        """Event ids of the squeezes stored for a session, ended or not."""
        found = self._query(_FIND, measurement="squeeze", session_id=str(session_id))
        if not found:
            return set()
        times = [row["_time"] for row in found]
        rows = self._of_session(found[0], "squeeze", min(times), max(times) + _TICK)
        return {UUID(row["event_id"]) for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _corrections(self) -> dict[UUID, list[SessionCorrected]]:
        made = defaultdict(list)
        for row in self._query(_CORRECTIONS):
            one = SessionCorrected.model_validate_json(row["_value"])
            made[one.session_id].append(one)
        return made

    def _stepped(self) -> dict[str, set[datetime]]:
        """By child, beginnings as they were told of sessions in which the hub's clock was set."""
        found = defaultdict(set)
        for row in self._query(_STEPPED):
            found[row["child"]].add(row["_time"])
        return found

    def _at(self, measurement: str, child_id: str, at: datetime) -> list[Record]:
        return self._of_child(measurement, child_id, at, at + _TICK)

    def _corrected_of(self, child_ids: Sequence[str]) -> Iterator[tuple[UUID, SessionPoint | None]]:
        """Sessions that were of these children, or are, and that somebody corrected, as they are now: few."""
        for session_id, made in self._corrections().items():
            if {made[0].child_id, *(one.to_child for one in made)} & set(child_ids):
                detail = self.session(session_id)
                yield session_id, None if detail is None else detail.point

    def _corrected(self, point: SessionPoint, made: Sequence[SessionCorrected]) -> SessionPoint:
        """A point of a trend with its corrections; only where squeezes were corrected, they are read."""
        if any(one.squeeze_id or one.added for one in made):
            detail = self.session(point.session_id)
            return point if detail is None else detail.point
        return correct(point, (), made).point

    def _write(self, events: Sequence[Result]) -> None:
        waveforms = [event for event in events if isinstance(event, WaveformSecond)]
        results = [event for event in events if not isinstance(event, WaveformSecond)]
        self._send(self._config.bucket, results)
        try:
            self._send(self._config.waveform_bucket, waveforms)
        except ApiException as error:
            # The server takes the rest of the request. What is too old to be kept is no error: it would
            # have been deleted by now had it come in time.
            if error.status != 422 or "retention policy" not in str(error.body).lower():
                raise
            log.info("Waveforms older than the bucket keeps were left out: %s", error.message)

    def _send(self, bucket: str, events: Sequence[Result]) -> None:
        if not events:
            return
        points = [to_point(event) for event in events]
        try:
            self._writer.write(bucket, record=points)
        except ApiException as error:
            if error.status != 404:
                raise
            self._make_buckets()
            self._writer.write(bucket, record=points)

    def _make_buckets(self) -> None:
        """Make what is missing of both: a session without a waveform is read from both as well."""
        buckets = self._client.buckets_api()
        for bucket, keep, shard in (
            (self._config.bucket, timedelta(0), SHARD),
            (self._config.waveform_bucket, self._keep, timedelta(0)),
        ):
            rule = BucketRetentionRules(
                type="expire",
                every_seconds=int(keep.total_seconds()),  # 0: for ever
                shard_group_duration_seconds=int(shard.total_seconds()),  # 0: as the server likes
            )
            try:
                if buckets.find_bucket_by_name(bucket) is None:
                    buckets.create_bucket(bucket_name=bucket, retention_rules=[rule])
                    log.info("Made the bucket %s", bucket)
            except InfluxDBError as error:
                raise StoreError(
                    self.name,
                    f"{self._config.org} lacks the bucket {bucket} and cannot be given it ({error.message})",
                    "Make it, and a token for it, as docs/influxdb.md says.",
                ) from error

    def _of_child(
        self, measurement: str, child_id: str, since: datetime | None, until: datetime | None
    ) -> list[Record]:
        start, stop = max(since or _FIRST, _FIRST), min(until or _LAST, _LAST)
        if start >= stop:
            return []  # Flux calls an empty range an error
        rows = self._query(_OF_CHILD, since=start, until=stop, measurement=measurement, child=child_id)
        return list(filter(is_whole, rows))

    def _of_session(self, found: Record, measurement: str, since: datetime, until: datetime) -> list[Record]:
        waveform = measurement == "waveform"
        rows = self._query(
            _OF_SESSION,
            bucket=self._config.waveform_bucket if waveform else self._config.bucket,
            measurement=measurement,
            since=since,
            until=until,
            child=found["child"],
            tool=found["tool"],
            session_id=found["_value"],
        )
        return list(filter(is_whole, rows))

    def _query(self, flux: str, **parameters: object) -> list[Record]:
        given = {"bucket": self._config.bucket, "since": _FIRST, "until": _LAST} | parameters
        with self._errors():
            try:
                tables = self._reader.query(flux, params=given)
            except ApiException as error:
                headers = {name.lower(): value for name, value in (error.headers or {}).items()}
                # every answer of an InfluxDB 2 says so; others have no such path, each in its own way
                of_2 = headers.get("x-influxdb-version", "").startswith(("v2", "2"))
                if error.status in (400, 404, 405, 501) and not of_2:
                    raise NotReadable(self.name, self._config.url) from error
                raise
            return [
                {name: value for name, value in record.values.items() if value is not None}
                for table in tables
                for record in table.records
            ]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise StoreError(
                self.name,
                f"{self._config.url} answered {error.status}: {error.message}",
                _ADVICE.get(error.status, "Look into the server's log; the hub tries again by itself."),
                retryable=error.status not in (400, 413, 422),
            ) from error
        except (FluxQueryException, FluxCsvParserException) as error:
            raise StoreError(self.name, str(error), "Look into the server's log.") from error
        except (HTTPError, OSError) as error:
            raise StoreError(
                self.name,
                f"{self._config.url} does not answer ({error})",
                "See that InfluxDB runs and that [store.influxdb] url is right.",
            ) from error


_ADVICE = {
    400: "Compare the message with [store.influxdb] in the configuration.",
    401: "Put a valid token with the rights in docs/influxdb.md into [store.influxdb] token.",
    403: "Give the token the rights in docs/influxdb.md.",
    404: "Check [store.influxdb] org and buckets; docs/influxdb.md says how to make them.",
    429: "The server asks for patience; the hub tries again by itself.",
}
