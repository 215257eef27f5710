"""The child's page: squeeze, and see it."""

import streamlit as st

from .. import viewer
from ..components.squeeze import squeeze_board
from . import layout


def page() -> None:
    """Draw the page."""
    children = viewer.children()
    if not children:
        st.title("Exercise", anchor=False)
        layout.no_child()
        return
    squeeze_board(layout.heading("Hello, {alias}!", children))
