"""The caseload as a table that is searched and filtered in the browser; a name opens its child."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_ROOM = Path(__file__).parent


def _part(suffix: str) -> str:
    return (_ROOM / f"caseload.{suffix}").read_text(encoding="utf-8")


_mount = st.components.v2.component("griphub_caseload", html=_part("html"), css=_part("css"), js=_part("js"))


def caseload_table(
    rows: Sequence[Mapping[str, Any]], filters: Sequence[Mapping[str, str]], words: Mapping[str, Any]
) -> str | None:
    """Draw it.

    Parameters
    ----------
    rows : sequence of mapping
        As `views.caseload` makes them; all text in the viewer's language.
    filters : sequence of mapping
        ``key`` of a group that a row may be in, and ``label``.
    words : mapping
        What the table itself says.

    Returns
    -------
    str or None
        Id of the child that was opened just now.
    """
    data = {"rows": rows, "filters": filters, "words": words}
    opened = _mount(key="caseload", data=data, on_open_change=lambda: None).open
    return opened if isinstance(opened, str) else None
