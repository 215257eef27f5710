"""What forms share: a change that is made or refused in words, and said once on the next run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import streamlit as st

from ...hub.database.work import Work
from ...hub.errors import FieldError, NotAllowed, NotFound, StoreError
from .. import refusals, viewer
from ..i18n import _

_SAID: Final = "griphub_form_said"


@contextmanager
def change(said: str) -> Iterator[Work]:
    """Change something as the viewer; say `said` when it is kept, and why not when it is refused.

    What was entered stays in its fields where it is refused. Nothing is half done.
    """
    try:
        with viewer.changing() as work:
            yield work
    except FieldError as error:
        st.error(_("Nothing was changed. {reason}").format(reason=refusals.why(error)), icon="✏️")
    except (NotAllowed, NotFound, StoreError) as error:
        st.error(_("Nothing was changed. {reason}").format(reason=refusals.why(error)))
    else:
        st.session_state[_SAID] = said
        st.rerun()


def said() -> None:
    """Say what the last change came to."""
    if words := st.session_state.pop(_SAID, ""):
        st.success(words)
