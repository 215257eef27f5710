"""Who needs a therapist today: the lines of a caseload, and its page in every state."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, viewer
from griphub.dashboard.queries import caseload
from griphub.dashboard.views import caseload as view
from griphub.dashboard.views import layout
from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.program import commands, visits
from griphub.hub.program.activity import builtin
from griphub.hub.program.alerts import Cause
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.versions import PauseReason
from griphub.hub.records.ids import status_id
from griphub.hub.records.said import ActivityDone, FeedbackGiven
from griphub.hub.records.tool import ToolSeen
from griphub.hub.records.vocabulary import Evidence, Hand, Source

NOW = datetime.now(UTC)

PROGRAM = """
[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 1, reps = 15, hands = "alternating" }
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
"""


def script():
    from importlib import import_module

    import_module("griphub.dashboard.views.caseload").page()


def told(kind, child="c-ada", days_ago=1.0, **more):
    at = NOW - timedelta(days=days_ago)
    about = {"event_id": uuid4(), "measured_at": at, "site": "home", "hub": "home", "child_id": child}
    return kind(**about | more)


def seen(tool="ball-01", days_ago=0.0, **more):
    at = NOW - timedelta(days=days_ago)
    about = {"event_id": status_id("home", tool, at), "measured_at": at, "site": "home", "hub": "home"}
    about |= {"tool_id": tool, "tool_kind": "ball", "link": "away", "seen_at": at, "battery_percent": 80}
    return ToolSeen(**about | more)


def prescribe(config, child, days_ago=40):
    begin = (NOW - timedelta(days=days_ago)).date()
    with context.database().work(Actor.part("test")) as work:
        program = parse_program(PROGRAM, builtin())
        commands.prescribe(work, child, program, valid_from=begin, today=begin)


@pytest.fixture
def read(config, sign_in, fill):
    sign_in(Role.THERAPIST)

    def read(*events, shown=config):
        fill(list(events))
        with viewer.reading() as work:
            return caseload.lines(work, viewer.results(), shown, NOW)

    return read


@pytest.fixture
def show(config, sign_in, monkeypatch):
    """Draws the page; what the table was given is kept, and a name may be pressed."""
    given, pressed, went = [], [], []
    monkeypatch.setattr(
        view, "caseload_table", lambda *table: given.append(table) or (pressed.pop() if pressed else None)
    )
    monkeypatch.setattr(layout, "go", went.append)

    def run(shown=config, press=None):
        sign_in(Role.THERAPIST, shown)
        pressed.extend([press] if press else [])
        app = AppTest.from_function(script, default_timeout=20).run()
        assert not app.exception
        return app, given[-1] if given else None, went

    return run


def test_who_needs_somebody_comes_first_with_the_reason(read, config, session_events, eight_weeks):
    prescribe(config, "c-ada")
    prescribe(config, "c-ben")
    ada, ben = read(
        *eight_weeks(),
        *session_events("ben", NOW - timedelta(hours=3), child="c-ben", tool="ball-07"),
        seen("ball-03"),
        seen("ball-02", battery_percent=9),
        seen("ball-07"),
        seen("ball-99", days_ago=30),
        told(FeedbackGiven, pain_before=2, pain_after=8, days_ago=2),
        told(FeedbackGiven, pain_after=0, days_ago=30),
        told(ActivityDone, item_id="dough", evidence="parent", minutes=10),
    )
    assert (ada.child_id, ben.child_id) == ("c-ada", "c-ben")
    assert [alert.cause for alert in ada.alerts] == [Cause.PAIN, Cause.BATTERY]
    assert ben.alerts == ()
    assert ada.pain.pain_after == 8 and ben.pain is None
    assert ada.source is Source.SIMULATED and ada.silent_days <= 1 and ada.week_sessions == 8
    assert ada.week.by_evidence[Evidence.SENSOR] > 0 and ada.week.by_evidence[Evidence.PARENT] == 1
    assert set(ada.trends) == set(Hand)
    assert {finding.key.tool for finding in ada.trends.values()} == {"ball-02", "ball-03"}, "the present ones"


def test_a_caseload_is_read_as_each_child_alone_is(read, config, eight_weeks, monkeypatch):
    from griphub.hub.program.reading import picture

    prescribe(config, "c-ada")
    ada = read(*eight_weeks(), told(ActivityDone, item_id="dough", evidence="parent", minutes=5, days_ago=3))[
        0
    ]
    alone = picture(config, context.database(), context.store(), viewer.current().actor, "c-ada", now=NOW)
    assert (ada.week, ada.month) == tuple(alone.doings.adherence(window) for window in (7, 28))


def test_silence_a_break_and_a_home_that_nobody_heard_of(read, config, session_events):
    prescribe(config, "c-ada")
    old = session_events("old", NOW - timedelta(days=100))
    ada, ben = read(*old)
    assert (ada.child_id, ada.silent, ada.silent_days) == ("c-ada", True, 100)
    assert [alert.cause for alert in ada.alerts] == [Cause.STOPPED]
    assert (ben.silent, ben.silent_days, ben.week) == (True, None, None)

    prescribe(config, "c-ben", days_ago=120)
    both = read(*session_events("long ago", NOW - timedelta(days=100), child="c-ben"))
    ben = next(one for one in both if one.child_id == "c-ben")
    assert ben.alerts[0].after == 100, "longer ago than a picture looks back"
    assert ben.alerts[0].day == (NOW - timedelta(days=100)).date()

    elsewhere = config.model_copy(update={"hub": "clinic"})
    found = read(*session_events("later", NOW - timedelta(days=20)), shown=elsewhere)
    line = next(one for one in found if one.child_id == "c-ada")
    assert [alert.cause for alert in line.alerts] == [Cause.HOME_SILENT]
    assert line.week.asked_days == 0 and len(line.week.unknown) == 7, "not known is not missed"

    with context.database().work(Actor.part("test")) as work:
        commands.pause(
            work, "c-ada", since=(NOW - timedelta(days=50)).date(), until=None, reason=PauseReason.ILLNESS
        )
    paused = next(one for one in read() if one.child_id == "c-ada")
    assert paused.alerts == () and not paused.silent and paused.paused.reason is PauseReason.ILLNESS


def test_a_therapist_reads_nobody_elses_child(read, config, fill, session_events):
    lines = read(*session_events("theirs", NOW - timedelta(days=1), child="c-elsewhere"))
    assert {line.child_id for line in lines} == {"c-ada", "c-ben"}


def test_the_page_says_what_the_lines_hold(show, config, fill, eight_weeks, sign_in):
    sign_in(Role.THERAPIST)
    prescribe(config, "c-ada")
    with context.database().work(Actor.part("test")) as work:
        visits.add(work, "c-ben", day=(NOW + timedelta(days=1)).date())
    fill([*eight_weeks(), told(FeedbackGiven, pain_before=2, pain_after=8, observation="It hurt.")])
    app, (rows, filters, words), _ = show()
    assert "**2** children · **2** need a look" in app.markdown[0].value
    assert [one["label"] for one in filters] == ["All (2)", "Need a look (2)", "Silent (1)"]
    ada, ben = rows
    assert [reason["title"] for reason in ada["reasons"]] == ["Pain", "Unanswered note"]
    assert "Rose from 2 to 8 of 10" in ada["reasons"][0]["text"]
    assert ada["pain"] == "2, then 8" and ada["notes"] == ["simulated"]
    assert sum(part["share"] for part in ada["month"]["parts"]) == pytest.approx(100, abs=0.5)
    assert "measured by a tool" in ada["month"]["spoken"]
    left, right = ada["trends"]
    assert (left["hand"], right["hand"]) == ("Left", "Right")
    assert right["arrow"] == "up" and right["text"].startswith("+")
    assert ben["month"] is None and ben["last"] == "never" and "No program yet" in ben["notes"]
    assert ben["reasons"][0]["title"] == "Visit soon"
    assert len(words["columns"]) == 7


def test_a_name_opens_its_child_and_nobody_elses(show):
    _, _, went = show(press="c-ben")
    assert len(went) == 1
    _, _, went = show(press="c-elsewhere")
    assert len(went) == 1


def test_nobody_on_the_caseload_and_a_failing_store_are_designed_screens(show, config):
    app, table, _ = show(Config(data_dir=config.data_dir / "empty"))
    assert table is None
    assert "No child is on your caseload yet" in app.subheader[0].value
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app, table, _ = show()
    assert table is None
    assert "The results cannot be read right now" in app.subheader[0].value
