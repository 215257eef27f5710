"""The live squeeze board: a canvas fed by the live socket, without a turn through Python."""

from pathlib import Path

import streamlit as st

from ..viewer import Child

_ROOM = Path(__file__).parent


def _part(suffix: str) -> str:
    return (_ROOM / f"squeeze.{suffix}").read_text(encoding="utf-8")


_mount = st.components.v2.component("griphub_squeeze", html=_part("html"), css=_part("css"), js=_part("js"))


def squeeze_board(child: Child) -> None:
    """Show what `child` squeezes right now.

    The canvas of each tool carries ``data-state``, ``data-count``, ``data-goal``, ``data-fps`` (paints in the
    last second) and ``data-delay-ms`` (from a squeeze's commit at the hub to this page, same clock assumed).
    """
    _mount(key=f"squeeze-{child.id}", data={"child": child.id, "goal": child.goal})
