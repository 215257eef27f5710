"""Breaks of a program: ill, on holiday; nothing is missed then."""

from datetime import timedelta

import streamlit as st

from ...hub.program import commands
from ...hub.program.errors import ProgramError
from ...hub.program.versions import Pause, PauseReason
from .. import dose_words, viewer
from ..i18n import _
from ..queries.today import Today
from . import family


def banner(child: viewer.Child, today: Today) -> None:
    """Say that a program rests, until when and why, with the way back."""
    if today.rest:
        with st.container(border=True, key="break-now"):
            family.card("☕", _("A break"), _span(today.rest), [today.rest.note])
            st.caption(_("What {alias} does all the same counts.").format(alias=child.alias))
            if st.button(_("We are back"), type="primary", key="break-over"):
                _end(child, today, today.rest)
                family.say_next(_("Welcome back!"))
                st.rerun()
    elif today.coming:
        with st.container(border=True, key="break-coming"):
            family.card("☕", _("A break is planned"), _span(today.coming), [today.coming.note])
            if st.button(_("We do not take it"), key="break-off"):
                _end(child, today, today.coming)
                st.rerun()


def form(child: viewer.Child, today: Today) -> None:
    """Let parents say that they take a break."""
    if today.program is None or today.rest:
        return
    with st.expander(_("We take a break"), icon="☕"):
        st.caption(_("Ill, away, or simply too much: nothing counts as missed while you rest."))
        reason = st.pills(
            _("Why"), list(PauseReason), format_func=dose_words.pause_reason, key=f"break-why-{child.id}"
        )
        with st.container(horizontal=True):
            since = st.date_input(
                _("First day"),
                value=today.day,
                min_value=today.day - timedelta(days=60),
                format="YYYY-MM-DD",
                key=f"break-since-{child.id}",
            )
            until = st.date_input(
                _("Last day"),
                value=None,
                min_value=today.day - timedelta(days=60),
                format="YYYY-MM-DD",
                key=f"break-until-{child.id}",
            )
        st.caption(_("Leave the last day empty if you do not know it yet."))
        if st.button(_("Take the break"), type="primary", disabled=reason is None, key=f"break-{child.id}"):
            assert reason is not None
            try:
                with viewer.changing() as work:
                    commands.pause(work, child.id, since=since, until=until, reason=reason)
            except ProgramError as error:
                st.info(_problem(error), icon="🗓️")
                return
            family.say_next(_("Noted. Get some rest."))
            st.rerun()


def _end(child: viewer.Child, today: Today, pause: Pause) -> None:
    yesterday = today.day - timedelta(days=1)
    with viewer.changing() as work:
        if pause.since > yesterday:
            commands.withdraw_pause(work, child.id, pause.pause_id)
        else:
            commands.pause(
                work,
                child.id,
                since=pause.since,
                until=yesterday,
                reason=pause.reason,
                note=pause.note,
                replaces=pause.pause_id,
            )


def _span(pause: Pause) -> str:
    reason = dose_words.pause_reason(pause.reason)
    if pause.until is None:
        return _("{reason}, since {first}").format(reason=reason, first=dose_words.day(pause.since))
    if pause.until == pause.since:
        return _("{reason}, {day}").format(reason=reason, day=dose_words.day(pause.since))
    return _("{reason}, from {first} to {last}").format(
        reason=reason, first=dose_words.day(pause.since), last=dose_words.day(pause.until)
    )


def _problem(error: ProgramError) -> str:
    if error.field == "until":
        return _("The last day is before the first one. Choose a later one, or leave it empty.")
    return _("There is a break on some of these days already. End that one first, or choose other days.")
