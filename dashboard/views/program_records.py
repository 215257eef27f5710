"""What is on record beside the program itself: versions and pauses."""

from datetime import timedelta
from uuid import UUID

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...hub.program import commands
from ...hub.program.post import HOME
from ...hub.program.versions import Pause, PauseReason
from .. import dose_words, program_changes, refusals, viewer, words
from ..i18n import _
from ..queries.program import ProgramPage
from . import layout

_PAUSE = "program_pause"


def who(shown: ProgramPage, actor: str) -> str:
    """Who did something, as far as the viewer may know."""
    if name := shown.names.get(actor):
        return words.plain(name)
    if actor == HOME:
        return _("The family, at home")
    if actor == "griphub:progression":
        return _("The rule of progression")
    if actor.startswith("griphub:"):
        return "GripHub"
    return _("Whoever runs this computer") if actor.startswith("owner:") else _("A colleague")


def show_versions(shown: ProgramPage) -> None:
    """Draw all versions, the latest first, each with what it changed."""
    st.header(_("Versions"), anchor=False)
    if not shown.history.versions:
        st.caption(_("There is none yet."))
    before = None
    drawn = []
    for version in shown.history.versions:
        drawn.append((version, program_changes.lines(before, version.program, shown.library)))
        before = version.program
    for version, lines in reversed(drawn):
        with st.container(border=True):
            title = _("Version {number}, holds from {day}").format(
                number=version.number, day=words.date_of(version.valid_from)
            )
            st.markdown(f"**{title}**")
            said = _("Saved {time} by {who}.").format(
                time=words.day_time(version.recorded_at, layout.zone()), who=who(shown, version.by)
            )
            st.caption(" ".join(part for part in (said, words.plain(version.because)) if part))
            show_lines(lines)


def show_lines(lines: list[str]) -> None:
    """Draw what changes between two programs."""
    st.markdown("\n".join(f"- {line}" for line in lines) or _("Nothing."))


def show_pauses(shown: ProgramPage) -> None:
    """Draw the pauses that hold, and the form for another one or for a correction."""
    st.header(_("Pauses"), anchor=False)
    if not shown.history.pauses:
        st.caption(_("There is none. On the days of a pause nothing counts as missed."))
    for pause in reversed(shown.history.pauses):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_said(pause), width="stretch")
            st.caption(who(shown, pause.by))
            if st.button(_("Correct"), key=f"pause-{pause.pause_id}", type="tertiary"):
                st.session_state[_PAUSE] = pause.pause_id
            if st.button(_("It was none"), key=f"no-pause-{pause.pause_id}", type="tertiary"):
                with viewer.changing() as work:
                    commands.withdraw_pause(work, shown.child_id, pause.pause_id)
                st.rerun()
    _pause_form(shown)
    _end(shown)


def _said(pause: Pause) -> str:
    since = words.date_of(pause.since)
    if pause.until:
        span = _("{first} to {last}").format(first=since, last=words.date_of(pause.until))
    else:
        span = _("since {first}, until further notice").format(first=since)
    note = f" – {words.plain(pause.note)}" if pause.note else ""
    return f"**{span}**: {dose_words.pause_reason(pause.reason)}{note}"


def _pause_form(shown: ProgramPage) -> None:
    chosen: UUID | None = st.session_state.get(_PAUSE)
    corrected = next((one for one in shown.history.pauses if one.pause_id == chosen), None)
    title = _("Correct a pause") if corrected else _("Pause the program")
    with st.expander(title, expanded=corrected is not None):
        key = f"pause-{shown.child_id}-{chosen}"
        with st.form(key, border=False):
            left, middle, right = st.columns(3)
            with left:
                since = st.date_input(
                    _("First day"), corrected.since if corrected else shown.today, key=f"{key}-since"
                )
            with middle:
                until = st.date_input(
                    _("Last day (empty: until further notice)"),
                    corrected.until if corrected else shown.today + timedelta(days=6),
                    key=f"{key}-until",
                )
            with right:
                reasons = list(PauseReason)
                reason = st.selectbox(
                    _("Why"),
                    reasons,
                    index=reasons.index(corrected.reason) if corrected else 0,
                    format_func=dose_words.pause_reason,
                    key=f"{key}-why",
                )
            note = st.text_input(
                _("Note (stays here, is not sent)"),
                corrected.note if corrected else "",
                max_chars=300,
                key=f"{key}-note",
            )
            if not st.form_submit_button(_("Save the pause"), type="primary"):
                return
        try:
            with viewer.changing() as work:
                commands.pause(
                    work,
                    shown.child_id,
                    since=since,
                    until=until,
                    reason=reason,
                    note=note.strip(),
                    replaces=corrected.pause_id if corrected else None,
                )
        except GripError as error:
            st.error(refusals.why(error))
            return
        st.session_state.pop(_PAUSE, None)
        st.rerun()


def _end(shown: ProgramPage) -> None:
    """Let nothing be asked any more from a day on."""
    latest = shown.history.versions[-1] if shown.history.versions else None
    if latest is None or latest.program is None:
        return
    with st.expander(_("End the program")):
        st.caption(_("From that day on nothing is asked. What was asked until then stays on record."))
        first = max(shown.today, latest.valid_from)
        begins = st.date_input(_("From"), first, min_value=first, key=f"end-{shown.child_id}")
        because = st.text_input(_("Why"), max_chars=300, key=f"end-why-{shown.child_id}")
        if not st.button(_("End it"), key=f"end-it-{shown.child_id}"):
            return
        try:
            with viewer.changing() as work:
                commands.prescribe(
                    work,
                    shown.child_id,
                    None,
                    valid_from=begins,
                    today=shown.today,
                    because=because.strip(),
                    read=latest.number,
                )
        except GripError as error:
            st.error(refusals.why(error))
            return
        st.rerun()
