"""Every page in the states that any page meets: whose it is not, nothing there yet, a store that fails."""

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import pages
from griphub.hub.config import Config
from griphub.hub.database.actor import GRANTABLE, Role

from .page_text import text

EVERY = [(page.path, role) for page in pages.PAGES for role in GRANTABLE]
OWN = [(path, role) for path, role in EVERY if role in {p.path: p.roles for p in pages.PAGES}[path]]
FOREIGN = [case for case in EVERY if case not in OWN]


def _script(path: str) -> None:
    from griphub.dashboard import pages, preferences, router

    preferences.load()
    router.guarded(next(page for page in pages.PAGES if page.path == path))()


@pytest.fixture
def show(config, sign_in):
    def run(path: str, role: Role, shown: Config = config) -> AppTest:
        sign_in(role, shown)
        app = AppTest.from_function(_script, kwargs={"path": path}, default_timeout=30).run()
        assert not app.exception, app.exception[0].message
        return app

    return run


@pytest.mark.parametrize(("path", "role"), FOREIGN)
def test_a_page_of_another_role_shows_nothing_but_that(show, path, role):
    app = show(path, role)
    assert "This page is not for you" in text(app)
    assert not [*app.button, *app.selectbox, *app.text_input, *app.dataframe, *app.tabs]


@pytest.mark.parametrize(("path", "role"), OWN)
def test_a_page_without_any_child_says_something(show, path, role, tmp_path):
    assert text(show(path, role, Config(data_dir=tmp_path / "empty")))


@pytest.mark.parametrize(("path", "role"), OWN)
def test_a_page_without_any_data_says_something(show, path, role):
    assert text(show(path, role))


@pytest.mark.parametrize(("path", "role"), OWN)
def test_a_page_over_a_store_that_fails_says_something(show, path, role, config):
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    assert text(show(path, role))


def test_each_role_has_a_first_page_and_no_more_tabs_than_a_phone_shows():
    for role in GRANTABLE:
        tabs = [page for page in pages.of(role) if page.tab(role)]
        assert 1 <= len(tabs) <= 7, role
    assert len({page.path for page in pages.PAGES}) == len(pages.PAGES)
