"""What a therapist and a family wrote to each other, as the therapist sees it, and writing more."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from ...hub.errors import FieldError
from ...hub.program import post
from ...hub.program.conversation import Message, conversation, mark_read
from ...hub.program.letter import MAX_NOTE
from .. import context, refusals, viewer, words
from ..i18n import _
from ..queries.program import names
from . import family, layout

#: What was written and not sent, by child: a field's own text goes with its page.
_UNSENT = "unsent_messages"


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        if child := layout.chosen_child(
            viewer.children(), _("Messages with the family of {alias}"), _("Messages")
        ):
            show_conversation(child.id)


def show_conversation(child_id: str) -> None:
    """Draw everything that was written about a child, and a field for more; mark it as read."""
    with viewer.reading() as work:
        written = conversation(work, context.config(), child_id)
        known = names(work, [one.by for one in written])
    with family.frame():
        if written:
            talk = "".join(_bubble(one, known) for one in written)
            st.html(f'<div class="gh-talk" role="list">{talk}</div>')
        else:
            st.caption(_("Nothing was written yet."))
    _write(child_id, len(written))
    _note_read(child_id, written)


def _bubble(one: Message, known: Mapping[str, str]) -> str:
    about = [words.day_time(one.written_at, layout.zone())]
    if one.from_family:
        about.insert(0, _("The family"))
    else:
        about.insert(0, known.get(one.by, _("A colleague")))
        about.append(_("arrived") if one.delivered_at else _("on its way"))
    new = f'<span class="gh-now">{escape(_("new"))}</span> ' if one.unread else ""
    return (
        f'<div class="{"gh-theirs" if one.from_family else "gh-mine"}" role="listitem">'
        f'<p>{escape(one.words)}</p><p class="gh-soft">{new}{escape(" · ".join(about))}</p></div>'
    )


def _write(child_id: str, number: int) -> None:
    key = f"message-{child_id}-{number}"  # what was sent leaves its field
    unsent: dict[str, str] = st.session_state.setdefault(_UNSENT, {})
    st.text_area(
        _("To the family"),
        unsent.get(child_id, ""),
        key=key,
        max_chars=MAX_NOTE,
        on_change=_keep,
        args=(unsent, child_id, key),
        placeholder=_("What went well, what to look at, what to try until we meet."),
    )
    if not st.button(_("Send"), type="primary", key=f"{key}-send"):
        return
    try:
        with viewer.changing() as work:
            post.write_note(work, child_id, st.session_state[key])
    except FieldError as error:
        st.error(refusals.why(error))
        return
    unsent.pop(child_id, None)
    st.rerun()


def _keep(unsent: dict[str, str], child_id: str, key: str) -> None:
    unsent[child_id] = st.session_state[key]


def _note_read(child_id: str, written: Sequence[Message]) -> None:
    if any(one.unread for one in written):
        with viewer.changing() as work:
            mark_read(work, child_id)
