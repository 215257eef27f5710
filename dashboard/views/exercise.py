"""The child's page: squeeze, and see it."""

import streamlit as st

from .. import context, queries
from ..components.squeeze import squeeze_board
from . import layout


def page() -> None:
    """Draw the page."""
    children = queries.home_children(context.config())
    if not children:
        st.title("Exercise", anchor=False)
        layout.notice(
            "No child is set up yet",
            "Add a `[[children]]` entry and the `[[tools]]` they use to `griphub.toml`, then start GripHub again.",
        )
        return
    child = layout.choose_child(children)
    st.title(f"Hello, {child.alias}!", anchor=False)
    squeeze_board(child)
