"""How it went, with a real socket to the hub behind it: from one tap to a picture."""

import io
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, faces, viewer
from griphub.dashboard.queries import how as queries
from griphub.hub.people import places
from griphub.hub.program import photos
from griphub.hub.program.faces import FACES
from griphub.hub.program.tables import Photo
from griphub.hub.records.said import FeedbackGiven
from griphub.hub.records.vocabulary import Evidence, Person
from griphub.hub.session.mend import Mender
from griphub.hub.stores import open_store

from .families import APP, done
from .page_text import text


@pytest.fixture
def asked(sign_in, prescribe, fill):
    """Opens the page about dough that was kneaded today, from the family's day."""

    def open_(**more):
        sign_in()
        event = done(prescribe(), **more)
        fill([event])
        app = AppTest.from_file(APP, default_timeout=20).run()
        app.button(key=f"how-{event.event_id}").click().run()
        assert not app.exception
        return app, event

    return open_


def pills(app, name):
    (found,) = (one for one in app.pills if str(one.key).startswith(name))
    return found


def save(app):
    (button,) = (
        one for one in app.button if one.label == "Save" and str(one.key).startswith("FormSubmitter")
    )
    button.click().run()
    assert not app.exception
    return app


def test_two_taps_are_enough(asked, home_hub):
    app, event = asked()
    assert app.title[0].value == "How did it go?" and "Play dough and putty" in text(app)
    pills(app, "enjoyment").select(8)
    save(app)
    assert app.title[0].value == "Today for Ada" and "Thank you, it is noted." in text(app)
    (said,) = home_hub()
    assert isinstance(said, FeedbackGiven)
    assert (said.enjoyment, said.said_by, said.day) == (8, Person.PARENT, event.day)
    assert (said.pain_after, said.effort, said.observation, said.photo) == (None, None, "", None)


def test_pain_that_rose_is_answered_with_a_word_and_no_alarm(asked, home_hub):
    app, _ = asked()
    assert [faces.words(one) for one in FACES] == pills(app, "face-after").options
    pills(app, "face-after").select(8)
    pills(app, "face-before").select(2)
    (pointed,) = (one for one in app.checkbox if str(one.key).startswith("child-"))
    assert pointed.label == "Ada pointed at the face"
    pointed.check()
    save(app)
    assert "leave it for today, and tell your therapist" in text(app)
    assert not app.error
    (said,) = home_hub()
    assert (said.pain_before, said.pain_after, said.said_by) == (2, 8, Person.CHILD)


def test_nothing_at_all_is_asked_for_once_more(asked, home_hub):
    app, _ = asked()
    save(app)
    assert "Nothing is answered yet." in text(app)
    assert home_hub() == []


def test_without_a_hub_everything_typed_stays(asked, config):
    app, _ = asked()
    pills(app, "enjoyment").select(10)
    app.text_area[0].set_value("Both hands at once!")
    (photo,) = app.file_uploader
    photo.set_value(("dough.png", _png(), "image/png"))
    save(app)
    assert "GripHub at home does not answer" in text(app)
    assert app.text_area[0].value == "Both hands at once!" and pills(app, "enjoyment").value == 10
    assert list((config.data_dir / photos.FOLDER).glob("*.jpg")) == [], "nobody knows of the picture"


@pytest.mark.parametrize("shared", [False, True])
def test_a_picture_stays_at_home_and_its_name_goes_only_when_it_is_shared(asked, home_hub, config, shared):
    app, event = asked()
    (photo,) = app.file_uploader
    photo.set_value(("dough.png", _png(), "image/png"))
    (share,) = (one for one in app.checkbox if str(one.key).startswith("share-"))
    if shared:
        share.check()
    save(app)
    (said,) = home_hub()
    (kept,) = (config.data_dir / photos.FOLDER).glob("*.jpg")
    assert said.photo == (kept.stem if shared else None)
    with viewer.reading() as work:
        row = work.get(Photo, kept.stem)
    assert row.child_id == "c-ada" and row.taken_on == event.day and (row.shared_at is not None) is shared


def test_what_is_no_picture_is_said_in_words(asked, home_hub):
    app, _ = asked()
    (photo,) = app.file_uploader
    photo.set_value(("dough.png", b"no picture", "image/png"))
    save(app)
    assert "This picture cannot be read." in text(app)
    assert home_hub() == []


def test_a_child_whom_the_exercise_asked_for_pain_is_not_asked_again(asked, home_hub, session_events, fill):
    session = session_events("led", datetime.now(UTC) - timedelta(minutes=9))[0].session_id
    pain = FeedbackGiven(
        event_id=session,
        measured_at=datetime.now(UTC) - timedelta(minutes=9),
        site="home",
        hub="hub",
        child_id="c-ada",
        session_id=session,
        pain_before=0,
        pain_after=2,
    )
    fill([pain])
    app, _ = asked(
        item="squeeze",
        activity="squeeze-ball",
        evidence=Evidence.SENSOR,
        reps=12,
        session_id=session,
        measured_at=pain.measured_at,
    )
    assert not [one for one in app.pills if str(one.key).startswith("face-")]
    pills(app, "effort").select(5)
    save(app)
    (said,) = home_hub()
    assert said.session_id == session


def test_what_the_therapist_corrected_of_it_stands_above_the_questions(
    asked, home_hub, session_events, fill, config
):
    at = datetime.now(UTC)
    events = session_events("odd", at)
    fill(events)
    session = events[0].session_id
    store = open_store(config, read_only=True)
    detail = store.session(session)
    store.close()
    mender = Mender(config, detail, by=Person.THERAPIST, reason="A knock", now=at)
    fill([mender.judge(2, "removed")])
    app, _ = asked(evidence=Evidence.SENSOR, sessions=(session,))
    assert "Your therapist corrected this: 2 squeezes instead of 3. “A knock”" in text(app)


def test_the_age_of_the_child_says_how_far_faces_can_be_trusted(sign_in):
    sign_in()
    now = datetime.now(UTC)

    def age(born):
        with viewer.changing() as work:
            places.change_child(work, "c-ada", birth_month=born)
        return queries.about(
            context.config(),
            context.database(),
            viewer.results(),
            viewer.current().actor,
            "c-ada",
            item_id=None,
            day=None,
            now=now,
        ).age_years

    assert 4.9 < age(f"{now.year - 5}-{now.month:02}") < 5.1


def test_the_faces_are_six_pictures_that_differ_and_style_only_their_own_choice():
    drawn = [faces.svg(score) for score in FACES]
    assert len(set(drawn)) == 6
    for one in drawn:
        ElementTree.fromstring(one)
    css = faces.style(".faces")
    assert css.count("nth-of-type") == 6 and not re.search(r"[<>]", css)


def _png():
    file = io.BytesIO()
    Image.new("RGB", (32, 24), (90, 120, 60)).save(file, format="PNG")
    return file.getvalue()
