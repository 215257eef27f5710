"""An admin's page: families and their children, accounts and their roles, who treats whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import streamlit as st

from ...hub.database.actor import GRANTABLE, Role
from ...hub.people import accounts, caseload, places
from ...hub.people.accounts import Invitation
from ...hub.people.model import Child, Family
from ...hub.records.vocabulary import Hand
from .. import viewer, words
from ..access import INVITATION_PATH
from ..i18n import N_, _, ngettext
from ..queries import people as queries
from ..queries.people import People, Person
from . import forms, layout

ROLE: Final = {Role.PARENT: N_("Parent"), Role.THERAPIST: N_("Therapist"), Role.ADMIN: N_("Admin")}

_TOLD: Final = "griphub_invitation"


@dataclass(frozen=True, slots=True)
class _Told:
    """A link that is shown once."""

    name: str
    link: str
    until: str


def page() -> None:
    """Draw the page."""
    st.title(_("People"), anchor=False)
    with layout.store_screen():
        with viewer.reading() as work:
            found = queries.people(work)
        forms.said()
        _invitation()
        families, people, treated = st.tabs([_("Families"), _("Accounts"), _("Caseloads")])
        with families:
            _families(found)
        with people:
            _accounts(found)
        with treated:
            _caseloads(found)


def _invitation() -> None:
    told = st.session_state.pop(_TOLD, None)
    if not isinstance(told, _Told):
        return
    with st.container(border=True):
        st.markdown(
            _(
                "Give this link to **{name}**. It works once, until {until}, and is not shown again. "
                "Whoever has it sets the password."
            ).format(name=told.name, until=told.until)
        )
        st.code(told.link, language=None)


def _invited(made: Invitation) -> None:
    """Keep an invitation's link for the run that follows; the token is nowhere else."""
    here = urlsplit(st.context.url or "")
    link = f"{here.scheme or 'http'}://{here.netloc}{INVITATION_PATH}?token={made.token}"
    st.session_state[_TOLD] = _Told(made.account.name, link, words.day_time(made.expires_at, layout.zone()))


@contextmanager
def _opened(title: str, key: str) -> Iterator[bool]:
    """Something that is folded up, and whether it is open: hundreds of forms at once would be seconds."""
    with (folded := st.expander(title, key=key, on_change="rerun")):
        yield bool(folded.open)


# -- families and children


def _families(found: People) -> None:
    if not found.families:
        layout.notice(_("No family yet"), _("Add the first one below. Its hub gets the name that you enter."))
    for family in found.families:
        children = found.of_family(family.id)
        count = ngettext("{number} child", "{number} children", len(children))
        hub = _("hub {name}").format(name=family.hub) if family.hub else _("no hub yet")
        with _opened(f"**{family.name}** · {count} · {hub}", f"family-{family.id}") as opened:
            if opened:
                for child in children:
                    _child(child)
                _new_child(family)
    with st.form("new-family", clear_on_submit=False):
        st.markdown(f"**{_('New family')}**")
        site = st.selectbox(_("Site"), [site.id for site in found.sites], format_func=_site_name(found))
        name = st.text_input(_("Name"), max_chars=80)
        hub = st.text_input(
            _("Name of its hub"),
            max_chars=48,
            help=_("As in its topics: a-z, 0-9, - and _."),
        )
        if st.form_submit_button(_("Add the family"), type="primary"):
            with forms.change(_("The family was added.")) as work:
                places.add_family(work, site_id=site or "", name=name, hub=hub.strip() or None)


def _child(child: Child) -> None:
    with st.form(f"child-{child.id}"):
        st.markdown(f"**{child.name}** · {child.id}")
        name, born, hand = _about(child)
        with st.container(horizontal=True):
            keep = st.form_submit_button(_("Save"))
            gone = st.form_submit_button(_("Does not train here any more"))
        if keep:
            with forms.change(_("Saved.")) as work:
                places.change_child(
                    work, child.id, name=name, birth_month=born.strip() or None, dominant_hand=hand
                )
        if gone:
            with forms.change(_("No longer listed here. What was measured stays.")) as work:
                places.let_child_go(work, child.id)


def _new_child(family: Family) -> None:
    with st.form(f"new-child-{family.id}"):
        st.markdown(f"**{_('New child')}**")
        name, born, hand = _about(None)
        if st.form_submit_button(_("Add the child"), type="primary"):
            with forms.change(_("The child was added.")) as work:
                places.add_child(
                    work,
                    family_id=family.id,
                    name=name,
                    birth_month=born.strip() or None,
                    dominant_hand=hand,
                )


