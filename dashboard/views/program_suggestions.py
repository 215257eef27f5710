"""What the rules of progression would change, for the therapist to say yes or no."""

import streamlit as st

from ...firmware_bridge.errors import GripError
from ...hub.errors import StoreError
from ...hub.program import suggestions
from ...hub.program.prescription import Program
from ...hub.program.progression import Proposal
from .. import context, dose_words, refusals, viewer, words
from ..drafts import Draft
from ..i18n import _
from ..queries.program import ProgramPage, proposed
from .program_saving import SAID, say_saved


def show_suggestions(shown: ProgramPage, draft: Draft) -> None:
    """What the rules of progression would change, for the therapist to say yes or no."""
    program = _now(shown)
    if program is None or not any(item.progression for item in program.items):
        return
    try:
        found = proposed(viewer.results(), context.config(), shown)
    except StoreError:
        st.caption(_("What was done cannot be read right now, so no rule can propose anything."))
        return
    for proposal in found:
        item = program.item(proposal.item_id)
        activity = shown.library.get(item.activity) if item else None
        name = words.plain(dose_words.title_of(activity, proposal.item_id))
        with st.container(border=True):
            st.markdown("**" + _("Suggestion: {activity}").format(activity=name) + "**")
            st.markdown(words.plain(words.said(proposal.because)))
            with st.container(horizontal=True):
                if st.button(_("Accept"), type="primary", key=f"accept-{shown.child_id}-{proposal.item_id}"):
                    _accept(shown, draft, proposal)
                if st.button(_("Decline"), key=f"decline-{shown.child_id}-{proposal.item_id}"):
                    with viewer.changing() as work:
                        suggestions.decline(work, shown.child_id, proposal, today=shown.today)
                    st.rerun()


def _now(shown: ProgramPage) -> Program | None:
    return shown.history.program(shown.today)


def _accept(shown: ProgramPage, draft: Draft, proposal: Proposal) -> None:
    """Take a proposal over: as a version of its own, or into a draft that is being changed anyway."""
    if draft.changed and proposal.changed:
        for item in draft.items:
            if item["id"] == proposal.item_id:
                item["squeezes"] = proposal.changed.model_dump(mode="json")
        draft.show_anew()
        st.session_state[SAID] = _("It is among your changes now; save them below.")
        st.rerun()
    try:
        with viewer.changing() as work:
            version = suggestions.accept(
                work, shown.child_id, [proposal], today=shown.today, read=shown.latest
            )
    except GripError as error:
        st.error(refusals.why(error))
        return
    if version:
        say_saved(version.number)
    st.rerun()
