"""Who of a therapist's children needs them today: one line a child, all of them read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ...hub.config import Config
from ...hub.database.work import Work
from ...hub.people import places
from ...hub.people.model import Child
from ...hub.program import commands, post, visits
from ...hub.program.adherence import WINDOWS, Adherence
from ...hub.program.alerts import Alert
from ...hub.program.attention import ORDER, Strength, attention, strength, tools_used
from ...hub.program.conversation import unread
from ...hub.program.heard import heard, unknown_days
from ...hub.program.home import today as today_in
from ...hub.program.home import zone_of
from ...hub.program.local_days import local_day, noon
from ...hub.program.reading import Picture, compose
from ...hub.program.tables import Visit
from ...hub.program.versions import Pause
from ...hub.records.said import FeedbackGiven
from ...hub.records.tool import ToolSeen
from ...hub.records.vocabulary import Hand, Source
from ...hub.stores.models import CaseloadEntry
from ...hub.trends import Finding, Verdict
from ..results import Results

#: What a trend of exercise looks back on, as on a child's page.
PERIOD: Final = timedelta(weeks=8)
#: Strength tests and visits are months apart.
YEAR: Final = timedelta(weeks=52)
SILENT_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Line:
    """What there is to know of a child before one opens it.

    Attributes
    ----------
    alerts : tuple of Alert
        Why it needs somebody, the most urgent first; empty for a quiet one.
    week, month : Adherence or None
        Of the last 7 and 28 days; None where there is no program.
    trends : mapping of Hand to Finding
        Of the present series of each hand, of tests where they say something, else of exercise.
    last_at : datetime or None
        When something was done last, measured or ticked.
    silent_days : int or None
        Days since then.
    pain : FeedbackGiven or None
        The latest of the last four weeks in which pain was told.
    week_sessions : int
        Sessions with a tool in the last seven days.
    paused : Pause or None
        The pause of today.
    source : Source
        Of what tools measured.
    """

    child_id: str
    name: str
    alerts: tuple[Alert, ...]
    week: Adherence | None
    month: Adherence | None
    trends: Mapping[Hand, Finding]
    last_at: datetime | None
    silent_days: int | None
    pain: FeedbackGiven | None
    week_sessions: int
    paused: Pause | None
    source: Source

    @property
    def silent(self) -> bool:
        """Whether nothing was done for more than a week, and no pause says why."""
        return self.paused is None and (self.silent_days is None or self.silent_days > SILENT_DAYS)


def lines(
    work: Work, results: Results, config: Config, now: datetime, *, only: str | None = None
) -> list[Line]:
    """Every child of the viewer's, or one of them; whoever needs them first, of two alike by name."""
    children = [child for child in places.children(work) if only in (None, child.id)]
    homes = heard(work, config)
    histories = commands.histories(work) if only is None else {only: commands.history(work, only)}
    written, waiting = post.last_written(work), unread(work)
    today, zone = today_in(config, now), zone_of(config)
    off = unknown_days(config, None, today)
    met: dict[str, list[Visit]] = {}
    for visit in visits.all_visits(work, since=today - YEAR, until=today + YEAR):
        met.setdefault(visit.child_id, []).append(visit)
    entries = results.caseload(
        [child.id for child in children],
        since=noon(today - PERIOD, zone),
        until=now,
        tests_since=noon(today - YEAR, zone),
    )
    used = {entry.child_id: tools_used(entry.sessions) for entry in entries}
    tools = {
        tool.tool_id: tool for tool in results.tools({id_ for pairs in used.values() for id_, _ in pairs})
    }
    found = []
    for child, entry in zip(children, entries, strict=True):
        own = [tools[tool_id] for tool_id, _ in used[child.id] if tool_id in tools]
        there, last = homes.get(child.id), _last_told(entry, own)
        seen = compose(
            child.id,
            histories[child.id],
            entry.sessions,
            entry.tests,
            entry.activities,
            entry.feedback,
            today=today,
            zone=zone,
            unknown=unknown_days(config, there, today, last_told=last) if there else off,
            # nothing measured lately: what was measured last says what kind of child it is
            source=Source.SIMULATED if {*entry.last} == {Source.SIMULATED} else None,
            met=met.get(child.id, ()),
        )
        last_at = _last_at(entry, seen.source)
        strong = strength(seen, entry.sessions, entry.tests)
        alerts = attention(
            seen,
            strong,
            now=now,
            tools=own,
            used=used[child.id],
            written_at=written.get(child.id),
            unread=waiting.get(child.id, 0),
            last_day=local_day(last_at, zone) if last_at else None,
            heard_until=max(filter(None, (there.at, last)), default=None) if there else None,
        )
        found.append(_line(child, entry, seen, alerts, strong, last_at, zone))
    return sorted(found, key=_urgency)


def _line(
    child: Child,
    entry: CaseloadEntry,
    seen: Picture,
    alerts: Sequence[Alert],
    strong: Strength,
    last_at: datetime | None,
    zone: ZoneInfo | None,
) -> Line:
    asked = [seen.doings.adherence(window) for window in WINDOWS] if seen.history.versions else None
    week = seen.today - timedelta(days=6)
    return Line(
        child_id=child.id,
        name=child.name,
        alerts=tuple(alerts),
        week=asked[0] if asked else None,
        month=asked[1] if asked else None,
        trends=present(strong),
        last_at=last_at,
        silent_days=(seen.today - local_day(last_at, zone)).days if last_at else None,
        pain=_pain(entry.feedback, seen.today - timedelta(days=27)),
        week_sessions=sum(
            one.source is seen.source and local_day(one.started_at, zone) >= week for one in entry.sessions
        ),
        paused=seen.history.paused(seen.today),
        source=seen.source,
    )


def _last_at(entry: CaseloadEntry, source: Source) -> datetime | None:
    """When something was done last, measured or ticked."""
    done = [one.measured_at for one in entry.activities]
    return max([*done, *([entry.last[source]] if source in entry.last else [])], default=None)


def present(strong: Strength) -> dict[Hand, Finding]:
    """What each hand's present series says: that of tests, unless they are too few to say anything."""
    shown: dict[Hand, Finding] = {}
    for finding in sorted(strong.sessions, key=lambda one: one.results[-1][1]):
        shown[Hand(finding.key.side)] = finding
    for finding in sorted(strong.tests, key=lambda one: one.results[-1][1]):
        hand = Hand(finding.key.side)
        if finding.trend.verdict is not Verdict.TOO_FEW or hand not in shown:
            shown[hand] = finding
    return shown


def _pain(feedback: Sequence[FeedbackGiven], since: date) -> FeedbackGiven | None:
    told = [
        one
        for one in feedback
        if not one.pain_before is one.pain_after is None and (one.day or one.measured_at.date()) >= since
    ]
    return told[-1] if told else None


def _last_told(entry: CaseloadEntry, tools: Sequence[ToolSeen]) -> datetime | None:
    """When anything that came of a child was measured or said last."""
    told = [*entry.last.values(), *(one.measured_at for one in (*entry.activities, *entry.feedback, *tools))]
    return max(told, default=None)


def _urgency(line: Line) -> tuple[int, float, str, str]:
    first = line.alerts[0] if line.alerts else None
    place = ORDER.index(first.cause) if first else len(ORDER)
    return place, -float(line.silent_days or 0) if first else 0.0, line.name.casefold(), line.child_id
