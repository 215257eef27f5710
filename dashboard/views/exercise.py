"""The child's page: choose, be led, or just squeeze; and see it."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from ...hub.control.address import HubNotRunning
from ...hub.control.answers import ControlError
from ...hub.errors import SetupError
from ...hub.live import ExerciseView
from ...hub.program import home
from ...hub.program.faces import FACES, Face, age_note
from .. import context, dose_words, faces, home_hub, refusals, telling, viewer
from ..components.board import Shown, exercise_board
from ..i18n import N_, _
from ..live_words import HubExercises
from ..queries import exercise as queries
from ..queries.exercise import Choice
from ..queries.today import Tile
from . import family, layout

#: In the session's state: the item that was chosen here or on Today, exercises that are shown, the one whose
#: end was looked at, and what "How it went" is to be about.
ITEM, LED, LEFT, DONE = "item", "exercise_led", "exercise_left", "exercise_done"

#: Why a child is not led now, in words for a family; the hub's own are for whoever looks after it.
BECAUSE: Final = {
    "not_asked": N_("This is not asked for any more. Choose something else."),
    "nothing_due": N_("Nothing that a tool counts is left for today. Just squeezing is fine, if you like."),
    "household": N_("This is done without a tool. Do it together, and tick it under Today."),
    "enough_today": N_("That is all that is good for one day. Go on tomorrow."),
    "no_tool": N_("No tool for this hand is paired yet. Pair one, or give one to this hand."),
    "under_way": N_("Something is under way already. Load this page again to see it."),
}

#: On a phone an exercise has the screen to itself: all its buttons stand where a thumb reaches.
_ROOM: Final = "@media (max-width: 640px) { .st-key-griphub-hello { display: none; } }"


def page() -> None:
    """Draw the page."""
    with st.container(key="griphub-hello"):
        child = layout.chosen_child(viewer.children(), _("Hello, {alias}!"), _("Exercise"))
    if child is None:
        return
    # always there, so that the board below keeps its place, and with it its connection
    above = st.container()
    under_way = _under_way(child.id)
    if under_way:
        _led()[child.id] = str(under_way.exercise_id)
    titles, note = {}, ""
    if child.id in _led():
        above.html(f"<style>{_ROOM}</style>")
        titles = {under_way.item_id: _(under_way.title)} if under_way else {}
    else:
        with above, layout.store_screen(), family.frame():
            family.flash()
            choice = _choice(child)
            note = age_note(choice.age_years)
            _choose(child, choice)
    event = exercise_board(
        child,
        Shown(
            day=home.today(context.config(), datetime.now(UTC)),
            led=_led().get(child.id, ""),
            left=st.session_state.get(LEFT, ""),
            titles=titles,
            how="how" in st.session_state.get(layout.PAGES_KEY, {}),
            age_note=_(note) if note else "",
        ),
    )
    if event:
        _happened(child.id, event)


def _led() -> dict[str, str]:
    """Exercises that are shown, by child."""
    shown: dict[str, str] = st.session_state.setdefault(LED, {})
    return shown


def _under_way(child_id: str) -> ExerciseView | None:
    """The exercise that the hub on this machine leads the child through."""
    try:
        view = asyncio.run(HubExercises(context.config()).view(child_id))
    except (HubNotRunning, SetupError):
        return None
    return view if view and view.ended_by is None else None


def _choice(child: viewer.Child) -> Choice:
    return queries.choice(
        context.config(),
        context.database(),
        telling.results(),
        viewer.current().actor,
        child.id,
        now=datetime.now(UTC),
    )


def _choose(child: viewer.Child, choice: Choice) -> None:
    if not choice.tiles:
        return
    chosen = next((tile for tile in choice.tiles if tile.item.id == st.session_state.get(ITEM)), None)
    if chosen:
        _before(child, choice, chosen)
        return
    with st.grid("auto", min_column_width=330, gap="medium"):
        for tile in choice.tiles:
            with st.container(border=True, key=f"play-{tile.item.id}"):
                _card(tile)
                label = _("Once more") if tile.done else _("Start")
                if st.button(
                    label,
                    type="secondary" if tile.done else "primary",
                    icon="▶️",
                    width="stretch",
                    key=f"choose-{tile.item.id}",
                ):
                    st.session_state[ITEM] = tile.item.id
                    st.rerun()


def _card(tile: Tile) -> None:
    done = [_("Done for today")] if tile.done else []
    family.card(
        family.picture_of(tile.activity),
        dose_words.title_of(tile.activity, tile.item.activity),
        dose_words.amount(tile.item),
        done,
        tile.share or None,
    )


def _before(child: viewer.Child, choice: Choice, tile: Tile) -> None:
    """What is asked before, and the button that begins."""
    with st.container(border=True, key=f"play-{tile.item.id}"):
        _card(tile)
        face: Face | None = None
        if choice.pain:
            key = f"{child.id}-{tile.item.id}"
            st.html(f"<style>{faces.style('[class*=st-key-faces-]')}</style>")
            with st.container(key=f"faces-before-{key}"):
                face = st.pills(
                    _("Does it hurt now, before you begin?"),
                    list(FACES),
                    format_func=faces.words,
                    width="stretch",
                    key=f"face-before-{key}",
                )
            if note := age_note(choice.age_years):
                st.caption(_(note))
        with st.container(horizontal=True, gap="small"):
            begin = st.button(_("Begin"), type="primary", icon="▶️", key="begin", width=220)
            if st.button(_("Something else"), key="other"):
                st.session_state.pop(ITEM, None)
                st.rerun()
        if begin:
            if choice.too_much(face):
                st.info(
                    _("That hurts too much to begin. Leave it for today, and tell your therapist."), icon="💛"
                )
            else:
                _begin(child.id, tile.item.id, face)


def _begin(child_id: str, item_id: str, face: Face | None) -> None:
    try:
        view = home_hub.ask(lambda hub: hub.start_exercise(child_id, item_id, pain_before=face))
    except (HubNotRunning, SetupError):
        st.info(
            _(
                "GripHub does not answer, so it cannot lead you now. Start GripHub at home, then press "
                "again. Nothing is lost."
            ),
            icon="🔌",
        )
    except ControlError as error:
        said = BECAUSE.get(error.problem)
        st.info(_(said) if said else refusals.why(error), icon="💛")
        if error.problem == "no_tool":
            layout.link_to("pair", _("Pair a tool"), icon="🔗")
    else:
        _led()[child_id] = str(view.exercise_id)
        st.rerun()


def _happened(child_id: str, event: dict[str, Any]) -> None:
    """Go on from what the board said."""
    if event["what"] == "began":  # somebody began one elsewhere: the tiles go
        _led()[child_id] = event["exercise_id"]
        st.rerun()
    _led().pop(child_id, None)
    st.session_state.pop(ITEM, None)
    st.session_state[LEFT] = event["exercise_id"]
    if event["what"] == "done":
        st.session_state[ITEM] = event["item_id"]
        st.session_state[DONE] = tuple(event["sessions"])
        layout.go("how")
    st.rerun()