def _about(child: Child | None) -> tuple[str, str, Hand | None]:
    born = f"{child.birth_month:%Y-%m}" if child and child.birth_month else ""
    with st.container(horizontal=True):
        name = st.text_input(_("Name"), child.name if child else "", max_chars=40)
        month = st.text_input(_("Month of birth"), born, max_chars=7, placeholder="2018-04")
        options = [None, *Hand]
        hand = st.selectbox(
            _("Hand for writing"),
            options,
            index=options.index(child.dominant_hand) if child else 0,
            format_func=lambda one: words.hand(one) if one else _("not known"),
        )
    return name, month, hand


# -- accounts


def _accounts(found: People) -> None:
    for person in found.accounts:
        _account(found, person)
    with st.container(border=True):
        st.markdown(f"**{_('Invite somebody')}**")
        role, site, family = _which_role(found, "invite")
        with st.form("invite"):
            name = st.text_input(_("Name"), max_chars=80)
            login = st.text_input(_("Email address or name to sign in with"), max_chars=80)
            if st.form_submit_button(_("Make an invitation"), type="primary"):
                with forms.change(_("The invitation is made.")) as work:
                    made = accounts.invite(
                        work, login=login, name=name, role=role, site_id=site, family_id=family
                    )
                    _invited(made)


def _account(found: People, person: Person) -> None:
    roles = ", ".join(f"{_(ROLE[held.role])} ({held.family or held.site})" for held in person.roles)
    closed = f" · {_('closed')}" if person.closed else ""
    login = _("opened with the home's access key") if person.household else person.login
    title = f"**{person.name}** · {login} · {roles or _('no role')}{closed}"
    with _opened(title, f"account-{person.id}") as opened:
        if not opened:
            return
        for held in person.roles:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{_(ROLE[held.role])} · {held.family or held.site}")
                if st.button(_("Take this role away"), key=f"revoke-{held.membership_id}"):
                    with forms.change(_("The role was taken away.")) as work:
                        accounts.revoke(work, held.membership_id)
        if person.household:
            return
        with st.container(horizontal=True):
            if st.button(_("New password"), key=f"reset-{person.id}"):
                with forms.change(_("The link for a new password is made.")) as work:
                    _invited(accounts.reset_password(work, person.id))
            if person.closed:
                if st.button(_("Open the account again"), key=f"enable-{person.id}"):
                    with forms.change(_("The account is open again.")) as work:
                        accounts.enable(work, person.id)
            elif st.button(_("Close the account"), key=f"disable-{person.id}"):
                with forms.change(_("The account is closed and signed out everywhere.")) as work:
                    accounts.disable(work, person.id)
        role, site, family = _which_role(found, f"grant-{person.id}")
        if st.button(_("Give this role"), key=f"grant-button-{person.id}"):
            with forms.change(_("The role was given.")) as work:
                accounts.grant(work, person.id, role=role, site_id=site, family_id=family)


def _which_role(found: People, key: str) -> tuple[Role, str, str | None]:
    with st.container(horizontal=True):
        role = st.selectbox(_("Role"), GRANTABLE, format_func=lambda one: _(ROLE[one]), key=f"{key}-role")
        if role is Role.PARENT:
            names = {family.id: family for family in found.families}
            chosen = st.selectbox(
                _("Family"), list(names), format_func=lambda one: names[one].name, key=f"{key}-family"
            )
            return role, names[chosen].site_id if chosen else "", chosen
        site = st.selectbox(
            _("Site"), [site.id for site in found.sites], format_func=_site_name(found), key=f"{key}-site"
        )
    return role, site or "", None


# -- who treats whom


def _caseloads(found: People) -> None:
    therapists = [person for person in found.accounts if person.treats and not person.closed]
    if not therapists:
        layout.notice(_("No therapist yet"), _("Invite one under *Accounts*."))
        return
    names = {child.id: child.name for child in found.children}
    for person in therapists:
        with st.form(f"caseload-{person.id}"):
            chosen = st.multiselect(
                _("Caseload of {name}").format(name=person.name),
                list(names),
                default=[child for child in person.children if child in names],
                format_func=lambda child: names[child],
            )
            if st.form_submit_button(_("Save")):
                with forms.change(_("The caseload is saved.")) as work:
                    for child in set(chosen) - set(person.children):
                        caseload.assign(work, account_id=person.id, child_id=child)
                    for child in set(person.children) - set(chosen):
                        caseload.unassign(work, account_id=person.id, child_id=child)


def _site_name(found: People) -> "_Named":
    return _Named({site.id: site.name for site in found.sites})


class _Named(dict[str, str]):
    """Names by id, called as Streamlit's format function."""

    def __call__(self, key: str) -> str:
        return self[key]
