"""A family's progress in every state: wins, weeks, hands; and never a word of failure."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from griphub.dashboard import context, preferences, viewer
from griphub.dashboard.queries import our_progress as queries
from griphub.dashboard.queries.our_progress import WinKind
from griphub.dashboard.views import layout
from griphub.dashboard.views.session import CHOSEN
from griphub.hub.database.actor import Actor
from griphub.hub.people.settings import Settings
from griphub.hub.program import annotations, commands, visits
from griphub.hub.program.adherence import DayStatus, Doings
from griphub.hub.program.tables import VisitKind
from griphub.hub.program.versions import History, PauseReason
from griphub.hub.program.work import Work
from griphub.hub.records.said import FeedbackGiven
from griphub.hub.records.vocabulary import Evidence, Hand, Person, Source
from griphub.hub.session.mend import Mender
from griphub.hub.stores import open_store

from .families import done
from .page_text import text


def _page():
    from griphub.dashboard.views import our_progress

    our_progress.page()


@pytest.fixture
def show(sign_in):
    def run():
        app = AppTest.from_function(_page, default_timeout=20).run()
        assert not app.exception
        assert not app.error and not app.warning
        assert "missed" not in text(app).lower()
        return app

    return run


def test_nothing_yet_is_a_designed_screen(sign_in, show, prescribe):
    sign_in()
    prescribe()
    assert "It begins with the first time" in text(show())


def test_one_tick_is_a_week_and_no_trend(sign_in, show, prescribe, fill):
    sign_in()
    day = prescribe()
    fill([done(day)])
    said = text(show())
    assert "This week" in said and "1 practice day" in said
    assert "Each hand" not in said
    assert "Opens the lunch box alone" in said and "Squeezing the grip ball" in said
    assert "Minutes: 10 of" in said


def test_eight_weeks_show_wins_weeks_and_each_hand_in_plain_words(
    sign_in, show, prescribe, fill, eight_weeks, monkeypatch
):
    sign_in()
    day = prescribe(weeks=9)
    fill(eight_weeks())
    fill([done(day - timedelta(days=n), source=Source.SIMULATED) for n in (1, 3, 8)])
    fill(
        [
            FeedbackGiven(
                event_id=done(day).event_id,
                measured_at=datetime.now(UTC) - timedelta(days=n),
                site="home",
                hub="hub",
                child_id="c-ada",
                enjoyment=9,
            )
            for n in (1, 2)
        ]
    )
    app = show()
    said = text(app)
    for words in (
        "What tools measured here is simulated.",
        "practice days without a long break",
        "<strong>960</strong> squeezes in eight weeks",
        "<strong>2</strong> days that were fun",
        "Last week",
        "counted by the tool",
        "ticked by you",
        "In exercise: Rising: about",
        "The comparison began anew with another tool or setting.",
    ):
        assert words in said, words
    assert said.index("<h3>Left hand</h3>") < said.index("<h3>Right hand</h3>")
    assert "percentile" not in said and "95 %" not in said
    went = []
    monkeypatch.setattr(layout, "go", went.append)  # a script of one page has no other
    (closer, *others) = (one for one in app.button if str(one.key).startswith("closer-"))
    assert "Right hand · 15 squeezes" in closer.label and len(others) == 2
    closer.click().run()
    assert not app.exception
    assert went == ["session"] and viewer.results().session(app.session_state[CHOSEN])


def test_the_hand_that_the_viewer_likes_first_stands_first(
    sign_in, prescribe, fill, eight_weeks, monkeypatch
):
    sign_in()
    prescribe()
    fill(eight_weeks())
    monkeypatch.setattr(preferences, "current", lambda: Settings(first_hand=Hand.RIGHT))
    app = AppTest.from_function(_page, default_timeout=20).run()
    said = text(app)
    assert said.index("<h3>Right hand</h3>") < said.index("<h3>Left hand</h3>")


def test_a_break_is_a_break_and_a_day_without_a_hub_is_unknown(sign_in, show, prescribe, fill):
    sign_in()
    day = prescribe()
    with context.database().work(Actor.part("test")) as work:
        commands.pause(
            work,
            "c-ada",
            since=day - timedelta(days=9),
            until=day - timedelta(days=7),
            reason=PauseReason.HOLIDAY,
        )
    fill([done(day - timedelta(days=12)), done(day)])
    said = text(show())
    assert said.count("☕") >= 3 and ": a break" in said


def test_between_visits_and_what_the_therapist_shares(sign_in, show, prescribe, fill, make_strength_test):
    sign_in()
    day = prescribe()
    with context.database().work(Actor.part("test")) as work:
        for n in (30, 2):
            visits.add(work, "c-ada", day=day - timedelta(days=n), kind=VisitKind.CLINIC)
        annotations.add(work, "c-ada", first=day - timedelta(days=3), words="New splint", shared=True)
        annotations.add(work, "c-ada", first=day - timedelta(days=3), words="Between us", shared=False)
    fill([make_strength_test(days_ago=30, score=100.0), make_strength_test(days_ago=2, score=101.0)])
    said = text(show())
    assert "Kept: as strong as at the visit before" in said
    assert "Strength test: Too early to say: 2 results so far" in said
    assert "New splint" in said and "Between us" not in said


def test_wins_are_only_ever_good_news():
    today = datetime(2026, 11, 26, tzinfo=UTC).date()
    work = [Work(done(today).event_id, today - timedelta(days=n), None, Evidence.PARENT) for n in (0, 1, 2)]
    doings = Doings(History(), work, today=today)
    squeezes = Counter({today: 40, today - timedelta(days=10): 30})
    found = queries.wins(doings, queries.weeks(doings), squeezes, 0)
    assert [(one.kind, one.number) for one in found] == [
        (WinKind.KEPT_UP, 3),
        (WinKind.BEST_DAY, 40),
        (WinKind.SQUEEZES, 70),
    ]
    assert queries.wins(Doings(History(), [], today=today), [], Counter(), 0) == []


def test_weeks_begin_on_monday_and_end_with_today():
    today = datetime(2026, 11, 26, tzinfo=UTC).date()  # a Thursday
    work = [Work(done(today).event_id, today - timedelta(days=8), None, Evidence.PARENT)]
    found = queries.weeks(Doings(History(), work, today=today))
    assert [week.days[0][0].day for week in found] == [23, 16]
    assert found[1].practised == 1 and found[1].days[2][1] is DayStatus.PARTLY


def test_a_failing_store_is_a_designed_screen(sign_in, prescribe, config):
    sign_in()
    prescribe()
    (config.data_dir / "store.db").write_bytes(b"this is no database" * 500)
    app = AppTest.from_function(_page, default_timeout=20).run()
    assert "The results cannot be read right now" in text(app)


def test_another_childs_weeks_are_not_this_ones(sign_in, show, prescribe, fill, eight_weeks):
    sign_in()
    prescribe()
    fill(eight_weeks(child="c-ben"))
    app = show()
    assert "It begins with the first time" in text(app)
    assert {one.id for one in viewer.children()} == {"c-ada", "c-ben"}


def test_a_session_that_the_therapist_corrected_says_so(
    sign_in, show, prescribe, fill, session_events, config
):
    sign_in()
    day = prescribe()
    at = datetime.combine(day, time(12), UTC) - timedelta(days=1)
    fill([done(day), *session_events("odd", at), *session_events("other", at - timedelta(days=1))])
    store = open_store(config, read_only=True)
    detail = next(
        found
        for one in store.trend("c-ada")
        if (found := store.session(one.session_id)) and one.started_at == at
    )
    store.close()
    assert "corrected" not in text(show())
    mender = Mender(config, detail, by=Person.THERAPIST, reason="A knock", now=datetime.now(UTC))
    fill([mender.judge(2, "removed")])
    app = show()
    assert "Your therapist corrected this: 2 squeezes instead of 3. “A knock”" in text(app)
    assert any(one.label.endswith("2 squeezes") for one in app.button)
