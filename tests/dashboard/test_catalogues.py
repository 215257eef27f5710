"""The languages of the dashboard: every message is translated, and fills in what the original fills in."""

import pytest
from babel.messages.catalog import Catalog

from griphub.dashboard import i18n
from griphub.hub.program.activity import builtin

from .messages import LOCALE, faults, read, template

CATALOGUES = sorted(LOCALE.glob("*.po"))


def test_there_is_a_second_language():
    assert i18n.languages() == ("en", *(path.stem for path in CATALOGUES))
    assert CATALOGUES


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_is_whole(path):
    wrong = list(faults(read(path)))
    assert not wrong, f"Run `make messages`, then translate: {wrong[:10]}"


def test_a_page_speaks_as_its_viewer_does():
    title = builtin()["puzzle"].title
    with i18n.speaking(i18n.wanted("fr, de-AT;q=0.8, en;q=0.5")):
        assert i18n.language() == "de" and str(i18n.locale()) == "de_AT"
        assert i18n._(title) != title
        assert i18n.ngettext("{number} session", "{number} sessions", 1).startswith("1 ")
        assert i18n._("nothing that anybody says") == "nothing that anybody says"
    assert i18n._(title) == title


def test_what_is_missing_or_wrong_in_a_catalogue_is_found():
    message = next(one for one in template() if isinstance(one.id, str) and "{alias}" in one.id)
    catalogue = Catalog(locale="de")
    catalogue.add(message.id, "Ohne Namen")
    catalogue.add("Said nowhere", "Nirgends")
    found = "\n".join(faults(catalogue))
    assert "fills in something else" in found and "said nowhere any more" in found and "is missing" in found
