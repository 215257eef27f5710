"""Consent: to which text, since when, by whom; given, taken back, recorded from paper."""

from datetime import UTC, datetime

import streamlit as st

from ...hub.database.actor import Role
from ...hub.people import consent, places
from ...hub.people.decisions import standing_of
from ...hub.people.model import Consent, ConsentText
from ...hub.program.joining import has_clinic, has_joined
from .. import context, i18n, viewer, words
from ..i18n import _
from . import forms, join, layout


def page() -> None:
    """Draw the page."""
    with layout.store_screen():
        _draw()


def _draw() -> None:
    with viewer.reading() as work:
        known = places.children(work)
        texts = consent.texts(work)
        sites = places.sites(work)
    role = viewer.role()
    children = [viewer.Child(one.id, one.name, one.goal) for one in known]
    if child := layout.chosen_child(children, _("Consent"), _("Consent")):
        forms.said()
        _of_child(child)
    if role is Role.ADMIN:
        _texts(list(texts), [(site.id, site.name) for site in sites])


def _of_child(child: viewer.Child) -> None:
    with viewer.reading() as work:
        history = consent.history(work, child.id)
        shares = consent.may_share(work, child.id)
        there = consent.elsewhere(work, child.id)
        connected = has_clinic(work, context.config(), child.id)
        text = consent.current_text(work, child.id)
        holds = standing_of(work, child.id)
    if shares and not connected:
        st.info(_("No clinic is connected: everything stays on this computer."), icon="🏠")
    elif shares:
        st.success(_("Results of {alias} are shared with the clinic.").format(alias=child.alias), icon="🤝")
    else:
        st.info(
            _("Results of {alias} stay at home. Nothing new is sent to the clinic.").format(
                alias=child.alias
            ),
            icon="🏠",
        )
    st.caption(
        _("You can change your mind at any time. Exercising goes on as before, whatever you decide here.")
    )
    if there:
        day = words.day(there.decided_at, layout.zone())
        said = _("agreed on {day}") if there.given else _("no agreement since {day}")
        st.caption(_("As told from the other end: {said}.").format(said=said.format(day=day)))
    if shares and text and holds and holds.version and holds.version != text.version:
        st.caption(
            _("What was agreed to is version {version}. The text is another one since {day}.").format(
                version=holds.version, day=words.day(text.published_at, layout.zone())
            )
        )
    if connected or text or not shares:
        with st.container(border=True):
            if shares and connected:
                _take_back(child)
            if text:
                _agree(child, text)
            elif not shares:
                st.markdown(_("Your site has not published a text to agree to yet."))
    if viewer.role() is Role.PARENT:
        join.offer()
    if history:
        with st.expander(_("What was decided so far")):
            st.dataframe([_row(one) for one in history], hide_index=True)


def _agree(child: viewer.Child, text: ConsentText) -> None:
    st.subheader(_("Version {version}").format(version=text.version), anchor=False)
    if text.language and text.language.split("-")[0] != i18n.language():
        st.caption(_("Written in {language}.").format(language=i18n.language_name(text.language)))
    st.text(text.text)
    with st.form(f"agree-{child.id}", border=False):
        by = st.text_input(_("Name of the parent who agrees"), max_chars=80)
        day = st.date_input(
            _("Day of the signature"), "today", max_value=datetime.now(UTC).astimezone(layout.zone()).date()
        )
        read = st.checkbox(_("The text was read and understood."))
        if st.form_submit_button(_("Agree"), type="primary"):
            if not read:
                st.error(_("Read the text first, then tick the box above."))
                return
            with forms.change(_("Thank you. This is noted.")) as work:
                consent.give(work, child.id, version=text.version, given_by=by, given_on=day)


def _take_back(child: viewer.Child) -> None:
    with st.form(f"take-back-{child.id}", border=False):
        by = st.text_input(_("Name of the parent who takes it back"), max_chars=80)
        if st.form_submit_button(_("Stop sharing")):
            with forms.change(_("Noted. Nothing new is shared from now on.")) as work:
                consent.withdraw(work, child.id, withdrawn_by=by)


def _row(one: Consent) -> dict[str, str]:
    zone = layout.zone()
    return {
        _("Version"): one.version or "–",
        _("Given by"): one.given_by,
        _("Given on"): words.date_of(one.given_on),
        _("Taken back on"): words.date_of(one.withdrawn_on) if one.withdrawn_on else "–",
        _("Taken back by"): one.withdrawn_by or "–",
        _("Recorded"): words.day_time(one.recorded_at, zone),
    }


def _texts(texts: list[ConsentText], sites: list[tuple[str, str]]) -> None:
    st.subheader(_("Texts"), anchor=False)
    for text in texts:
        with st.expander(f"{text.site_id} · {text.version} · {words.day(text.published_at, layout.zone())}"):
            st.text(text.text)
    if has_joined(context.config()):
        st.caption(_("The text comes from the clinic that this home has joined."))
        return
    names = dict(sites)
    with st.form("publish"):
        site = st.selectbox(_("Site"), list(names), format_func=lambda key: names[key])
        version = st.text_input(_("Version"), max_chars=48, help=_("Such as v2. A version is never changed."))
        tongues = i18n.languages()
        language = st.selectbox(
            _("Language of the text"), tongues, tongues.index(i18n.language()), format_func=i18n.language_name
        )
        text_words = st.text_area(_("Text"), height=160)
        st.caption(
            _(
                "With the first text, children without consent are not shared any more. Homes are sent the "
                "newest text, and families agree to it there."
            )
        )
        if st.form_submit_button(_("Publish")):
            with forms.change(_("The text is published.")) as work:
                consent.publish_text(
                    work, site_id=site or "", version=version, text=text_words, language=language
                )
