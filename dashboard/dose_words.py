"""What a program asks for, in a family's words."""

from datetime import date, time
from typing import Final

from babel.dates import format_date, format_skeleton, format_time, get_day_names

from ..hub.program.activity import Activity
from ..hub.program.prescription import Dose, Hands, Item, Slot, Weekday
from ..hub.program.versions import PauseReason
from . import i18n, words
from .i18n import N_, _, ngettext

_SLOT: Final = {
    Slot.AFTER_WAKING: N_("After waking up"),
    Slot.AFTER_BREAKFAST: N_("After breakfast"),
    Slot.BEFORE_SCHOOL: N_("Before school"),
    Slot.AFTER_SCHOOL: N_("After school"),
    Slot.BEFORE_DINNER: N_("Before dinner"),
    Slot.AFTER_DINNER: N_("After dinner"),
    Slot.IN_THE_BATH: N_("In the bath"),
    Slot.BEFORE_BED: N_("Before bed"),
}

_HANDS: Final = {
    Hands.LEFT: N_("with the left hand"),
    Hands.RIGHT: N_("with the right hand"),
    Hands.BOTH: N_("with both hands together"),
    Hands.ALTERNATING: N_("with the hands in turn"),
}

_PAUSE: Final = {
    PauseReason.ILLNESS: N_("Not well"),
    PauseReason.HOLIDAY: N_("Holiday"),
    PauseReason.APPOINTMENT: N_("Appointment"),
    PauseReason.OTHER: N_("Something else"),
}


def title_of(activity: Activity | None, otherwise: str) -> str:
    """What an activity is called."""
    return _(activity.title) if activity else otherwise


def slot(which: Slot) -> str:
    """What a place in the family's day is called."""
    return _(_SLOT[which])


def pause_reason(reason: PauseReason) -> str:
    """Why a family takes a break."""
    return _(_PAUSE[reason])


def clock(at: time) -> str:
    """A time by the clock on the wall."""
    return format_time(at, "short", locale=i18n.locale())


def day(on: date) -> str:
    """A day with its weekday, such as *Thu 26 Nov*, as the viewer's language writes it."""
    return format_skeleton("MMMEd", on, locale=i18n.locale())


def short_day(on: date) -> str:
    """A day of this year, such as *26 Nov*."""
    return format_skeleton("MMMd", on, locale=i18n.locale())


def full_day(on: date) -> str:
    """A day in full, such as *Thursday, 26 November*."""
    weekday = format_date(on, "EEEE", locale=i18n.locale())
    return f"{weekday}, {format_skeleton('MMMMd', on, locale=i18n.locale())}"


def minutes(number: float) -> str:
    """Minutes, rounded, at least one."""
    return ngettext("{number} minute", "{number} minutes", max(1, round(number)))


def amount(item: Item) -> str:
    """How much is asked for at a time.

    Examples
    --------
    >>> amount(Item(id="a", activity="puzzle", dose=Dose(days_per_week=3), minutes=10))
    '10 minutes'
    """
    if item.squeezes:
        asked = item.squeezes
        told = _("{rounds} of {squeezes} {hands}").format(
            rounds=ngettext("{number} round", "{number} rounds", asked.sets),
            squeezes=words.plural(asked.reps, "squeeze"),
            hands=_(_HANDS[asked.hands]),
        )
        if asked.hold_s >= 1:
            seconds = ngettext("{number} second", "{number} seconds", round(asked.hold_s))
            told += ", " + _("hold each for {seconds}").format(seconds=seconds)
        return told
    if item.test:
        return _("A strength test {hands}").format(
            hands=_("with both hands, one after the other")
            if item.test.hands is Hands.BOTH
            else _(_HANDS[item.test.hands])
        )
    return minutes(item.minutes) if item.minutes else _("Once is enough")


def how_often(dose: Dose) -> str:
    """On which days, and how many times on each.

    Examples
    --------
    >>> how_often(Dose(days_per_week=7)), how_often(Dose(days=("mon", "fri"), times_per_day=2))
    ('every day', 'on Monday and Friday, 2 times a day')
    """
    if dose.days:
        names = get_day_names("wide", locale=i18n.locale())
        told = _("on {days}").format(
            days=words.listed([names[n] for n, one in enumerate(Weekday) if one in dose.days])
        )
    elif dose.per_week == 7:
        told = _("every day")
    else:
        told = ngettext("on {number} day a week", "on {number} days a week", dose.per_week)
    if dose.times_per_day > 1:
        told += ", " + ngettext("{number} time a day", "{number} times a day", dose.times_per_day)
    return told
