"""How the viewer likes it: language, unit of force, which hand comes first, calm or lively."""

from typing import Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ..hub.people import settings
from ..hub.people.settings import Settings
from . import i18n, viewer

_KEY: Final = "griphub_preferences"


def load() -> None:
    """Find out how the viewer likes it; asked once for each open page, and spoken from each run's start."""
    if _KEY not in st.session_state:
        with viewer.reading() as work:
            st.session_state[_KEY] = settings.mine(work)
    chosen = current().language
    st.session_state[i18n.KEY] = i18n.wanted(chosen or st.context.locale or "")


def current() -> Settings:
    """What the viewer chose, and what holds where they did not."""
    if get_script_run_ctx(suppress_warning=True) is None:  # on paper for nobody in particular
        return Settings()
    found = st.session_state.get(_KEY)
    return found if isinstance(found, Settings) else Settings()


def change(chosen: Settings) -> None:
    """Keep other choices, for this page and every later one.

    Raises
    ------
    FieldError
        As `settings.change`.
    """
    with viewer.changing() as work:
        st.session_state[_KEY] = settings.change(work, chosen)
    load()
