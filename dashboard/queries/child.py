"""All that a therapist's page of one child shows, in the period that was chosen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ...hub.config import Config
from ...hub.database.work import Work
from ...hub.measures import Measure, measures
from ...hub.people import places
from ...hub.people.model import Child
from ...hub.program import annotations, commands, visits
from ...hub.program.activity import Library
from ...hub.program.adherence import DayStatus
from ...hub.program.heard import LOOK_BACK, heard, unknown_days
from ...hub.program.home import today as today_in
from ...hub.program.home import zone_of
from ...hub.program.local_days import local_day, noon
from ...hub.program.reading import Picture, compose
from ...hub.program.tables import Annotation, Visit, VisitKind
from ...hub.program.versions import Pause, days
from ...hub.records.said import FeedbackGiven
from ...hub.records.strength import StrengthTested
from ...hub.records.vocabulary import Evidence
from ...hub.trends import Finding, of_tests
from ..results import Results
from .caseload import Line, lines
from .sessions import TESTS_PERIOD, Panel, trend

#: What may be looked at, in weeks.
PERIODS: Final = (4, 8, 26, 52)
GRID: Final = timedelta(weeks=5)
#: Further measures take the curves of so many sessions.
MOST_SESSIONS: Final = 60


@dataclass(frozen=True, slots=True)
class Square:
    """A day of the grid: what a calendar shows of it, and how that is known."""

    day: date
    status: DayStatus
    evidence: tuple[Evidence, ...]
    pause: Pause | None


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands on a chart beside the curves."""

    visits: tuple[Visit, ...]
    notes: tuple[Annotation, ...]
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True)
class Tests:
    """Strength tests of a year, newest first, and what they show: at visits and at home apart."""

    tests: tuple[StrengthTested, ...]
    at_visits: tuple[Finding, ...]
    at_home: tuple[Finding, ...]
    visit_ids: frozenset[UUID]  #: event ids of those that were made on the day of a visit


@dataclass(frozen=True, slots=True)
class Seen:
    """A child, as the page shows it."""

    child: Child
    line: Line
    picture: Picture
    library: Library
    panels: tuple[Panel, ...]
    tests: Tests
    squares: tuple[Square, ...]
    told: tuple[FeedbackGiven, ...]
    marks: Marks


def read(work: Work, results: Results, config: Config, child_id: str, now: datetime, *, weeks: int) -> Seen:
    """Read it.

    Raises
    ------
    NotFound, StoreError
    """
    child = places.child(work, child_id)
    (line,) = lines(work, results, config, now, only=child_id)
    today, zone = today_in(config, now), zone_of(config)
    since, year = now - timedelta(weeks=weeks), now - TESTS_PERIOD
    met = visits.visits(work, child_id)
    notes = annotations.annotations(work, child_id)
    history = commands.history(work, child_id)
    look_back = noon(today - LOOK_BACK, zone)
    tests = results.strength_tests(child_id)
    activities = results.activities(child_id, since=look_back)
    told = results.feedback(child_id, since=min(since, look_back))
    there = heard(work, config).get(child_id)
    picture = compose(
        child_id,
        history,
        results.trend(child_id, since=look_back),
        tests,
        activities,
        told,
        today=today,
        zone=zone,
        unknown=unknown_days(config, there, today, last_told=line.last_at),
        source=line.source,
        met=met,
        written=notes,
    )
    first = local_day(since, zone)
    return Seen(
        child=child,
        line=line,
        picture=picture,
        library=commands.library_for(work, child_id),
        panels=tuple(trend(results, child_id, now, timedelta(weeks=weeks))),
        tests=_tests([test for test in tests if test.measured_at >= year], met, zone),
        squares=_squares(picture),
        told=tuple(one for one in told if one.measured_at >= since),
        marks=Marks(
            tuple(one for one in met if first <= one.day <= today),
            tuple(one for one in notes if one.last >= first),
            tuple(one for one in history.pauses if one.until is None or one.until >= first),
        ),
    )


def more(results: Results, seen: Seen) -> list[Measure]:
    """Further measures of the period, worked out from the curves of its latest sessions."""
    points = [
        point
        for panel in seen.panels
        if panel.source is seen.line.source
        for series in panel.series
        for point in series.points
    ]
    latest = sorted(points, key=lambda point: point.started_at)[-MOST_SESSIONS:]
    details = [detail for point in latest if (detail := results.session(point.session_id))]
    tests = [test for test in reversed(seen.tests.tests) if test.source is seen.line.source]
    return measures(details, tests, seen.child.dominant_hand)


def _tests(tests: Sequence[StrengthTested], met: Collection[Visit], zone: ZoneInfo | None) -> Tests:
    together = {visit.day for visit in met if visit.kind is not VisitKind.CALL}
    there = [test for test in tests if local_day(test.measured_at, zone) in together]
    ids = {test.event_id for test in there}
    return Tests(
        tuple(tests[::-1]),
        tuple(of_tests(there)),
        tuple(of_tests(test for test in tests if test.event_id not in ids)),
        frozenset(ids),
    )


def _squares(picture: Picture) -> tuple[Square, ...]:
    """Whole weeks, the last one with today."""
    today, doings = picture.today, picture.doings
    known: dict[date, set[Evidence]] = {}
    for one in doings.work:
        known.setdefault(one.day, set()).add(one.evidence)
    first = today - GRID + timedelta(days=7 - today.weekday())
    return tuple(
        Square(
            day,
            doings.status(day),
            tuple(evidence for evidence in Evidence if evidence in known.get(day, ())),
            picture.history.paused(day),
        )
        for day in days(first, today - timedelta(days=today.weekday()) + timedelta(days=6))
    )
