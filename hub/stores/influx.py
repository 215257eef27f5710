"""The server store: InfluxDB 2, for a clinic with many homes. Tags and fields are in docs/influxdb.md."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ..config import InfluxConfig
from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Source
from .assembling import join_waveform, standing
from .corrections import correct, in_order, whose
from .influx_caseload import PLAIN, InfluxCaseload
from .influx_points import session_of
from .influx_rows import MARGIN, TICK, InfluxRows, began, comes_in, is_within
from .influx_server import FIRST, NAME, InfluxServer
from .models import CaseloadEntry, ChildOverview, SessionDetail, SessionPoint

#: How long a waveform is kept where nobody says how long; the summaries are kept for ever.
WAVEFORM_RETENTION = timedelta(days=90)

_CHILDREN = """
    ended = from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "session" and r._field == "squeezes")
    ended |> count() |> yield(name: "sessions")
    ended |> sum() |> yield(name: "squeezes")
    ended |> last() |> yield(name: "last")
"""
_TOOLS = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r._measurement == "tool_status" and r._field == "data")
        |> last()
"""
_COUNT = """
    from(bucket: bucket) |> range(start: since, stop: until)
        |> filter(fn: (r) => r.child == child and (r._field == "event_id" or r._field == "session_id"))
        |> group(columns: ["_measurement", "_field"]) |> count()
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

    name = NAME

    def __init__(self, config: InfluxConfig, *, keep_waveforms: timedelta = WAVEFORM_RETENTION) -> None:
        self._server = InfluxServer(config, keep_waveforms)
        self._rows = InfluxRows(self._server)

    def write(self, events: Sequence[Result]) -> None:
        """Store events; returns when the server has them on its disk."""
        self._server.write(events)

    def children(self) -> list[ChildOverview]:
        """All children with at least one ended session, most recent first."""
        sums: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._server.query(_CHILDREN):
            at = sums.setdefault((row["child"], row["source"]), {"sessions": 0, "squeezes": 0, "last": FIRST})
            if row["result"] == "last":
                at["last"] = max(at["last"], row["_time"])
            else:
                at[row["result"]] += row["_value"]
        stepped = self._rows.stepped()
        for one in stepped:
            if (one.child_id, one.source) in sums:
                at = sums[one.child_id, one.source]
                at["last"] = max(at["last"], one.started_at)
        moved: set[str] = set()
        for made in self._rows.corrections().values():
            for told in self._rows.told(made[0], stepped):
                now = self._rows.corrected(told, made)
                for point, sign in ((told, -1), (now, 1)):
                    at = sums.setdefault(
                        (point.child_id, point.source), {"sessions": 0, "squeezes": 0, "last": FIRST}
                    )
                    at["sessions"] += sign
                    at["squeezes"] += sign * point.squeezes
                if now.child_id != told.child_id:
                    moved |= {now.child_id, told.child_id}
        for child_id in moved:  # whose latest session may be another one now
            latest = {point.source: point.started_at for point in self.trend(child_id)}
            for (child, source), at in sums.items():
                if child == child_id:
                    at["last"] = latest.get(Source(source), FIRST)
        found = [
            ChildOverview(child, Source(source), at["sessions"], at["squeezes"], at["last"])
            for (child, source), at in sorted(sums.items())
            if at["sessions"]
        ]
        return sorted(found, key=lambda child: child.last_session_at or FIRST, reverse=True)

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """Ended sessions of a child that started in ``[since, until)``, oldest first; both sources."""
        corrections, stepped = self._rows.corrections(), self._rows.stepped()
        rows = self._rows.of_child("session", child_id, since, until)
        for one in stepped:
            if one.child_id == child_id and comes_in(one, since, until):
                rows += self._rows.at("session", child_id, one.told_at)
        for made in corrections.values():
            if made[0].child_id != child_id and any(one.to_child == child_id for one in made):
                told_at, started_at = began(made[0], stepped)
                if is_within(started_at, since, until):
                    rows += self._rows.at("session", made[0].child_id, told_at)
        once = {point.session_id: point for point in map(session_of, rows)}.values()
        now = [self._rows.corrected(point, corrections.get(point.session_id, ())) for point in once]
        within = (
            point for point in now if point.child_id == child_id and is_within(point.started_at, since, until)
        )
        return sorted(within, key=lambda point: (point.started_at, str(point.session_id)))

    def session(self, session_id: UUID) -> SessionDetail | None:
        """One ended session, or None if there is none of that id."""
        for found in self._rows.find("session", session_id):
            start = found["_time"]
            ended = self._rows.of_session(found, "session", start, start + TICK)
            if not ended:
                continue
            point = session_of(ended[0])
            step = timedelta(seconds=point.clock_step_s)
            around = start - MARGIN, point.ended_at - step + MARGIN
            told = self._rows.squeezes(point)
            seconds = self._rows.of_session(found, "waveform", *around)
            seconds.sort(key=lambda second: (second["first_index"], second["start_s"]))
            t_s, values = join_waveform(self.name, [(row["start_s"], row["data"]) for row in seconds])
            corrections = in_order(self._rows.corrections().get(session_id, ()))
            now = correct(point, told, corrections)
            return SessionDetail(now.point, now.squeezes, t_s, values, now.set_aside, corrections)
        return None

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""
        corrections = self._rows.corrections()
        tests = self._tests_told(child_id, since, until)
        recorded_as = {
            made[0].child_id for made in corrections.values() if any(one.to_child == child_id for one in made)
        }
        for other in recorded_as - {child_id}:
            tests += self._tests_told(other, since, until)
        now = []
        for test in tests:
            whose_child, hand = whose(test.child_id, test.hand, corrections.get(test.session_id, ()))
            if whose_child == child_id:
                now.append(test.model_copy(update={"child_id": child_id, "hand": hand}))
        return sorted(now, key=lambda test: (test.measured_at, str(test.event_id)))

    def _tests_told(
        self, child_id: str, since: datetime | None, until: datetime | None
    ) -> list[StrengthTested]:
        """Tests as they were told of a child, by the right clock."""
        rows = self._rows.of_child("strength_test", child_id, since, until)
        stepped = [one.told_at for one in self._rows.stepped() if one.child_id == child_id]
        if stepped:  # a test has its session's clock
            rows = self._rows.of_child("strength_test", child_id, None, None)
        steps = {
            UUID(row["session_id"]): timedelta(microseconds=row["clock_step_us"])
            for at in stepped
            for row in self._rows.at("session", child_id, at)
            if "clock_step_us" in row
        }
        none = timedelta()
        told = (StrengthTested.model_validate_json(row["data"]) for row in rows)
        tests = [
            test.model_copy(update={"measured_at": test.measured_at + steps.get(test.session_id, none)})
            for test in told
        ]
        return [test for test in tests if is_within(test.measured_at, since, until)]

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """What a child did in ``[since, until)`` and nobody took back, oldest first; both sources."""
        rows = self._rows.of_child("activity_done", child_id, since, until)
        return standing(ActivityDone.model_validate_json(row["data"]) for row in rows)

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """What was said of a child in ``[since, until)`` and not taken back, oldest first; both sources."""
        rows = self._rows.of_child("feedback", child_id, since, until)
        return standing(FeedbackGiven.model_validate_json(row["data"]) for row in rows)

    def tools(self) -> list[ToolSeen]:
        """The latest that is known of every tool, by id."""
        told = [ToolSeen.model_validate_json(row["_value"]) for row in self._server.query(_TOOLS)]
        latest = {tool.tool_id: tool for tool in sorted(told, key=lambda tool: tool.measured_at)}
        return [latest[tool_id] for tool_id in sorted(latest)]

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """Many children at once, each once, in the order given."""
        reader = InfluxCaseload(self._server, self._rows, self)
        return reader.read(child_ids, since=since, until=until, tests_since=tests_since)

    def forget_waveforms(self, now: datetime) -> int:
        """Do nothing: the server's retention does it."""
        return 0

    def count_child(self, child_id: str) -> dict[str, int]:
        """How much there is of a child, by kind; kinds of which there is nothing are left out."""
        found: dict[str, int] = {}
        for bucket in (self._server.bucket, self._server.waveform_bucket):
            for row in self._server.query(_COUNT, bucket=bucket, child=child_id):
                kind = row["_measurement"]
                found[kind] = max(found.get(kind, 0), row["_value"])
        return found

    def erase_child(self, child_id: str) -> None:
        """Delete everything of a child; the server takes it off its disk when it next compacts its files.

        The token must be one that may write both buckets.
        """
        if not PLAIN.fullmatch(child_id):
            return  # nobody has such an id, and in a predicate it could mean more
        self._server.delete(f'child="{child_id}"')

    def squeeze_ids(self, session_id: UUID) -> set[UUID]:
        """Event ids of the squeezes stored for a session, ended or not."""
        found = self._rows.find("squeeze", session_id)
        if not found:
            return set()
        times = [row["_time"] for row in found]
        rows = self._rows.of_session(found[0], "squeeze", min(times), max(times) + TICK)
        return {UUID(row["event_id"]) for row in rows}

    def close(self) -> None:
        """Close the connections."""
        self._server.close()
