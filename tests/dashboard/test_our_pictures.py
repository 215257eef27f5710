"""A family's own pictures: seen at home, shared and taken back, with real files and people."""

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.hub.database.actor import Actor
from griphub.hub.people import consent
from griphub.hub.program import photos
from griphub.hub.program.commands import add_photo
from griphub.hub.program.pictures import Shared, pictures

from .page_text import text


def _page():
    from griphub.dashboard import viewer
    from griphub.dashboard.views import family, our_pictures

    family.flash()
    our_pictures.show(viewer.children()[0])


@pytest.fixture
def show(sign_in):
    def run():
        app = AppTest.from_function(_page, default_timeout=20).run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def taken(sign_in, prescribe, config, tmp_path):
    """A picture of today; returns its name."""
    sign_in()
    day = prescribe()
    file = tmp_path / "dough.png"
    Image.new("RGB", (64, 48), (90, 120, 60)).save(file)
    name = photos.keep(config, file)
    with viewer.changing() as work:
        add_photo(work, "c-ada", name, taken_on=day, shared=False)
    return name


def test_a_picture_is_seen_shared_and_taken_back(show, taken, config):
    app = show()
    assert len(app.image) == 1 and "Only you see it." in text(app)
    app.button(key=f"share-{taken}").click().run()
    assert not app.exception
    assert "Your therapist sees it." in text(app), "it looks into this home's own database"
    app.button(key=f"unshare-{taken}").click().run()
    assert "It is yours alone again." in text(app) and "Only you see it." in text(app)
    with viewer.reading() as work:
        (kept,) = pictures(work, config, "c-ada")
    assert kept.shared is Shared.NO


def test_without_consent_no_picture_is_shared(show, taken, config):
    with context.database().work(Actor.part("test")) as work:
        consent.publish_text(work, site_id=config.site, version="v1", text="We agree.")
    app = show()
    app.button(key=f"share-{taken}").click().run()
    assert not app.exception
    assert "Nothing of your child leaves your home without your consent." in text(app)
    assert "Only you see it." in text(app)


def test_a_picture_whose_file_is_gone_is_said_to_be(show, taken, config):
    photos.path_of(config, taken).unlink()
    assert "This picture is not here any more." in text(show())


def test_without_pictures_nothing_is_shown(sign_in, show):
    sign_in()
    app = show()
    assert "Our pictures" not in text(app) and not app.button
