"""What the pages of a family share: their look, tiles, and telling the hub what was done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ...hub.control.address import HubNotRunning
from ...hub.control.answers import ControlError
from ...hub.errors import SetupError
from ...hub.program.activity import Activity
from ...hub.records.said import ActivityDone, FeedbackGiven
from ...hub.records.vocabulary import Person
from .. import context, refusals, telling
from ..i18n import N_, _

_STYLE: Final = (Path(__file__).parents[1] / "components" / "family.css").read_text(encoding="utf-8")

#: Who may have helped, in the order in which families need it.
HELPERS: Final = {
    Person.PARENT: N_("I helped"),
    Person.SIBLING: N_("Sister or brother"),
    Person.OTHER: N_("Somebody else"),
}

_FLASH: Final = "family-flash"


@contextmanager
def frame() -> Iterator[None]:
    """Draw a family's page inside: large targets, and what there is to be glad about on top."""
    st.html(f"<style>{_STYLE}</style>")
    with st.container(key="griphub-family"):
        yield


def say_next(words: str) -> None:
    """Say something at the top of the next page that is drawn, once."""
    st.session_state[_FLASH] = words


def flash() -> None:
    """Say what `say_next` was given."""
    with section("flash"):
        if words := st.session_state.pop(_FLASH, ""):
            st.success(words, icon="🌟")


def section(name: str) -> DeltaGenerator:
    """A part of a page that keeps its place, also while it is empty.

    Streamlit tells elements apart by their place: what comes and goes must not move what is below it, or an
    open expander there loses what it holds.
    """
    return st.container(key=f"part-{name}")


def tell(*events: ActivityDone | FeedbackGiven) -> bool:
    """Tell the hub; where it does not answer, say so here, and let everything typed stand."""
    try:
        for event in events:
            telling.tell(event)
    except (HubNotRunning, SetupError):
        st.info(
            _("This is not noted: here is the clinic. Open GripHub at home, and enter it there.")
            if context.config().database.url
            else _(
                "This is not noted yet: GripHub at home does not answer. What you entered stays here. "
                "Start GripHub at home, then press again."
            ),
            icon="🔌",
        )
        return False
    except ControlError as error:
        st.info(_("This is not noted yet. {reason}").format(reason=refusals.why(error)), icon="🔌")
        return False
    return True


def heading(text: str) -> None:
    """Begin a part of a page."""
    st.html(f'<div class="gh-slot"><h2>{escape(text)}</h2></div>')


def picture_of(activity: Activity | None) -> str:
    """The pictogram of an activity."""
    return activity.picture if activity else "⭐"


def card(picture: str, title: str, line: str, more: Sequence[str] = (), share: float | None = None) -> None:
    """Draw what stands in a tile: a pictogram, a title, a line below it, and more.

    Parameters
    ----------
    share : float, optional
        Of something that is done in part.
    """
    rest = "".join(f"<p>{escape(one)}</p>" for one in more if one)
    bar = (
        f'<div class="gh-part" aria-hidden="true"><i style="width:{min(1, share):.0%}"></i></div>'
        if share
        else ""
    )
    st.html(
        f'<div class="gh-tile"><span class="gh-picture" aria-hidden="true">{escape(picture)}</span>'
        f'<h3>{escape(title)}</h3><p class="gh-soft">{escape(line)}</p>'
        + (f'<div class="gh-more gh-soft">{rest}{bar}</div>' if rest or bar else "")
        + "</div>"
    )


def steps(activity: Activity, *, note: str = "", adaptation: str = "") -> None:
    """How an activity is done, as a parent reads it."""
    said = [
        f"<p><strong>{escape(_(title))}</strong> {escape(words)}</p>"
        for title, words in (
            (N_("From your therapist:"), note),
            (N_("For your child:"), adaptation),
            (N_("You need:"), "; ".join(_(one) for one in activity.needs)),
        )
        if words
    ]
    ways = [
        f"<p><strong>{escape(_(title))}</strong> {escape(_(words))}</p>"
        for title, words in (
            (N_("Easier:"), activity.easier),
            (N_("Harder:"), activity.harder),
            *((N_("Take care:"), one) for one in activity.safety),
            (N_("In daily life:"), activity.everyday),
        )
    ]
    listed = "".join(f"<li>{escape(_(one))}</li>" for one in activity.steps)
    st.html(f'{"".join(said)}<ol class="gh-steps">{listed}</ol>{"".join(ways)}')
