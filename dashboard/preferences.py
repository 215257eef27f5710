"""How a viewer likes it: language, unit of force, which hand comes first, calm or lively."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from ..hub.records import Hand
from . import i18n

_KEY: Final = "griphub_preferences"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a viewer chose; what they did not is as it comes.

    Attributes
    ----------
    language : str
        One of `i18n.languages`.
    force_unit : str
        N, kgf or lbf; pressure and raw readings are never converted.
    first_hand : Hand
        Which stands on the left and is named first.
    calm : bool
        No movement that nobody asked for, no sound, quiet colours.
    """

    language: str = i18n.SOURCE
    force_unit: str = "N"
    first_hand: Hand = Hand.LEFT
    calm: bool = False


def load() -> None:
    """Find out how the viewer likes it, at the start of each run."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Preferences(language=i18n.wanted(st.context.locale or ""))
    st.session_state[i18n.KEY] = current().language


def current() -> Preferences:
    """How the viewer likes it."""
    found = st.session_state.get(_KEY)
    return found if isinstance(found, Preferences) else Preferences()


def change(chosen: Preferences) -> None:
    """Keep other choices, from the next run on."""
    st.session_state[_KEY] = chosen
