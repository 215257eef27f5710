"""Choosing an activity from the library, and writing one of the clinic's own."""

import re
import unicodedata
from typing import Any

import streamlit as st
from pydantic import ValidationError

from ...firmware_bridge.errors import GripError
from ...firmware_bridge.samples import ToolKind
from ...hub.program import commands
from ...hub.program.activity import Activity, Kind, Library, Skill
from ...hub.program.errors import all_errors
from .. import program_words, refusals, viewer, words
from ..drafts import Draft
from ..i18n import _, ngettext
from ..program_problems import problem_of
from ..queries.program import ProgramPage
from . import family
from .fields import Fields

_OWN = "own_activity"
_PROBLEMS = "own_activity_problems"


def choose_activity(shown: ProgramPage, draft: Draft) -> None:
    """Draw the library, with a search, and the way to add to it."""
    with st.expander(_("Add an activity"), expanded=not draft.items):
        wanted = st.text_input(_("Search"), key="library-search", placeholder=_("dough, scissors, grip …"))
        skills = st.pills(
            _("Good for"),
            list(Skill),
            format_func=program_words.skill,
            selection_mode="multi",
            key="library-skills",
        )
        kind = st.pills(_("How it is known"), list(Kind), format_func=program_words.kind, key="library-kind")
        found = search(shown.library, wanted, skills, kind)
        st.caption(ngettext("{number} activity", "{number} activities", len(found)))
        for activity in found:
            _card(activity, draft)
    with st.expander(_("Write an activity of the clinic's own"), expanded=_OWN in st.session_state):
        _own(shown)


def search(library: Library, wanted: str, skills: list[Skill], kind: Kind | None) -> list[Activity]:
    """Activities in which all words occur, that are good for all of the skills, by title."""
    parts = wanted.casefold().split()

    def text(one: Activity) -> str:
        said = (_(one.title), *one.needs, *one.steps, one.everyday, *map(program_words.skill, one.skills))
        return " ".join(said).casefold()

    return sorted(
        (
            one
            for one in library.values()
            if all(part in text(one) for part in parts)
            and set(skills) <= set(one.skills)
            and kind in (None, one.kind)
        ),
        key=lambda one: _(one.title).casefold(),
    )


def _card(activity: Activity, draft: Draft) -> None:
    with st.container(border=True, gap=None):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            own = " · " + _("the clinic's own") if activity.own else ""
            minutes = ngettext("{number} minute", "{number} minutes", activity.minutes)
            st.markdown(
                f"{activity.picture} **{words.plain(_(activity.title))}** · {minutes} · "
                f"{program_words.kind(activity.kind)}{own}",
                width="stretch",
            )
            st.button(
                _("Add"),
                key=f"{draft.key}-add-{activity.id}",
                on_click=draft.add,
                args=(activity,),
                help=_(activity.title),
            )
        st.caption(" · ".join(program_words.skill(one) for one in activity.skills))
        if activity.needs:
            st.caption(_("You need: {things}").format(things=words.plain("; ".join(map(_, activity.needs)))))
        with st.popover(_("How it is done"), type="tertiary"):
            family.steps(activity)


def _own(shown: ProgramPage) -> None:
    own = {one.id: one for one in shown.library.values() if one.own}
    if own:
        chosen = st.selectbox(
            _("Change one that there is"), [None, *own],
            format_func=lambda one: own[one].title if one else _("A new one"), key="own-which",
        )  # fmt: skip
        if st.button(_("Take it into the form")):
            st.session_state[_OWN] = _values(own.get(chosen) if chosen else None)
            _clear_fields()
    values: dict[str, Any] = st.session_state.get(_OWN) or _values(None)
    if _OWN not in st.session_state:
        st.caption(_("It appears in the library of all your clinic's therapists, for every child."))
        if st.button(_("Begin")):
            st.session_state[_OWN] = values
            st.rerun()
        return
    form = Fields(values, "own", st.session_state.get(_PROBLEMS, {}))
    form.words("title", _("Name"), most=60)
    left, middle, right = st.columns(3)
    with left:
        form.words("picture", _("Picture (one emoji)"), most=8)
    with middle:
        form.choice("kind", _("How it is known"), list(Kind), program_words.kind)
    with right:
        form.whole("minutes", _("Minutes it usually takes"), 1, 120)
    form.several(
        "skills", _("Good for"), [one.value for one in Skill], lambda one: program_words.skill(Skill(one))
    )
    if values["kind"] != Kind.HOUSEHOLD:
        form.several(
            "tools", _("Tools"), [one.value for one in ToolKind], lambda one: words.tool(ToolKind(one))
        )
    form.lines("needs", _("What is needed, one thing a line"))
    form.lines("steps", _("Steps for the parent, one a line"))
    form.words("easier", _("Easier"), most=400, lines=2)
    form.words("harder", _("Harder"), most=400, lines=2)
    form.lines("safety", _("What to take care of, one sentence a line"))
    form.words("everyday", _("The daily task that it serves"), most=400, lines=2)
    with st.container(horizontal=True):
        if st.button(_("Save to the library"), type="primary"):
            _save(shown, values)
        if st.button(_("Discard")):
            _forget()
            st.rerun()


def _save(shown: ProgramPage, values: dict[str, Any]) -> None:
    if not values["id"]:
        values = values | {"id": own_id(values["title"] or "", shown.library)}
    try:
        activity = Activity.model_validate(values | {"own": True})
    except ValidationError as error:
        st.session_state[_PROBLEMS] = {one.field.split(".")[0]: problem_of(one) for one in all_errors(error)}
        st.rerun()
    try:
        with viewer.changing() as work:
            commands.add_activities(work, shown.site_id, [activity])
    except GripError as error:
        st.error(refusals.why(error))
        return
    _forget()
    st.rerun()


def own_id(title: str, library: Library) -> str:
    """An id for a new activity, which takes no other's place."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = "own-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36] or "activity")
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, 1000))) if one not in library)


def _values(activity: Activity | None) -> dict[str, Any]:
    if activity is not None:
        return activity.model_dump(mode="json")
    return {
        "id": "",
        "title": "",
        "kind": Kind.HOUSEHOLD.value,
        "picture": "🧩",
        "skills": [],
        "needs": [],
        "minutes": 10,
        "steps": [],
        "easier": "",
        "harder": "",
        "safety": [],
        "everyday": "",
        "tools": [],
    }


def _forget() -> None:
    st.session_state.pop(_OWN, None)
    st.session_state.pop(_PROBLEMS, None)
    _clear_fields()


def _clear_fields() -> None:
    for key in [key for key in st.session_state if str(key).startswith("own.")]:
        del st.session_state[key]
