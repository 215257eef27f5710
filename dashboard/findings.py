"""What series show and what somebody should look at, in the viewer's language and unit of force.

The hub says the same in English, for its commands and for paper; here it is put together from the numbers.
No word of it is a judgement.
"""

from typing import Final

from ..firmware_bridge.samples import Unit
from ..hub.program.alerts import Alert, Cause
from ..hub.program.retention import Retained, Retention
from ..hub.records.strength import Outcome
from ..hub.trends import LEAST_TESTS, SESSION_PEAK, Basis, Finding, Verdict
from . import words
from .i18n import N_, _, ngettext

_BROKE: Final = {
    "protocol": N_("protocol"),
    "hand": N_("hand"),
    "unit": N_("unit"),
    "kind of tool": N_("kind of tool"),
    "tool": N_("tool"),
    "firmware": N_("firmware"),
    "calibration": N_("calibration"),
    "size or handle": N_("size or handle"),
    "real or simulated": N_("real or simulated"),
}

_CAUSES: Final = {
    Cause.PAIN: N_("Pain"),
    Cause.STOPPED: N_("Stopped logging"),
    Cause.HOME_SILENT: N_("Home not heard of"),
    Cause.DECLINE: N_("Falling strength"),
    Cause.TOOL_SILENT: N_("Tool silent"),
    Cause.BATTERY: N_("Battery low"),
    Cause.UNREAD: N_("Unread message"),
    Cause.UNANSWERED: N_("Unanswered note"),
    Cause.VISIT: N_("Visit soon"),
}

#: By `Outcome.reason`.
_NO_SCORE: Final = {
    "too_short": N_("Fewer trials count than the protocol needs."),
    "protocol": N_("What is known of this protocol does not say how its trials make a score."),
    "unit": N_("The trials are in different units. Repeat the test with one tool."),
}

_RETAINED: Final = {
    Retained.GAINED: N_("gained, beyond the measurement error"),
    Retained.HELD: N_("held: any difference is within the measurement error"),
    Retained.LOST: N_("lost, beyond the measurement error"),
    Retained.NOT_KNOWN: N_("not known: nobody knows this tool's measurement error"),
}


def no_score(outcome: Outcome) -> str:
    """Why a strength test has no score; empty where it has one."""
    if outcome.score is not None or not outcome.reason:
        return ""
    return _(_NO_SCORE[outcome.reason]) if outcome.reason in _NO_SCORE else words.said(outcome.because)


def measure(finding: Finding) -> str:
    """What a series is of: peaks of exercise, or scores by a protocol."""
    name = finding.key.measure
    return _("highest peak of a session") if name == SESSION_PEAK else name


def lasting(days: float) -> str:
    """How long a series goes, roughly."""
    weeks = round(days / 7)
    if weeks < 2:
        return ngettext("{number} day", "{number} days", max(round(days), 1))
    if weeks <= 12:
        return ngettext("{number} week", "{number} weeks", weeks)
    return ngettext("{number} month", "{number} months", round(days / 30.4))


def signed(number: float, unit: Unit) -> str:
    """A difference, always with its sign."""
    text = words.value(abs(number), unit)
    return f"{'+' if number >= 0 else '−'}{text}"


def statement(finding: Finding) -> str:
    """What a series shows, in a sentence or two."""
    said, unit = finding.trend, finding.key.unit
    if said.change is None or said.low is None or said.high is None:
        return _("Too few to say: {number} of the {least} results that tell a change from chance.").format(
            number=said.tests, least=LEAST_TESTS
        )
    percent = "" if said.percent is None else f" ({words.decimal(abs(said.percent), 0)} %)"
    parts = {
        "by": f"{words.value(abs(said.change.value), unit)}{percent}",
        "time": lasting(said.days),
        "bounds": _("95 %: {low} to {high}").format(low=signed(said.low, unit), high=signed(said.high, unit)),
    }
    if said.verdict is Verdict.NO_CLEAR_CHANGE:
        if said.low * said.high > 0:
            return _(
                "Within the measurement error: {by} in {time} is less than two results may differ by chance."
            ).format(**parts)
        return _("Within the usual variation: no clear change in {time} ({bounds}).").format(**parts)
    if said.verdict is Verdict.RISING:
        text = _("Rises by {by} in {time} ({bounds}).").format(**parts)
    else:
        text = _("Falls by {by} in {time} ({bounds}).").format(**parts)
    if said.error.basis is Basis.UNKNOWN:
        text += " " + _("Whether that is more than measurement error is not known for this tool.")
    if said.growth:
        text += " " + _("Over more than three months growth is part of any rise.")
    return text


