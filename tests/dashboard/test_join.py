"""A family hands over the file that its clinic gave it, on *Sharing with the clinic*."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from streamlit.testing.v1 import AppTest

from griphub.hub import join
from griphub.hub.config import BrokerConfig
from griphub.hub.database.actor import Role
from griphub.hub.invitation import Invitation
from griphub.hub.program.keys import shown


def _script():
    from griphub.dashboard.views import consent

    consent.page()


def said(app):
    kinds = (app.subheader, app.markdown, app.caption, app.success, app.info, app.error, app.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def open_page(config, sign_in):
    def run(role=Role.PARENT, shown_config=config):
        sign_in(role, shown_config)
        app = AppTest.from_function(_script, default_timeout=20).run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def file():
    return Invitation(
        clinic="Ward 3",
        site="ward",
        hub="pi-7",
        url="mqtts://mqtt.example.org",
        user="ward.pi-7",
        password="secret",
        key=shown(Ed25519PrivateKey.generate().public_key()),
        children={"c-1": "Mia"},
    )


def hand_over(app, text):
    app = app.file_uploader[0].upload("ward.json", text.encode(), "application/json").run()
    assert not app.exception
    return app


def test_a_parent_joins_with_the_file(open_page, config, file):
    app = hand_over(open_page(), file.text())
    assert "**Ward 3** expects Mia to exercise here." in said(app)
    assert "secret" not in said(app)
    (button,) = [button for button in app.button if button.label == "Join Ward 3"]
    app = button.click().run()
    assert not app.exception
    assert join.pending(config)
    assert "GripHub starts anew to join your clinic" in said(app)
    assert not app.file_uploader


def test_what_is_no_invitation_is_said_in_a_parents_words(open_page, config):
    app = hand_over(open_page(), "{}")
    assert "This is not the file of a clinic" in said(app)
    assert not [button for button in app.button if button.label.startswith("Join")]
    assert not join.pending(config)


def test_a_home_with_a_clinic_and_an_admin_are_offered_nothing(open_page, config):
    there = config.model_copy(update={"broker": BrokerConfig(host="mqtt.example.org")})
    assert not open_page(shown_config=there).file_uploader
    assert not open_page(role=Role.ADMIN).file_uploader
