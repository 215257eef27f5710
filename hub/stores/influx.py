"""The server store: InfluxDB 2, for a clinic with many homes. Tags and fields are in docs/influxdb.md."""

# mypy: disable-error-code="no-untyped-call"
# (the client leaves its constructors without annotations)

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
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
from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import SqueezeCounted, WaveformSecond
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Source
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
from .corrections import correct, in_order, whose
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
    from(bucket: bucket) |> range(start: earlier, stop: later)
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


class _Stepped(NamedTuple):
    """A session in which the hub's clock was set: when it began as told, and in truth."""

    child_id: str
    source: Source
    told_at: datetime
    started_at: datetime


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
        for one in self._stepped():
            if (one.child_id, one.source) in sums:
                at = sums[one.child_id, one.source]
                at["last"] = max(at["last"], one.started_at)
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
        rows = self._of_child("session", child_id, since, until)
        for one in stepped:
            if one.child_id == child_id and _comes_in(one, since, until):
                rows += self._at("session", child_id, one.told_at)
        for made in corrections.values():
            if made[0].child_id != child_id and any(one.to_child == child_id for one in made):
                told_at, started_at = _began(made[0], stepped)
                if _within(started_at, since, until):
                    rows += self._at("session", made[0].child_id, told_at)
        once = {point.session_id: point for point in map(session_of, rows)}.values()
        now = [self._corrected(point, corrections.get(point.session_id, ())) for point in once]
        within = (
            point for point in now if point.child_id == child_id and _within(point.started_at, since, until)
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
            told = self._squeezes(point)
            seconds = self._of_session(found, "waveform", *around)
            seconds.sort(key=lambda second: (second["first_index"], second["start_s"]))
            t_s, values = join_waveform(self.name, [(row["start_s"], row["data"]) for row in seconds])
            corrections = in_order(self._corrections().get(session_id, ()))
            now = correct(point, told, corrections)
            return SessionDetail(now.point, now.squeezes, t_s, values, now.set_aside, corrections)
        return None

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""
        rows = self._of_child("strength_test", child_id, since, until)
        stepped = [one.told_at for one in self._stepped() if one.child_id == child_id]
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
        within = (test for test in tests if _within(test.measured_at, since, until))
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
        corrections, stepped = self._corrections(), self._stepped()
        moved = [made for made in corrections.values() if any(one.to_child for one in made)]
        recorded_as = {made[0].child_id for made in moved if any(one.to_child in ids for one in made)}
        read = sorted({*ids, *filter(_PLAIN.fullmatch, recorded_as)})
        of_a_wrong_clock = [one for one in stepped if one.child_id in read]
        rows = self._query(
            _CASELOAD.replace("CHILDREN", f"^({'|'.join(read)})$"),
            beginning=_FIRST,
            # a test has its session's clock, and may be anywhere; there are few
            earlier=_FIRST if of_a_wrong_clock else max(min(tests_since, start), _FIRST),
            later=_LAST if of_a_wrong_clock else stop,
            since=start,
            until=stop,
        )
        sessions = [
            row for row in rows if row["result"] == "sessions" and {"squeezes", "session_id"} <= {*row}
        ]
        for one in of_a_wrong_clock:
            if _comes_in(one, since, until):
                sessions += self._at("session", one.child_id, one.told_at)
        now = (self._corrected_line(row, corrections) for row in sessions)
        lines = {
            line.session_id: line
            for line in now
            if line.child_id in ids and _within(line.started_at, since, until)
        }.values()
        told: dict[str, list[Record]] = defaultdict(list)
        for row in rows:
            told[row["result"]].append(row)
        moved_to_or_from = {
            (child, made[0].source)
            for made in moved
            for child in (made[0].child_id, *(one.to_child for one in made if one.to_child))
        }
        # whose latest session as told may be another's, or of another time
        unsure = {(one.child_id, one.source) for one in stepped} | moved_to_or_from
        return caseload_of(
            child_ids,
            CaseloadRows(
                self._last(ids, told["last"], lines, unsure, until),
                lines,
                self._tests(told["tests"], {one.child_id for one in of_a_wrong_clock}, tests_since, until),
                [ActivityDone.model_validate_json(row["_value"]) for row in told["activities"]],
                [FeedbackGiven.model_validate_json(row["_value"]) for row in told["feedback"]],
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

    def _stepped(self) -> list[_Stepped]:
        return [
            _Stepped(
                row["child"],
                Source(row["source"]),
                row["_time"],
                row["_time"] + timedelta(microseconds=row["_value"]),
            )
            for row in self._query(_STEPPED)
        ]

    def _at(self, measurement: str, child_id: str, at: datetime) -> list[Record]:
        return self._of_child(measurement, child_id, at, at + _TICK)

    def _squeezes(self, told: SessionPoint) -> list[SqueezeCounted]:
        """Squeezes of a session as it was told, in order."""
        step = timedelta(seconds=told.clock_step_s)
        found = {"child": told.child_id, "tool": told.tool_id, "_value": str(told.session_id)}
        around = told.started_at - step - MARGIN, told.ended_at - step + MARGIN
        rows = self._of_session(found, "squeeze", *around)
        squeezes = (squeeze_of(row, told.clock_step_s) for row in rows)
        return sorted(squeezes, key=lambda squeeze: (squeeze.onset_s, squeeze.number))

    def _corrected(self, told: SessionPoint, made: Sequence[SessionCorrected]) -> SessionPoint:
        """A point with its corrections; only where squeezes were corrected, they are read."""
        squeezes = self._squeezes(told) if _of_squeezes(made) else ()
        return correct(told, squeezes, made).point

    def _corrected_line(self, row: Record, corrections: Mapping[UUID, list[SessionCorrected]]) -> SessionLine:
        line = line_of_row(row)
        made = corrections.get(line.session_id, [])
        if _of_squeezes(made):
            for point in map(session_of, self._at("session", row["child"], row["_time"])):
                if point.session_id == line.session_id:
                    return line_of(self._corrected(point, made))
        child_id, hand = whose(line.child_id, line.hand, made)
        return line._replace(child_id=child_id, hand=hand)

    def _last(
        self,
        ids: Sequence[str],
        rows: Iterable[Record],
        lines: Iterable[SessionLine],
        unsure: set[tuple[str, Source]],
        until: datetime,
    ) -> dict[tuple[str, Source], datetime]:
        """Latest sessions: of the range's lines, else of what was told, else of the child's whole trend."""
        last: dict[tuple[str, Source], datetime] = {}

        def take(key: tuple[str, Source], at: datetime) -> None:
            last[key] = max(last.get(key, at), at)

        for line in lines:
            take((line.child_id, line.source), line.started_at)
        for row in rows:
            key = row["child"], Source(row["source"])
            if key not in unsure:
                take(key, row["_time"])
        for child_id in {child for child, source in unsure - last.keys() if child in ids}:
            for point in self.trend(child_id, until=until):
                take((child_id, point.source), point.started_at)
        return last

    def _tests(
        self, rows: Iterable[Record], wrong_clock: set[str], since: datetime, until: datetime
    ) -> list[StrengthTested]:
        """Tests of a caseload; those of children of a session with a wrong clock are read one by one."""
        told = [StrengthTested.model_validate_json(row["_value"]) for row in rows]
        tests = [
            test
            for test in told
            if test.child_id not in wrong_clock and _within(test.measured_at, since, until)
        ]
        for child_id in {test.child_id for test in told} & wrong_clock:
            tests += self.strength_tests(child_id, since=since, until=until)
        return tests

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


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at < until)


def _comes_in(one: _Stepped, since: datetime | None, until: datetime | None) -> bool:
    """Whether a session is of a range, and as it was told is not, so that it has to be read by itself."""
    return _within(one.started_at, since, until) and not _within(one.told_at, since, until)


def _began(one: SessionCorrected, stepped: Iterable[_Stepped]) -> tuple[datetime, datetime]:
    """When a corrected session began as told, and in truth; whoever corrects knows either."""
    for session in stepped:
        if session.child_id == one.child_id and one.measured_at in session[2:]:
            return session.told_at, session.started_at
    return one.measured_at, one.measured_at


def _of_squeezes(made: Iterable[SessionCorrected]) -> bool:
    return any(one.squeeze_id or one.added for one in made)
