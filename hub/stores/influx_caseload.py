"""Many children at once, out of InfluxDB in one answer."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.strength import StrengthTested
from ..records.vocabulary import Source
from .assembling import CaseloadRows, caseload_of, line_of
from .contract import ChildResults
from .corrections import whose
from .influx_points import LINE, Record, line_of_row, session_of
from .influx_rows import PIVOT, InfluxRows, comes_in, is_within, of_squeezes
from .influx_server import FIRST, LAST, InfluxServer
from .models import CaseloadEntry, SessionLine

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
        {PIVOT} |> yield(name: "sessions")
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
#: What may stand in an expression: ids, which have no sign that means anything there.
PLAIN = re.compile(r"[a-z0-9_-]+")


class InfluxCaseload:
    """Reads caseloads.

    Parameters
    ----------
    one_by_one : ChildResults
        Asked for the few children of whom the answer for all is not enough.
    """

    def __init__(self, server: InfluxServer, rows: InfluxRows, one_by_one: ChildResults) -> None:
        self._server = server
        self._rows = rows
        self._one_by_one = one_by_one

    def read(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """Many children at once, each once, in the order given."""
        start, stop = max(since, FIRST), min(until, LAST)
        ids = sorted(set(filter(PLAIN.fullmatch, child_ids)))
        if start >= stop or not ids:
            return caseload_of(child_ids, CaseloadRows({}, (), (), (), ()))
        corrections, stepped = self._rows.corrections(), self._rows.stepped()
        moved = [made for made in corrections.values() if any(one.to_child for one in made)]
        recorded_as = {made[0].child_id for made in moved if any(one.to_child in ids for one in made)}
        read = sorted({*ids, *filter(PLAIN.fullmatch, recorded_as)})
        of_a_wrong_clock = [one for one in stepped if one.child_id in read]
        rows = self._server.query(
            _CASELOAD.replace("CHILDREN", f"^({'|'.join(read)})$"),
            beginning=FIRST,
            # a test has its session's clock, and may be anywhere; there are few
            earlier=FIRST if of_a_wrong_clock else max(min(tests_since, start), FIRST),
            later=LAST if of_a_wrong_clock else stop,
            since=start,
            until=stop,
        )
        sessions = [
            row for row in rows if row["result"] == "sessions" and {"squeezes", "session_id"} <= {*row}
        ]
        for one in of_a_wrong_clock:
            if comes_in(one, since, until):
                sessions += self._rows.at("session", one.child_id, one.told_at)
        now = (self._corrected_line(row, corrections) for row in sessions)
        lines = {
            line.session_id: line
            for line in now
            if line.child_id in ids and is_within(line.started_at, since, until)
        }.values()
        told: dict[str, list[Record]] = defaultdict(list)
        for row in rows:
            told[row["result"]].append(row)
        moved_to_or_from = {
            (child, made[0].source)
            for made in moved
            for child in (made[0].child_id, *(one.to_child for one in made if one.to_child))
        }
        # whose tests are not as they were told, or of another time
        retold = {one.child_id for one in of_a_wrong_clock} | {
            child
            for made in corrections.values()
            if any(one.to_child or one.to_hand for one in made)
            for child in (made[0].child_id, *(one.to_child for one in made if one.to_child))
        }
        # whose latest session as told may be another's, or of another time
        unsure = {(one.child_id, one.source) for one in stepped} | moved_to_or_from
        return caseload_of(
            child_ids,
            CaseloadRows(
                self._last(ids, told["last"], lines, unsure, until),
                lines,
                self._tests(told["tests"], retold.intersection(ids), retold, tests_since, until),
                [ActivityDone.model_validate_json(row["_value"]) for row in told["activities"]],
                [FeedbackGiven.model_validate_json(row["_value"]) for row in told["feedback"]],
            ),
        )

    def _corrected_line(self, row: Record, corrections: Mapping[UUID, list[SessionCorrected]]) -> SessionLine:
        line = line_of_row(row)
        made = corrections.get(line.session_id, [])
        if of_squeezes(made):
            for point in map(session_of, self._rows.at("session", row["child"], row["_time"])):
                if point.session_id == line.session_id:
                    return line_of(self._rows.corrected(point, made))
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
            for point in self._one_by_one.trend(child_id, until=until):
                take((child_id, point.source), point.started_at)
        return last

    def _tests(
        self, rows: Iterable[Record], one_by_one: set[str], retold: set[str], since: datetime, until: datetime
    ) -> list[StrengthTested]:
        """Tests of a caseload; those of children of whom not all is as it was told are read one by one."""
        told = [StrengthTested.model_validate_json(row["_value"]) for row in rows]
        tests = [
            test for test in told if test.child_id not in retold and is_within(test.measured_at, since, until)
        ]
        for child_id in one_by_one:
            tests += self._one_by_one.strength_tests(child_id, since=since, until=until)
        return tests
