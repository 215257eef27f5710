"""A child's page, as their therapist sees it, in every state."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.queries import child as query
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.people import settings
from griphub.hub.program import annotations, commands, visits
from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import DayStatus
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.tables import VisitKind
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Evidence, Hand
from griphub.hub.units import ForceUnit

from .page_text import marked, text

NOW = datetime.now(UTC)
TODAY = NOW.date()

PROGRAM = """
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]
[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 1, reps = 15, hands = "alternating" }
goal = "lunch"
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
"""


def script():
    from importlib import import_module

    import_module("griphub.dashboard.views.child").page()


@pytest.fixture
def show(config, sign_in):
    def run(shown=config):
        sign_in(Role.THERAPIST, shown)
        app = AppTest.from_function(script, default_timeout=30).run()
        assert not app.exception
        return app

    return run


@pytest.fixture
def machine(sign_in):
    """Begins a change that nobody asked for in a role."""
    sign_in(Role.THERAPIST)
    return lambda: context.database().work(Actor.part("test"))


def charts(app):
    return [element.proto for element in app.get("vega_lite_chart")]


def told(kind, days_ago=1.0, **more):
    at = NOW - timedelta(days=days_ago)
    about = {"event_id": uuid4(), "measured_at": at, "site": "home", "hub": "hub", "child_id": "c-ada"}
    return kind(**about | more)


def read(weeks=8):
    with viewer.reading() as work:
        return query.read(work, viewer.results(), context.config(), "c-ada", NOW, weeks=weeks)


def test_nobody_and_nothing_are_designed_screens(show, config):
    assert "No child is set up yet" in text(show(Config(data_dir=config.data_dir / "empty")))
    said = text(show())
    for words in (
        "No session with a tool in this time",
        "No strength test in the last year.",
        "There is nothing to compare yet.",
        "There is no program yet, so nothing was asked.",
        "Nobody told of pain in this time",
        "Nothing was said in this time.",
        "The program names no everyday goal.",
        "Nothing to look at.",
    ):
        assert words in said


def test_one_session_is_a_point_and_no_trend(show, fill, session_events):
    fill(session_events("only", NOW - timedelta(days=1)))
    app = show()
    (chart,) = charts(app)
    assert "1 session, highest 34.0 N" in text(app)
    assert "Too few to say: 1 of the 12 results" in text(app)
    assert "there is no reference for this kind of tool" in text(app)
    assert chart.alt.startswith("Force (N) of each session.")


def test_strength_of_both_hands_with_what_stands_beside_it(show, fill, eight_weeks, machine):
    with machine() as work:
        visits.add(work, "c-ada", day=TODAY - timedelta(days=20))
        annotations.add(work, "c-ada", first=TODAY - timedelta(days=30), words="New *splint*")
        commands.pause(
            work,
            "c-ada",
            since=TODAY - timedelta(days=40),
            until=TODAY - timedelta(days=36),
            reason=PauseReason.ILLNESS,
        )
    fill(eight_weeks())
    app = show()
    chart = charts(app)[0]
    said = text(app)
    assert "20 sessions" in said and "32 sessions" in said
    assert "A new series: tool changed." in said and "A dashed line: there another series begins." in said
    assert "Rises by" in said and "Measurement error: two results must differ by" in said
    assert (
        "Visit at the clinic" in chart.alt and "New *splint*" in chart.alt and "Break: Not well" in chart.alt
    )
    assert "New \\*splint\\*" in marked(app)
    spec = chart.spec
    assert '"strokeDash": [5, 4]' in spec, "where the left hand's second ball begins"
    assert spec.count('"type": "rule"') == 2 and '"type": "rect"' in spec, "the visit, the note and the break"
    (table,) = [frame.value for frame in app.dataframe if "median_peak" in frame.value]
    assert len(table) == 64

    app.selectbox[1].select_index(0).run()
    assert not app.exception
    assert app.metric


def test_forces_are_in_the_viewers_unit(show, fill, session_events, sign_in):
    fill(session_events("only", NOW - timedelta(days=1)))
    sign_in(Role.THERAPIST)
    with viewer.changing() as work:
        settings.change(work, settings.Settings(force_unit=ForceUnit.KGF))
    app = AppTest.from_function(loaded, default_timeout=30).run()
    assert not app.exception
    assert "highest 3.5 kgf" in text(app)
    assert charts(app)[0].alt.startswith("Force (kgf)")


def loaded():
    from griphub.dashboard import preferences
    from griphub.dashboard.views import child

    preferences.load()
    child.page()


def test_a_pressure_and_a_force_are_never_one_chart(show, fill, session_events):
    from griphub.firmware_bridge.samples import Unit

    fill(session_events("force", NOW - timedelta(days=1)))
    fill(session_events("pressure", NOW - timedelta(days=1), unit=Unit.KILOPASCAL, tool="ball-09"))
    alts = [chart.alt for chart in charts(show())]
    assert [alt.split(" of ")[0] for alt in alts] == ["Force (N)", "Pressure (kPa)"]


def test_tests_at_a_visit_and_at_home_are_apart_and_retention_is_told(
    show, fill, make_strength_test, machine
):
    with machine() as work:
        for days in (60, 20):
            visits.add(work, "c-ada", day=TODAY - timedelta(days=days))
        visits.add(work, "c-ada", day=TODAY - timedelta(days=11), kind=VisitKind.CALL)
    refused = Outcome(rule="mean", reason="too_few", because="Two trials count; three are needed.")
    fill(
        [
            make_strength_test("c-ada", days_ago=60, score=100.0),
            make_strength_test("c-ada", days_ago=20, score=60.0),
            make_strength_test("c-ada", days_ago=10, score=61.0),
            make_strength_test("c-ada", days_ago=5, outcome=refused, pain_before=0, pain_after=4),
        ]
    )
    seen = read()
    assert [len(one.results) for one in (*seen.tests.at_visits, *seen.tests.at_home)] == [2, 1]
    app = show()
    said = text(app)
    assert "ASHT 2015, at a visit (dyno-01): latest 60.0 N" in said
    assert "ASHT 2015, at home (dyno-01): latest 61.0 N" in said
    assert "lost, beyond the measurement error" in said
    assert "Falling strength" in " ".join(block.proto.body for block in app.get("html"))
    (rows,) = [frame.value for frame in app.dataframe if "protocol" in frame.value]
    assert list(rows["where"]) == ["At home", "At home", "At a visit", "At a visit"]
    assert rows["because"][0] == "Two trials count; three are needed."
    assert rows["pain"][0] == "0, 4" and "not held for long enough" in rows["trials"][1]
    assert "no checked reference is installed" in said or not charts(app)[0].alt.startswith(
        "Force (N) of each"
    )


def test_days_show_their_evidence_and_what_is_not_known_is_not_missed(show, fill, session_events, machine):
    begin = TODAY - timedelta(days=34)
    with machine() as work:
        commands.prescribe(work, "c-ada", parse_program(PROGRAM, builtin()), valid_from=begin, today=begin)
        commands.pause(
            work,
            "c-ada",
            since=TODAY - timedelta(days=5),
            until=TODAY - timedelta(days=5),
            reason=PauseReason.HOLIDAY,
        )
    fill(session_events("one", NOW - timedelta(days=2), peaks=(30.0,) * 15))
    fill([told(ActivityDone, 2, item_id="dough", evidence="parent", minutes=10)])
    squares = {square.day: square for square in read().squares}
    assert len(squares) == 35 and min(squares).weekday() == 0
    both = squares[TODAY - timedelta(days=2)]
    assert (both.status, both.evidence) == (DayStatus.DONE, (Evidence.SENSOR, Evidence.PARENT))
    assert squares[TODAY - timedelta(days=3)].status is DayStatus.MISSED
    assert squares[TODAY - timedelta(days=5)].status is DayStatus.PAUSED
    app = show()
    grid = next(block.proto.body for block in app.get("html") if "gh-days" in block.proto.body)
    assert grid.count("<td class") == 35
    assert "done, measured by a tool and told by a parent" in grid
    assert "a break" in grid
    said = text(app)
    assert "1 day was a break." in said and "**Opens the lunch box alone**" in said


def test_pain_and_what_was_said(show, fill):
    fill(
        [
            told(FeedbackGiven, 3, said_by="parent", pain_before=2, pain_after=6, effort=7, enjoyment=3),
            told(FeedbackGiven, 2, said_by="child", pain_before=4, pain_after=2, observation="It *hurt*"),
            told(FeedbackGiven, 1, pain_after=0, confidence=9),
        ]
    )
    app = show()
    said = text(app)
    assert "Asked 3 times. The highest was 6 of 10. Of 2, asked before and after, it rose in 1." in said
    assert "Confidence of the parents: 9 of 10 in the middle, 1 time" in said
    assert "It \\*hurt\\*" in marked(app)
    alts = [chart.alt for chart in charts(app)]
    assert any(alt.startswith("Pain before and after.") for alt in alts)
    assert len(alts) == 4


def test_visits_and_notes_are_added_corrected_and_taken_off(show):
    app = show()
    app.text_area[0].set_value("Try the softer ball")
    next(button for button in app.button if button.label == "Keep").click().run()
    assert not app.exception
    assert "The visit is on the list." in app.success[0].value
    with viewer.reading() as work:
        (visit,) = visits.visits(work, "c-ada")
    assert (visit.day, visit.kind, visit.words) == (TODAY, VisitKind.CLINIC, "Try the softer ball")

    next(button for button in app.button if button.label == "Keep").click().run()
    assert "Nothing was changed." in app.error[0].value and "already" in app.error[0].value

    choose = next(box for box in app.selectbox if box.label == "Visit")
    choose.select(visit.id).run()
    next(button for button in app.button if button.label == "Take off the list").click().run()
    with viewer.reading() as work:
        assert visits.visits(work, "c-ada") == []

    app.text_input[0].set_value("New splint")
    [button for button in app.button if button.label == "Keep"][-1].click().run()
    assert not app.exception
    with viewer.reading() as work:
        (note,) = annotations.annotations(work, "c-ada")
    assert (note.words, note.first, note.last, note.shared) == ("New splint", TODAY, TODAY, False)


def test_a_failing_store_is_a_designed_screen(show, config):
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    assert "The results cannot be read right now" in text(show())


def test_a_year_is_shown_when_it_is_asked_for(show, fill, session_events):
    fill(session_events("old", NOW - timedelta(days=300)))
    app = show()
    assert not charts(app)
    app.get("button_group")[0].set_value(52).run()
    assert not app.exception
    assert len(charts(app)) == 1
    assert read(52).panels[0].series[0].hand is Hand.LEFT


def test_further_measures_are_worked_out_when_asked_for_and_refused_with_the_reason(
    show, fill, session_events
):
    fill(session_events("left", NOW - timedelta(days=2), peaks=(20.0,) * 4))
    fill(session_events("right", NOW - timedelta(days=1), peaks=(40.0,) * 4, hand=Hand.RIGHT, tool="ball-02"))
    app = show()
    assert "Not shown" not in text(app)
    next(button for button in app.button if button.label == "Work them out").click().run()
    assert not app.exception
    said = text(app)
    assert "Fatigue index, Left hand and Right hand: It is of twelve greatest squeezes" in said
    assert "Asymmetry, Both hands: Which hand is the dominant one is not recorded." in said
    assert "Mirror force of the resting hand, Both hands: It takes a session of both hands" in said
    assert "Release, Left hand and Right hand: Not told of these squeezes." in said
