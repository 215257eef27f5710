"""The log of changes: who changed what and when, an admin's of their sites, everybody else's of their own."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import streamlit as st

from ...hub.people import accounts, log, places
from ...hub.people.log import Change
from ...hub.people.model import Child
from .. import viewer, words
from ..i18n import N_, _
from . import layout

_ROWS = 50
_KEY = "griphub_audit_before"

_DID = {"insert": N_("added"), "update": N_("changed"), "delete": N_("deleted")}


def page() -> None:
    """Draw the page."""
    st.title(_("Log"), anchor=False)
    st.caption(_("Every change of people, programs and consent. Names and secrets are not kept in it."))
    with layout.store_screen():
        _draw()


def _draw() -> None:
    with viewer.reading() as work:
        children = {one.id: one.name for one in places.children(work)}
        people = {one.id: one.name for one in accounts.accounts(work)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        about = st.selectbox(
            _("Child"), [None, *children], format_func=lambda key: children[key] if key else _("all")
        )
        actor = st.selectbox(
            _("By"), [None, *people], format_func=lambda key: people[key] if key else _("everybody")
        )
        nothing: list[date | datetime | str | Literal["today"] | None] = []
        period = st.date_input(_("From and to"), nothing, help=_("Leave empty for all of it."))
    since, until = _period(period)
    chosen = (about, actor, since, until)
    if st.session_state.get("griphub_audit_filter") != chosen:
        st.session_state["griphub_audit_filter"] = chosen
        st.session_state[_KEY] = []
    pages: list[int] = st.session_state[_KEY]
    with viewer.reading() as work:
        rows = log.changes(
            work,
            about=about,
            actor=actor,
            since=since,
            until=until,
            before=pages[-1] if pages else None,
            rows=_ROWS + 1,
        )
    shown = rows[:_ROWS]
    if not shown:
        layout.notice(_("Nothing here"), _("Nothing was changed, as far as you may know of it."))
    else:
        st.dataframe([_row(one, children, people) for one in shown], hide_index=True)
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


def _row(one: Change, children: dict[str, str], people: dict[str, str]) -> dict[str, str]:
    child = one.row if one.table == Child.__tablename__ else one.child_id
    return {
        _("When"): words.day_time(one.at, layout.zone()),
        _("Who"): people.get(one.actor, one.actor),
        _("As"): one.role,
        _("What"): f"{one.table} {_(_DID[one.did])}",
        _("Child"): children.get(child, child) if child else "–",
        _("By command"): one.command,
        _("From"): _plain(one.before),
        _("To"): _plain(one.after),
    }


def _plain(values: dict[str, Any] | None) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else "–"
