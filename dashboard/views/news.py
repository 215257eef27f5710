"""What a family should know before it begins: a message, a break, a tool to look after, what to be shown."""

from typing import Final

import streamlit as st

from ...hub.program import commands
from ...hub.program.alerts import Alert, Cause
from .. import viewer, words
from ..i18n import N_, _
from ..queries.today import Today
from . import breaks, family, layout

#: What a parent should have seen before the first session at home.
_TRAINING: Final = {
    "saw_it": N_("I saw each activity done by the therapist."),
    "did_it": N_("I did each activity with my child while the therapist looked on."),
    "stop_rule": N_("I know when to stop: when it hurts, or when my child says so."),
    "faces": N_("I can ask for pain with the faces."),
    "tools": N_("I have paired the tools and seen them count."),
    "help": N_("I know whom to ask, and how."),
}


def news(child: viewer.Child, today: Today) -> None:
    """Say what is new, and what somebody can do something about."""
    if today.unread:
        with st.container(border=True, key="wrote"):
            family.card("✉️", _("Your therapist wrote to you"), words.plural(today.unread, "message"))
            layout.link_to("messages", _("Read it"), icon="👉")
    breaks.banner(child, today)
    for alert in today.tools:
        with st.container(border=True):
            _tool(alert)


def training(child: viewer.Child, today: Today) -> None:
    """Ask what the therapist has shown; until then it is asked first."""
    if not today.training:
        return
    with st.expander(
        _("Before you begin: what your therapist shows you"), icon="🎓", expanded=not today.begun
    ):
        st.caption(_("Tick what you have done together. What is missing, ask for at the next visit."))
        seen = [
            topic
            for topic in today.training
            if st.checkbox(_(_TRAINING.get(topic, topic)), key=f"training-{child.id}-{topic}")
        ]
        if st.button(_("Save"), key=f"training-{child.id}", disabled=not seen):
            with viewer.changing() as work:
                commands.trained(work, child.id, seen, on=today.day)
            family.say_next(_("Noted. It is good to have this behind you."))
            st.rerun()


def _tool(alert: Alert) -> None:
    """What a parent can do for a tool before the next time."""
    which = ", ".join(
        [
            words.tool(alert.tool_kind) if alert.tool_kind else _("Tool"),
            *([words.hand(alert.hand)] if alert.hand else ()),
        ]
    )
    if alert.cause is Cause.BATTERY:
        line = _("{percent} % left. Charge it tonight.").format(percent=round(alert.after or 0))
        family.card("🪫", which, line)
    else:
        family.card("📡", which, _("Not heard for a while. Charge it, bring it near, and squeeze it once."))
    layout.link_to("tools", _("Look after the tools"), icon="🔧")
