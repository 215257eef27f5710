"""What somebody should look at: rules without a clock; for parents, only what they can act on.

Every alert has a key that stays the same while its cause lasts, so that it is told once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from ..records import ActivityDone, FeedbackGiven, Hand, ToolSeen
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
    """

    key: str
    cause: Cause
    audience: frozenset[Audience]
    words: str


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
        )
    ]


def pain(
    rule: PainRule, feedback: Iterable[FeedbackGiven], activities: Iterable[ActivityDone], *, now: datetime
) -> list[Alert]:
    """A session ended for pain, or pain rose by as much as would have ended it, within the last week."""
    days: dict[date, str] = {}
    for said in feedback:
        if said.pain_after is not None and rule.stops(said.pain_before, said.pain_after):
            before = "" if said.pain_before is None else f" from {said.pain_before}"
            days[said.day or said.measured_at.date()] = f"Pain rose{before} to {said.pain_after} of 10"
    for done in activities:
        if done.ended_by == "pain":
            days.setdefault(done.day or done.measured_at.date(), "A session ended for pain")
    return [
        Alert(
            f"pain:{day}", Cause.PAIN, _THERAPIST, f"{what} on {day}. Talk to the family before the next one."
        )
        for day, what in sorted(days.items())
        if now.date() - day <= RECENT
    ]


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
        )
        for side, one in sorted(latest.items())
        if one.retained is Retained.LOST
    ]


def falling(findings: Iterable[Finding]) -> list[Alert]:
    """Strength tests fall, beyond chance and the measurement error; of each hand, its present series."""
    latest = {finding.key.side: finding for finding in findings if finding.results}
    return [
        Alert(
            f"falling:{side}:{finding.results[-1][1]:%Y-%m-%d}",
            Cause.DECLINE,
            _THERAPIST,
            f"The {side} hand: {finding.statement} Test again before you conclude anything.",
        )
        for side, finding in sorted(latest.items())
        if finding.trend.verdict is Verdict.FALLING
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
            found.append(Alert(f"silent:{tool_id}:{heard:%Y-%m-%d}", Cause.TOOL_SILENT, _BOTH, words))
        elif tool.battery_percent is not None and tool.battery_percent < LOW_BATTERY_PERCENT:
            words = f"The {kind} for the {hand} hand has {tool.battery_percent} % left. Charge it tonight."
            found.append(Alert(f"battery:{tool_id}", Cause.BATTERY, _BOTH, words))
    return found


def for_whom(alerts: Iterable[Alert], audience: Audience) -> list[Alert]:
    """Those that somebody is told."""
    return [alert for alert in alerts if audience in alert.audience]
