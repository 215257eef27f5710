"""What the page for a visit says, line by line: the same on screen and on paper."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from ..hub.export.visit import Pain, Visit
from ..hub.program.adherence import Adherence, DayStatus
from ..hub.records.vocabulary import Evidence
from ..hub.trends import Finding
from . import dose_words, findings, program_words, words
from .i18n import N_, _, ngettext

#: Headings, each with what stands below it where there is nothing.
ASKED: Final = N_("What was asked"), N_("No program is recorded for this period.")
GOALS: Final = N_("What it is for"), N_("No everyday goal is recorded.")
DAYS: Final = N_("The last 28 days"), N_("Nothing was asked.")
STRENGTH: Final = N_("Strength"), N_("No strength was measured in this period.")
BETWEEN: Final = N_("Between visits"), ""
PAIN: Final = N_("Pain, before → after (faces, 0 to 10)"), N_("Nobody recorded pain.")
NOTES: Final = N_("Notes"), N_("No notes.")

_EVIDENCE: Final = {
    Evidence.SENSOR: N_("{percent} % measured by a tool"),
    Evidence.PARENT: N_("{percent} % told by a parent"),
    Evidence.THERAPIST: N_("{percent} % seen by a therapist"),
}
#: Mark of a day's square, and what the legend says of it.
MARKS: Final = {
    DayStatus.DONE: ("✓", N_("✓ done")),
    DayStatus.PARTLY: ("", N_("% partly")),
    DayStatus.MISSED: ("", N_("empty: not done")),
    DayStatus.UNKNOWN: ("?", N_("? not known")),
    DayStatus.PAUSED: ("II", N_("II paused")),
    DayStatus.FREE: ("–", N_("– not asked")),
    DayStatus.NO_PROGRAM: ("–", N_("– not asked")),
    DayStatus.NOT_YET: ("…", N_("… not over")),
}


def period(visit: Visit) -> str:
    """From when to when."""
    return _("{first} to {last}").format(first=words.date_of(visit.first), last=words.date_of(visit.last))


def asked(visit: Visit) -> list[str]:
    """What the program asks for, an item each."""
    return [
        f"{dose_words.title_of(visit.library.get(item.activity), item.activity)}, {program_words.item(item)}"
        for item in visit.asked
    ]


def adherence(found: Adherence | None) -> list[str]:
    """How much of it was done, with its evidence."""
    if found is None or found.percent is None:
        return []
    shares = ((form, found.percent_by(kind) or 0.0) for kind, form in _EVIDENCE.items())
    how = [_(form).format(percent=words.decimal(share, 0)) for form, share in shares if share >= 0.5]
    percent = words.decimal(found.percent, 0)
    said = (
        _("{percent} % of what was asked was done: {how}.").format(percent=percent, how=", ".join(how))
        if how
        else _("{percent} % of what was asked was done.").format(percent=percent)
    )
    if found.unknown:
        said += " " + ngettext(
            "Of {number} day nothing is known; it does not count as missed.",
            "Of {number} days nothing is known; they do not count as missed.",
            len(found.unknown),
        )
    return [said]


def strength(finding: Finding) -> str:
    """What a series shows, with its hand and tool."""
    key = finding.key
    tool = f"{words.tool(key.kind)} {key.tool}"
    return f"{words.hand(key.side)}, {tool}, {findings.measure(finding)}: {findings.statement(finding)}"


def between(visit: Visit) -> list[str]:
    """What of one visit's strength was there at the next."""
    return [findings.retained(one) for one in visit.retained]


def pain(pains: Sequence[Pain]) -> list[str]:
    """Faces of all days in a line."""

    def face(value: int | None) -> str:
        return "–" if value is None else str(value)

    told = [f"{words.short_date(one.day)}: {face(one.before)} → {face(one.after)}" for one in pains]
    return [",  ".join(told)] if told else []


def notes(visit: Visit) -> list[str]:
    """What was written down, and a break."""
    found = [f"{_span(one.first, one.last)}: {one.words}" for one in visit.notes]
    if visit.paused:
        found.append(
            _("On a break since {day}: {reason}.").format(
                day=words.short_date(visit.paused.since), reason=dose_words.pause_reason(visit.paused.reason)
            )
        )
    return found


def method(visit: Visit) -> str:
    """Tools and protocols, and what measurement error rests on."""
    lines: dict[str, None] = {}
    for one in visit.findings:
        parts = [f"{words.tool(one.key.kind)} {one.key.tool}"]
        parts += [_("firmware {version}").format(version=one.key.firmware)] if one.key.firmware else []
        parts += [_("calibrated")] if one.key.calibration else []
        lines[f"{', '.join(parts)}: {findings.measure(one)}."] = None
        lines[findings.error(one)] = None
    return " ".join(line for line in lines if line)


def _span(first: date, last: date) -> str:
    if first == last:
        return words.short_date(first)
    return _("{first} to {last}").format(first=words.short_date(first), last=words.short_date(last))
