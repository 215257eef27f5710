"""What stands around the exercise's board: choosing, pain before, beginning, and each way that fails."""

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.views import exercise as views
from griphub.hub.config import ToolConfig
from griphub.hub.people import places
from griphub.hub.records.vocabulary import Evidence, Hand

from .families import PROGRAM, done
from .house import House
from .page_text import text


def _page():
    from importlib import import_module

    import_module("griphub.dashboard.views.exercise").page()


@pytest.fixture
def show(sign_in):
    def run(chosen=None):
        app = AppTest.from_function(_page, default_timeout=30)
        if chosen:
            app.session_state[views.ITEM] = chosen
        app.run()
        assert not app.exception
        return app

    return run


def buttons(app):
    return [button.label for button in app.button]


def test_without_a_program_there_is_the_board_alone(sign_in, show):
    sign_in()
    app = show()
    assert app.title[0].value == "Hello, Ada!"
    assert buttons(app) == []


def test_what_a_tool_counts_is_chosen_and_pain_is_asked_before(sign_in, show, prescribe):
    sign_in()
    prescribe()
    app = show()
    assert buttons(app) == ["Start"], "dough and puzzles are ticked, not led"
    assert "2 rounds of 6 squeezes with the left hand" in text(app)
    app.button(key="choose-squeeze").click().run()
    assert buttons(app) == ["Begin", "Something else"]
    assert app.pills[0].label == "Does it hurt now, before you begin?"
    app.button(key="other").click().run()
    assert buttons(app) == ["Start"]


def test_what_is_done_may_be_done_once_more(sign_in, show, prescribe, fill):
    sign_in()
    day = prescribe()
    fill([done(day, item="squeeze", activity="squeeze-ball", evidence=Evidence.SENSOR, reps=12)])
    app = show()
    assert buttons(app) == ["Once more"] and "Done for today" in text(app)


def test_what_today_chose_stands_ready_and_what_is_not_asked_for_does_not(sign_in, show, prescribe):
    sign_in()
    prescribe()
    assert "Begin" in buttons(show("squeeze"))
    assert buttons(show("dough")) == ["Start"]


def test_without_a_hub_that_is_said_and_nothing_is_lost(sign_in, show, prescribe):
    sign_in()
    prescribe()
    app = show("squeeze")
    app.pills[0].select(2).run()
    app.button(key="begin").click().run()
    assert "GripHub does not answer" in app.info[0].value
    assert app.pills[0].value == 2 and "Begin" in buttons(app)


def test_pain_at_which_nothing_is_begun_is_taken_seriously(sign_in, show, prescribe):
    sign_in()
    prescribe("pain = { stop_at = 6 }\n" + PROGRAM)
    app = show("squeeze")
    app.pills[0].select(6).run()
    app.button(key="begin").click().run()
    assert "That hurts too much to begin." in app.info[0].value


def test_a_small_childs_faces_come_with_a_word_to_the_parent(sign_in, show, prescribe):
    sign_in()
    day = prescribe()
    with context.database().work(viewer.current().actor, "test") as work:
        places.change_child(work, "c-ada", birth_month=f"{day.year - 5}-{day.month:02}")
    assert any("Below 7" in caption.value for caption in show("squeeze").caption)


def test_a_failing_store_takes_the_choice_away_and_not_the_board(config, sign_in, show, prescribe):
    sign_in()
    prescribe()
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app = show()
    assert "The results cannot be read right now" in text(app)
    assert app.title[0].value == "Hello, Ada!"


@pytest.mark.parametrize("tool", [None, Hand.RIGHT, Hand.LEFT], ids=["none", "other hand", "fits"])
def test_a_real_hub_begins_it_or_says_why_not(config, sign_in, show, prescribe, tool):
    sign_in()
    prescribe()
    tools = (ToolConfig(id="ball01", child="c-ada", hand=tool),) if tool else ()
    house = House(config.model_copy(update={"tools": tools}))
    try:
        house.open()
        house.start_hub()
        app = show("squeeze")
        app.button(key="begin").click().run()
        assert not app.exception
        if tool is not Hand.LEFT:
            assert "No tool for this hand is paired yet." in app.info[0].value
            return
        assert buttons(app) == [], "the board has the page to itself"
        (led,) = app.session_state[views.LED].values()
        again = show()  # another page, another browser
        assert buttons(again) == [] and again.session_state[views.LED] == {"c-ada": led}
        house.call(house.client.tell_exercise("c-ada", "stop"))
        assert buttons(show()) == ["Start"]
    finally:
        house.close()
