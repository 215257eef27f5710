"""Visits and notes on a child's chart: added, corrected, taken off."""

import streamlit as st

from ...hub.program import annotations, visits
from ...hub.program.tables import Annotation, Visit, VisitKind
from .. import words
from ..i18n import _
from ..queries.child import Seen
from . import forms
from .child_strength import VISITS

#: What is chosen to begin something new.
_NEW = ""


def notes(seen: Seen) -> None:
    """Draw both lists with their forms."""
    with st.container(border=True):
        st.subheader(_("Visits and notes"), anchor=False)
        forms.said()
        visit_column, note_column = st.columns(2, gap="large")
        with visit_column:
            _visits(seen)
        with note_column:
            _notes(seen)


def _visits(seen: Seen) -> None:
    known = {visit.id: visit for visit in reversed(seen.picture.visits)}
    chosen = st.selectbox(
        _("Visit"),
        [_NEW, *known],
        format_func=lambda one: _visit_name(known[one]) if one else _("A new visit"),
        key=f"visit-{seen.child.id}",
    )
    visit = known.get(chosen)
    with st.form(f"visit-form-{seen.child.id}-{chosen}"):
        day = st.date_input(
            _("Day"), value=visit.day if visit else seen.picture.today, min_value=None, format="YYYY-MM-DD"
        )
        kinds = list(VisitKind)
        kind = st.selectbox(
            _("How"),
            kinds,
            index=kinds.index(visit.kind) if visit else 0,
            format_func=lambda one: _(VISITS[one]),
        )
        text = st.text_area(
            _("To be remembered"),
            value=visit.words if visit else "",
            help=_("The parents read it too."),
            height=90,
        )
        with st.container(horizontal=True):
            kept = st.form_submit_button(_("Keep"), type="primary")
            gone = bool(visit) and st.form_submit_button(_("Take off the list"))
    if kept:
        with forms.change(_("The visit is on the list.")) as work:
            if visit:
                visits.change(work, visit.id, day=day, kind=kind, words=text)
            else:
                visits.add(work, seen.child.id, day=day, kind=kind, words=text)
    elif gone and visit:
        with forms.change(_("The visit is off the list.")) as work:
            visits.remove(work, visit.id)


def _notes(seen: Seen) -> None:
    known = {note.id: note for note in reversed(seen.picture.annotations)}
    chosen = st.selectbox(
        _("Note on the chart"),
        [_NEW, *known],
        format_func=lambda one: _note_name(known[one]) if one else _("A new note"),
        key=f"note-{seen.child.id}",
    )
    note = known.get(chosen)
    with st.form(f"note-form-{seen.child.id}-{chosen}"):
        text = st.text_input(
            _("What it was"),
            value=note.words if note else "",
            max_chars=annotations.LONGEST,
            placeholder=_("New splint"),
        )
        with st.container(horizontal=True):
            first = st.date_input(
                _("First day"), value=note.first if note else seen.picture.today, format="YYYY-MM-DD"
            )
            last = st.date_input(_("Last day"), value=note.last if note else None, format="YYYY-MM-DD")
        shared = st.checkbox(_("The parents see it too"), value=note.shared if note else False)
        with st.container(horizontal=True):
            kept = st.form_submit_button(_("Keep"), type="primary")
            gone = bool(note) and st.form_submit_button(_("Take off the chart"))
    if kept:
        with forms.change(_("The note is on the chart.")) as work:
            if note:
                annotations.change(work, note.id, first=first, last=last or first, words=text, shared=shared)
            else:
                annotations.add(work, seen.child.id, first=first, last=last, words=text, shared=shared)
    elif gone and note:
        with forms.change(_("The note is off the chart.")) as work:
            annotations.remove(work, note.id)


def _visit_name(visit: Visit) -> str:
    return f"{words.date_of(visit.day)}: {_(VISITS[visit.kind])}"


def _note_name(note: Annotation) -> str:
    return f"{words.date_of(note.first)}: {note.words}"
