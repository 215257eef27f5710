"""What a child did and how it went: the days, pain, and what was said on scales."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from statistics import median
from typing import Final

import streamlit as st

from ...hub.program.adherence import WINDOWS, DayStatus
from ...hub.records.said import FeedbackGiven
from ...hub.records.vocabulary import Person
from .. import dose_words, i18n, words
from ..components.child_charts import pain_chart, scale_chart
from ..i18n import N_, _, ngettext
from ..queries.child import Seen, Square
from . import layout
from .caseload import EVIDENCE, spoken

_STATUS: Final = {
    DayStatus.DONE: ("●", N_("done")),
    DayStatus.PARTLY: ("◐", N_("done in part")),
    DayStatus.MISSED: ("○", N_("asked for and not done")),
    DayStatus.FREE: ("·", N_("nothing asked of this day")),
    DayStatus.PAUSED: ("☕", N_("a break")),
    DayStatus.UNKNOWN: ("?", N_("not known")),
    DayStatus.NOT_YET: ("", N_("not over yet")),
    DayStatus.NO_PROGRAM: ("", N_("no program")),
}
_SCALES: Final = {
    "effort": N_("Effort"),
    "enjoyment": N_("Enjoyment"),
    "participation": N_("Participation"),
    "confidence": N_("Confidence of the parents"),
}
_WHO: Final = {
    Person.CHILD: N_("the child"),
    Person.PARENT: N_("a parent"),
    Person.SIBLING: N_("a sibling"),
    Person.TEACHER: N_("a teacher"),
    Person.THERAPIST: N_("a therapist"),
    Person.OTHER: N_("somebody else"),
}


def days(seen: Seen) -> None:
    """Adherence by evidence, and five weeks of days."""
    with st.container(border=True):
        st.subheader(_("What was done"), anchor=False)
        if not seen.picture.history.versions:
            st.markdown(_("There is no program yet, so nothing was asked."))
            layout.link_to("program", _("Write a program"), "📝")
        for window in WINDOWS if seen.picture.history.versions else ():
            one = seen.picture.doings.adherence(window)
            st.markdown(_("**Last {days} days**: {said}").format(days=window, said=spoken(one)))
        st.html(_grid(seen.squares, seen))
        with st.expander(_("These days as a table")):
            st.dataframe(
                [_row(square) for square in seen.squares if square.status is not DayStatus.NOT_YET],
                hide_index=True,
                column_config={
                    "day": st.column_config.DateColumn(_("Day"), format="ddd, D MMM YYYY"),
                    "status": _("What it shows"),
                    "evidence": _("How it is known"),
                    "pause": _("Break"),
                },
            )


def _grid(squares: Sequence[Square], seen: Seen) -> str:
    weekdays = "".join(
        f'<th scope="col">{escape(i18n.locale().days["format"]["abbreviated"][n])}</th>' for n in range(7)
    )
    weeks = []
    for first in range(0, len(squares), 7):
        week = squares[first : first + 7]
        cells = "".join(_cell(square, today=square.day == seen.picture.today) for square in week)
        label = escape(words.short_date(week[0].day))
        weeks.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    legend = "".join(
        f'<li><span class="gh-day"><b aria-hidden="true">{sign}</b></span> {escape(_(name))}</li>'
        for sign, name in _STATUS.values()
        if sign
    ) + "".join(
        f'<li><span class="gh-swatch {evidence}"></span> {escape(_(name))}</li>'
        for evidence, name in EVIDENCE.items()
    )
    caption = escape(_("Days of five weeks"))
    return (
        f'<div class="gh-days"><table><caption>{caption}</caption><thead><tr><td></td>{weekdays}</tr></thead>'
        f"<tbody>{''.join(weeks)}</tbody></table><ul>{legend}</ul></div>"
    )


def _cell(square: Square, *, today: bool) -> str:
    sign, name = _STATUS[square.status]
    how = words.listed([_(EVIDENCE[one]) for one in square.evidence]) if square.evidence else ""
    said = f"{dose_words.day(square.day)}: {_(name)}{f', {how}' if how else ''}"
    kinds = "".join(f'<i class="{one}"></i>' for one in square.evidence)
    marked = ' aria-current="date"' if today else ""
    return (
        f'<td class="gh-day {square.status}"{marked} title="{escape(said)}">'
        f'<b aria-hidden="true">{sign}</b><span class="gh-how" aria-hidden="true">{kinds}</span>'
        f'<span class="gh-said">{escape(said)}</span></td>'
    )


def _row(square: Square) -> dict[str, object]:
    return {
        "day": square.day,
        "status": _(_STATUS[square.status][1]),
        "evidence": words.listed([_(EVIDENCE[one]) for one in square.evidence]) if square.evidence else "",
        "pause": dose_words.pause_reason(square.pause.reason) if square.pause else "",
    }


def pain(seen: Seen, now: datetime, weeks: int) -> None:
    """Pain before and after, against time."""
    told = [one for one in seen.told if not one.pain_before is one.pain_after is None]
    with st.container(border=True):
        st.subheader(_("Pain"), anchor=False)
        if not told:
            st.markdown(_("Nobody told of pain in this time, and nobody said that there was none."))
            return
        worst = max(max(one.pain_before or 0, one.pain_after or 0) for one in told)
        rises = sum(
            one.pain_before is not None and one.pain_after is not None and one.pain_after > one.pain_before
            for one in told
        )
        both = sum(one.pain_before is not None and one.pain_after is not None for one in told)
        said = " ".join(
            [
                ngettext("Asked {number} time.", "Asked {number} times.", len(told)),
                _("The highest was {worst} of 10.").format(worst=worst),
                _("Of {both}, asked before and after, it rose in {rises}.").format(rises=rises, both=both),
            ]
        )
        st.altair_chart(
            pain_chart(told, now - timedelta(weeks=weeks), now, layout.zone()),
            alt=_("Pain before and after. {said}").format(said=said),
        )
        st.markdown(said)


def said(seen: Seen, now: datetime, weeks: int) -> None:
    """Effort, enjoyment, participation and confidence, and the latest words."""
    with st.container(border=True):
        st.subheader(_("How it went"), anchor=False)
        shown = {
            name: [(one.measured_at, value) for one in seen.told if (value := getattr(one, name)) is not None]
            for name in _SCALES
        }
        if not seen.told:
            st.markdown(_("Nothing was said in this time."))
            return
        columns = st.columns(2)
        for n, (name, values) in enumerate((name, values) for name, values in shown.items() if values):
            title = _(_SCALES[name])
            middle = _("{title}: {median} of 10 in the middle, {times}").format(
                title=title,
                times=ngettext("{number} time", "{number} times", len(values)),
                median=words.decimal(median(value for _at, value in values), 0),
            )
            with columns[n % 2]:
                st.markdown(f"**{middle}**")
                st.altair_chart(
                    scale_chart(values, title, now - timedelta(weeks=weeks), now, layout.zone()), alt=middle
                )
        for one in [one for one in reversed(seen.told) if one.observation][:3]:
            who = _(_WHO[one.said_by]) if one.said_by else _("somebody")
            with st.container(border=True):
                st.markdown(words.plain(one.observation))
                st.caption(f"{who}, {words.day(one.measured_at, layout.zone())}")
        with st.expander(_("Pain and what was said as a table")):
            _told_table(seen.told)


def _told_table(told: Sequence[FeedbackGiven]) -> None:
    st.dataframe(
        [
            {
                "at": one.measured_at,
                "who": _(_WHO[one.said_by]) if one.said_by else "",
                "before": one.pain_before,
                "after": one.pain_after,
                **{name: getattr(one, name) for name in _SCALES},
                "words": one.observation,
            }
            for one in reversed(told)
        ],
        hide_index=True,
        column_config={
            "at": st.column_config.DatetimeColumn(
                _("When"), format="D MMM YYYY", timezone=str(layout.zone())
            ),
            "who": _("Said by"),
            "before": _("Pain before"),
            "after": _("Pain after"),
            **{name: _(title) for name, title in _SCALES.items()},
            "words": _("Words"),
        },
    )


def goals(seen: Seen) -> None:
    """What of everyday life the family wants, and what serves it."""
    program = seen.picture.history.program(seen.picture.today)
    with st.container(border=True):
        st.subheader(_("Everyday goals"), anchor=False)
        if program is None or not program.goals:
            st.markdown(_("The program names no everyday goal."))
            layout.link_to("program", _("Add one to the program"), "📝")
            return
        for goal in program.goals:
            serves = [
                dose_words.title_of(seen.library.get(item.activity), item.activity)
                for item in program.items
                if item.goal == goal.id
            ]
            line = f"- **{words.plain(goal.words)}**"
            st.markdown(f"{line}: {words.listed(serves)}" if serves else line)
