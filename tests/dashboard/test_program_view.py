"""The therapist's program page: changed in forms, checked at the field, saved as a version."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import Audit
from griphub.hub.program import commands, conversation, drafts, home, keys, post
from griphub.hub.program.activity import builtin
from griphub.hub.program.letter import SentVersion
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.taking import take_versions
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.vocabulary import Evidence, Source

from .page_text import text

PROGRAM = """
title = "Winter"
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]

[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 4 }
squeezes = { sets = 2, reps = 6, hands = "left", zone = [20, 60] }
progression = {}
slots = ["after_school"]
goal = "lunch"

[[items]]
id = "dough"
activity = "play-dough"
dose = { days = ["mon", "wed", "fri"] }
minutes = 10
"""


def _script():
    from griphub.dashboard.views import program

    program.page()


@pytest.fixture
def page(config, sign_in):
    """Opens the page as a therapist."""

    def run(shown=config, tab="Program"):
        sign_in(Role.THERAPIST, shown)
        app = AppTest.from_function(_script, default_timeout=20)
        app.session_state["program-tabs"] = tab
        return _ok(app.run())

    return run


@pytest.fixture
def prescribed(config, sign_in):
    """Ada has a program since last week."""
    sign_in(Role.THERAPIST)
    today = home.today(config, datetime.now(UTC))
    with context.database().work(Actor.part("test")) as work:
        program = parse_program(PROGRAM, builtin())
        begun = today - timedelta(days=7)
        commands.prescribe(work, "c-ada", program, valid_from=begun, today=begun, because="first visit")
    return today


def _ok(app):
    assert not app.exception, app.exception[0].message
    return app


def press(app, label, nth=0):
    found = [one for one in app.button if one.label == label]
    return _ok(found[nth].click().run())


def field(kind, label):
    return next(one for one in kind if one.label == label)


def history(config):
    with viewer.reading() as work:
        return commands.history(work, "c-ada")


def test_without_a_program_the_page_says_how_to_begin(page):
    app = page()
    assert app.title[0].value == "Program of Ada"
    assert "Ada has no program yet" in text(app)
    assert "Nothing is changed yet" in text(app)


def test_without_children_or_with_a_broken_store(page, config, fill):
    app = page(config.model_copy(update={"children": ()}))
    assert "No child is set up yet" in text(app)


def test_the_program_as_it_is_and_as_the_family_sees_it(page, prescribed):
    app = page()
    said = text(app)
    assert "Version 1 holds since" in said
    assert "The family uses this very GripHub" in said
    assert "2 × 6 squeezes, left hand, at 20 to 60 % of the own best, on 4 days a week" in said
    assert "2 rounds of 6 squeezes with the left hand" in said, "plain words for a parent"
    assert "For: Opens the lunch box alone" in said
    assert "Served by Squeezing the grip ball (48 squeezes a week)." in said
    assert "Nothing is changed yet" in said
    said = text(page(tab="Versions and pauses"))
    assert "first visit" in said and "🟢 Squeezing the grip ball" in said


def test_a_change_is_shown_checked_and_saved_as_a_version(page, prescribed, config):
    app = press(page(), "Change")
    field(app.number_input, "Squeezes a set").set_value(9).run()
    _ok(app)
    assert "2 × 6 squeezes, left hand, at 20 to 60 % of the own best, on 4 days a week → " in text(app)
    field(app.date_input, "Holds from").set_value(prescribed + timedelta(days=3)).run()
    field(app.text_input, "Why (for you and colleagues)").input("easy for her").run()
    app = press(app, "Save")
    assert "Version 2 is saved." in text(app)
    assert "Version 2 begins on" in text(app) and "Nothing is changed yet" in text(app)
    before, after = history(config).versions
    assert (before.program.items[0].squeezes.reps, after.program.items[0].squeezes.reps) == (6, 9)
    assert (after.valid_from, after.because) == (prescribed + timedelta(days=3), "easy for her")


def test_what_is_wrong_stands_at_its_field_and_nothing_is_half_saved(page, prescribed, config):
    app = press(page(), "Change", 1)
    pills = next(one for one in app.button_group if one.label == "Days")
    pills.set_value([]).run()
    _ok(app)
    errors = [one.value for one in app.error]
    assert errors == ["Choose at least one day."]
    assert "1 field is to be corrected" in text(app)
    save = field(app.button, "Save")
    assert save.disabled
    # the day's bounds are of the whole program, and said there
    pills = next(one for one in app.button_group if one.label == "Days")
    pills.set_value(["mon"]).run()
    field(app.number_input, "Minutes each time").set_value(90).run()
    assert [one.value for one in app.error] == ["Up to 90 minutes a day are asked for; 45 are allowed."]
    assert "Minutes a day, at most: Up to 90 minutes" in text(app)
    assert len(history(config).versions) == 1


def test_what_was_not_saved_outlasts_a_visit_to_another_page(page, prescribed):
    app = press(page(), "Change")
    field(app.number_input, "Sets").set_value(4).run()
    app.session_state["child"] = app.session_state["child_choice"] = "c-ben"
    app.run()
    assert "Ben has no program yet" in text(app)
    app.session_state["child"] = app.session_state["child_choice"] = "c-ada"
    app.run()
    assert field(app.number_input, "Sets").value == 4
    assert "Save as version 2" in text(app)
    app = press(app, "Discard my changes")
    assert "Nothing is changed yet" in text(app)


def test_a_draft_is_there_after_a_reload_and_a_restart_until_it_is_discarded(page, prescribed, config):
    app = press(page(), "Change")
    field(app.number_input, "Sets").set_value(4).run()
    field(app.text_input, "Why (for you and colleagues)").input("stronger now").run()
    assert "Draft, not sent yet" in text(app)

    app = press(page(), "Change")  # bound and signed in anew, with nothing of the browser's session
    assert field(app.number_input, "Sets").value == 4
    assert field(app.text_input, "Why (for you and colleagues)").value == "stronger now"
    assert "Draft, not sent yet" in text(app) and "Save as version 2" in text(app)
    assert len(history(config).versions) == 1

    app = press(app, "Discard my changes")
    for shown in (app, page()):
        assert "Nothing is changed yet" in text(shown) and "Draft" not in text(shown)


def test_a_draft_that_is_saved_or_changed_back_is_kept_no_longer(page, prescribed, config):
    app = press(page(), "Change")
    field(app.number_input, "Sets").set_value(4).run()
    field(app.number_input, "Sets").set_value(2).run()
    assert "Draft" not in text(app) and "Draft" not in text(page())
    app = press(page(), "Change")
    field(app.number_input, "Sets").set_value(5).run()
    press(app, "Save")
    app = page()
    assert "Draft" not in text(app) and "Nothing is changed yet" in text(app)
    with context.database().reading(Actor.part("test")) as work:
        rows = work.scalars(select(Audit).where(Audit.table == "program_drafts").order_by(Audit.id)).all()
    assert [one.did for one in rows] == ["insert", "delete", "insert", "delete"], "not every change"
    assert set((rows[0].after or {}).values()) <= {"•••", rows[0].actor, "c-ada"}


def test_two_devices_show_what_was_kept_last_and_say_so(page, prescribed):
    desk = press(page(), "Change")
    field(desk.number_input, "Sets").set_value(4).run()
    phone = press(page(), "Change")
    field(phone.number_input, "Sets").set_value(5).run()
    assert "another device" not in text(phone)
    field(desk.number_input, "Sets").set_value(6).run()
    assert "changed or let go of on another device" in text(desk)
    assert field(press(desk, "Change").number_input, "Sets").value == 5
    assert "another device" not in text(desk)


def test_a_draft_of_another_day_or_an_earlier_griphub_still_opens(page, prescribed):
    page()
    with viewer.changing() as work:
        dough = {"id": "dough", "activity": "play-dough", "dose": {"days_per_week": 2}, "minutes": 5}
        values = {"title": "Old", "items": [dough]}  # without all that has a default
        drafts.keep(work, "c-ada", read=1, values=values, valid_from=date(2020, 1, 1), because="")
    app = page()
    assert "Draft, not sent yet" in text(app)
    assert field(app.date_input, "Holds from").value == prescribed
    assert "Version 2 is saved." in text(press(press(app, "Change"), "Save"))


def test_two_therapists_at_once_overwrite_nothing(page, prescribed, config):
    app = press(page(), "Change")
    field(app.number_input, "Sets").set_value(4).run()
    with context.database().work(Actor.part("colleague")) as work:
        program = history(config).versions[0].program
        theirs = program.model_copy(update={"title": "Spring"})
        commands.prescribe(work, "c-ada", theirs, valid_from=prescribed, today=prescribed)
    app = press(app, "Save")
    assert "GripHub saved version 2 while you were changing version 1" in text(app)
    assert "🔵 Title: Winter → Spring" in text(app)
    assert field(app.button, "Save").disabled
    assert field(app.number_input, "Sets").value == 4, "mine are still there"
    assert len(history(config).versions) == 2
    app = press(app, "Go on with mine in place of it")
    assert "🔵 Title: Spring → Winter" in text(app), "what that undoes is said"
    app = press(app, "Save")
    assert [one.program.title for one in history(config).versions] == ["Winter", "Spring", "Winter"]


def test_an_activity_is_found_added_moved_and_removed(page, prescribed, config):
    app = page()
    field(app.text_input, "Search").input("scissors").run()
    adding = [one.key.rsplit("-add-", 1)[1] for one in app.button if one.label == "Add"]
    assert "scissors" in adding and "puzzle" not in adding
    app = press(app, "Add", adding.index("scissors"))
    assert field(app.number_input, "Days a week").value == 3, "its form is open"
    app = press(app, "Up", 2)
    app = press(app, "Remove", 2)
    app = press(app, "Save")
    assert [one.id for one in history(config).versions[1].program.items] == ["squeeze", "scissors"]


def test_every_activity_of_the_library_can_be_asked_for(page, prescribed):
    app = page()
    for activity in builtin():
        app = _ok(
            next(one for one in app.button if (one.key or "").endswith(f"-add-{activity}")).click().run()
        )
    assert len([one for one in app.button if one.label == "Remove"]) >= len(builtin())
    assert [one.value for one in app.error] == ["Up to 97 minutes a day are asked for; 45 are allowed."]


def test_a_clinics_own_activity_is_checked_at_its_fields_and_added(page, prescribed, config):
    app = press(page(), "Begin")
    app = press(app, "Save to the library")
    assert len([one for one in app.error if "At least one is needed" in one.value]) == 3
    field(app.text_input, "Name").input("Knöpfe schließen").run()
    field(app.multiselect, "Good for").set_value(["fine_motor"]).run()
    for label in ("Steps for the parent, one a line", "What to take care of, one sentence a line"):
        field(app.text_area, label).input("Lay out a shirt.\nButton it together.").run()
    for label in ("Easier", "Harder", "The daily task that it serves"):
        field(app.text_area, label).input("Dressing.").run()
    app = press(app, "Save to the library")
    assert not app.error
    field(app.text_input, "Search").input("knöpfe").run()
    assert "1 activity" in text(app) and "the clinic's own" in text(app)
    with viewer.reading() as work:
        own = commands.library_for(work, "c-ada")["own-knopfe-schlieen"]
    assert own.own and own.steps == ("Lay out a shirt.", "Button it together.")


def test_pauses_are_made_corrected_and_taken_back(page, prescribed, config):
    app = press(page(tab="Versions and pauses"), "Save the pause")
    (made,) = history(config).pauses
    assert (made.since, made.until) == (prescribed, prescribed + timedelta(days=6))
    assert "It is paused since" in text(app)
    app = press(app, "Correct")
    field(app.selectbox, "Why").select(PauseReason.HOLIDAY)
    app = press(app, "Save the pause")
    assert [one.reason.value for one in history(config).pauses] == ["holiday"]
    app = press(app, "It was none")
    assert not history(config).pauses and len(history(config).records) == 3


def test_therapist_and_family_write_to_each_other(page, prescribed, sign_in):
    sign_in(Role.PARENT)
    with viewer.changing() as work:
        post.write_note(work, "c-ada", "She *did* it!")
    app = page()
    assert "She *did* it!" not in text(app)
    with viewer.reading() as work:
        assert conversation.unread(work) == {"c-ada": 1}, "another tab was open"
    app = page(tab="Messages")
    assert "The family" in text(app) and "She *did* it!" in text(app) and "new" in text(app)
    with viewer.reading() as work:
        assert not conversation.unread(work), "it was in sight"
    app = press(app, "Send")
    assert "is empty" in text(app)
    field(app.text_area, "To the family").input("Well done").run()
    app = press(app, "Send")
    assert "Well done" in text(app) and "arrived" in text(app)
    assert field(app.text_area, "To the family").value == ""


def _led(config, fill, day, hits=12):
    """The squeezes were done on a day with a tool, all sets."""
    at = datetime.combine(day, time(15), UTC)
    fill(
        [
            ActivityDone(
                event_id=uuid4(), measured_at=at, site="home", hub="hub", child_id="c-ada", day=day,
                source=Source.REAL, item_id="squeeze", evidence=Evidence.SENSOR, sets=2, sets_asked=2,
                reps=12, reps_asked=12, hits=hits, ended_by="done",
            )
        ]
    )  # fmt: skip


def test_a_suggestion_is_accepted_as_a_version_of_its_own(page, prescribed, config, fill):
    for n in (3, 2, 1):
        _led(config, fill, prescribed - timedelta(days=n))
    app = page()
    assert "Suggestion: Squeezing the grip ball" in text(app)
    assert "100 % of squeezes were in the zone over the last 3 times" in text(app)
    app = press(app, "Accept")
    assert "Version 2 is saved." in text(app) and "Suggestion" not in text(app)
    after = history(config).versions[-1]
    assert after.program.items[0].squeezes.zone == (25, 65) and "100 %" in after.because


def test_a_suggestion_joins_changes_that_are_being_made(page, prescribed, config, fill):
    for n in (3, 2, 1):
        _led(config, fill, prescribed - timedelta(days=n))
    app = press(page(), "Change")
    field(app.number_input, "Times a day").set_value(2).run()
    app = press(app, "Accept")
    assert "It is among your changes now" in text(app)
    assert len(history(config).versions) == 1
    app = press(app, "Save")
    item = history(config).versions[-1].program.items[0]
    assert (item.squeezes.zone, item.dose.times_per_day) == ((25, 65), 2)


def test_a_declined_suggestion_does_not_come_back_at_once(page, prescribed, config, fill):
    for n in (3, 2, 1):
        _led(config, fill, prescribed - timedelta(days=n))
    app = press(page(), "Decline")
    assert "Suggestion" not in text(app)
    assert "Suggestion" not in text(page())
    assert len(history(config).versions) == 1


def test_a_failing_store_keeps_nobody_from_changing_a_program(page, prescribed, config):
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app = page()
    assert "no rule can propose anything" in text(app)
    app = press(app, "Change")
    field(app.number_input, "Sets").set_value(3).run()
    assert "Version 2 is saved." in text(press(app, "Save"))


def test_a_strength_test_by_a_protocol_and_a_rule_are_set_in_forms(page, prescribed, config):
    app = page()
    field(app.text_input, "Search").input("strength test").run()
    adding = [one.key.rsplit("-add-", 1)[1] for one in app.button if one.label == "Add"]
    app = press(app, "Add", adding.index("strength-test"))
    field(app.selectbox, "Protocol").select("southampton").run()
    app = press(app, "Change")
    field(app.checkbox, "With a target zone").uncheck().run()
    assert "Let a rule say when it becomes harder or easier" not in [one.label for one in app.checkbox]
    field(app.checkbox, "With a target zone").check().run()
    field(app.checkbox, "Let a rule say when it becomes harder or easier").check().run()
    field(app.number_input, "Harder above (%)").set_value(60).run()
    assert "“Easier below” must be below “Harder above”." in [one.value for one in app.error]
    field(app.number_input, "Harder above (%)").set_value(90).run()
    app = press(app, "Save")
    squeeze, _, test = history(config).versions[-1].program.items
    assert (squeeze.squeezes.zone, squeeze.progression.high) == ((30, 60), 90)
    assert test.test.protocol == "southampton"


def test_goals_are_named_served_and_dropped(page, prescribed, config):
    app = press(page(), "Add a goal")
    assert "1 field is to be corrected" in text(app), "a goal without words"
    next(one for one in reversed(list(app.text_input)) if one.label.startswith("Goal")).input("Swings").run()
    app = press(app, "Change")
    field(app.selectbox, "Everyday goal that it serves").select("goal").run()
    assert "No activity serves it yet" in text(app) and "Served by Squeezing the grip ball" in text(app)
    app = press(app, "Save")
    program = history(config).versions[-1].program
    assert [goal.words for goal in program.goals] == ["Opens the lunch box alone", "Swings"]
    assert program.items[0].goal == "goal"


def test_what_the_parents_learned_is_noted(page, prescribed):
    app = page()
    field(app.checkbox, "Can ask for pain with the faces").check().run()
    app = press(app, "Note as learned today")
    assert "Can ask for pain with the faces" not in [one.label for one in app.checkbox]


def test_the_program_can_be_ended(page, prescribed, config):
    app = press(page(tab="Versions and pauses"), "End it")
    assert history(config).versions[-1].program is None
    assert "Nothing is asked since" in text(app)


def test_at_a_home_that_has_joined_a_clinic_nothing_is_prescribed(page, prescribed, config):
    keys.trust(config, keys.shown(Ed25519PrivateKey.generate().public_key()))
    theirs = SentVersion(
        id="pv-theirs",
        number=2,
        valid_from=prescribed,
        recorded_at=datetime.now(UTC),
        by=post.HOME,
        program=parse_program(PROGRAM, builtin()),
    )
    with context.database().work(Actor.part("post")) as work:
        take_versions(work, "c-ada", [theirs])
    app = page()
    said = "\n".join(one.value for one in (*app.markdown, *app.caption, *app.subheader))
    assert "The clinic makes this program" in said and "under Messages" in said
    assert "Version 2" in said and "by The family, at home" in said
    assert not [one for one in app.button if one.label in ("Save", "Add", "Change")]
