"""The family's progress: small wins, weeks, each hand in plain words. Nothing says that anybody failed."""

from datetime import UTC, date, datetime
from html import escape
from typing import Final

import streamlit as st
from babel.dates import format_date

from ...hub.program.adherence import DayStatus as Day
from ...hub.program.adherence import Dose
from ...hub.program.prescription import Unit
from ...hub.records.vocabulary import Source
from ...hub.stores.models import Session
from .. import context, correction_words, dose_words, i18n, progress_words, telling, viewer, words
from ..i18n import _
from ..queries import one_session
from ..queries import our_progress as queries
from ..queries.our_progress import OurProgress, Week, Win
from . import family, layout, our_pictures, session

#: Signs that do not speak for themselves.
_EXPLAINED: Final = (Day.DONE, Day.PARTLY, Day.PAUSED, Day.UNKNOWN)

#: More stand on a page of their own.
_LATEST: Final = 3


def page() -> None:
    """Draw the page."""
    with layout.store_screen(), family.frame():
        if child := layout.chosen_child(viewer.children(), _("How {alias} is getting on"), _("Progress")):
            _draw(child)


def _draw(child: viewer.Child) -> None:
    found = queries.of_child(
        context.config(),
        context.database(),
        telling.results(),
        viewer.current().actor,
        child.id,
        now=datetime.now(UTC),
    )
    if not (found.seen.doings.work or found.sessions or found.tests):
        layout.notice(
            _("It begins with the first time"),
            _("What {alias} does appears here: week by week, and what it comes to.").format(
                alias=child.alias
            ),
        )
        layout.link_to("today", _("What to do today"), icon="☀️")
        return
    family.flash()
    if found.seen.source is Source.SIMULATED:
        st.caption(_("What tools measured here is simulated."))
    _wins(found.wins)
    _weeks(found)
    _hands(found)
    _goals(found)
    our_pictures.show(child)
    _notes(found)
    _closer(found)
    layout.link_to("report", _("A report to print or to take along"), icon="📄")


def _wins(wins: tuple[Win, ...]) -> None:
    cards = "".join(
        f'<div class="gh-win" role="listitem"><span aria-hidden="true">{picture}</span>'
        f"<p><strong>{escape(number)}</strong> {escape(what)}</p></div>"
        for picture, number, what in map(progress_words.win, wins)
    )
    if cards:
        st.html(f'<div class="gh-wins" role="list">{cards}</div>')


def _weeks(found: OurProgress) -> None:
    family.heading(_("Week by week"))
    initials = "".join(
        f"<span>{escape(format_date(day, 'EEEEE', locale=i18n.locale()))}</span>"
        for day, _state in found.weeks[0].days
    )
    rows = "".join(_week(number, week) for number, week in enumerate(found.weeks))
    st.html(
        f'<div class="gh-weeks"><div class="gh-week" aria-hidden="true"><p></p>'
        f'<div class="gh-days gh-soft">{initials}</div><p></p></div>{rows}</div>'
    )
    shown = {state for week in found.weeks for _day, state in week.days}
    legend = [
        f"{progress_words.sign(one)} {progress_words.day_state(one)}" for one in _EXPLAINED if one in shown
    ]
    st.caption(" · ".join(legend))


def _week(number: int, week: Week) -> str:
    first = week.days[0][0]
    if number < 2:
        name = _("This week") if number == 0 else _("Last week")
    else:
        name = _("Week of {day}").format(day=dose_words.short_day(first))
    spoken = ", ".join(
        f"{format_date(day, 'EEEE', locale=i18n.locale())}: {progress_words.day_state(state)}"
        for day, state in week.days
    )
    days = "".join(
        f'<span class="gh-{_look(state)}">{progress_words.sign(state)}</span>' for _day, state in week.days
    )
    return (
        f'<div class="gh-week"><p><strong>{escape(name)}</strong></p>'
        f'<div class="gh-days" role="img" aria-label="{escape(spoken)}">{days}</div>'
        f'<p class="gh-soft">{escape(progress_words.week(week.practised, week.adherence))}</p></div>'
    )


