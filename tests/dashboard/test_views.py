"""Every page in every state, with a real store behind it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.views import layout, today
from griphub.firmware_bridge.samples import Unit
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.errors import NotFound
from griphub.hub.people import sign_in as signing_in
from griphub.hub.people.model import Account
from griphub.hub.records.session import Drift, SessionQuality
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Purpose

from .families import APP
from .page_text import text


def _script(page):
    from importlib import import_module

    import_module(f"griphub.dashboard.views.{page}").page()


@pytest.fixture
def show(config, sign_in):
    def run(page, shown=config):
        sign_in({"delivery": Role.ADMIN, "child": Role.THERAPIST}.get(page, Role.PARENT), shown)
        app = AppTest.from_function(_script, kwargs={"page": page}, default_timeout=20).run()
        assert not app.exception
        return app

    return run


def charts(app):
    return [element.proto for element in app.get("vega_lite_chart")]


def test_exercise_greets_the_child_and_mounts_the_board(show):
    app = show("exercise")
    assert app.title[0].value == "Hello, Ada!"
    app.selectbox[0].select("c-ben").run()
    assert app.title[0].value == "Hello, Ben!"


@pytest.mark.parametrize("page", ["exercise", "child"])
def test_without_children_the_page_says_what_to_do(show, config, page):
    app = show(page, Config(data_dir=config.data_dir))
    assert "No child is set up yet" in text(app)
    assert "griphub child add" in text(app)


def test_eight_weeks_and_a_session_opened_from_the_list(show, fill, eight_weeks):
    fill(eight_weeks())
    app = show("child")
    assert len(charts(app)) == 1
    assert "20 sessions" in text(app) and "32 sessions" in text(app)
    assert "A new series: tool changed." in text(app), "the left hand's second ball"
    said = charts(app)[0].alt
    assert "Rises by" in said and "95 %" in said, "a child that gains a quarter in eight weeks"
    assert "Too few to say: 12 of the" not in said and "**" not in said
    assert "two results must differ by" in said and "by this child's own results" in said
    assert "Shaded: where 19 of 20 sessions lie" in text(app)
    assert "simulated" in text(app)
    (panel_rows,) = [frame.value for frame in app.dataframe if "median_peak" in frame.value]
    assert len(panel_rows) == 64

    opening = app.selectbox[1]
    assert opening.value is None and not app.metric
    opening.select_index(0).run()
    assert not app.exception
    facts = {metric.label: metric.value.replace("\xa0", " ") for metric in app.metric}
    assert facts["Squeezes"] == "15 of 15"
    assert facts["Highest peak"].endswith(" N")
    assert (facts["Lasted"], facts["Samples lost"]) == ("31 s", "2.9 %")
    assert "2 squeezes marked doubtful. 3010 samples received, 90 lost." in text(app)
    assert "1 gap where samples were lost, the longest 0.91 s" in text(app)
    waveform = charts(app)[1]
    assert "15 squeezes marked, 2 of them doubtful, and 1 gap" in waveform.alt
    (squeezes,) = [frame.value for frame in app.dataframe if "Doubtful because" in frame.value]
    assert list(squeezes["Doubtful because"])[5] == "many of its samples were lost"


def test_a_long_session_can_be_looked_at_in_parts(show, fill, session_events):
    fill(session_events("long", datetime.now(UTC) - timedelta(hours=1), peaks=(20.0,) * 60))
    app = show("child")
    app.selectbox[1].select_index(0).run()
    before = charts(app)[1].spec
    (part,) = app.slider
    part.set_range(10.0, 30.0).run()
    assert not app.exception
    assert charts(app)[1].spec != before


def test_a_ball_that_measures_pressure_is_not_said_to_measure_force(show, fill, session_events):
    fill(session_events("kpa", datetime.now(UTC) - timedelta(days=1), unit=Unit.KILOPASCAL))
    app = show("child")
    assert charts(app)[0].alt.startswith("Pressure (kPa)")
    assert "Force" not in charts(app)[0].spec and "34.0 kPa" in text(app)


def test_a_session_without_squeezes(show, fill, session_events):
    fill(session_events("none", datetime.now(UTC) - timedelta(days=1), peaks=()))
    app = show("child")
    app.selectbox[1].select_index(0).run()
    assert not app.exception
    assert "No squeeze was counted in this session." in text(app)
    assert {metric.label: metric.value for metric in app.metric}["Highest peak"] == "–"


def test_what_there_is_to_know_of_a_session_is_said(show, fill, session_events):
    told = {"counts": False, "stored": True, "time_known": False, "calibration_overdue": True}
    events = session_events("none", datetime.now(UTC) - timedelta(days=1), peaks=())
    fill([event.model_copy(update=told) if hasattr(event, "stored") else event for event in events])
    app = show("child")
    app.selectbox[1].select_index(0).run()
    assert not app.exception
    for words in ("too slow or too coarse", "handed it over later", "at the latest", "was overdue"):
        assert words in text(app)
    assert {metric.label: metric.value for metric in app.metric}["Squeezes"] == "–"
    assert "No squeeze was counted" not in text(app)


def test_how_good_a_sessions_recording_is_is_said_in_words(show, fill, session_events):
    quality = SessionQuality(
        rate_hz=12.0,
        lost_percent=7.5,
        saturated_percent=0.04,
        tare_level=0.1,
        tare_noise=0.02,
        drift=Drift(moved=-1.25, percent=4.2, too_far=True),
        doubtful={"sensor at the end of its range": 2},
    )
    events = session_events("worn", datetime.now(UTC) - timedelta(days=1))
    fill([e.model_copy(update={"quality": quality}) if hasattr(e, "quality") else e for e in events])
    app = show("child")
    app.selectbox[1].select_index(0).run()
    assert not app.exception
    for words in (
        "8 % of the samples were lost. Keep the tool nearer",
        "at the end of its range for 0.1 % of the time: true peaks were higher",
        "Zero moved by -1.2 N in the session, 4 % of the child's usual peak.",
        "2 squeezes doubtful: sensor at the end of its range.",
        "Only 12 samples a second",
    ):
        assert words in text(app)


@pytest.mark.parametrize(("lost_percent", "shown", "said"), [(0.0, "0.0 %", False), (None, "–", True)])
def test_an_unknown_loss_is_no_loss_of_nothing(show, fill, session_events, lost_percent, shown, said):
    quality = SessionQuality(rate_hz=100.0, lost_percent=lost_percent, saturated_percent=0.0)
    events = session_events("good", datetime.now(UTC) - timedelta(days=1))
    fill([e.model_copy(update={"quality": quality}) if hasattr(e, "quality") else e for e in events])
    app = show("child")
    app.selectbox[1].select_index(0).run()
    assert {metric.label: metric.value for metric in app.metric}["Samples lost"] == shown
    assert ("does not number them" in text(app)) is said
    assert "Zero moved" not in text(app) and "end of its range" not in text(app)


def test_strength_tests_are_apart_from_sessions(show, fill, session_events, make_strength_test):
    now = datetime.now(UTC)
    events = session_events("a strength test's own", now - timedelta(days=2))
    fill(
        [
            e.model_copy(update={"purpose": Purpose.STRENGTH_TEST}) if hasattr(e, "purpose") else e
            for e in events
        ]
    )
    refused = Outcome(
        rule="mean", left_out=3, reason="too_short", because="Two trials count; three are needed."
    )
    fill(
        [
            *(make_strength_test("c-ada", days_ago=9 * k, score=100.0 + (k % 3)) for k in range(1, 14)),
            make_strength_test("c-ada", days_ago=0.5, outcome=refused, pain_before=0, pain_after=4),
            make_strength_test("c-ada", days_ago=300, score=60.0, calibration_id="cal-0"),
        ]
    )
    app = show("child")
    assert not app.exception
    (chart,) = charts(app)
    assert chart.alt.startswith("Scores of strength tests, Force (N)."), "a test is no session of exercise"
    said = text(app)
    assert "**Right hand**, ASHT 2015, at home (dyno-01): latest 101.0 N" in said
    assert "A new series: calibration changed." in said
    assert "Too few to say: 1 of the 12" in said
    assert "Within the usual variation: no clear change" in said
    assert "That is borrowed: healthy children of 7 to 13 years, Jamar Plus+" in said
    (rows,) = [frame.value for frame in app.dataframe if "protocol" in frame.value]
    assert len(rows) == 15
    assert rows["because"][0] == "Fewer trials count than the protocol needs."
    assert rows["pain"][0] == "0, 4"
    assert "not held for long enough" in rows["trials"][1] and "(practice)" in rows["trials"][1]


def test_a_session_whose_curve_is_gone(show, fill, session_events):
    events = session_events("curve", datetime.now(UTC) - timedelta(days=1))
    fill([event for event in events if event.schema_ != "waveform/1"])
    app = show("child")
    app.selectbox[1].select_index(0).run()
    assert not app.exception
    assert "The curve of this session is not stored" in text(app)


def test_a_failing_store_is_a_designed_screen_and_recovers(show, config, fill, session_events):
    path = config.data_dir / "store.db"
    path.write_bytes(b"this is no database" * 500)
    app = show("child")
    assert "The results cannot be read right now" in text(app)
    assert "What was counted is safe" in text(app)
    assert any("restore it from a backup" in shown.value for shown in app.text)
    assert not charts(app)

    path.unlink()
    fill(session_events("again", datetime.now(UTC) - timedelta(days=1)))
    (again,) = app.button
    again.click().run()
    assert not app.exception
    assert len(charts(app)) == 1


def test_no_child_and_no_session_is_part_of_an_address(show, fill, eight_weeks):
    fill(eight_weeks())
    app = show("child")
    app.selectbox[0].select("c-ben").run()
    app.selectbox[0].select("c-ada").run()
    app.selectbox[1].select_index(3).run()
    assert not app.query_params


@pytest.mark.parametrize(
    ("role", "first"), [(Role.PARENT, "today"), (Role.THERAPIST, "caseload"), (Role.ADMIN, "tools")]
)
def test_the_router_leads_on_to_the_first_page_of_a_role(sign_in, monkeypatch, role, first):
    sign_in(role)
    gone = []
    monkeypatch.setattr(layout, "go", gone.append)  # AppTest changes no page
    from griphub.dashboard import app as script

    app = AppTest.from_file(script.__file__, default_timeout=20).run()
    assert not app.exception
    assert gone == [first]


def test_whoever_is_signed_out_meanwhile_is_told_so(sign_in, monkeypatch):
    sign_in()
    monkeypatch.setattr(viewer, "token", lambda: "none")
    from griphub.dashboard import app as script

    app = AppTest.from_file(script.__file__, default_timeout=20).run()
    assert not app.exception
    assert "You are not signed in any more" in text(app)


@pytest.mark.parametrize("end", ["signed out", "account closed"])
def test_who_is_looking_is_asked_once_while_a_page_is_drawn_and_anew_at_the_next_run(
    sign_in, monkeypatch, end
):
    sign_in()
    asked = []

    def known(database, token):
        asked.append(token)
        return signing_in.known(database, token)

    monkeypatch.setattr(viewer, "known", known)
    monkeypatch.setattr(layout, "go", lambda path: today.page())  # AppTest changes no page
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert not app.exception
    assert app.title and len(asked) == 1

    if end == "signed out":
        context.sign_ins().out(viewer.token())
    else:
        with context.database().work(Actor.part("test")) as work:
            for account in work.scalars(select(Account)):
                account.disabled_at = work.now
    app.run()
    assert "You are not signed in any more" in text(app)
    assert len(asked) == 2


def test_nobody_reads_results_of_a_child_that_is_not_theirs(sign_in, fill, session_events):
    fill(session_events("theirs", datetime.now(UTC) - timedelta(days=1), child="c-elsewhere"))
    sign_in(Role.THERAPIST)
    results = viewer.results()
    for read in (results.trend, results.strength_tests, results.activities, results.feedback):
        with pytest.raises(NotFound):
            read("c-elsewhere")
    (point,) = context.store().trend("c-elsewhere")
    assert results.session(point.session_id) is None
    assert results.children() == []
    sign_in(Role.ADMIN)
    with pytest.raises(NotFound):
        viewer.results().trend("c-ada")
