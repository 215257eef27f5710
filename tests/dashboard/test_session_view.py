"""The session's page: what was counted and where, corrected with what was told kept, and compared."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4, uuid5

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context
from griphub.dashboard.components import waveform_chart
from griphub.dashboard.queries import one_session
from griphub.firmware_bridge.samples import Unit
from griphub.hub.config import Config, DatabaseConfig
from griphub.hub.database.actor import Actor, Role
from griphub.hub.delivery.journal import Journal
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.export.waveform import waveform_csv
from griphub.hub.program.tables import StatementPosted
from griphub.hub.records.event import decode
from griphub.hub.records.said import ActivityDone, FeedbackGiven, SessionCorrected
from griphub.hub.records.vocabulary import Evidence, Hand
from griphub.hub.session.mend import Mender
from griphub.hub.stores import open_store

from .page_text import text

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)


def _script():
    from griphub.dashboard.views import session

    session.page()


@pytest.fixture
def page(config, sign_in):
    """Opens the page in a role."""

    def run(role=Role.THERAPIST, shown=config, **state):
        sign_in(role, shown)
        app = AppTest.from_function(_script, default_timeout=20)
        for key, value in state.items():
            app.session_state[key] = value
        return _ok(app.run())

    return run


@pytest.fixture
def mend(config, fill):
    """Corrects a session and stores it, as ingest does."""

    def do(name, make, by="therapist", reason="Miscounted"):
        store = open_store(config, read_only=True)
        detail = store.session(session_id(name))
        store.close()
        mender = Mender(config, detail, by=by, reason=reason, now=datetime.now(UTC))
        fill([make(mender)])

    return do


def session_id(name):
    return uuid5(UUID(int=7), name)


def _ok(app):
    assert not app.exception, app.exception[0].message
    return app


def charts(app):
    return [element.proto for element in app.get("vega_lite_chart")]


def field(kind, label):
    return next(one for one in kind if one.label == label)


def press(app, label):
    return _ok(field(app.button, label).click().run())


def waiting(config):
    """Corrections in the home's outbox."""
    box = Outbox(config.data_dir / "outbox.db")
    try:
        return [decode(message.payload) for message in box.waiting(0, 100)]
    finally:
        box.close()


def test_without_children_or_sessions_the_page_says_so(page, config):
    assert "No child is set up yet" in text(page(shown=Config(data_dir=config.data_dir)))
    app = page()
    assert "No session of Ada in the last eight weeks" in text(app)
    field(app.checkbox, "Look back a year").check().run()
    assert "No session of Ada in the last year" in text(app)


def test_the_latest_session_is_shown_with_all_that_is_known_of_it(page, fill, session_events):
    fill(session_events("old", AT - timedelta(days=3), peaks=(10.0,)))
    fill(
        session_events("new", AT, peaks=(20.0, 34.0, 28.0), gap_s=(2.0, 2.4), doubtful={2: ("samples_lost",)})
    )
    app = page()
    assert app.title[0].value == "Sessions of Ada"
    facts = {metric.label: metric.value.replace("\xa0", " ") for metric in app.metric}
    assert (facts["Squeezes"], facts["Highest peak"]) == ("3 of 15", "34.0 N")
    assert facts["Samples lost"] == "5.7 %"
    assert "3 squeezes marked, 1 of them doubtful, and 1 gap" in charts(app)[0].alt
    assert waveform_chart.GAP in charts(app)[0].spec, "a gap is shaded"
    assert "1 gap where samples were lost, the longest 0.41 s" in text(app)
    assert "Nobody corrected it." in text(app)
    assert [one.label for one in app.get("download_button")] == ["Download the curve (CSV)"]


def test_an_older_session_that_another_page_chose_is_shown_with_its_child(page, fill, session_events):
    fill(session_events("ada", AT))
    fill(session_events("ben", AT - timedelta(days=200), child="c-ben", peaks=(11.0,)))
    app = page(session=session_id("ben"))
    assert app.title[0].value == "Sessions of Ben"
    assert {one.label: one.value for one in app.metric}["Highest peak"].startswith("11.0")
    field(app.selectbox, "Child").select("c-ada").run()
    assert _ok(app).title[0].value == "Sessions of Ada"
    assert {one.label: one.value for one in app.metric}["Highest peak"].startswith("34.0")


def test_somebody_elses_session_is_as_if_it_did_not_exist(page, fill, session_events):
    fill(session_events("eve", AT, child="c-eve"))
    app = page(session=session_id("eve"))
    assert "No session of Ada" in text(app)


