"""What the pages share: the frame around them, the choice of a child, screens for when there is nothing."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ...firmware_bridge.errors import GripError
from ...hub.database.actor import Role
from ...hub.errors import StoreError
from ...hub.people.sign_in import Known
from ..access import OUT_PATH, ROLE_PATH
from ..i18n import N_, _
from ..viewer import Child

if TYPE_CHECKING:
    from ..pages import Page

# drawn here: an icon of Streamlit's own set would be fetched from a font host
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">'
    '<circle cx="16" cy="16" r="15" fill="#0f766e"/><path d="M5 18h5l3-9 5 15 3-9 1.5 3H27" fill="none" '
    'stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)

#: The same as a picture: an element of its own would not pass Streamlit's cleaning of HTML.
_MARK = (
    f'<img class="griphub-mark" alt="" src="data:image/svg+xml;base64,{b64encode(_LOGO.encode()).decode()}">'
)

_STYLE = (Path(__file__).parents[1] / "components" / "layout.css").read_text(encoding="utf-8")

#: What a role is called where somebody has several.
ROLE: Final = {Role.PARENT: N_("Family"), Role.THERAPIST: N_("Therapist"), Role.ADMIN: N_("Technical")}

_AGAIN = N_("Try again in a minute; if it stays so, show what stands below to whoever looks after GripHub.")

#: Where the pages of this run are found by their paths, for `go` and `link_to`.
PAGES_KEY: Final = "griphub_pages"


def set_up() -> None:
    """Set up the page; the first thing a script does."""
    st.set_page_config(page_title="GripHub", page_icon=_LOGO, layout="wide")
    st.html(f"<style>{_STYLE}</style>")


def bar(who: Known, tabs: Sequence[tuple["Page", StreamlitPage]]) -> None:
    """Draw the bar with the way to the other pages, and out."""
    # Streamlit's own bar hides the pages behind an arrow on a phone, where most parents are
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"
    ):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="griphub-tabs"):
            st.html(_MARK, width=32)
            for page, link in tabs:
                st.page_link(link, label=_(page.title), icon=page.icon, width="content")
        others = [
            f'<a href="{ROLE_PATH}{role}" target="_self">{escape(_(ROLE[role]))}</a>'
            for role in who.roles
            if role is not who.actor.role
        ]
        out = f'<a href="{OUT_PATH}" target="_self">{escape(_("Sign out"))}</a>'
        links = " ".join([*others, out])
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="right", width="content"
        ):
            link_to("settings", _("Settings"), icon="⚙️")
            st.html(f'<nav class="griphub-who" aria-label="{escape(_("Account"))}">{links}</nav>')


def go(path: str) -> None:
    """Go to another page of this viewer; what is chosen stays in the session's state."""
    st.switch_page(st.session_state[PAGES_KEY][path])


def link_to(path: str, label: str, icon: str | None = None) -> None:
    """Draw a link to another page of this viewer; nothing where they have no such page."""
    if page := st.session_state.get(PAGES_KEY, {}).get(path):
        st.page_link(page, label=label, icon=icon, width="content")


def signed_out() -> None:
    """Say that nobody is signed in any more, and where to do it."""
    notice(
        _("You are not signed in any more"),
        _("Sign in again to go on. What was counted is safe."),
    )
    st.html(f'<p style="text-align:center"><a href="/" target="_self">{escape(_("Sign in"))}</a></p>')


def broken(error: GripError) -> None:
    """Say that the people of this installation cannot be read."""
    notice(
        _("GripHub cannot open its own records right now"),
        _(_AGAIN),
    )
    st.button(_("Try again"), type="primary")
    with st.expander(_("What went wrong")):
        st.text(str(error))


def chosen_child(children: Sequence[Child], heading: str, title: str) -> Child | None:
    """Draw the heading with the choice of a child beside it.

    The choice is remembered from page to page, and never part of an address.

    Parameters
    ----------
    children : sequence of Child
        To choose from.
    heading : str
        May hold ``{alias}``.
    title : str
        Of the page as long as there is no child.

    Returns
    -------
    Child or None
        None where there is none yet, which is then said.
    """
    if not children:
        st.title(title, anchor=False)
        no_child()
        return None
    known = {child.id: child for child in children}
    # a widget's own state ends with its page: what was chosen is kept beside it
    if st.session_state.get("child_choice") not in known:
        remembered = st.session_state.get("child")
        st.session_state["child_choice"] = remembered if remembered in known else children[0].id
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        place = st.empty()
        chosen = children[0].id
        if len(children) > 1:
            chosen = st.selectbox(
                _("Child"),
                list(known),
                key="child_choice",
                format_func=lambda child_id: known[child_id].alias,
                label_visibility="collapsed",
                width=180,
            )
        place.title(heading.format(alias=known[chosen].alias), anchor=False, width="content")
    st.session_state["child"] = chosen
    return known[chosen]


def notice(title: str, text: str) -> None:
    """Fill a page that has nothing to show with what that means and what to do."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(text, text_alignment="center")


def no_child() -> None:
    """Say that there is no child whom the viewer knows."""
    notice(
        _("No child is set up yet"),
        _("At home, add one with `griphub child add`. In a clinic, an admin puts children on your caseload."),
    )


@contextmanager
def store_screen() -> Iterator[None]:
    """Show a failing store as a page of its own instead of a broken one."""
    try:
        yield
    except StoreError as error:
        again = _(
            "Try again in a minute; if it stays so, show what stands below to whoever looks after GripHub."
        )
        safe = _("What was counted is safe: it waits in the hub until it can be stored.")
        notice(_("The results cannot be read right now"), f"{safe} {again}" if error.retryable else again)
        st.button(_("Try again"), type="primary")  # any press runs the page anew
        with st.expander(_("What went wrong")):
            st.text(str(error))


def zone() -> tzinfo:
    """Time zone of the viewer's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