def error(finding: Finding) -> str:
    """What a change must exceed, and where that is known from; empty where there are too few to say."""
    known = finding.trend.error
    if finding.trend.verdict is Verdict.TOO_FEW:
        return ""
    if known.sdd is None:
        return _("Measurement error: not known for this tool; eight tests within four weeks would show it.")
    amount = words.value(known.sdd, finding.key.unit)
    if known.basis is Basis.OWN:
        text = _("Measurement error: two results must differ by {amount}, by this child's own results.")
    else:
        text = _(
            "Measurement error: two results must differ by {amount}. That is borrowed: healthy children of 7 "
            "to 13 years, Jamar Plus+, one day (Gasior 2020, IJERPH 17:8026); not of this tool."
        )
    return text.format(amount=amount)


def broke(finding: Finding) -> str:
    """What is different from the series before; empty for the first one."""
    if not finding.broke:
        return ""
    names = words.listed([_(_BROKE[name]) for name in finding.broke])
    return _("A new series: {what} changed.").format(what=names)


def brief(finding: Finding) -> tuple[str, str]:
    """A series in a word or two, for a line of many.

    Returns
    -------
    arrow : {"up", "down", ""}
        Only where a change is real.
    text : str
    """
    said = finding.trend
    if said.verdict is Verdict.TOO_FEW:
        return "", _("too few to say ({number} of {least})").format(number=said.tests, least=LEAST_TESTS)
    if said.verdict is Verdict.NO_CLEAR_CHANGE or said.change is None:
        return "", _("within the usual variation")
    up = said.verdict is Verdict.RISING
    sign = "+" if up else "−"
    if said.percent is None:
        amount = signed(said.change.value, finding.key.unit)
    else:
        amount = f"{sign}{words.decimal(abs(said.percent), 0)} %"
    return "up" if up else "down", _("{amount} in {time}").format(amount=amount, time=lasting(said.days))


def cause(alert: Alert) -> str:
    """What an alert is about, in a word or two."""
    return _(_CAUSES[alert.cause])


def because(alert: Alert) -> str:
    """What happened, without what to do about it."""
    day = words.date_of(alert.day) if alert.day else ""
    hand = words.hand(alert.hand) if alert.hand else ""
    tool = words.tool(alert.tool_kind) if alert.tool_kind else _("Tool")
    match alert.cause:
        case Cause.PAIN if alert.after is None:
            text = _("A session ended for pain on {day}")
        case Cause.PAIN if alert.before is None:
            text = _("Rose to {after} of 10 on {day}")
        case Cause.PAIN:
            text = _("Rose from {before} to {after} of 10 on {day}")
        case Cause.STOPPED if alert.day is None:
            return ngettext(
                "Nothing since the program began, {number} day ago",
                "Nothing since the program began, {number} days ago",
                round(alert.after or 0),
            )
        case Cause.STOPPED:
            text = _("Nothing since {day}, {days}")
        case Cause.HOME_SILENT:
            text = _("Nothing has come since {day}: what was done is not known")
        case Cause.DECLINE:
            text = _("{hand}: from {low} to {high}, more than the measurement error")
        case Cause.TOOL_SILENT:
            text = _("{tool}, {hand}: not heard since {day}")
        case Cause.BATTERY:
            text = _("{tool}, {hand}: {after} % left")
        case Cause.UNREAD:
            return words.plural(round(alert.after or 1), "message")
        case Cause.UNANSWERED:
            text = _("Written beside an exercise on {day}")
        case Cause.VISIT:
            text = _("On {day}")
    unit = alert.unit or Unit.UNKNOWN
    return text.format(
        day=day,
        hand=hand,
        tool=tool,
        days=ngettext("{number} day", "{number} days", round(alert.after or 0)),
        before="" if alert.before is None else words.decimal(alert.before, 0),
        after="" if alert.after is None else words.decimal(alert.after, 0),
        low=words.value(alert.before, unit),
        high=words.value(alert.after, unit),
    )


def retained(one: Retention) -> str:
    """What became of strength from one visit to the next, in a line."""
    return _("{hand}, {measure}: {before} on {since}, {after} on {until}: {what}.").format(
        hand=words.hand(one.key.side),
        measure=one.key.measure,
        before=words.value(one.before, one.key.unit),
        since=words.date_of(one.since),
        after=words.value(one.after, one.key.unit),
        until=words.date_of(one.until),
        what=_(_RETAINED[one.retained]),
    )
