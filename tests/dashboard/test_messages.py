"""Messages, visits and changes of the program, as a family reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.queries import messages as queries
from griphub.hub.database.actor import Actor
from griphub.hub.program import commands, post, visits
from griphub.hub.program.activity import builtin
from griphub.hub.program.conversation import conversation
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.tables import VisitKind

from .families import APP, PROGRAM
from .page_text import text


def _page():
    from griphub.dashboard.views import messages

    messages.page()


@pytest.fixture
def show(sign_in):
    def run():
        app = AppTest.from_function(_page, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def by_the_clinic():
    return context.database().work(Actor.part("test"))


def test_nothing_yet_is_a_designed_screen(sign_in, show):
    sign_in()
    assert "No messages yet" in text(show())


def test_the_therapists_words_are_shown_as_they_were_written(sign_in, show):
    sign_in()
    with by_the_clinic() as work:
        post.write_note(work, "c-ada", "Well *done*!\n<b>Keep</b> the ball in the palm.")
        post.write_note(work, "c-ben", "For Ben alone")
    said = text(show())
    assert "Well *done*!\n&lt;b&gt;Keep&lt;/b&gt; the ball" in said and "Your therapist" in said
    assert "For Ben alone" not in said


def test_visits_to_come_stand_first_and_those_that_were_stay_readable(sign_in, show, prescribe):
    sign_in()
    day = prescribe()
    with by_the_clinic() as work:
        visits.add(work, "c-ada", day=day, kind=VisitKind.CALL)
        visits.add(
            work, "c-ada", day=day + timedelta(days=9), kind=VisitKind.CLINIC, words="Bring both balls."
        )
        visits.add(work, "c-ada", day=day - timedelta(days=9), kind=VisitKind.HOME, words="The splint fits.")
    app = show()
    said = text(app)
    for words in ("Today: ", "By telephone", "Next: ", "Bring both balls.", "The splint fits."):
        assert words in said
    assert "Earlier visits" in [one.label for one in app.expander]


def test_what_changed_in_the_program_is_told_in_plain_words(sign_in, show, prescribe):
    sign_in()
    day = prescribe()
    harder = PROGRAM.replace("reps = 6", "reps = 8").replace('id = "puzzle"', 'id = "jars"')
    harder = harder.replace('activity = "puzzle"', 'activity = "jars-and-bottles"')
    with by_the_clinic() as work:
        commands.prescribe(
            work,
            "c-ada",
            parse_program(harder, builtin()),
            valid_from=day,
            today=day,
            because="Opens lids alone now.",
        )
    said = text(show())
    for words in (
        "Opens lids alone now.",
        "New: Lifting jars and bottles, Once is enough, every day",
        "Now: Squeezing the grip ball, 2 rounds of 8 squeezes with the left hand, hold each for 2 seconds",
        "No longer: Puzzle play",
    ):
        assert words in said
    assert said.index("Now: Squeezing") < said.index("New: Squeezing"), "the latest first"


def test_a_version_that_asks_for_the_same_is_no_change(sign_in, prescribe):
    sign_in()
    day = prescribe()
    with by_the_clinic() as work:
        again = parse_program(PROGRAM.replace("At home", "Another title"), builtin())
        commands.prescribe(work, "c-ada", again, valid_from=day, today=day)
        commands.prescribe(work, "c-ada", None, valid_from=day + timedelta(days=1), today=day)
        found = queries.changes(commands.history(work, "c-ada"))
    assert [one.version.number for one in found] == [3, 1]
    assert found[0].version.program is None and len(found[0].dropped) == 3
    assert datetime.now(UTC) > found[0].version.recorded_at


def send(app, words):
    app.text_area[0].set_value(words)
    (button,) = (one for one in app.button if one.label == "Send")
    button.click().run()
    assert not app.exception
    return app


def test_a_family_answers_and_sees_that_it_arrived(sign_in, show, config):
    sign_in()
    app = send(show(), "She opened the *lid* today!")
    said = text(app)
    assert "She opened the *lid* today!" in said and 'class="gh-mine"' in said and "arrived" in said
    assert app.text_area[0].value == "", "what was sent leaves its field"
    with viewer.reading() as work:
        (kept,) = conversation(work, config, "c-ada")
    assert kept.from_family and kept.words == "She opened the *lid* today!"


def test_nothing_is_not_sent(sign_in, show, config):
    sign_in()
    app = send(show(), "   ")
    assert "There is nothing in it yet." in text(app)
    with viewer.reading() as work:
        assert conversation(work, config, "c-ada") == []


def test_what_is_new_is_marked_once_and_told_on_the_familys_day(sign_in, show, prescribe):
    sign_in()
    prescribe()
    with by_the_clinic() as work:
        post.write_note(work, "c-ada", "Well done!")
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert "Your therapist wrote to you" in text(app) and "1 message" in text(app)
    app = show()
    assert ">new<" in text(app)
    assert ">new<" not in text(app.run()), "it was seen"
    assert "Your therapist wrote to you" not in text(AppTest.from_file(APP, default_timeout=20).run())
