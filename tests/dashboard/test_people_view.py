"""An admin's pages of people and consent, against a real database."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, log_words, viewer
from griphub.hub.config import BrokerConfig, Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.base import Base
from griphub.hub.database.tables import metadata
from griphub.hub.people import accounts, caseload, consent, places
from griphub.hub.people.decisions import Decision, hear
from griphub.hub.people.model import ConsentText
from griphub.hub.people.scope import ClinicalData
from griphub.hub.people.sign_in import redeem
from griphub.hub.people.sign_in import sign_in as sign_in_at
from griphub.hub.program.keys import shown, trust

from .page_text import text


def _script(page):
    from importlib import import_module

    import_module(f"griphub.dashboard.views.{page}").page()


@pytest.fixture
def show(config, sign_in):
    def run(page="people", role=Role.ADMIN, shown=config):
        sign_in(role, shown)
        app = AppTest.from_function(_script, kwargs={"page": page}, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def unfold(app, *keys):
    """Open what is folded up; AppTest has no hand for it."""
    for key in keys:
        app.session_state[key] = True
    return app.run()


def press(app, label, number=0):
    found = [button for button in app.button if button.label == label]
    app = found[number].click().run()
    assert not app.exception
    return app


def field(app, kind, label, number=0):
    return [element for element in app.get(kind) if element.label == label][number]


def read(command, *args, **kwargs):
    with viewer.reading() as work:
        return command(work, *args, **kwargs)


def test_a_family_and_a_child_are_added_and_a_wrong_field_changes_nothing(show):
    app = show()
    field(app, "text_input", "Name", -1)  # of the account
    names = [element for element in app.text_input if element.label == "Name of its hub"]
    names[0].input("Not An Id")
    [element for element in app.text_input if element.label == "Name"][-2].input("Ortiz")
    app = press(app, "Add the family")
    assert "Nothing was changed." in text(app) and "Hub: 'Not An Id'" in app.error[0].value
    assert [family.name for family in read(places.families)] == ["Home"]

    field(app, "text_input", "Name of its hub").input("pi-7")
    app = press(app, "Add the family")
    assert "The family was added." in text(app)
    assert {family.name for family in read(places.families)} == {"Home", "Ortiz"}


def test_a_child_is_added_and_changed_once_its_family_is_unfolded(show):
    app = show()
    assert not [button for button in app.button if button.label == "Add the child"], "forms take time"
    (home,) = read(places.families)
    app = unfold(app, f"family-{home.id}")
    ben = next(number for number, child in enumerate(read(places.children)) if child.id == "c-ben")
    field(app, "selectbox", "Hand for writing", ben).select("left")
    app = press(app, "Save", ben)
    assert "Saved." in text(app)
    assert {child.id: child.dominant_hand for child in read(places.children)} == {
        "c-ada": None,
        "c-ben": "left",
    }
    field(app, "text_input", "Name", 2).input("Cleo")
    app = press(app, "Add the child")
    assert "The child was added." in text(app)
    assert "Cleo" in {child.name for child in read(places.children)}


def test_an_invitation_is_shown_once_and_works(show):
    app = show()
    field(app, "selectbox", "Role", -1).select(Role.THERAPIST).run()
    [element for element in app.text_input if element.label == "Name"][-1].input("Sam")
    field(app, "text_input", "Email address or name to sign in with").input("sam@clinic.example")
    app = press(app, "Make an invitation")
    (shown,) = app.code
    token = re.search(r"/access/invitation\?token=(.+)", shown.value)[1]
    app.run()
    assert not app.code, "shown once"
    redeem(context.database(), token, "a long enough one")
    assert (
        sign_in_at(context.database(), "sam@clinic.example", "a long enough one").actor.role is Role.THERAPIST
    )

    field(app, "multiselect", "Caseload of Sam").set_value(["c-ada"])
    app = press(app, "Save", -1)
    assert "The caseload is saved." in text(app)
    (sam,) = [account for account in read(accounts.accounts) if account.name == "Sam"]
    assert [entry.child_id for entry in read(caseload.caseload) if entry.account_id == sam.id] == ["c-ada"]
    app = press(unfold(app, f"account-{sam.id}"), "Close the account")
    assert "closed" in app.expander[-1].label


def test_nobody_else_opens_the_page_of_people(sign_in):
    sign_in(Role.PARENT)
    from griphub.dashboard import pages, router

    (page,) = [page for page in pages.PAGES if page.path == "people"]

    def script():
        from griphub.dashboard import pages, router

        router.guarded(next(page for page in pages.PAGES if page.path == "people"))()

    app = AppTest.from_function(script, default_timeout=20).run()
    assert "This page is not for you" in text(app)
    assert "Add the family" not in [button.label for button in app.button]
    assert page.roles == (Role.ADMIN,) and router.guarded(page)


def test_without_a_text_nobody_is_asked_and_with_one_a_parent_agrees_and_takes_it_back(show, config):
    app = show("consent", Role.PARENT)
    assert "No clinic is connected" in text(app)
    assert "Stop sharing" not in [button.label for button in app.button], "nothing is shared"

    with context.database().work(Actor.part("test")) as work:
        consent.publish_text(work, site_id="home", version="v1", text="What is shared, and with whom.")
    clinic = config.model_copy(update={"broker": BrokerConfig(host="mqtt.example.org", tls=True)})
    app = show("consent", Role.PARENT, clinic)
    assert "Results of Ada stay at home" in text(app) and "with whom" in app.text[0].value
    field(app, "text_input", "Name of the parent who agrees").input("Kim")
    app = press(app, "Agree")
    assert "Read the text first" in text(app) and not read(consent.may_share, "c-ada")
    app.checkbox[0].check()
    app = press(app, "Agree")
    assert "Results of Ada are shared" in text(app) and read(consent.may_share, "c-ada")
    assert "As told from the other end" not in text(app)

    with context.database().work(Actor.part("test")) as work:
        consent.publish_text(work, site_id="home", version="v2", text="Neue Worte", language="de")
    app = show("consent", Role.PARENT, clinic)
    assert "What was agreed to is version v1. The text is another one since" in text(app)
    assert "Written in German." in text(app) and app.text[0].value == "Neue Worte"

    field(app, "text_input", "Name of the parent who takes it back").input("Kim")
    app = press(app, "Stop sharing")
    assert "Results of Ada stay at home" in text(app) and not read(consent.may_share, "c-ada")

    with context.database().work(Actor.part("post")) as work:
        hear(work, "c-ada", Decision(True, None, work.now))
    assert "As told from the other end: agreed on" in text(show("consent", Role.PARENT, clinic))


def test_an_admin_publishes_a_text_once(show):
    app = show("consent")
    field(app, "text_input", "Version").input("v1")
    app.text_area[0].input("Words")
    app = press(app, "Publish")
    assert [text.version for text in read(consent.texts)] == ["v1"]
    field(app, "text_input", "Version").input("v1")
    app.text_area[0].input("Other words")
    app = press(app, "Publish")
    assert "Nothing was changed." in text(app)
    assert [text.text for text in read(consent.texts)] == ["Words"]


def test_a_home_that_has_joined_a_clinic_agrees_to_the_clinics_text(show, config):
    trust(config, shown(Ed25519PrivateKey.generate().public_key()))
    show("consent")
    with context.database().work(Actor.part("test")) as work:
        consent.publish_text(work, site_id="home", version="own", text="Our own words")
        consent.publish_text(work, site_id="home", version="v1", text="The clinic's words")
        work.need(ConsentText, ("home", "v1")).heard_at = work.now
        work.need(ConsentText, ("home", "own")).published_at = work.now + timedelta(days=1)
    app = show("consent", Role.PARENT)
    assert [one.value for one in app.text] == ["The clinic's words"]
    app = show("consent")
    assert "The text comes from the clinic that this home has joined." in text(app)
    assert "Publish" not in [button.label for button in app.button]


def test_a_site_without_anybody_is_a_designed_screen(show, tmp_path):
    app = show("consent", Role.ADMIN, Config(data_dir=tmp_path / "empty"))
    assert "No child is set up yet" in text(app)


def test_the_log_names_people_and_children_and_leafs(show, monkeypatch):
    app = show("audit")
    assert app.dataframe[0].value["What"].str.contains("Account: added").any()
    monkeypatch.setattr("griphub.dashboard.views.audit._ROWS", 3)
    app.run()
    first = app.dataframe[0].value
    assert len(first) == 3
    app = press(app, "Older")
    assert not app.dataframe[0].value.equals(first)
    app = press(app, "Newer")
    assert app.dataframe[0].value.equals(first)

    with viewer.changing() as work:
        places.change_child(work, "c-ada", name="Adah", goal=20)
    field(app, "selectbox", "Child").select("c-ada").run()
    (changed,) = app.dataframe[0].value.to_dict("records")[:1]
    assert (changed["What"], changed["Child"], changed["As"]) == ("Child: changed", "Adah", "Admin")
    assert changed["From what to what"] == "name: changed, not kept here · squeezes in a session: 15 → 20"
    field(app, "selectbox", "Child").select("c-ben").run()
    app.date_input[0].set_value((datetime(2020, 1, 1, tzinfo=UTC).date(),) * 2).run()
    assert "Nothing here" in text(app)


def test_sign_ins_stand_apart_from_changes(show):
    app = show("audit")
    assert not app.dataframe[0].value["What"].str.contains("Sign-in").any()
    field(app, "selectbox", "Shown").select("Sign-ins").run()
    shown = app.dataframe[0].value
    assert set(shown["What"]) == {"Sign-in: added", "Sign-in: changed"}
    assert set(shown["Who"]) == {"GripHub itself"}
    told = shown["From what to what"].str
    assert told.fullmatch(r"account: Home · role: Admin · valid until: \d+ \w{3} \d{4}, \d\d:\d\d").any()
    assert not shown.map(lambda cell: "{" in cell).any(axis=None), "words, not JSON"
    field(app, "selectbox", "Shown").select("All of it").run()
    both = set(app.dataframe[0].value["What"])
    assert {"Sign-in: added", "Account: added"} <= both


def test_every_table_and_every_value_that_an_admin_reads_has_its_word():
    assert set(log_words.THINGS) == set(metadata.tables)
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if table.name != "audit" and not issubclass(mapper.class_, ClinicalData):
            columns = {column.name for column in table.columns}
            assert columns <= {*log_words.VALUES, *log_words.SAID_ELSEWHERE}, table.name
