"""The log of changes: who changed what and when, an admin's of their sites, everybody else's of their own."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

import streamlit as st

from ...hub.people import accounts, log, places
from .. import log_words, viewer
from ..i18n import N_, _
from . import layout

_ROWS = 50
_KEY = "griphub_audit_before"

#: What is shown, and what the query calls it; who came and went would hide all else.
_SHOWN: Final = {N_("Changes"): False, N_("Sign-ins"): True, N_("All of it"): None}


def page() -> None:
    """Draw the page."""
    st.title(_("Log"), anchor=False)
    st.caption(_("Every change of people, programs and consent. Names and secrets are not kept in it."))
    with layout.store_screen():
        _draw()


def _draw() -> None:
    with viewer.reading() as work:
        children, people, families, sites = (
            {one.id: one.name for one in rows}
            for rows in (
                places.children(work),
                accounts.accounts(work),
                places.families(work),
                places.sites(work),
            )
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(_("Shown"), list(_SHOWN), format_func=_)
        about = st.selectbox(
            _("Child"), [None, *children], format_func=lambda key: children[key] if key else _("all")
        )
        actor = st.selectbox(
            _("By"), [None, *people], format_func=lambda key: people[key] if key else _("everybody")
        )
        nothing: list[date | datetime | str | Literal["today"] | None] = []
        period = st.date_input(_("From and to"), nothing, help=_("Leave empty for all of it."))
    since, until = _period(period)
    chosen = (kind, about, actor, since, until)
    if st.session_state.get("griphub_audit_filter") != chosen:
        st.session_state["griphub_audit_filter"] = chosen
        st.session_state[_KEY] = []
    pages: list[int] = st.session_state[_KEY]
    with viewer.reading() as work:
        rows = log.changes(
            work,
            about=about,
            actor=actor,
            signing_in=_SHOWN[kind],
            since=since,
            until=until,
            before=pages[-1] if pages else None,
            rows=_ROWS + 1,
        )
    shown = rows[:_ROWS]
    if not shown:
        layout.notice(_("Nothing here"), _("Nothing was changed, as far as you may know of it."))
    else:
        names = log_words.Names(children, people, families, sites, layout.zone())
        st.dataframe([log_words.line(one, names) for one in shown], hide_index=True)
    with st.container(horizontal=True):
        if pages and st.button(_("Newer")):
            pages.pop()
            st.rerun()
        if len(rows) > _ROWS and st.button(_("Older")):
            pages.append(shown[-1].id)
            st.rerun()


def _period(chosen: Any) -> tuple[datetime | None, datetime | None]:
    """Days of the viewer's clock as moments; one day alone is that day."""
    days: list[date] = list(chosen) if isinstance(chosen, tuple) else [chosen] if chosen else []
    if not days:
        return None, None
    zone = layout.zone()
    begin = datetime.combine(days[0], time(), zone)
    return begin.astimezone(UTC), datetime.combine(days[-1] + timedelta(days=1), time(), zone).astimezone(UTC)