def _look(state: Day) -> str:
    """Name of a day's look; one on which nothing was done looks like a free one."""
    return (Day.FREE if state is Day.MISSED else state).value.replace("_", "-")


def _hands(found: OurProgress) -> None:
    if not (found.exercise or found.tests or found.retained):
        return
    family.heading(_("Each hand"))
    with st.grid("auto", min_column_width=330, gap="medium"):
        for hand in words.hands():
            said = [
                *(
                    _("In exercise: {says}").format(says=progress_words.hand(one))
                    for one in found.exercise
                    if one.key.side == hand
                ),
                *(
                    _("Strength test: {says}").format(says=progress_words.hand(one))
                    for one in found.tests
                    if one.key.side == hand
                ),
                *(progress_words.kept(one) for one in found.retained if one.key.side == hand),
            ]
            if said:
                with st.container(border=True):
                    lines = "".join(f"<p>{escape(one)}</p>" for one in said)
                    st.html(f'<div class="gh-hand"><h3>{escape(words.hand(hand))}</h3>{lines}</div>')
    st.caption(_("Hands have good and bad days. Only what goes beyond that is called a change."))


def _goals(found: OurProgress) -> None:
    program = found.program
    if program is None:
        return
    dose = found.seen.doings.adherence(7).dose
    asked = {unit: one for unit, one in dose.items() if one.asked >= 1}
    if not (program.goals or asked):
        return
    family.heading(_("What it is for"))
    for goal in program.goals:
        serving = [
            found.library[item.activity]
            for item in program.items
            if item.goal == goal.id and item.activity in found.library
        ]
        with st.container(border=True):
            family.card("🎯", goal.words, ", ".join(dose_words.title_of(one, "") for one in serving))
    if asked:
        with st.container(border=True):
            bars = "".join(_benchmark(unit, one) for unit, one in asked.items())
            st.html(f'<div class="gh-hand"><h3>{escape(_("The last seven days"))}</h3>{bars}</div>')


def _benchmark(unit: Unit, dose: Dose) -> str:
    share = min(1.0, dose.done / dose.asked)
    bar = f'<div class="gh-part" aria-hidden="true"><i style="width:{share:.0%}"></i></div>'
    return f"<p>{escape(progress_words.dose(unit, dose))}</p>{bar}"


def _notes(found: OurProgress) -> None:
    if not found.seen.annotations:
        return
    family.heading(_("Your therapist noted"))
    lines = "".join(
        f"<li><strong>{escape(_span(one.first, one.last))}</strong>: {escape(one.words)}</li>"
        for one in reversed(found.seen.annotations)
    )
    st.html(f"<ul>{lines}</ul>")


def _span(first: date, last: date) -> str:
    begin, end = dose_words.day(first), dose_words.day(last)
    return begin if first == last else f"{begin} – {end}"


def _closer(found: OurProgress) -> None:
    """The way to single times, for whoever wants to see the curve."""
    if not found.sessions:
        return
    family.heading(_("Look closer at one time"))
    with st.container(horizontal=True, gap="small"):
        for one in found.sessions[:_LATEST]:
            if st.button(_named(one), icon="🔍", key=f"closer-{one.session_id}"):
                st.session_state[session.CHOSEN] = one.session_id
                layout.go("session")
    for detail in one_session.corrected(viewer.results(), found.corrected):
        when = words.day_time(detail.point.started_at, layout.zone())
        st.caption(f"✏️ {when}: {words.plain(correction_words.corrected(detail))}")
    layout.link_to("session", _("All times"), icon="〰️")


def _named(one: Session) -> str:
    return (
        f"{words.day_time(one.started_at, layout.zone())} · {words.hand(one.hand)} · "
        f"{words.plural(one.squeezes, 'squeeze')}"
    )