def test_a_stop_for_pain_is_a_line_on_the_curve(page, fill, config, session_events):
    fill(session_events("sore", AT, peaks=(20.0,) * 5))
    about = {
        "measured_at": AT - timedelta(seconds=30),
        "site": "home",
        "hub": "hub",
        "child_id": "c-ada",
        "session_id": session_id("sore"),
    }
    fill(
        [
            ActivityDone(
                event_id=uuid4(), item_id="squeeze", evidence=Evidence.SENSOR, minutes=0.65,
                ended_by="pain", sessions=(session_id("sore"),), **about,
            ),
            FeedbackGiven(event_id=uuid4(), pain_before=0, pain_after=6, **about),
        ]
    )  # fmt: skip
    app = page()
    assert "At 9.0 s the exercise was stopped for pain, face 6." in text(app)
    assert waveform_chart.STOP in charts(app)[0].spec
    assert "stopped for pain, face 6" in charts(app)[0].alt


def test_a_parent_reads_and_corrects_nothing(page, fill, session_events):
    fill(session_events("own", AT))
    app = page(Role.PARENT)
    assert charts(app)
    assert "Correct this session" not in [one.label for one in app.expander]
    assert not [one for one in app.button if "orrect" in one.label]


def test_a_parent_reads_what_was_corrected_in_plain_words(page, fill, mend, session_events):
    fill(session_events("odd", AT))
    mend("odd", lambda mender: mender.judge(2, "removed"), reason="A *knock*")
    said = text(page(Role.PARENT))
    assert "Your therapist corrected this: 2 squeezes instead of 3. “A *knock*”" in said
    mend("odd", lambda mender: mender.reassign(hand=Hand.RIGHT), by="parent", reason="The other one")
    assert "2 squeezes instead of 3, Right hand instead of Left hand. “A *knock*” “The other one”" in text(
        page(Role.PARENT)
    )


def test_a_therapist_sees_how_far_a_correction_has_come(page, fill, mend, session_events):
    fill(session_events("odd", AT))
    mend("odd", lambda mender: mender.judge(2, "removed"))
    assert "GripHub has it" not in text(page())
    store = open_store(context.config(), read_only=True)
    (correction,) = store.session(session_id("odd")).corrections
    store.close()
    for change, words in (
        ({}, "On its way to the family's GripHub."),
        ({"taken_at": AT}, "The family's GripHub has it since"),
        ({"gone": True}, "no longer has this session: nothing changes there"),
    ):
        with context.database().work(Actor.part("post")) as work:
            row = work.get(StatementPosted, str(correction.event_id)) or StatementPosted(
                id=str(correction.event_id), child_id="c-ada", document={}, came_at=AT
            )
            for name, value in change.items():
                setattr(row, name, value)
            work.add(row)
        assert words in text(page())


def test_what_was_set_aside_stays_in_sight_with_who_and_why(page, fill, mend, session_events):
    fill(session_events("odd", AT))
    mend("odd", lambda mender: mender.judge(2, "removed"))
    app = page()
    facts = {metric.label: metric.value.replace("\xa0", " ") for metric in app.metric}
    assert (facts["Squeezes"], facts["Highest peak"]) == ("2 of 15", "32.0 N")
    assert "Recorded as: Ada, Left hand, 3 squeezes, highest peak 34.0" in text(app)
    assert "a therapist: squeeze 2 set aside. “Miscounted”" in text(app)
    assert "set aside" in charts(app)[0].spec and "1 set aside" in charts(app)[0].alt
    table = app.dataframe[0].value
    assert list(table["Counts"]) == [True, False, True]
    field(app.radio, "What about them?").set_value("restored").run()
    field(app.multiselect, "Which squeezes?").set_value([2]).run()
    field(app.text_input, "Why").input("It was one").run()
    assert "It is noted" in text(press(app, "Correct the squeezes"))


def test_a_correction_is_told_with_its_reason_and_shown_when_it_is_stored(page, fill, config, session_events):
    fill(session_events("odd", AT))
    app = page()
    field(app.multiselect, "Which squeezes?").set_value([1, 3]).run()
    app = press(app, "Correct the squeezes")
    assert "is empty. Say in a sentence why" in text(app), "no correction without a reason"
    assert not (config.data_dir / "outbox.db").exists()
    field(app.text_input, "Why").input("Sister squeezed").run()
    app = press(app, "Correct the squeezes")
    assert "It is noted. GripHub does not run" in text(app)
    told = waiting(config)
    assert {(one.verdict, one.reason, one.by) for one in told} == {
        ("removed", "Sister squeezed", "therapist")
    }
    assert all(one.account for one in told), "who signed in, by pseudonym"
    fill(told)
    app.run()
    assert "2 corrections are stored." in text(app)
    assert {one.label: one.value for one in app.metric}["Squeezes"] == "1 of 15"


def test_a_squeeze_that_nobody_counted_is_measured_on_the_curve(page, fill, config, session_events):
    fill(session_events("odd", AT))
    app = page()
    field(app.number_input, "From (s)").set_value(0.4).run()
    field(app.number_input, "To (s)").set_value(1.5).run()
    next(one for one in app.text_input if one.key.startswith("add-")).input("Missed").run()
    press(app, "Add this squeeze")
    (told,) = waiting(config)
    assert told.added.peak == pytest.approx(30.0, rel=0.02)


