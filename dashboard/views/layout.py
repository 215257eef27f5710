"""What the pages share: the frame around them, the choice of a child, screens for when there is nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from ...hub.errors import StoreError
from ..queries import Child

# drawn here: an icon of Streamlit's own set would be fetched from a font host
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#0f766e"/>'
    '<path d="M5 18h5l3-9 5 15 3-9 1.5 3H27" fill="none" stroke="#fff" stroke-width="2.6" '
    'stroke-linecap="round" stroke-linejoin="round"/></svg>'
)

_STYLE = """
<style>
.stMainBlockContainer { max-width: 76rem; padding-top: 4.5rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>
"""


def frame() -> None:
    """Set up the page; the first thing a script does."""
    st.set_page_config(page_title="GripHub", page_icon=_LOGO, layout="wide")
    st.logo(_LOGO, size="large")
    st.html(_STYLE)


def choose_child(children: Sequence[Child]) -> Child:
    """Let the viewer choose; remembered from page to page, and never part of an address."""
    if len(children) == 1:
        return children[0]
    known = {child.id: child for child in children}
    remembered = st.session_state.get("child")
    chosen = st.selectbox(
        "Child",
        list(known),
        index=list(known).index(remembered) if remembered in known else 0,
        format_func=lambda child_id: known[child_id].alias,
        width=320,
    )
    st.session_state["child"] = chosen
    return known[chosen]


def notice(title: str, text: str) -> None:
    """Fill a page that has nothing to show with what that means and what to do."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.subheader(title, anchor=False, text_alignment="center")
        st.markdown(text, text_alignment="center")


@contextmanager
def store_screen() -> Iterator[None]:
    """Show a failing store as a page of its own instead of a broken one."""
    try:
        yield
    except StoreError as error:
        again = (
            " Nothing is lost: the hub keeps new results until they can be stored." if error.retryable else ""
        )
        notice("The results cannot be read right now", f"{error}{again}")
        if st.button("Try again", type="primary"):
            st.rerun()


def zone() -> tzinfo:
    """Time zone of the viewer's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
