"""The family's day in every state: real people and programs, a real store, a real socket to the hub."""

from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.queries import today as queries
from griphub.firmware_bridge.link_state import LinkPhase
from griphub.firmware_bridge.samples import ToolKind
from griphub.hub.database.actor import Actor
from griphub.hub.program import commands, did, home
from griphub.hub.program import routine as routines
from griphub.hub.program.prescription import Slot
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.tool import ToolSeen
from griphub.hub.records.vocabulary import Evidence, Hand, Person

from .families import APP, done
from .page_text import text


def _page():
    from importlib import import_module

    import_module("griphub.dashboard.views.today").page()


@pytest.fixture
def show(sign_in):
    def run():
        app = AppTest.from_function(_page, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def test_without_a_program_squeezing_is_possible_all_the_same(sign_in, show):
    sign_in()
    app = show()
    assert app.title[0].value == "Today for Ada"
    assert "No program yet" in text(app) and "Good to see you." in text(app)
    assert "We take a break" not in [one.label for one in app.expander]


def test_a_new_day_has_a_tile_for_each_thing_in_the_order_of_the_day(sign_in, show, prescribe):
    sign_in()
    prescribe()
    app = show()
    said = text(app)
    assert "0 of 3 done" in said and "A few minutes are enough to begin." in said
    for words in (
        "2 rounds of 6 squeezes with the left hand, hold each for 2 seconds · about 5 minutes",
        "For: Opens the lunch box alone",
        "0 of 2 times done today",
        "Once is enough",
        "Warm the *dough* first.",
    ):
        assert words in said
    names = ("After breakfast", "After school", "Whenever it suits")
    assert [said.index(f"<h2>{name}</h2>") for name in names] == sorted(
        said.index(f"<h2>{name}</h2>") for name in names
    )
    assert said.count(">next<") == 1
    assert "practice day" not in said, "nothing to be proud of yet, and no word of a failure"
    assert not app.error and not app.warning


def test_one_tick_is_two_taps_and_shows_at_once_and_only_once(sign_in, show, prescribe, home_hub):
    sign_in()
    day = prescribe()
    app = show()
    app.number_input(key="minutes-c-ada-dough").set_value(12)
    app.pills(key="helped-c-ada-dough").select(Person.SIBLING)
    app.button(key="save-c-ada-dough").click().run()
    assert not app.exception
    assert "Noted. Well done, Ada!" in text(app)
    assert "✓ 12 minutes · Sister or brother" in text(app), "before the store has it"
    assert "1 of 2 times done today" in text(app) and "0 of 3 done" in text(app)
    assert "<h2>Before bed</h2>" in text(app), "its next time"

    (told,) = home_hub()
    assert (told.item_id, told.activity_id, told.day) == ("dough", "play-dough", day)
    assert (told.minutes, told.minutes_asked, told.helped_by) == (12.0, 10.0, Person.SIBLING)
    assert told.evidence is Evidence.PARENT
    app.run()
    assert text(app).count("✓ 12 minutes") == 1, "the store has it now: it counts once"
    assert "Well done" not in text(app), "said once"

    app.button(key="save-c-ada-dough").click().run()
    app.button(key="save-c-ada-puzzle").click().run()
    assert "2 of 3 done" in text(app) and "A good start." in text(app)


def test_a_tick_by_mistake_is_taken_back(sign_in, show, prescribe, home_hub):
    sign_in()
    prescribe()
    app = show()
    app.button(key="save-c-ada-puzzle").click().run()
    (tick,) = home_hub()
    app.button(key=f"undo-{tick.event_id}").click().run()
    assert not app.exception
    assert "It is taken back." in text(app) and "0 of 3 done" in text(app)
    (back,) = home_hub()
    assert back.takes_back == tick.event_id
    assert "0 of 3 done" in text(show()), "also in another tab"


def test_a_tick_that_is_taken_back_elsewhere_does_not_stay_in_this_browser(
    sign_in, show, prescribe, home_hub, fill
):
    sign_in()
    prescribe()
    app = show()
    app.button(key="save-c-ada-puzzle").click().run()
    (tick,) = home_hub()
    assert "1 of 3 done" in text(app.run())
    fill([did.taken_back(tick)])
    assert "0 of 3 done" in text(app.run())


def test_without_a_hub_nothing_is_said_to_be_noted_and_nothing_typed_is_lost(sign_in, show, prescribe):
    sign_in()
    prescribe()
    app = show()
    app.number_input(key="minutes-c-ada-dough").set_value(25)
    app.button(key="save-c-ada-dough").click().run()
    assert not app.exception
    assert "This is not noted yet: GripHub at home does not answer." in text(app)
    assert app.number_input(key="minutes-c-ada-dough").value == 25
    assert "0 of 3 done" in text(app) and "✓" not in text(app)


def test_what_was_forgotten_or_nobody_asked_for_is_ticked_too(sign_in, show, prescribe, home_hub):
    sign_in()
    day = prescribe()
    app = show()
    app.selectbox(key="late-c-ada").select(day - timedelta(days=2))
    app.selectbox(key="else-c-ada").select("play-dough").run()
    app.button(key="save-else-c-ada-play-dough").click().run()
    assert not app.exception
    (late,) = home_hub()
    assert (late.item_id, late.day, late.minutes) == ("dough", day - timedelta(days=2), 10.0)
    app.selectbox(key="late-c-ada").select(day)
    app.selectbox(key="else-c-ada").select("jars-and-bottles").run()
    app.button(key="save-else-c-ada-jars-and-bottles").click().run()
    (extra,) = home_hub()
    assert (extra.item_id, extra.minutes, extra.minutes_asked) == ("jars-and-bottles", None, None)
    assert "Lifting jars and bottles" in text(app) and "0 of 3 done" in text(app)


def test_a_break_is_taken_and_ended_without_a_word_of_missing(sign_in, show, prescribe):
    sign_in()
    day = prescribe()
    app = show()
    app.pills(key="break-why-c-ada").select(PauseReason.ILLNESS).run()
    app.date_input(key="break-since-c-ada").set_value(day - timedelta(days=2))
    app.date_input(key="break-until-c-ada").set_value(day - timedelta(days=3))
    app.button(key="break-c-ada").click().run()
    assert "The last day is before the first one." in text(app)
    app.date_input(key="break-until-c-ada").set_value(None)
    app.button(key="break-c-ada").click().run()
    assert not app.exception
    said = text(app)
    assert "Noted. Get some rest." in said and "Nothing is asked of you today." in said
    assert "Not well, since" in said and "2 rounds" not in said
    app.button(key="break-over").click().run()
    assert "Welcome back!" in text(app) and "0 of 3 done" in text(app)
    with context.database().reading(Actor.part("test")) as work:
        (kept,) = commands.history(work, "c-ada").pauses
    assert (kept.since, kept.until) == (day - timedelta(days=2), day - timedelta(days=1))

    app.pills(key="break-why-c-ada").select(PauseReason.HOLIDAY).run()
    app.date_input(key="break-since-c-ada").set_value(day - timedelta(days=1))
    app.button(key="break-c-ada").click().run()
    assert "There is a break on some of these days already." in text(app)
    app.date_input(key="break-since-c-ada").set_value(day + timedelta(days=3))
    app.date_input(key="break-until-c-ada").set_value(day + timedelta(days=5))
    app.button(key="break-c-ada").click().run()
    assert "A break is planned" in text(app) and "Holiday, from" in text(app)
    app.button(key="break-off").click().run()
    assert "A break is planned" not in text(app)


def test_what_the_therapist_should_have_shown_is_asked_once(sign_in, show, prescribe):
    sign_in()
    prescribe()
    app = show()
    assert app.button(key="training-c-ada").disabled
    app.checkbox(key="training-c-ada-saw_it").check().run()
    app.button(key="training-c-ada").click().run()
    assert not app.exception
    assert [one.key for one in app.checkbox] == ["training-c-ada-faces"]
    app.checkbox(key="training-c-ada-faces").check().run()
    app.button(key="training-c-ada").click().run()
    assert not app.checkbox


def test_days_of_practice_are_counted_until_a_long_break(sign_in, show, prescribe, fill):
    sign_in()
    day = prescribe()
    fill([done(day - timedelta(days=n)) for n in (1, 2, 4, 5, 14)])
    assert "4 practice days without a long break" in text(show())


def test_all_done_is_said_and_what_a_tool_counted_is_told(sign_in, show, prescribe, fill):
    sign_in()
    day = prescribe()
    counted = {"evidence": Evidence.SENSOR, "minutes": 4.0, "reps": 12, "reps_asked": 12}
    fill(
        [
            done(day, item="squeeze", activity="squeeze-ball", **counted),
            done(day, minutes=20.0),
            done(day, item="puzzle", activity="puzzle", minutes=None, evidence=Evidence.THERAPIST),
        ]
    )
    app = show()
    said = text(app)
    assert "3 of 3 done" in said and "All done for today. Well done, Ada!" in said
    for words in ("✓ 12 squeezes", "✓ 20 minutes", "✓ done · seen by the therapist"):
        assert words in said
    assert len([one for one in app.button if str(one.key).startswith("undo-")]) == 2, "a tool's is no tick"


def test_the_familys_own_times_order_the_day(sign_in, prescribe):
    sign_in()
    prescribe()
    with viewer.reading() as work:
        family = work.get(import_module("griphub.hub.people.model").Child, "c-ada").family_id
    with viewer.changing() as work:
        routines.change(work, family, Slot.AFTER_BREAKFAST, time(17, 0))
        routines.change(work, family, Slot.AFTER_SCHOOL, None)
    config = context.config()

    def at(hour):
        zone = home.zone_of(config)
        now = datetime.now(UTC).astimezone(zone).replace(hour=hour, minute=5)
        return queries.today(
            config, context.database(), viewer.results(), viewer.current().actor, "c-ada", now=now
        )

    seen = at(9)
    assert [(one.slot, one.at) for one in seen.left] == [
        (Slot.AFTER_BREAKFAST, time(17, 0)),
        (Slot.AFTER_SCHOOL, None),
        (None, None),
    ]
    assert seen.next_slot is Slot.AFTER_BREAKFAST
    assert isinstance(seen.day, date)


def test_a_tile_of_a_tool_opens_the_exercise_with_its_item(sign_in, prescribe):
    sign_in()
    prescribe()
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert not app.exception
    assert app.title[0].value == "Today for Ada", "where a family starts"
    app.button(key="start-squeeze").click().run()
    assert not app.exception
    assert app.session_state["item"] == "squeeze"


def test_a_failing_store_is_a_designed_screen(sign_in, show, prescribe, config):
    sign_in()
    prescribe()
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    assert "The results cannot be read right now" in text(show())


def test_a_tool_that_is_nearly_empty_or_silent_is_said_so_that_somebody_can_act(
    sign_in, show, prescribe, fill, session_events
):
    sign_in()
    prescribe()
    now = datetime.now(UTC)
    fill(session_events("left", now - timedelta(days=1)))
    fill(
        session_events(
            "right", now - timedelta(days=1), hand=Hand.RIGHT, tool="putty-01", kind=ToolKind.PUTTY
        )
    )

    def seen(tool, kind, **more):
        return ToolSeen(
            event_id=uuid4(),
            measured_at=now,
            site="home",
            hub="hub",
            tool_id=tool,
            tool_kind=kind,
            link=LinkPhase.AWAY,
            **more,
        )

    fill(
        [
            seen("ball-01", ToolKind.BALL, seen_at=now, battery_percent=12),
            seen("putty-01", ToolKind.PUTTY, seen_at=now - timedelta(days=9), battery_percent=80),
        ]
    )
    said = text(show())
    assert "Squeeze ball, Left hand" in said and "12 % left. Charge it tonight." in said
    assert "Putty, Right hand" in said and "Not heard for a while." in said
