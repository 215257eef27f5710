"""Ticking what was done without a tool: two taps, today or on a day that is over."""

from datetime import UTC, date, datetime

import streamlit as st

from ...hub.program import did
from ...hub.program.activity import Kind
from ...hub.program.prescription import Item
from .. import context, dose_words, viewer
from ..i18n import _
from ..queries import today as queries
from ..queries.today import Today
from . import family, how


def tick(child: viewer.Child, day: date, item: Item | None, activity_id: str, key: str) -> None:
    """Ask how long and who helped; one press is enough for what usually is so."""
    usual = item.minutes if item and item.minutes else None
    minutes = st.number_input(
        _("Minutes"),
        min_value=1,
        max_value=240,
        value=usual,
        step=1,
        key=f"minutes-{key}",
        placeholder=_("as long as it took"),
    )
    helped = st.pills(
        _("Who helped?"),
        list(family.HELPERS),
        format_func=lambda who: _(family.HELPERS[who]),
        key=f"helped-{key}",
    )
    saved = st.button(_("Save"), type="primary", width="stretch", key=f"save-{key}")
    and_how = st.button(_("Save and say how it went"), width="stretch", key=f"how-{key}")
    if not (saved or and_how):
        return
    event = did.activity_done(
        context.config(),
        child.id,
        item,
        activity_id,
        now=datetime.now(UTC),
        day=day,
        minutes=float(minutes) if minutes else None,
        helped_by=helped,
    )
    if family.tell(event):
        family.say_next(_("Noted. Well done, {alias}!").format(alias=child.alias))
        if and_how:
            how.ask(child.id, event.item_id, event.day)
        st.rerun()


def something_else(child: viewer.Child, today: Today) -> None:
    """What nobody asked for, or what was forgotten on another day."""
    with st.expander(_("Something else, or on another day"), icon="➕"):
        day = st.selectbox(
            _("When"),
            queries.late_days(today.day),
            format_func=lambda one: _("Today") if one == today.day else dose_words.day(one),
            key=f"late-{child.id}",
        )
        program = today.history.program(day)
        items = {item.activity: item for item in (program.items if program else ()) if not item.squeezes}
        asked = [one for one in items if one in today.library and not items[one].test]
        others = [
            one.id for one in today.library.values() if one.kind is Kind.HOUSEHOLD and one.id not in asked
        ]
        chosen = st.selectbox(
            _("What"),
            [*asked, *others],
            index=None,
            format_func=lambda one: f"{today.library[one].picture} {_(today.library[one].title)}",
            placeholder=_("Choose what you did"),
            key=f"else-{child.id}",
        )
        if chosen:
            tick(child, day, items.get(chosen), chosen, f"else-{child.id}-{chosen}")
