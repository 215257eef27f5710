"""What the therapist wrote, what the family answers, when they meet, and what changed in the program."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Final

import streamlit as st

from ...hub.program.activity import Library
from ...hub.program.prescription import Item
from ...hub.program.tables import Visit, VisitKind
from .. import context, dose_words, viewer, words
from ..i18n import N_, _
from ..queries import messages as queries
from ..queries.messages import Change, Post, Written
from . import family, layout

_MET: Final = {
    VisitKind.CLINIC: N_("At the clinic"),
    VisitKind.HOME: N_("At your home"),
    VisitKind.CALL: N_("By telephone"),
}

#: More stand below, for whoever looks back.
_LATEST: Final = 3


def page() -> None:
    """Draw the page."""
    with layout.store_screen(), family.frame():
        children = viewer.children()
        if not children:
            st.title(_("Messages"), anchor=False)
            layout.no_child()
            return
        _draw(layout.heading(_("Messages"), children))


def _draw(child: viewer.Child) -> None:
    found = queries.of_child(
        context.config(), context.database(), viewer.current().actor, child.id, now=datetime.now(UTC)
    )
    family.flash()
    for visit in found.coming[:2]:
        with st.container(border=True):
            family.card("📅", _visit_day(visit, found), _(_MET[visit.kind]), [visit.words])
    _talk(found.written)
    _changes(found)
    if found.past:
        with st.expander(_("Earlier visits"), icon="📅"):
            for visit in found.past:
                family.card("📅", dose_words.day(visit.day), _(_MET[visit.kind]), [visit.words])


def _visit_day(visit: Visit, found: Post) -> str:
    day = dose_words.full_day(visit.day)
    return _("Today: {day}").format(day=day) if visit.day == found.today else _("Next: {day}").format(day=day)


def _talk(written: Iterable[Written]) -> None:
    bubbles = "".join(map(_bubble, written))
    if bubbles:
        st.html(f'<div class="gh-talk" role="list">{bubbles}</div>')
    else:
        layout.notice(
            _("No messages yet"), _("What your therapist writes to you appears here, and stays here.")
        )


def _bubble(one: Written) -> str:
    about = f"{_('Your therapist')} · {words.day_time(one.at, layout.zone())}"
    return (
        f'<div class="gh-theirs" role="listitem"><p>{escape(one.words)}</p>'
        f'<p class="gh-soft">{escape(about)}</p></div>'
    )


def _changes(found: Post) -> None:
    if not found.changes:
        return
    st.html(f'<div class="gh-slot"><h2>{escape(_("What changed in the program"))}</h2></div>')
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
    return family.title_of(library.get(item.activity), item.activity)
