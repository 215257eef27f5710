"""The therapist's page of a child's program: as it is, as it is to become, and how it came to be so."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from ...hub.program.outgoing import Post, Stand
from .. import context, drafts, program_changes, viewer, words
from ..drafts import Draft
from ..i18n import N_, _
from ..queries import program as query
from ..queries.program import ProgramPage
from . import layout
from .conversation import show_conversation
from .fields import Fields
from .program_items import edit_items
from .program_library import choose_activity
from .program_records import show_lines, show_pauses, show_versions, who
from .program_saving import SAID, forget, keep, preview, save
from .program_suggestions import show_suggestions
from .program_whole import edit_goals, edit_whole

#: How far the latest change has come.
_POST: Final = {
    Stand.NOTHING: "",
    Stand.HERE: N_("The family uses this very GripHub: it sees every change at once."),
    Stand.NO_HOME: N_("The family has no hub yet: it is sent as soon as there is one."),
    Stand.WAITING: N_("The latest change waits to be sent."),
    Stand.AT_BROKER: N_("The latest change is sent; the home has not fetched it yet."),
    Stand.TAKEN: N_("The home has it since {time}."),
    Stand.REFUSED: N_("The home did not take it: {problem}"),
}


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        child = layout.chosen_child(viewer.children(), _("Program of {alias}"), _("Program"))
        if child is None:
            return
        with viewer.reading() as work:
            shown = query.read(work, context.config(), child.id, datetime.now(UTC))
        _draw(shown, child.alias)


def _draw(shown: ProgramPage, alias: str) -> None:
    if shown.by_clinic:
        layout.notice(
            _("The clinic makes this program"),
            _(
                "This home has joined a clinic, and what is asked comes from there. What should change, the "
                "family writes to the therapist under Messages."
            ),
        )
        show_pauses(shown)
        show_versions(shown)
        return
    draft = _draft(shown)
    keep(shown, draft)
    if saved := st.session_state.pop(SAID, ""):
        st.success(saved)
    _stand(shown, draft)
    _meanwhile(shown, draft)
    show_suggestions(shown, draft)
    if not draft.items and not shown.latest:
        layout.notice(
            _("{alias} has no program yet").format(alias=alias),
            _("Choose the first activity below. The family sees it on the day from which it holds."),
        )
    # only the open one is drawn: what the family wrote counts as read when it was in sight
    edit, records, talk = st.tabs(
        [_("Program"), _("Versions and pauses"), _("Messages")], key="program-tabs", on_change="rerun"
    )
    if edit.open:
        with edit:
            _edit(shown, draft)
    if records.open:
        with records:
            show_pauses(shown)
            show_versions(shown)
    if talk.open:
        with talk:
            show_conversation(shown.child_id)


def _draft(shown: ProgramPage) -> Draft:
    """The draft that this viewer has of it; one in which nothing was changed follows the latest version."""
    here: dict[str, Draft] = st.session_state.setdefault(drafts.DRAFTS, {})
    draft, kept = here.get(shown.child_id), shown.draft
    if (draft.kept_at if draft else None) != (kept.kept_at if kept else None):
        if draft and draft.changed:  # two devices: what was kept last holds, and nobody wonders
            st.warning(_("Your draft was changed or let go of on another device. Below is how it is now."))
        draft = drafts.resume(kept, shown.history) if kept else None
    if draft is None or (not draft.changed and draft.read != shown.latest):
        draft = drafts.start(shown.history, shown.today)
    if (begins := draft.saving["valid_from"]) and begins < shown.today:  # it was begun on another day
        draft.saving["valid_from"] = shown.today
    here[shown.child_id] = draft
    return draft


def _stand(shown: ProgramPage, draft: Draft) -> None:
    """Which version holds, whether it is paused, whether the family has it, and what is not sent yet."""
    version = shown.history.on(shown.today)
    said = []
    if version:
        begun = words.date_of(version.valid_from)
        said.append(
            _("Version {number} holds since {day}.").format(number=version.number, day=begun)
            if version.program
            else _("Nothing is asked since {day}.").format(day=begun)
        )
    for later in shown.history.versions:
        if later.valid_from > shown.today:
            begins = words.date_of(later.valid_from)
            said.append(_("Version {number} begins on {day}.").format(number=later.number, day=begins))
    if paused := shown.history.paused(shown.today):
        said.append(_("It is paused since {day}.").format(day=words.date_of(paused.since)))
    said.append(_post(shown.post))
    st.markdown(" ".join(part for part in said if part))
    if draft.changed and draft.kept_at:
        at = words.day_time(draft.kept_at, layout.zone())
        kept = _(
            "**Draft, not sent yet.** It was kept on {time}, for you alone and on all your devices. The "
            "family sees none of it before you save it as a version."
        ).format(time=at)
        st.info(kept, icon="📝")


def _post(post: Post) -> str:
    taken = words.day_time(post.taken_at, layout.zone()) if post.taken_at else ""
    if not _POST[post.stand]:  # gettext answers the empty string with the catalogue's head
        return ""
    return _(_POST[post.stand]).format(time=taken, problem=words.plain(post.problem))


def _meanwhile(shown: ProgramPage, draft: Draft) -> None:
    """Say that somebody else saved a version while this one was being changed."""
    if draft.read == shown.latest:
        return
    latest = shown.history.versions[-1]
    with st.container(border=True):
        st.warning(
            _(
                "{who} saved version {number} while you were changing version {read}. Your changes are still "
                "here, and theirs are in force: nothing is overwritten."
            ).format(who=who(shown, latest.by), number=latest.number, read=draft.read)
        )
        before = next((one.program for one in shown.history.versions if one.number == draft.read), None)
        st.caption(_("What they changed"))
        show_lines(program_changes.lines(before, latest.program, shown.library))
        with st.container(horizontal=True):
            st.button(
                _("Begin anew from version {number}").format(number=latest.number),
                on_click=forget,
                args=(shown.child_id,),
                key=f"{draft.key}-anew",
            )
            st.button(
                _("Go on with mine in place of it"),
                on_click=drafts.put_on_top,
                args=(draft, shown.history),
                key=f"{draft.key}-on-top",
            )


def _edit(shown: ProgramPage, draft: Draft) -> None:
    program, problems = drafts.check(draft, shown.library)
    form = Fields(draft.values, draft.key, problems if draft.changed else {})
    left, right = st.columns([3, 2], gap="large")
    with left:
        edit_items(form, draft, shown.library)
        choose_activity(shown, draft)
        edit_goals(form, draft, shown.library)
        edit_whole(form, shown)
    with right:
        st.header(_("What the family will see"), anchor=False)
        preview(shown, draft)
        save(shown, draft, program, problems)
