"""Lets a viewer see the pages of their role, in their language, inside one frame."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps

import streamlit as st

from ..hub.errors import NotAllowed, SetupError, StoreError
from ..hub.people.sign_in import Known
from . import pages, preferences, refusals, viewer
from .i18n import _
from .pages import Page
from .views import layout


def run() -> None:
    """Draw the page that the viewer asked for."""
    layout.set_up()
    with ExitStack() as run:
        try:
            who = run.enter_context(viewer.one_run())
            preferences.load()
        except viewer.SignedOut:
            layout.signed_out()
            return
        except (StoreError, SetupError) as error:
            layout.broken(error)
            return
        _draw(who)


def _draw(who: Known) -> None:
    role = who.actor.role
    shown = {page.path: page for page in pages.of(role)}
    streamlit_pages = {
        path: st.Page(guarded(page), title=_(page.title), url_path=path) for path, page in shown.items()
    }
    first = next(page for page in shown.values() if page.tab(role))
    # the root only leads on: Streamlit serves a default page nowhere else
    root = st.Page(lambda: layout.go(first.path), title=_(first.title), url_path="start", default=True)
    current = st.navigation([root, *streamlit_pages.values()], position="hidden")
    st.session_state[layout.PAGES_KEY] = streamlit_pages
    if current is root:
        current.run()
        return
    layout.bar(who, [(shown[path], page) for path, page in streamlit_pages.items() if shown[path].tab(role)])
    current.run()


def guarded(page: Page) -> Callable[[], None]:
    """The view of a page, which looks once more whose it is when it runs."""

    @wraps(page.draw)
    def draw() -> None:
        try:
            role = viewer.role()
            if role not in page.roles:
                raise NotAllowed(page.title, role)
            page.draw()
        except viewer.SignedOut:
            layout.signed_out()
        except NotAllowed as error:
            layout.notice(_("This page is not for you"), refusals.why(error))

    return draw
