"""A family's progress in words: weeks, small wins, each hand. No word of it is a judgement."""

from typing import Final

from ..hub.program.adherence import Adherence, Dose
from ..hub.program.adherence import DayStatus as Day
from ..hub.program.prescription import Unit
from ..hub.program.retention import Retained, Retention
from ..hub.records.vocabulary import Evidence
from ..hub.trends import LEAST_TESTS, Basis, Finding, Verdict
from . import dose_words, words
from .i18n import N_, NN_, _, ngettext
from .queries.our_progress import Win, WinKind

_DAY: Final = {
    Day.DONE: ("●", N_("practised")),
    Day.PARTLY: ("◐", N_("practised in part")),
    Day.MISSED: ("·", N_("nothing noted")),
    Day.FREE: ("·", N_("free")),
    Day.PAUSED: ("☕", N_("a break")),
    Day.UNKNOWN: ("?", N_("not known, GripHub was off")),
    Day.NOT_YET: ("", N_("still to come")),
    Day.NO_PROGRAM: ("", N_("free")),
}

_WIN: Final = {
    WinKind.KEPT_UP: (
        "🌱",
        NN_("practice day without a long break", "practice days without a long break"),
    ),
    WinKind.WHOLE_WEEKS: (
        "🏆",
        NN_("whole week: all that was planned", "whole weeks: all that was planned"),
    ),
    WinKind.BEST_DAY: ("🚀", NN_("squeeze on one day: a new record", "squeezes on one day: a new record")),
    WinKind.SQUEEZES: ("✊", NN_("squeeze in eight weeks", "squeezes in eight weeks")),
    WinKind.FUN: ("😄", NN_("day that was fun", "days that were fun")),
}

_EVIDENCE: Final = {
    Evidence.SENSOR: NN_("{number} counted by the tool", "{number} counted by the tool"),
    Evidence.PARENT: NN_("{number} ticked by you", "{number} ticked by you"),
    Evidence.THERAPIST: NN_("{number} seen by the therapist", "{number} seen by the therapist"),
}

_RETAINED: Final = {
    Retained.GAINED: N_("Stronger than at the visit before."),
    Retained.HELD: N_("Kept: as strong as at the visit before, as far as can be measured."),
    Retained.LOST: N_("A little less than at the visit before. Your therapist knows, and tests once more."),
    Retained.NOT_KNOWN: N_("Measured at both visits. How exact this tool is, nobody knows yet."),
}

_DOSE: Final = {
    Unit.REPS: N_("Squeezes"),
    Unit.MINUTES: N_("Minutes"),
    Unit.TICKS: N_("Other things"),
}


def sign(state: Day) -> str:
    """What a calendar shows of a day; empty for one that is still to come."""
    return _DAY[state][0]


def day_state(state: Day) -> str:
    """The same in words."""
    return _(_DAY[state][1])


def win(one: Win) -> tuple[str, str, str]:
    """A picture, a number and words for something to be glad about."""
    picture, forms = _WIN[one.kind]
    return picture, words.decimal(one.number, 0), ngettext(*forms, one.number)


def week(practised: int, done: Adherence) -> str:
    """What came of a week, in a sentence."""
    said = [ngettext("{number} practice day", "{number} practice days", practised)]
    if practised and done.asked_days >= 1:
        said.append(
            _("{done} of {asked} planned times").format(
                done=round(done.done_days), asked=max(round(done.asked_days), round(done.done_days))
            )
        )
    told = [ngettext(*_EVIDENCE[one], round(n)) for one, n in done.by_evidence.items() if round(n)]
    return " · ".join([*said, *(told if len(told) > 1 else ())])


def hand(finding: Finding) -> str:
    """What a series shows, as a tired parent understands it."""
    trend = finding.trend
    if trend.change is None:
        text = _(
            "Too early to say: {results} so far; from {least} on, a change can be told from chance."
        ).format(results=words.plural(trend.tests, "result"), least=LEAST_TESTS)
    elif trend.verdict is Verdict.NO_CLEAR_CHANGE:
        text = _("Steady, within the usual variation.")
    else:
        much = words.value(abs(trend.change.value), finding.key.unit)
        lasting = ngettext("{number} week", "{number} weeks", max(1, round(trend.days / 7)))
        rising = trend.verdict is Verdict.RISING
        text = (
            _("Rising: about {much} more in {lasting}.")
            if rising
            else _("About {much} less in {lasting}. That happens; your therapist sees it, too.")
        ).format(much=much, lasting=lasting)
        if trend.error.basis is Basis.UNKNOWN:
            text += " " + _("How exact this tool is, nobody knows yet: take it as a hint.")
        if rising and trend.growth:
            text += " " + _("A part of it is growing up.")
    if finding.broke:
        text += " " + _("The comparison began anew with another tool or setting.")
    return text


def kept(one: Retention) -> str:
    """What of one visit's strength was there at the next one."""
    return _("Visit on {day}: {says}").format(day=dose_words.day(one.until), says=_(_RETAINED[one.retained]))


def dose(unit: Unit, one: Dose) -> str:
    """What was done of what was asked, counted."""
    return _("{what}: {done} of {asked}").format(
        what=_(_DOSE[unit]), done=words.decimal(one.done, 0), asked=words.decimal(one.asked, 0)
    )
