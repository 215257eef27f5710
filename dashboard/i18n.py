"""The viewer's language: gettext catalogues, which translators edit with the tools that they know.

``locale/<language>.po`` is read as it is; nothing is compiled, and a language appears as soon as its file is
there. What stands in the code is English and the key at once.
"""

import gettext as standard
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner import get_script_run_ctx

FOLDER: Final = Path(__file__).parent / "locale"
#: Of the words in the code themselves.
SOURCE: Final = "en"

#: Whose habits of writing dates hold where nobody named a region: day before month, and 24 hours.
_REGION: Final = {SOURCE: "en_GB"}

#: None: as the viewer of the page that runs does.
_speaking: ContextVar[str | None] = ContextVar("speaking", default=None)

#: Where a viewer's page remembers its language; set at the start of each run.
KEY: Final = "griphub_language"


@cache
def languages() -> tuple[str, ...]:
    """Languages that there is a catalogue for, English first."""
    return (SOURCE, *sorted(path.stem for path in FOLDER.glob("*.po")))


@cache
def _catalogue(language: str) -> standard.NullTranslations:
    path = FOLDER / f"{language}.po"
    if language == SOURCE or not path.exists():
        return standard.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


@cache  # a page asks some thousand times
def _parsed(name: str) -> Locale:
    return Locale.parse(name)


def locale() -> Locale:
    """Language and region of whoever is looking: as `speaking` says, or of the page that runs."""
    chosen = _speaking.get()
    if chosen is None and get_script_run_ctx(suppress_warning=True) is not None:
        chosen = st.session_state.get(KEY)
    return _parsed(chosen or _REGION[SOURCE])


def language() -> str:
    """The language alone."""
    return locale().language


def language_name(tag: str) -> str:
    """What a language is called, in the viewer's; `tag` is as BCP 47 writes it."""
    try:
        return str(Locale.parse(tag, sep="-").get_display_name(locale()) or tag)
    except (UnknownLocaleError, ValueError):
        return tag


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak a language, also where it is not the viewer's; as `wanted` gives it."""
    token = _speaking.set(locale)
    try:
        yield
    finally:
        _speaking.reset(token)


def wanted(accepted: str) -> str:
    """The first language of an ``Accept-Language`` header, or of a setting, that there is, with its region.

    Examples
    --------
    >>> wanted("xx, en-US;q=0.8"), wanted("")
    ('en_US', 'en_GB')
    """
    for part in accepted.split(","):
        tag = part.split(";")[0].strip()
        try:
            found = Locale.parse(tag, sep="-") if tag else None
        except (UnknownLocaleError, ValueError):
            continue
        if found and found.language in languages():
            return str(found) if found.territory else _REGION.get(found.language, found.language)
    return _REGION[SOURCE]


def _(message: str) -> str:
    """`message` in the viewer's language."""
    return _catalogue(language()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """`one` or `many`, as the viewer's language counts; ``{number}`` in it is filled in."""
    return _catalogue(language()).ngettext(one, many, number).format(number=number)


def N_(message: str) -> str:  # noqa: N802 - what gettext's tools look for
    """Mark `message` for translators where it is written; `_` looks it up where it is shown."""
    return message


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - as `N_`
    """Mark both forms of a message with a number for translators; `ngettext` looks them up."""
    return one, many
