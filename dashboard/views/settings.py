"""How somebody likes GripHub: language, unit of force, first hand, calm; and when a family's day is."""

from dataclasses import replace
from datetime import time
from typing import Final

import streamlit as st
from babel import Locale

from ...hub.database.actor import Role
from ...hub.people import places
from ...hub.program import routine
from ...hub.program.prescription import Slot
from ...hub.program.routine import USUAL, Routine
from ...hub.records.vocabulary import Hand
from ...hub.units import ForceUnit
from .. import context, dose_words, i18n, preferences, viewer
from ..i18n import N_, _
from . import family, layout

_UNITS: Final = {
    ForceUnit.NEWTON: N_("Newtons (N)"),
    ForceUnit.KGF: N_("Kilograms-force (kgf)"),
    ForceUnit.LBF: N_("Pounds-force (lbf)"),
}
_FIRST: Final = {Hand.LEFT: N_("Left hand first"), Hand.RIGHT: N_("Right hand first")}

_AS_THE_BROWSER: Final = ""


def page() -> None:
    """Draw the page."""
    with layout.store_screen(), family.frame():
        st.title(_("Settings"), anchor=False)
        family.flash()
        with st.container(border=True):
            _look()
        if viewer.role() is Role.PARENT:
            _day()
            with st.container(horizontal=True):
                layout.link_to("tools", _("Tools and batteries"), icon="🔧")
                layout.link_to("pair", _("Pair a ball or putty"), icon="🔗")
                layout.link_to("sharing", _("Sharing with the clinic"), icon="🤝")


def _look() -> None:
    """What holds at once, for this account alone."""
    now = preferences.current()
    languages = [_AS_THE_BROWSER, *i18n.languages()]
    chosen = replace(
        now,
        language=st.selectbox(
            _("Language"),
            languages,
            index=languages.index(now.language) if now.language in languages else 0,
            format_func=_language,
            key="settings-language",
            width=420,
        )
        or None,
        force_unit=st.pills(
            _("Forces in"),
            list(ForceUnit),
            default=now.force_unit,
            required=True,
            format_func=lambda unit: _(_UNITS[unit]),
            help=_("A pressure in kPa stays one: a ball that nobody calibrated measures no force."),
            key="settings-unit",
        )
        or now.force_unit,
        first_hand=st.pills(
            _("Side by side"),
            list(Hand),
            default=now.first_hand,
            required=True,
            format_func=lambda hand: _(_FIRST[hand]),
            key="settings-hand",
        )
        or now.first_hand,
        calm=st.toggle(
            _("Calm: nothing moves, flashes or makes a sound"), value=now.calm, key="settings-calm"
        ),
    )
    st.caption(_("Kept at once, for you alone."))
    if chosen != replace(now, language=now.language if now.language in languages else None):
        preferences.change(chosen)
        st.rerun()


def _language(tag: str) -> str:
    if tag == _AS_THE_BROWSER:
        return _("As my browser says")
    return str(Locale.parse(tag).get_display_name(tag)).capitalize()


def _day() -> None:
    """When the slots of a program are in this family's day."""
    with viewer.reading() as work:
        days = [(one.id, one.name, routine.routine(work, one.id)) for one in places.families(work)]
    quiet = context.config().reminders
    for family_id, name, own in days:
        with st.container(border=True):
            st.subheader(
                _("Our day") if len(days) == 1 else _("The day of {family}").format(family=name),
                anchor=False,
            )
            st.caption(
                _(
                    "Your program says *after school*; you say when that is. GripHub reminds you then of "
                    "what is left, and never between {since} and {until}."
                ).format(since=dose_words.clock(quiet.quiet_from), until=dose_words.clock(quiet.quiet_to))
            )
            with st.form(f"day-{family_id}", border=False):
                wanted = _slots(family_id, own)
                if st.form_submit_button(_("Save our day"), type="primary"):
                    _keep(family_id, own, wanted)


def _slots(family_id: str, own: Routine) -> dict[Slot, time | None]:
    wanted: dict[Slot, time | None] = {}
    with st.grid("auto", min_column_width=300, gap="medium"):
        for slot in sorted(Slot, key=USUAL.__getitem__):
            at = own.at(slot)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                chosen = st.time_input(
                    dose_words.slot(slot), value=at or USUAL[slot], step=300, key=f"slot-{family_id}-{slot}"
                )
                reminds = st.checkbox(_("remind us"), value=at is not None, key=f"reminds-{family_id}-{slot}")
            wanted[slot] = chosen if reminds else None
    return wanted


def _keep(family_id: str, own: Routine, wanted: dict[Slot, time | None]) -> None:
    with viewer.changing() as work:
        for slot, at in wanted.items():
            if at == own.at(slot):
                continue
            if at == USUAL[slot]:
                routine.reset(work, family_id, slot)
            else:
                routine.change(work, family_id, slot, at)
    family.say_next(_("Your day is noted."))
    st.rerun()
