"""What somebody should look at: rules without a clock; for parents, only what they can act on.

Every alert has a key that stays the same while its cause lasts, so that it is told once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from ...firmware_bridge.samples import ToolKind, Unit
from ..records.said import ActivityDone, FeedbackGiven
from ..records.tool import ToolSeen
from ..records.vocabulary import Hand
from ..trends import Finding, Verdict
from .adherence import Gap
from .faces import PainRule
from .retention import Retained, Retention

#: A tool that nobody heard for so long, though it is asked for: empty, lost, or out of reach.
SILENT: Final = timedelta(days=4)
#: Below, a tool may not last a week.
LOW_BATTERY_PERCENT: Final = 20
#: Pain is told for so long after it was.
RECENT: Final = timedelta(days=7)
#: Of a home that was not heard of for so long, nobody knows what was done.
HOME_SILENT: Final = timedelta(days=7)
#: What a family wrote longer ago was answered at a visit, or is not waited for any more.
ANSWER_WITHIN: Final = timedelta(days=14)
VISIT_SOON: Final = timedelta(days=2)


class Audience(StrEnum):
    """Who is told."""

    THERAPIST = "therapist"
    PARENT = "parent"


class Cause(StrEnum):
    """What it is about."""

    STOPPED = "stopped_logging"
    PAIN = "pain"
    DECLINE = "decline"
    TOOL_SILENT = "tool_silent"
    BATTERY = "battery"
    HOME_SILENT = "home_silent"
    UNREAD = "unread"
    UNANSWERED = "unanswered"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to look at.

    Attributes
    ----------
    key : str
        The same while the cause lasts.
    audience : frozenset of Audience
    words : str
        A sentence that ends in what to do; for parents it is written so that they can.
    day : date or None
        When it was, or since when; of a visit, when it will be.
    hand : Hand or None
    tool_kind : ToolKind or None
    before, after : float or None
        What it was and became: pain, strength in `unit`; `after` alone: days, per cent of a battery.
    unit : Unit or None
    """

    key: str
    cause: Cause
    audience: frozenset[Audience]
    words: str
    day: date | None = None
    hand: Hand | None = None
    tool_kind: ToolKind | None = None
    before: float | None = None
    after: float | None = None
    unit: Unit | None = None


_BOTH: Final = frozenset(Audience)
_THERAPIST: Final = frozenset({Audience.THERAPIST})


def stopped(gap: Gap) -> list[Alert]:
    """Nothing was done for too long. Paused days and those that nobody knows of are not counted in a gap."""
    if not gap.too_long:
        return []
    since = f"since {gap.since}" if gap.since else "since the program began"
    return [
        Alert(
            f"stopped:{gap.since}",
            Cause.STOPPED,
            _THERAPIST,
            f"Nothing was done {since}, {gap.days} days in all. Ask the family how things are.",
            day=gap.since,
            after=gap.days,
        )
    ]


def pain(
    rule: PainRule, feedback: Iterable[FeedbackGiven], activities: Iterable[ActivityDone], *, now: datetime
) -> list[Alert]:
    """A session ended for pain, or pain rose by as much as would have ended it, within the last week."""
    days: dict[date, tuple[int | None, int | None]] = {}
    for said in feedback:
        if said.pain_after is not None and rule.stops(said.pain_before, said.pain_after):
            days[said.day or said.measured_at.date()] = said.pain_before, said.pain_after
    for done in activities:
        if done.ended_by == "pain":
            days.setdefault(done.day or done.measured_at.date(), (None, None))
    return [
        Alert(
            f"pain:{day}",
            Cause.PAIN,
            _THERAPIST,
            f"{_pain(before, after)} on {day}. Talk to the family before the next one.",
            day=day,
            before=before,
            after=after,
        )
        for day, (before, after) in sorted(days.items())
        if now.date() - day <= RECENT
    ]


def _pain(before: int | None, after: int | None) -> str:
    if after is None:
        return "A session ended for pain"
    return f"Pain rose{'' if before is None else f' from {before}'} to {after} of 10"


def decline(retained: Iterable[Retention]) -> list[Alert]:
    """Strength was lost between the two latest visits, beyond the measurement error."""
    latest: dict[str, Retention] = {}
    for one in retained:
        if one.key.side not in latest or one.until >= latest[one.key.side].until:
            latest[one.key.side] = one
    return [
        Alert(
            f"decline:{side}:{one.until}",
            Cause.DECLINE,
            _THERAPIST,
            f"The {side} hand was {-one.change:.1f} {one.key.unit} weaker on {one.until} "
            f"than on {one.since}, more than the measurement error. Test again before you conclude anything.",
            day=one.until,
            hand=Hand(side),
            before=one.before,
            after=one.after,
            unit=one.key.unit,
        )
        for side, one in sorted(latest.items())
        if one.retained is Retained.LOST
    ]


