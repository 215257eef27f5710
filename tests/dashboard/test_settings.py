"""Settings of an account, and a family's own times, kept in the real database."""

from datetime import time

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import i18n, viewer
from griphub.hub.database.actor import GRANTABLE, Role
from griphub.hub.people import places, settings
from griphub.hub.people.settings import Settings
from griphub.hub.program import routine
from griphub.hub.program.prescription import Slot
from griphub.hub.records.vocabulary import Hand
from griphub.hub.units import ForceUnit

from .families import APP
from .page_text import text


def _settings():
    from griphub.dashboard import preferences
    from griphub.dashboard.views import settings

    preferences.load()
    settings.page()


@pytest.fixture
def show(sign_in):
    def run(role=Role.PARENT):
        sign_in(role)
        app = AppTest.from_function(_settings, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def kept():
    with viewer.reading() as work:
        return settings.mine(work)


def test_what_somebody_chooses_is_kept_at_once_and_for_every_later_page(show):
    app = show()
    assert kept() == Settings()
    app.pills(key="settings-unit").set_value(ForceUnit.KGF).run()
    app.pills(key="settings-hand").set_value(Hand.RIGHT).run()
    app.toggle(key="settings-calm").set_value(True).run()
    app.selectbox(key="settings-language").select("de").run()
    assert not app.exception
    assert kept() == Settings("de", ForceUnit.KGF, Hand.RIGHT, True)
    again = show()
    assert again.pills(key="settings-unit").value is ForceUnit.KGF
    assert again.selectbox(key="settings-language").value == "de"
    with i18n.speaking("de"):  # AppTest finds the option by what it is called on the page
        again.selectbox(key="settings-language").select("").run()
    assert kept().language is None


def test_a_family_says_when_its_day_is(show):
    app = show()
    with viewer.reading() as work:
        (family,) = [one.id for one in places.families(work)]

    def day():
        with viewer.reading() as work:
            return dict(routine.routine(work, family).own)

    (save,) = (one for one in app.button if one.label == "Save our day")
    app.time_input(key=f"slot-{family}-after_school").set_value(time(16, 15))
    app.checkbox(key=f"reminds-{family}-in_the_bath").uncheck()
    save.click().run()
    assert not app.exception
    assert "Your day is noted." in text(app)
    assert day() == {Slot.AFTER_SCHOOL: time(16, 15), Slot.IN_THE_BATH: None}
    app.time_input(key=f"slot-{family}-after_school").set_value(routine.USUAL[Slot.AFTER_SCHOOL])
    (save,) = (one for one in app.button if one.label == "Save our day")
    save.click().run()
    assert day() == {Slot.IN_THE_BATH: None}, "what is as usual is not kept as a choice"


@pytest.mark.parametrize("role", GRANTABLE, ids=str)
def test_everybody_has_settings_and_only_families_a_day(show, role):
    app = show(role)
    assert app.title[0].value == "Settings"
    assert bool(app.time_input) is (role is Role.PARENT)


def test_the_bar_of_every_page_leads_to_the_settings(sign_in):
    sign_in()
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert not app.exception
    assert [one for one in app.get("page_link") if one.proto.label == "Settings"]
