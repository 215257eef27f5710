"""What the pages share: the frame around them, the choice of a child, screens for when there is nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ...hub.errors import StoreError
from ..queries import Child

# drawn here: an icon of Streamlit's own set would be fetched from a font host
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">'
    '<circle cx="16" cy="16" r="15" fill="#0f766e"/><path d="M5 18h5l3-9 5 15 3-9 1.5 3H27" fill="none" '
    'stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)

_STYLE = """
<style>
.stMainBlockContainer { max-width: 76rem; padding: 1.2rem 2rem 4rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding: .8rem 1rem 3rem; } }
</style>
"""


def frame(pages: Sequence[StreamlitPage]) -> None:
    """Set up the page and draw the bar with the way to the other pages; the first thing a script does."""
    st.set_page_config(page_title="GripHub", page_icon=_LOGO, layout="wide")
    st.html(_STYLE)
    # Streamlit's own bar hides the pages behind an arrow on a phone, where most parents are
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.image(_LOGO, width=32)
        for page in pages:
            st.page_link(page, width="content")


def heading(title: str, children: Sequence[Child]) -> Child:
    """Draw the title with the choice of a child beside it.

    The choice is remembered from page to page, and never part of an address. `title` may hold ``{alias}``.
    """
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
                "Child",
                list(known),
                key="child_choice",
                format_func=lambda child_id: known[child_id].alias,
                label_visibility="collapsed",
                width=180,
            )
        place.title(title.format(alias=known[chosen].alias), anchor=False, width="content")
    st.session_state["child"] = chosen
    return known[chosen]


def notice(title: str, text: str) -> None:
    """Fill a page that has nothing to show with what that means and what to do."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(text, text_alignment="center")


def no_child() -> None:
    """Say that the configuration names no child."""
    notice(
        "No child is set up yet",
        "Add a `[[children]]` entry and the `[[tools]]` they use to `griphub.toml`, "
        "then start GripHub again.",
    )


@contextmanager
def store_screen() -> Iterator[None]:
    """Show a failing store as a page of its own instead of a broken one."""
    try:
        yield
    except StoreError as error:
        safe = "What was counted is safe: it waits in the hub until it can be stored. "
        notice(
            "The results cannot be read right now",
            f"{safe if error.retryable else ''}Try again in a minute; if it stays so, show what "
            "stands below to whoever looks after GripHub.",
        )
        st.button("Try again", type="primary")  # any press runs the page anew
        with st.expander("What went wrong"):
            st.text(str(error))


def zone() -> tzinfo:
    """Time zone of the viewer's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
