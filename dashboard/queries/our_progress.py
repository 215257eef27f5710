"""What a family sees of the last weeks: what was done, what it came to, what there is to be glad about."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.program import commands, home
from ...hub.program.activity import Library
from ...hub.program.adherence import Adherence, DayStatus, Doings
from ...hub.program.attention import strength
from ...hub.program.local_days import local_day
from ...hub.program.prescription import Program
from ...hub.program.reading import Picture, picture
from ...hub.program.retention import Retention
from ...hub.program.streak import streak
from ...hub.records.vocabulary import Purpose
from ...hub.stores.contract import ChildResults
from ...hub.stores.models import SessionPoint
from ...hub.trends import Finding

#: This week and four before it: as far back as a program's numbers go.
WEEKS: Final = 5
#: Trends look back on this much, and on a year of strength tests.
PERIOD: Final = timedelta(weeks=8)
YEAR: Final = timedelta(weeks=52)
#: Corrected sessions that are told of; the others say it on a page of their own.
CORRECTED: Final = 3

_DAY: Final = timedelta(days=1)
#: From here on a parent's or child's word means that it was fun.
_FUN: Final = 8
#: Nothing that was planned is missing, but for rounding.
_WHOLE_PERCENT: Final = 99.5


class WinKind(StrEnum):
    """What there is to be glad about."""

    KEPT_UP = "kept_up"  #: days of practice without a long break
    WHOLE_WEEKS = "whole_weeks"  #: weeks in which all that was planned was done
    BEST_DAY = "best_day"  #: more squeezes on a day than on any before
    SQUEEZES = "squeezes"  #: all of them
    FUN = "fun"  #: days that were fun


@dataclass(frozen=True, slots=True)
class Win:
    """Something to be glad about; `day` is when, where it was on one day."""

    kind: WinKind
    number: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday on.

    Attributes
    ----------
    days : tuple of (date, DayStatus)
        All seven; one on which something was done is done at least in part, asked for or not.
    adherence : Adherence
        Of its days so far.
    """

    days: tuple[tuple[date, DayStatus], ...]
    adherence: Adherence

    @property
    def practised(self) -> int:
        """Days on which something was done."""
        return sum(status in (DayStatus.DONE, DayStatus.PARTLY) for _, status in self.days)


@dataclass(frozen=True, slots=True)
class OurProgress:
    """The last weeks of a child.

    Attributes
    ----------
    weeks : tuple of Week
        The latest first, none before the program began or anything was done.
    exercise, tests : tuple of Finding
        Of each hand, its present series.
    retained : tuple of Retention
        Of each hand, from the last visit but one to the last.
    sessions : tuple of SessionPoint
        The latest first.
    """

    seen: Picture
    library: Library
    weeks: tuple[Week, ...]
    wins: tuple[Win, ...]
    exercise: tuple[Finding, ...]
    tests: tuple[Finding, ...]
    retained: tuple[Retention, ...]
    sessions: tuple[SessionPoint, ...]

    @property
    def program(self) -> Program | None:
        """What is asked for today."""
        return self.seen.history.program(self.seen.today)

    @property
    def corrected(self) -> list[UUID]:
        """The latest sessions that somebody corrected."""
        return [one.session_id for one in self.sessions if one.recorded][:CORRECTED]


def of_child(
    config: Config, database: Database, results: ChildResults, actor: Actor, child_id: str, *, now: datetime
) -> OurProgress:
    """Read the last weeks of a child, in the name of somebody who may see it.

    Raises
    ------
    NotFound, StoreError
    """
    seen = picture(config, database, results, actor, child_id, now=now)
    with database.reading(actor, "dashboard.our_progress") as work:
        library = commands.library_for(work, child_id)
    sessions = [
        one
        for one in results.trend(child_id, since=now - PERIOD)
        if one.source is seen.source and one.purpose is Purpose.EXERCISE
    ]
    strong = strength(seen, sessions, results.strength_tests(child_id, since=now - YEAR))
    zone = home.zone_of(config)
    squeezes = Counter[date]()
    for one in sessions:
        squeezes[local_day(one.started_at, zone)] += one.squeezes
    found = tuple(weeks(seen.doings))
    fun = {
        said.day or local_day(said.measured_at, zone)
        for said in seen.feedback
        if said.enjoyment is not None and said.enjoyment >= _FUN
    }
    return OurProgress(
        seen=seen,
        library=library,
        weeks=found,
        wins=tuple(wins(seen.doings, found, squeezes, len(fun))),
        exercise=_present(strong.sessions),
        tests=_present(strong.tests),
        retained=tuple({one.key.side: one for one in seen.retained}.values()),
        sessions=tuple(sorted(sessions, key=lambda one: one.started_at, reverse=True)),
    )


def weeks(doings: Doings) -> list[Week]:
    """The last weeks, the latest first."""
    worked = {one.day for one in doings.work}
    monday = doings.today - timedelta(days=doings.today.weekday())
    found = []
    for number in range(WEEKS):
        first = monday - timedelta(weeks=number)
        span = [first + n * _DAY for n in range(7)]
        last = min(span[-1], doings.today)
        states = tuple((day, _state(doings, day, day in worked)) for day in span)
        if any(state not in (DayStatus.NO_PROGRAM, DayStatus.NOT_YET) for _, state in states) or number == 0:
            found.append(Week(states, doings.adherence((last - first).days + 1, until=last)))
    return found


def wins(doings: Doings, found: Sequence[Week], squeezes: Counter[date], fun: int) -> list[Win]:
    """What there is to be glad about; nothing that is missing is ever named.

    Parameters
    ----------
    squeezes : Counter of date
        That tools counted, by day.
    fun : int
        Days that were fun.
    """
    kept = len(streak(doings))
    whole = sum((week.adherence.percent or 0) >= _WHOLE_PERCENT for week in found[1:])
    recent = {day: n for day, n in squeezes.items() if day > doings.today - timedelta(days=7)}
    before = [n for day, n in squeezes.items() if day not in recent]
    all_wins = [Win(WinKind.KEPT_UP, kept)] if kept > 1 else []
    if whole:
        all_wins.append(Win(WinKind.WHOLE_WEEKS, whole))
    if recent and before and max(recent.values()) > max(before):
        best = max(recent, key=recent.__getitem__)
        all_wins.append(Win(WinKind.BEST_DAY, recent[best], best))
    if total := squeezes.total():
        all_wins.append(Win(WinKind.SQUEEZES, total))
    if fun:
        all_wins.append(Win(WinKind.FUN, fun))
    return all_wins


def _state(doings: Doings, day: date, worked: bool) -> DayStatus:
    state = doings.status(day)
    return DayStatus.PARTLY if worked and state is not DayStatus.DONE else state


def _present(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The series of each hand that goes on now."""
    latest: dict[str, Finding] = {}
    for one in sorted(findings, key=lambda finding: finding.results[-1][1]):
        latest[one.key.side] = one
    return tuple(latest.values())
