"""Joining a clinic: a family hands over the file that its clinic gave it."""

from typing import Final

import streamlit as st

from ...hub.errors import SetupError
from ...hub.invitation import MAX_BYTES, Invitation, read_invitation
from ...hub.join import accept, can_join, pending
from .. import context, refusals
from ..i18n import _
from . import forms

_FILE: Final = "join-file"


def offer() -> None:
    """Offer to join a clinic; nothing where there is one."""
    config = context.config()
    if pending(config):
        st.info(_("GripHub starts anew to join your clinic. Load this page again in a minute."), icon="⏳")
    elif can_join(config):
        with st.container(border=True):
            st.subheader(_("Join your clinic"), anchor=False)
            st.markdown(
                _(
                    "Has your clinic given you a file for GripHub? Then your therapist can set the program "
                    "and see how it goes. Everything stays on this computer as well."
                )
            )
            file = st.file_uploader(_("The file from your clinic"), type="json", key=_FILE)
            if file is not None:
                _read(file.read(MAX_BYTES))


def _read(text: bytes) -> None:
    try:
        invitation = read_invitation(text)
    except SetupError:
        st.warning(
            _(
                "This is not the file of a clinic, or it was made by another version of GripHub. "
                "Ask your clinic for a new one."
            ),
            icon="📄",
        )
        return
    names = ", ".join(invitation.children.values())
    expects = (
        _("**{clinic}** expects {children} to exercise here.") if names else _("**{clinic}** invites you.")
    )
    st.markdown(expects.format(clinic=invitation.clinic, children=names))
    if invitation.consent:
        st.caption(_("You are asked for your agreement afterwards. Nothing is sent before that."))
    if st.button(_("Join {clinic}").format(clinic=invitation.clinic), type="primary"):
        _join(invitation)


def _join(invitation: Invitation) -> None:
    try:
        with forms.change(_("Your clinic is joined as soon as GripHub has started anew.")) as work:
            accept(work, context.config(), invitation)
    except SetupError as error:
        st.error(_("Nothing was changed. {reason}").format(reason=refusals.why(error)))
