"""What every store must do, whatever it is made of."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from griphub.hub.errors import StoreError
from griphub.hub.records.strength import Outcome
from griphub.hub.records.vocabulary import Source
from griphub.hub.stores.assembling import line_of
from griphub.hub.waveform import encode_samples


def test_an_empty_store_has_nothing_to_say(store):
    assert store.children() == []
    assert store.trend("c-1") == []
    assert store.session(uuid4()) is None
    assert store.squeeze_ids(uuid4()) == set()
    assert store.strength_tests("c-1") == store.activities("c-1") == store.feedback("c-1") == []
    assert store.tools() == []
    store.write([])


def test_a_session_comes_back_as_it_was_measured(store, make_session):
    made = make_session()
    store.write(made.events)

    assert store.trend(made.point.child_id) == [made.point]
    detail = store.session(made.id)
    assert detail.point == made.point
    assert list(detail.squeezes) == made.squeezes
    np.testing.assert_allclose(detail.t_s, made.t_s, atol=1e-9)
    np.testing.assert_allclose(detail.values, made.values, atol=1e-9)  # NaN only where there was none
    assert np.diff(detail.t_s).max() > 2, "two lost seconds are a gap, not made-up samples"
    assert store.squeeze_ids(made.id) == {squeeze.event_id for squeeze in made.squeezes}


def test_what_there_is_to_know_of_a_sessions_numbers_comes_back(store, make_session):
    told = {
        "counts": False,
        "stored": True,
        "time_known": False,
        "firmware": "2.1-beta",
        "calibration_id": "cal-2026",
        "calibration_overdue": True,
        "purpose": "strength_test",
    }
    made = make_session(circumstances=told)
    store.write(made.events)
    (point,) = store.trend(made.point.child_id)
    assert point == made.point
    assert {name: getattr(point, name) for name in told} == told


def test_a_session_from_before_its_quality_was_told_has_none(store, make_session):
    made = make_session(quality=None)
    store.write(made.events)
    assert store.trend(made.point.child_id) == [made.point]
    assert made.point.quality is None


def test_strength_tests_come_back_oldest_first_and_once(store, make_strength_test):
    refused = Outcome(rule="mean", left_out=3, reason="too_short", because="Two trials count; three do.")
    tests = [
        make_strength_test(days_ago=5),
        make_strength_test(days_ago=3, outcome=refused, pain_before=2, pain_after=4, stopped="pain"),
        make_strength_test(days_ago=2, hand="left", source="simulated"),
    ]
    other = make_strength_test("c-2")
    store.write([tests[2], other, tests[0], tests[1], tests[0]])
    store.write([tests[1]])

    assert store.strength_tests("c-1") == tests
    assert store.strength_tests("c-2") == [other]
    assert store.strength_tests("c-3") == []
    assert store.strength_tests("c-1", since=tests[1].measured_at) == tests[1:]
    assert store.strength_tests("c-1", until=tests[1].measured_at) == tests[:1]
    assert store.trend("c-1") == [], "a test is no session"


def test_a_running_session_is_no_point_of_a_trend_yet(store, make_session):
    made = make_session()
    store.write([made.started, *made.squeezes, *made.waveform])

    assert store.children() == []
    assert store.trend(made.point.child_id) == []
    assert store.session(made.id) is None
    assert store.squeeze_ids(made.id) == {squeeze.event_id for squeeze in made.squeezes}


def test_a_session_without_squeezes_or_waveform_is_one(store, make_session):
    made = make_session(squeezes=0, seconds=0)
    store.write(made.events)

    detail = store.session(made.id)
    assert (detail.point, detail.squeezes, detail.t_s.size, detail.values.size) == (made.point, (), 0, 0)
    assert detail.point.peak is None


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_order_and_repetition_change_nothing(store, make_session, data):
    made = make_session()
    events = data.draw(st.permutations(made.events))
    events += data.draw(st.lists(st.sampled_from(made.events), max_size=10))
    size = data.draw(st.integers(1, len(events)))
    for start in range(0, len(events), size):
        store.write(events[start : start + size])

    detail = store.session(made.id)
    assert store.trend(made.point.child_id) == [detail.point] == [made.point]
    assert list(detail.squeezes) == made.squeezes
    np.testing.assert_allclose(detail.t_s, made.t_s, atol=1e-9)
    np.testing.assert_allclose(detail.values, made.values, atol=1e-9)


def test_a_squeeze_that_comes_days_after_the_session_is_in_it(store, make_session):
    made = make_session()
    *early, late = made.squeezes
    store.write([made.started, *early, *made.waveform, made.ended])
    assert list(store.session(made.id).squeezes) == early
    store.write([late])
    assert list(store.session(made.id).squeezes) == made.squeezes


def test_sessions_at_the_same_time_keep_apart(store, make_session):
    at = datetime.now(UTC) - timedelta(days=1)
    one = make_session(child_id="c-1", started_at=at)
    hand = make_session(child_id="c-1", started_at=at, hand="right", tool_id="ball-02")
    other = make_session(child_id="c-2", started_at=at, tool_id="ball-03", squeezes=5)
    store.write([*one.events, *hand.events, *other.events])

    for made in (one, hand, other):
        detail = store.session(made.id)
        assert (detail.point, list(detail.squeezes)) == (made.point, made.squeezes)
        assert detail.t_s.size == made.t_s.size
    assert {point.session_id for point in store.trend("c-1")} == {one.id, hand.id}


def test_a_trend_holds_its_first_moment_and_not_its_last(store, make_session):
    at = datetime.now(UTC) - timedelta(days=20)
    made = [make_session(child_id="c-1", started_at=at + timedelta(days=day), seconds=0) for day in range(4)]
    for session in reversed(made):
        store.write(session.events)
    points = [session.point for session in made]

    assert store.trend("c-1") == points
    assert store.trend("c-1", since=points[1].started_at, until=points[3].started_at) == points[1:3]
    assert store.trend("c-1", since=points[2].started_at) == points[2:]
    assert store.trend("c-1", until=points[2].started_at) == points[:2]
    assert store.trend("c-1", since=points[2].started_at, until=points[2].started_at) == []
    assert store.trend("c-1", since=points[3].started_at, until=points[0].started_at) == []
    everything = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    assert store.trend("c-1", **everything) == points


def test_ten_years_are_one_trend(store, make_session):
    first = datetime(2016, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    made = [
        make_session(child_id="c-1", started_at=first + timedelta(days=30 * n), seconds=0, squeezes=1)
        for n in range(122)
    ]
    store.write([event for session in made for event in session.events])

    assert store.trend("c-1") == [session.point for session in made]
    assert store.session(made[0].id).point == made[0].point


def test_the_day_the_clocks_change_has_the_hours_it_has(store, make_session):
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2025, 3, 30, tzinfo=berlin)  # has 23 hours
    before = (midnight - timedelta(days=1)).astimezone(UTC)
    made = [
        make_session(
            child_id="c-1", started_at=(before + timedelta(hours=h)).astimezone(berlin), seconds=0, squeezes=0
        )
        for h in range(72)
    ]
    store.write([event for session in made for event in session.events])

    day = store.trend("c-1", since=midnight, until=datetime(2025, 3, 31, tzinfo=berlin))
    assert [point.started_at.astimezone(berlin).hour for point in day] == [0, 1, *range(3, 24)]
    assert all(point.started_at.tzinfo is UTC or not point.started_at.utcoffset() for point in day)


def test_children_are_counted_per_source_most_recent_first(store, make_session):
    now = datetime.now(UTC)
    for child, source, days, squeezes in [
        ("c-1", "simulated", 9, 4),
        ("c-1", "simulated", 3, 5),
        ("c-1", "real", 5, 2),
        ("c-2", "real", 1, 0),
    ]:
        made = make_session(
            child_id=child, source=source, started_at=now - timedelta(days=days), squeezes=squeezes, seconds=0
        )
        store.write(made.events)

    assert [(c.child_id, c.source, c.sessions, c.squeezes) for c in store.children()] == [
        ("c-2", "real", 1, 0),
        ("c-1", "simulated", 2, 9),
        ("c-1", "real", 1, 2),
    ]
    assert store.children()[1].last_session_at == now - timedelta(days=3)
    assert {point.source for point in store.trend("c-1")} == {"real", "simulated"}


@pytest.mark.parametrize(
    "text", ["", '") |> drop(', "a,b=c d", "tab\tback\\", "quote \" ' ; --", "Größe ✓ 握力", "${x}", "r'"]
)
def test_text_is_only_ever_text(store, make_session, text):
    doubtful = (text, "", "two\nlines")
    made = make_session(doubtful=doubtful, ended_by=text)
    store.write(made.events)

    detail = store.session(made.id)
    assert (detail.point.ended_by, detail.squeezes[0].doubtful) == (text, doubtful)
    assert store.trend(text) == []


@pytest.mark.parametrize("size", [1, 3])
def test_an_event_that_cannot_be_stored_is_named_the_culprit(store, make_session, size):
    made = make_session()
    poison = made.ended.model_copy(update={"received": 2**70})
    with pytest.raises(StoreError) as caught:
        store.write([*made.squeezes, poison][-size:])
    assert not caught.value.retryable
    store.write(made.events)
    assert store.session(made.id).point == made.point


def test_readers_and_a_writer_at_once(store, make_session):
    made = [make_session(child_id="c-1") for _ in range(20)]
    done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            seen = 0
            while not done.is_set():
                points = store.trend("c-1")
                assert len(points) >= seen, "a point went away"
                seen = len(points)
                for point in points[-1:]:
                    assert store.session(point.session_id).point == point
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for session in made:
        store.write(session.events)
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert len(store.trend("c-1")) == len(made)


def test_what_was_done_and_said_comes_back_oldest_first_and_once(store, make_activity, make_feedback):
    for make, read in [(make_activity, store.activities), (make_feedback, store.feedback)]:
        told = [
            make(days_ago=5),
            make(days_ago=3, day=date(2026, 3, 29), session_id=uuid4()),
            make(days_ago=2, source="simulated"),
        ]
        other = make("c-2")
        store.write([told[2], other, told[0], told[1], told[0]])
        store.write([told[1]])

        assert read("c-1") == told
        assert read("c-2") == [other]
        assert read("c-3") == []
        assert read("c-1", since=told[1].measured_at) == told[1:]
        assert read("c-1", until=told[1].measured_at) == told[:1]
        assert read("c-1", since=told[1].measured_at, until=told[1].measured_at) == []
    assert store.children() == [], "none of it is a session"


def test_things_told_of_the_same_moment_keep_apart(store, make_activity, make_feedback):
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    ids = [UUID(int=n) for n in range(3)]
    done = [make_activity(event_id=event, measured_at=noon) for event in ids]
    said = [make_feedback(event_id=event, measured_at=noon) for event in ids]
    store.write([*done, *said])
    assert store.activities("c-1", since=noon, until=noon + timedelta(microseconds=1)) == done
    assert store.feedback("c-1", since=noon, until=noon + timedelta(microseconds=1)) == said


@pytest.mark.parametrize("order", [1, -1])
def test_what_was_taken_back_is_not_there(store, make_activity, order):
    wrong, right = make_activity(days_ago=3), make_activity(days_ago=2)
    back = make_activity(measured_at=wrong.measured_at, takes_back=wrong.event_id)
    for event in [wrong, back, right][::order]:
        store.write([event])
    assert store.activities("c-1") == [right]


def test_an_observation_is_kept_to_the_letter(store, make_feedback):
    said = make_feedback(observation="Größe ✓ 握力\n\t\"a,b=c d\\\" ') |> drop(' ${x}; --" + "x" * 1900)
    store.write([said])
    assert store.feedback("c-1") == [said]


def test_of_every_tool_the_latest_is_known_whatever_comes_last(store, make_status):
    assert store.tools() == []
    now = datetime.now(UTC)
    ball = [
        make_status(at=now - timedelta(minutes=5 * n), link=link, battery_percent=90 + n)
        for n, link in enumerate(["lost", "streaming", "connecting"])
    ]
    putty = make_status(
        "putty-1", at=now - timedelta(days=900), hub="old", battery_percent=None, rssi_dbm=None
    )
    store.write([ball[1], ball[0], putty])
    store.write([ball[2], ball[1]])
    assert store.tools() == [ball[0], putty]

    moved = make_status(at=now + timedelta(seconds=1), hub="new", firmware="", seen_at=None)
    store.write([moved])
    assert store.tools() == [moved, putty]


def test_a_caseload_is_told_in_one_go_as_each_child_by_itself_is(
    store, make_session, make_feedback, make_activity, make_strength_test
):
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    since, tests_since = now - timedelta(days=28), now - timedelta(days=365)

    def session(child, days_ago, **about):
        made = make_session(child_id=child, started_at=now - timedelta(days=days_ago), seconds=0, **about)
        store.write(made.events)
        return made.point

    def said(days_ago):
        return {"measured_at": now - timedelta(days=days_ago)}

    old = session("c-2", 400)
    session("c-1", 2, circumstances={"purpose": "strength_test", "calibration_id": "cal-1"}, squeezes=9)
    session("c-1", 3, hand="right", tool_id="ball-02", squeezes=0)
    session("c-1", 28, circumstances={"firmware": "1.2", "time_known": False})
    real = session("c-1", 27, source="real")
    session("c-1", -1)  # of the future, seen from then
    session("c-9", 1)
    taken_back = make_feedback(**said(3))
    store.write(
        [
            make_feedback(**said(2)),
            make_feedback("c-2", **said(1)),
            taken_back,
            make_feedback(**said(3), takes_back=taken_back.event_id),
            make_feedback(**said(29)),
            make_activity(**said(5)),
            make_activity(**said(4), evidence="therapist", hand=None),
            make_strength_test(**said(300)),
            make_strength_test("c-2", **said(366)),
            make_strength_test("c-9", **said(1)),
        ]
    )
    asked = ["c-2", "c-1", "c-3", "c-1"]
    entries = store.caseload(asked, since=since, until=now, tests_since=tests_since)
    assert [entry.child_id for entry in entries] == ["c-2", "c-1", "c-3"]
    idle, busy, unknown = entries
    assert (idle.last, idle.sessions, idle.tests) == ({Source.SIMULATED: old.started_at}, (), ())
    assert (unknown.last, unknown.sessions, unknown.activities, unknown.feedback) == ({}, (), (), ())
    assert busy.last == {Source.SIMULATED: now - timedelta(days=2), Source.REAL: real.started_at}
    for entry in entries:
        alone = {"since": since, "until": now}
        points = store.trend(entry.child_id, **alone)
        # by their look: the text of an enumeration's member is equal to it
        assert repr(entry.sessions) == repr(tuple(map(line_of, points)))
        assert list(entry.activities) == store.activities(entry.child_id, **alone)
        assert list(entry.feedback) == store.feedback(entry.child_id, **alone)
        tests = store.strength_tests(entry.child_id, since=tests_since, until=now)
        assert list(entry.tests) == tests
    assert [len(busy.sessions), len(busy.activities), len(busy.feedback), len(busy.tests)] == [4, 2, 1, 1]
    assert store.caseload([], since=since, until=now, tests_since=tests_since) == []
    (nothing,) = store.caseload(["c-1"], since=now, until=since, tests_since=now)
    assert (nothing.sessions, nothing.feedback) == ((), ())


def test_a_child_that_is_erased_is_nowhere_and_the_others_stay(
    store, make_session, make_strength_test, make_activity, make_feedback
):
    def everything(child):
        made = make_session(child_id=child)
        other = [make_strength_test(child), make_activity(child), make_feedback(child)]
        store.write([*made.events, *other])
        return made

    gone, stays = everything("c-1"), everything("c-2")
    assert sum(store.count_child("c-1").values()) >= 11
    before = store.count_child("c-2")
    for _ in range(2):
        store.erase_child("c-1")
        assert store.count_child("c-1") == {}
    assert store.trend("c-1") == store.strength_tests("c-1") == store.activities("c-1") == []
    assert store.feedback("c-1") == []
    assert store.session(gone.id) is None and store.squeeze_ids(gone.id) == set()

    assert store.count_child("c-2") == before
    detail = store.session(stays.id)
    assert (detail.point, list(detail.squeezes), detail.t_s.size) == (stays.point, stays.squeezes, 400)


def test_a_reading_that_is_no_number_is_a_missing_one(store, make_session):
    made = make_session(seconds=1)
    values = np.array([1.0, np.nan, np.inf, -np.inf, 2.5])
    second = made.waveform[0].model_copy(
        update={"data": encode_samples(np.arange(5) / 100, values), "samples": 5}
    )
    nothing = made.waveform[0].model_copy(
        update={
            "data": encode_samples(np.arange(2) / 100, np.full(2, np.nan)),
            "samples": 2,
            "start_s": 1.0,
            "first_index": 2_000,
            "event_id": uuid4(),
            "measured_at": second.measured_at + timedelta(seconds=1),
        }
    )
    store.write([made.started, second, nothing, made.ended])
    np.testing.assert_array_equal(
        store.session(made.id).values, [1.0, np.nan, np.nan, np.nan, 2.5, np.nan, np.nan]
    )
