"""What comes of a draft: how the family will see it, and saving it as a version."""

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...hub.program import commands, drafts
from ...hub.program.activity import Activity
from ...hub.program.errors import ProgramChanged
from ...hub.program.prescription import Item, Program
from .. import dose_words, program_changes, refusals, viewer, words
from ..drafts import DRAFTS, Draft
from ..i18n import _, ngettext
from ..program_problems import name_of
from ..queries.program import ProgramPage
from . import family
from .fields import Fields
from .program_records import show_lines

#: What the page says when it is drawn next.
SAID = "program_saved"


def preview(shown: ProgramPage, draft: Draft) -> None:
    """Draw each activity as the family's page shows it, on any day on which it is due."""
    goals = {goal["id"]: goal["words"] for goal in draft.goals}
    with family.frame():
        for values in draft.items:
            activity = shown.library.get(values["activity"])
            try:
                item = Item.model_validate(values)
            except ValueError:
                continue  # what is wrong stands at its field
            if activity:
                with st.container(border=True):
                    _tile(item, activity, goals.get(item.goal or "", ""))
        if draft.values["note"]:
            st.info(words.plain(draft.values["note"]))


def _tile(item: Item, activity: Activity, goal: str) -> None:
    slots = words.listed([dose_words.slot(slot) for slot in item.slots]) if item.slots else ""
    serves = _("For: {goal}").format(goal=goal or _(activity.everyday))
    family.card(
        family.picture_of(activity),
        dose_words.title_of(activity, item.activity),
        dose_words.amount(item),
        [slots, serves],
    )
    with st.expander(_("How it goes"), icon="📖"):
        family.steps(activity, note=item.note, adaptation=item.adaptation)


def save(shown: ProgramPage, draft: Draft, program: Program | None, problems: dict[str, str]) -> None:
    """What saving would change, from when on, and why."""
    if not draft.changed:
        st.caption(_("Nothing is changed yet."))
        return
    with st.container(border=True, key="griphub-save"):
        number = shown.latest + 1
        st.header(_("Save as version {number}").format(number=number), anchor=False)
        if program is None:
            count = ngettext(
                "{number} field is to be corrected", "{number} fields are to be corrected", len(problems)
            )
            st.markdown(f"**{count}:**")
            st.markdown(
                "\n".join(
                    f"- {_at(field, draft, shown)}: {words.plain(why)}" for field, why in problems.items()
                )
            )
        else:
            latest = shown.history.versions[-1].program if shown.latest else None
            st.caption(_("What changes"))
            show_lines(program_changes.lines(latest, program, shown.library))
        chosen = Fields(draft.saving, draft.key)
        chosen.day("valid_from", _("Holds from"), shown.today)
        chosen.words("because", _("Why (for you and colleagues)"), most=300)
        with st.container(horizontal=True):
            saving = st.button(
                _("Save"), type="primary", disabled=program is None or draft.read != shown.latest,
                key=f"{draft.key}-save",
            )  # fmt: skip
            st.button(
                _("Discard my changes"), on_click=forget, args=(shown.child_id,), key=f"{draft.key}-discard"
            )
        if saving and program is not None:
            _prescribe(shown, draft, program)


def _prescribe(shown: ProgramPage, draft: Draft, program: Program) -> None:
    try:
        with viewer.changing() as work:
            version = commands.prescribe(
                work,
                shown.child_id,
                program,
                valid_from=draft.saving["valid_from"] or shown.today,
                today=shown.today,
                because=draft.saving["because"] or "",
                read=draft.read,
            )
            drafts.discard(work, shown.child_id)
    except ProgramChanged:
        st.rerun()  # the page says whose, and what they changed
    except GripError as error:
        st.error(refusals.why(error))
        return
    st.session_state[DRAFTS].pop(shown.child_id, None)
    say_saved(version.number)
    st.rerun()


def _at(field: str, draft: Draft, shown: ProgramPage) -> str:
    """Where a field is, in words."""
    parts = field.split(".")
    name = words.plain(name_of(parts[-1]))
    if parts[0] == "items" and len(parts) > 1:
        activity_id = draft.items[int(parts[1])]["activity"]
        activity = shown.library.get(activity_id)
        title = words.plain(dose_words.title_of(activity, activity_id))
        return f"{title}, {name}" if len(parts) > 2 else title
    return name


def keep(shown: ProgramPage, draft: Draft) -> None:
    """Keep what was changed; what was changed back is let go of."""
    if draft.to_keep:
        with viewer.changing() as work:
            kept = drafts.keep(
                work,
                shown.child_id,
                read=draft.read,
                values=draft.values,
                valid_from=draft.saving["valid_from"],
                because=draft.saving["because"] or "",
            )
        draft.note_kept(kept.kept_at)
    elif draft.kept_at and not draft.changed:
        with viewer.changing() as work:
            drafts.discard(work, shown.child_id)
        draft.kept_at = None


def forget(child_id: str) -> None:
    """Let go of what was changed and not saved."""
    try:
        with viewer.changing() as work:
            drafts.discard(work, child_id)
    except GripError:  # the page is drawn next, says why, and still has the draft
        return
    st.session_state[DRAFTS].pop(child_id, None)


def say_saved(number: int) -> None:
    """Say on the page that is drawn next that a version was saved."""
    st.session_state[SAID] = _("Version {number} is saved.").format(number=number)
