"""All that a therapist should look at of one child, the most urgent first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Hand, Purpose
from ..stores.models import Session
from ..trends import Finding, of_sessions, of_tests
from . import alerts
from .adherence import Gap
from .alerts import Alert, Cause
from .faces import PainRule
from .reading import Picture

#: What cannot wait comes first; a child without any of these is a quiet one.
ORDER: Final = (
    Cause.PAIN,
    Cause.STOPPED,
    Cause.HOME_SILENT,
    Cause.DECLINE,
    Cause.TOOL_SILENT,
    Cause.BATTERY,
    Cause.UNREAD,
    Cause.UNANSWERED,
    Cause.VISIT,
)


@dataclass(frozen=True, slots=True)
class Strength:
    """What sessions and tests of a child say, those of one source only.

    Attributes
    ----------
    sessions, tests : tuple of Finding
    """

    sessions: tuple[Finding, ...]
    tests: tuple[Finding, ...]


def strength(seen: Picture, sessions: Iterable[Session], tests: Iterable[StrengthTested]) -> Strength:
    """Follow a child's strength, in what is of the picture's source."""
    return Strength(
        tuple(of_sessions(one for one in sessions if one.source is seen.source)),
        tuple(of_tests(test for test in tests if test.source is seen.source)),
    )


def attention(
    seen: Picture,
    strong: Strength,
    *,
    now: datetime,
    tools: Sequence[ToolSeen] = (),
    used: Iterable[tuple[str, Hand]] = (),
    written_at: datetime | None = None,
    unread: int = 0,
    heard_until: datetime | None = None,
    last_day: date | None = None,
) -> list[Alert]:
    """Everything that somebody should look at, by `ORDER`.

    Parameters
    ----------
    tools, used : sequence of ToolSeen, iterable of (tool id, Hand)
        As `alerts.tools` takes them.
    written_at : datetime, optional
        When a therapist wrote last to the family.
    unread : int
        Messages of the family's that the therapist has not read.
    heard_until : datetime, optional
        When a home that is elsewhere was last heard of.
    last_day : date, optional
        On which something was done last, also before what the picture looks back on.
    """
    program = seen.history.program(seen.today)
    known = [one for one in strong.sessions if one.trend.error.sdd is not None]
    falls = alerts.decline(seen.retained) or alerts.falling(strong.tests) or alerts.falling(known)
    found = [
        *alerts.pain(program.pain if program else PainRule(), seen.feedback, seen.activities, now=now),
        *falls,
        *alerts.messages(unread),
        *alerts.unanswered(seen.feedback, written_at, now=now),
        *alerts.visit_soon((visit.day for visit in seen.visits), today=seen.today),
    ]
    if program and not seen.history.paused(seen.today):
        found += [*alerts.stopped(_gap(seen, last_day)), *alerts.tools(tools, used, now=now)]
        found += alerts.home_silent(heard_until, now=now) if heard_until else []
    once = {one.key: one for one in found}.values()  # both hands may use one tool
    return sorted(once, key=lambda one: ORDER.index(one.cause))


def _gap(seen: Picture, last_day: date | None) -> Gap:
    """How long it is since anything was done, also where that was before what the picture looks back on."""
    gap = seen.doings.gap()
    began = seen.history.versions[0].valid_from if seen.history.versions else None
    if gap.days is None or gap.since or last_day is None or began is None or last_day < began:
        return gap
    return Gap(min(gap.days, (seen.today - last_day).days), last_day, gap.allowed_days)


def tools_used(sessions: Iterable[Session]) -> list[tuple[str, Hand]]:
    """The tools that a child exercises with: of each hand and kind, the one of the latest session."""
    latest: dict[tuple[Hand, str], Session] = {}
    for one in sessions:
        if one.purpose is Purpose.EXERCISE:
            known = latest.get((one.hand, one.tool_kind))
            if known is None or known.started_at <= one.started_at:
                latest[one.hand, one.tool_kind] = one
    return [(one.tool_id, hand) for (hand, _), one in sorted(latest.items())]
