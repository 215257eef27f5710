"""The live squeeze board: a canvas fed by the live socket, without a turn through Python."""

from pathlib import Path

import streamlit as st

from ..queries import Child

_ROOM = Path(__file__).parent

_mount = st.components.v2.component(
    "griphub_squeeze",
    **{part: (_ROOM / f"squeeze.{part}").read_text(encoding="utf-8") for part in ("html", "css", "js")},
)


def squeeze_board(child: Child) -> None:
    """Show what `child` squeezes right now.

    The canvas of each tool carries ``data-state``, ``data-count``, ``data-goal``, ``data-fps`` (paints in the
    last second) and ``data-delay-ms`` (from a squeeze's commit at the hub to this page, same clock assumed).
    """
    _mount(key=f"squeeze-{child.id}", data={"child": child.id, "goal": child.goal})
