"""The exercise page's board: a canvas fed by the live socket, without a turn through Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import streamlit as st

from ...firmware_bridge.samples import Unit
from ...hub.program.faces import FACES
from .. import faces, i18n, preferences, words
from ..viewer import Child
from .board_words import board_words

_ROOM: Final = Path(__file__).parent / "exercise"
#: In the order in which they need each other; together one module of the browser's.
_SCRIPTS: Final = (
    "socket",
    "track",
    "curve",
    "panel",
    "scenery",
    "bar",
    "balloon",
    "garden",
    "sound",
    "faces",
    "led",
    "over",
    "board",
)


def _part(name: str) -> str:
    return (_ROOM / name).read_text(encoding="utf-8")


_mount = st.components.v2.component(
    "griphub_exercise",
    html=_part("board.html"),
    css=_part("board.css"),
    js="\n".join(_part(f"{name}.js") for name in _SCRIPTS),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page tells its board.

    Attributes
    ----------
    day : date
        The family's: the picture of the day hangs on it.
    led : str
        Id of the exercise that the page knows to be under way; empty where there is none.
    left : str
        Id of the exercise whose end was looked at.
    titles : mapping of str to str
        What items are called, in the viewer's language.
    how : bool
        Whether there is a page on which to say how it went.
    age_note : str
        On the faces, for a child of this age.
    """

    day: date
    led: str = ""
    left: str = ""
    titles: Mapping[str, str] | None = None
    how: bool = False
    age_note: str = ""


def _units() -> dict[str, dict[str, Any]]:
    return {
        unit.value: {
            "quantity": words.axis(unit),
            "suffix": words.suffix(unit),
            "factor": words.shown(1.0, unit),
            "places": 0 if unit is Unit.COUNT else 1,
        }
        for unit in Unit
    }


def exercise_board(child: Child, shown: Shown) -> dict[str, Any] | None:
    """Show what `child` squeezes right now, and lead it through an exercise where the hub does.

    The canvases carry what they show as ``data-…`` of their own: ``state``, ``count``, ``waiting``, ``goal``,
    ``done``, ``phase``, ``fps`` (paints in the last second), ``delay-ms`` (from a squeeze's commit at the
    hub to this page, same clock assumed).

    Returns
    -------
    event : dict or None
        What happened since the last run: ``what`` is ``began`` for an exercise that the page did not know,
        ``done`` or ``back`` once its end was looked at, ``gone`` where nothing is heard of the one that the
        page knows; with ``exercise_id``, and of an end ``item_id`` and ``sessions``.
    """
    data = {
        "child": child.id,
        "goal": child.goal,
        "hands": [hand.value for hand in words.hands()],
        "calm": preferences.current().calm,
        "locale": i18n.language(),
        "words": board_words(),
        "units": _units(),
        "faces": [{"score": score, "label": faces.words(score), "svg": faces.svg(score)} for score in FACES],
        "today": shown.day.isoformat(),
        "led": shown.led,
        "left": shown.left,
        "titles": dict(shown.titles or {}),
        "how": shown.how,
        "age_note": shown.age_note,
    }
    event = _mount(key=f"board-{child.id}", data=data, on_event_change=lambda: None).event
    return event if isinstance(event, dict) else None
