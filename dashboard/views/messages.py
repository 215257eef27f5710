"""What the therapist wrote, what the family answers, when they meet, and what changed in the program."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

import streamlit as st

from ...hub.database.actor import Role
from ...hub.errors import FieldError
from ...hub.program import post
from ...hub.program.activity import Library
from ...hub.program.conversation import Message, mark_read
from ...hub.program.letter import MAX_NOTE
from ...hub.program.prescription import Item
from ...hub.program.tables import Visit, VisitKind
from .. import context, dose_words, refusals, viewer, words
from ..i18n import N_, _
from ..queries import messages as queries
from ..queries.messages import Change, Post
from . import conversation, family, layout

_MET: Final = {
    VisitKind.CLINIC: N_("At the clinic"),
    VisitKind.HOME: N_("At your home"),
    VisitKind.CALL: N_("By telephone"),
}

#: More stand below, for whoever looks back.
_LATEST: Final = 3
#: How many messages were sent from this browser's page.
_SENT: Final = "messages-sent"


def page() -> None:
    """Draw the page: a therapist's is another one."""
    if viewer.role() is Role.THERAPIST:
        conversation.page()
        return
    with layout.store_screen(), family.frame():
        if child := layout.chosen_child(viewer.children(), _("Messages"), _("Messages")):
            _draw(child)


def _draw(child: viewer.Child) -> None:
    found = queries.of_child(
        context.config(), context.database(), viewer.current().actor, child.id, now=datetime.now(UTC)
    )
    family.flash()
    for visit in found.coming[:2]:
        with st.container(border=True):
            family.card("📅", _visit_day(visit, found), _(_MET[visit.kind]), [visit.words])
    _talk(child, found.written)
    _changes(found)
    if found.past:
        with st.expander(_("Earlier visits"), icon="📅"):
            for visit in found.past:
                family.card("📅", dose_words.day(visit.day), _(_MET[visit.kind]), [visit.words])


def _visit_day(visit: Visit, found: Post) -> str:
    day = dose_words.full_day(visit.day)
    return _("Today: {day}").format(day=day) if visit.day == found.today else _("Next: {day}").format(day=day)


def _talk(child: viewer.Child, written: Sequence[Message]) -> None:
    if written:
        st.html(f'<div class="gh-talk" role="list">{"".join(map(_bubble, written))}</div>')
    else:
        layout.notice(
            _("No messages yet"), _("What your therapist writes to you appears here, and stays here.")
        )
    _answer(child)
    if any(one.unread for one in written):
        with viewer.changing() as work:
            mark_read(work, child.id)


def _bubble(one: Message) -> str:
    about = [words.day_time(one.written_at, layout.zone())]
    if one.from_family:
        about.append(_("arrived") if one.delivered_at else _("on its way"))
    else:
        about.insert(0, _("Your therapist"))
    new = f'<span class="gh-now">{escape(_("new"))}</span> ' if one.unread else ""
    return (
        f'<div class="{"gh-mine" if one.from_family else "gh-theirs"}" role="listitem">'
        f'<p>{escape(one.words)}</p><p class="gh-soft">{new}{escape(" · ".join(about))}</p></div>'
    )


def _answer(child: viewer.Child) -> None:
    # what was sent leaves its field, and what could not be sent stays in it
    number = st.session_state.setdefault(_SENT, 0)
    with st.form(f"answer-{child.id}", border=False):
        text = st.text_area(
            _("Write to your therapist"), key=f"answer-{child.id}-{number}", max_chars=MAX_NOTE
        )
        if not st.form_submit_button(_("Send"), type="primary"):
            return
    if not text.strip():
        st.info(_("There is nothing in it yet. Write a word, then send it."), icon="✏️")
        return
    try:
        with viewer.changing() as work:
            post.write_note(work, child.id, text)
    except FieldError as error:
        st.info(_("It was not sent. {reason}").format(reason=refusals.why(error)), icon="✏️")
        return
    st.session_state[_SENT] += 1
    st.rerun()


def _changes(found: Post) -> None:
    if not found.changes:
        return
    family.heading(_("What changed in the program"))
    for change in found.changes[:_LATEST]:
        _change(change, found.library)
    if earlier := found.changes[_LATEST:]:
        with st.expander(_("Earlier changes"), icon="🗂️"):
            for change in earlier:
                _change(change, found.library)


def _change(change: Change, library: Library) -> None:
    version = change.version
    lines = [
        *(_("New: {item}").format(item=_item(one, library)) for one in change.new),
        *(_("Now: {item}").format(item=_item(one, library)) for one in change.changed),
        *(_("No longer: {item}").format(item=_title(one, library)) for one in change.dropped),
    ]
    if version.program is None:
        lines = [_("Nothing is asked of you from then on.")]
    why = f"<p>{escape(version.because)}</p>" if version.because else ""
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    day = dose_words.full_day(version.valid_from)
    with st.container(border=True):
        st.html(f"<p><strong>{escape(_('From {day}').format(day=day))}</strong></p>{why}<ul>{listed}</ul>")


def _item(item: Item, library: Library) -> str:
    return ", ".join((_title(item, library), dose_words.amount(item), dose_words.how_often(item.dose)))


def _title(item: Item, library: Library) -> str:
    return dose_words.title_of(library.get(item.activity), item.activity)