def test_wrong_child_and_hand_are_mended_in_one_step(page, fill, config, session_events):
    fill(session_events("ben's", AT))
    app = page()
    assert field(app.button, "Give it to them").disabled
    field(app.selectbox, "It is of").select("c-ben").run()
    field(app.radio, "With the").set_value(Hand.RIGHT).run()
    next(one for one in app.text_input if one.key.startswith("whose-")).input("Balls swapped").run()
    app = press(app, "Give it to them")
    (told,) = waiting(config)
    assert (told.child_id, told.to_child, told.to_hand) == ("c-ada", "c-ben", Hand.RIGHT)
    fill([told])
    app = page(session=session_id("ben's"))
    assert app.title[0].value == "Sessions of Ben"
    assert "Recorded as: Ada, Left hand" in text(app) and "given to Ben, hand changed to Right hand" in text(
        app
    )


def test_in_a_clinic_a_correction_goes_to_ingest_on_the_same_computer(
    page, fill, config, session_events, monkeypatch
):
    fill(session_events("odd", AT))
    app = page()
    url = f"sqlite:///{config.data_dir}/people.db"
    clinic = config.model_copy(update={"database": DatabaseConfig(url=url)})
    monkeypatch.setattr(context, "config", lambda: clinic)
    field(app.multiselect, "Which squeezes?").set_value([1]).run()
    field(app.text_input, "Why").input("Sister squeezed").run()
    app = press(app, "Correct the squeezes")
    assert "is the folder of neither a hub nor of ingest" in text(app), "nothing is noted nowhere"
    Journal(config.data_dir / "journal.db").close()
    app = press(app, "Correct the squeezes")
    assert "It is noted here in the clinic" in text(app)
    journal = Journal(config.data_dir / "journal.db")
    (kept,) = [decode(payload) for _, payload in journal.read(0, 10)]
    journal.close()
    assert isinstance(kept, SessionCorrected) and kept.verdict == "removed"


def test_two_sessions_share_an_axis_only_in_the_same_unit(page, fill, session_events):
    fill(session_events("newton", AT))
    fill(session_events("pressure", AT - timedelta(days=2), unit=Unit.KILOPASCAL))
    app = page(session=session_id("newton"))
    assert "There is no other session that was measured in the same unit." in text(app)
    fill(session_events("other", AT - timedelta(days=1), hand=Hand.RIGHT, tool="ball-02"))
    app = page(session=session_id("newton"))
    field(app.selectbox, "Other session").select(session_id("other")).run()
    _ok(app)
    assert "Not the same: tool and hand." in text(app)
    both = charts(app)[1]
    assert both.alt.startswith("Force (N) of two sessions over time")
    assert len(app.dataframe[-1].value) == 2
    before = both.spec
    field(app.checkbox, "Begin both at their first squeeze").check().run()
    assert charts(_ok(app))[1].spec != before


def test_the_curve_is_downloaded_with_its_unit_and_its_gaps(fill, config, session_events):
    fill(session_events("kpa", AT, unit=Unit.KILOPASCAL, peaks=(20.0,), gap_s=(1.0, 1.5)))
    store = open_store(config, read_only=True)
    detail = store.session(session_id("kpa"))
    assert one_session.first_onset_s(detail) == 0.5
    lines = waveform_csv(detail).decode().splitlines()
    store.close()
    assert lines[0] == "time_s,value_kPa"
    times = [float(line.split(",")[0]) for line in lines[1:]]
    assert len(times) == 250 and max(b - a for a, b in pairwise(times)) > 0.5


def test_a_failing_store_is_a_designed_screen(page, config):
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app = page()
    assert "The results cannot be read right now" in text(app)


def test_a_running_hub_takes_a_correction_at_once(page, fill, config, session_events, house):
    fill(session_events("odd", AT))
    app = page(shown=house.config)
    field(app.multiselect, "Which squeezes?").set_value([2]).run()
    field(app.text_input, "Why").input("Sister squeezed").run()
    app = press(app, "Correct the squeezes")
    assert "It is noted, and shown here as soon as it is stored." in text(app)
    told = [one for one in waiting(config) if isinstance(one, SessionCorrected)]
    assert [(one.verdict, one.by) for one in told] == [("removed", "therapist")]


def test_a_year_of_sessions_is_there_to_choose_from(page, fill, session_events):
    for week in range(52):
        fill(session_events(f"w{week}", AT - timedelta(weeks=week), peaks=(20.0,)))
    app = page()
    assert len(field(app.selectbox, "Session").options) == 8
    field(app.checkbox, "Look back a year").check().run()
    assert len(field(_ok(app).selectbox, "Session").options) == 52