def falling(findings: Iterable[Finding]) -> list[Alert]:
    """Results fall, beyond chance and a known measurement error; of each hand, its present series."""
    latest = {finding.key.side: finding for finding in findings if finding.results}
    return [
        Alert(
            f"falling:{side}:{finding.results[-1][1]:%Y-%m-%d}",
            Cause.DECLINE,
            _THERAPIST,
            f"The {side} hand: {finding.statement} Test again before you conclude anything.",
            day=finding.results[-1][1].date(),
            hand=Hand(side),
            before=finding.trend.start,
            after=finding.trend.start + finding.trend.change.value,
            unit=finding.key.unit,
        )
        for side, finding in sorted(latest.items())
        if finding.trend.verdict is Verdict.FALLING and finding.trend.start and finding.trend.change
    ]


def tools(seen: Sequence[ToolSeen], wanted: Iterable[tuple[str, Hand]], *, now: datetime) -> list[Alert]:
    """Tools that the program needs and that are silent or nearly empty.

    Parameters
    ----------
    wanted : iterable of (tool id, hand)
        Of the tools that the child's program asks for.
    """
    known = {one.tool_id: one for one in seen}
    found: list[Alert] = []
    for tool_id, hand in wanted:
        tool = known.get(tool_id)
        if tool is None:
            continue  # nobody knows of it yet: that is said where tools are listed
        heard = tool.seen_at or tool.measured_at
        kind = tool.tool_kind or "tool"
        if now - heard > SILENT:
            words = (
                f"The {kind} for the {hand} hand was not heard since {heard:%Y-%m-%d}. "
                "Charge it, bring it near, and squeeze it once."
            )
            found.append(
                Alert(
                    f"silent:{tool_id}:{heard:%Y-%m-%d}",
                    Cause.TOOL_SILENT,
                    _BOTH,
                    words,
                    heard.date(),
                    hand,
                    tool.tool_kind,
                )
            )
        elif tool.battery_percent is not None and tool.battery_percent < LOW_BATTERY_PERCENT:
            words = f"The {kind} for the {hand} hand has {tool.battery_percent} % left. Charge it tonight."
            found.append(
                Alert(
                    f"battery:{tool_id}",
                    Cause.BATTERY,
                    _BOTH,
                    words,
                    hand=hand,
                    tool_kind=tool.tool_kind,
                    after=tool.battery_percent,
                )
            )
    return found


def home_silent(heard_until: datetime, *, now: datetime) -> list[Alert]:
    """Nothing has come from a home for so long that nobody knows what was done there."""
    if now - heard_until <= HOME_SILENT:
        return []
    day = heard_until.date()
    return [
        Alert(
            f"home:{day}",
            Cause.HOME_SILENT,
            _THERAPIST,
            f"Nothing has come from this home since {day}, so nobody knows what was done. "
            "Ask the family whether GripHub runs and has its internet.",
            day=day,
        )
    ]


def messages(unread: int) -> list[Alert]:
    """The family has written, and it was not read yet."""
    if not unread:
        return []
    what = "A message" if unread == 1 else f"{unread} messages"
    return [
        Alert("unread", Cause.UNREAD, _THERAPIST, f"{what} of the family's to read.", after=float(unread))
    ]


def unanswered(
    feedback: Iterable[FeedbackGiven], written_at: datetime | None, *, now: datetime
) -> list[Alert]:
    """The family wrote something beside an exercise, and no therapist wrote back since."""
    told = [one for one in feedback if one.observation and now - one.measured_at <= ANSWER_WITHIN]
    if not told:
        return []
    latest = max(told, key=lambda one: one.measured_at)
    if written_at is not None and written_at >= latest.measured_at:
        return []
    day = latest.day or latest.measured_at.date()
    return [
        Alert(
            f"unanswered:{latest.event_id}",
            Cause.UNANSWERED,
            _THERAPIST,
            f"The family wrote on {day} and has no answer yet. Write back.",
            day=day,
        )
    ]


def visit_soon(visits: Iterable[date], *, today: date) -> list[Alert]:
    """The next visit is near."""
    coming = min((day for day in visits if today <= day <= today + VISIT_SOON), default=None)
    if coming is None:
        return []
    return [
        Alert(
            f"visit:{coming}",
            Cause.VISIT,
            _THERAPIST,
            f"A visit on {coming}. Look through the weeks since the last one.",
            day=coming,
        )
    ]


def for_whom(alerts: Iterable[Alert], audience: Audience) -> list[Alert]:
    """Those that somebody is told."""
    return [alert for alert in alerts if audience in alert.audience]
