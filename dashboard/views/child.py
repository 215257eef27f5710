"""A child, as their therapist sees it: what to look at, strength, what was done, pain, visits, goals."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from ...hub.program.alerts import Alert, Cause
from ...hub.records.vocabulary import Source
from .. import context, findings, viewer, words
from ..i18n import _, ngettext
from ..queries import child as query
from ..queries.child import Seen
from . import child_doings, child_measures, child_notes, child_strength, layout

_STYLE: Final = (Path(__file__).parents[1] / "components" / "child.css").read_text(encoding="utf-8")
_URGENT: Final = {Cause.PAIN, Cause.STOPPED, Cause.HOME_SILENT, Cause.DECLINE}
_WEEKS: Final = 8


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        _draw()


def _draw() -> None:
    st.html(f"<style>{_STYLE}</style>")
    chosen = layout.chosen_child(viewer.children(), "{alias}", _("Child"))
    if chosen is None:
        return
    weeks = _period()
    now, results = datetime.now(UTC), viewer.results()
    with viewer.reading() as work:
        seen = query.read(work, results, context.config(), chosen.id, now, weeks=weeks)
    _about(seen)
    _look(seen)
    child_strength.exercise(results, seen, now, weeks)
    child_strength.tests(seen, now)
    child_strength.retention(seen)
    child_doings.days(seen)
    child_doings.pain(seen, now, weeks)
    child_doings.said(seen, now, weeks)
    child_doings.goals(seen)
    child_measures.more(results, seen, weeks)
    child_notes.notes(seen)


def _span(weeks: int) -> str:
    return ngettext("{number} week", "{number} weeks", weeks) if weeks < 52 else _("a year")


def _period() -> int:
    chosen = st.segmented_control(
        _("Time shown"),
        query.PERIODS,
        default=_WEEKS,
        format_func=lambda weeks: (
            ngettext("{number} week", "{number} weeks", weeks) if weeks < 52 else _("a year")
        ),
        key="child-weeks",
    )
    return int(chosen or _WEEKS)


def _about(seen: Seen) -> None:
    child = seen.child
    known = []
    if child.birth_month:
        today = seen.picture.today
        months = 12 * (today.year - child.birth_month.year) + today.month - child.birth_month.month
        known.append(ngettext("{number} year old", "{number} years old", months // 12))
    if child.dominant_hand:
        known.append(_("dominant: {hand}").format(hand=words.hand(child.dominant_hand)))
    if seen.line.source is Source.SIMULATED:
        known.append(_("simulated"))
    if known:
        st.caption(" · ".join(known))


def _look(seen: Seen) -> None:
    with st.container(border=True):
        st.subheader(_("To look at"), anchor=False)
        if not seen.line.alerts:
            st.markdown(_("Nothing to look at."))
        else:
            st.html(f'<ul class="gh-look">{"".join(map(_reason, seen.line.alerts))}</ul>')
        with st.container(horizontal=True):
            layout.link_to("program", _("Program"), "📝")
            layout.link_to("messages", _("Messages"), "✉️")
            layout.link_to("report", _("Report"), "📄")


def _reason(one: Alert) -> str:
    kind = "urgent" if one.cause in _URGENT else "other"
    title, text = escape(findings.cause(one)), escape(findings.because(one))
    return f'<li class="{kind}"><strong>{title}</strong> {text}</li>'
