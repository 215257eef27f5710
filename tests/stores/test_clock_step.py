"""A session that began under a wrong clock: its end puts its times right, in whatever order it comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from griphub.hub.records.ids import event_id
from griphub.hub.records.said import AddedSqueeze, SessionCorrected
from griphub.hub.stores.sqlite import SqliteStore

TRUE = (datetime.now(UTC) - timedelta(days=5)).replace(hour=15, minute=30, second=0, microsecond=250_000)
STEP = timedelta(days=40, seconds=7.125)
SINCE, UNTIL = TRUE - timedelta(days=1), TRUE + timedelta(days=1)
STEPS = [STEP, timedelta(days=2_513, microseconds=1), -timedelta(hours=5)]


@pytest.fixture
def begun_wrong(make_session):
    """A session with its events as told, and its point and squeezes as they are to be read."""

    def make(step=STEP, **about):
        made = make_session(started_at=TRUE - step, **about)
        made.ended = made.ended.model_copy(update={"clock_step_s": step.total_seconds()})
        made.point = replace(
            made.point,
            started_at=TRUE,
            ended_at=made.point.ended_at + step,
            clock_step_s=step.total_seconds(),
        )
        return made

    return make


def put_right(squeezes, step=STEP):
    return [one.model_copy(update={"measured_at": one.measured_at + step}) for one in squeezes]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_times_are_put_right_once_in_any_order(store, begun_wrong, order) -> None:
    made = begun_wrong()
    parts = [[made.started], [*made.squeezes, *made.waveform], [made.ended]]
    for part in (*order, *order):
        store.write(parts[part])
    detail = store.session(made.id)
    assert store.trend(made.point.child_id) == [detail.point] == [made.point]
    assert list(detail.squeezes) == put_right(made.squeezes)
    assert detail.t_s.size == made.t_s.size
    assert store.squeeze_ids(made.id) == {one.event_id for one in made.squeezes}


@pytest.mark.parametrize("step", STEPS)
def test_ranges_and_overviews_go_by_the_right_time_and_the_told_one_can_be_had(
    store, begun_wrong, make_session, step
) -> None:
    made = begun_wrong(step, child_id="c-1")
    before = make_session(child_id="c-1", started_at=TRUE - timedelta(hours=10))
    store.write([*made.events, *before.events])
    assert store.trend("c-1") == [before.point, made.point]
    assert store.trend("c-1", since=TRUE, until=TRUE + timedelta(seconds=1)) == [made.point]
    assert store.trend("c-1", until=TRUE) == [before.point]
    told_at = TRUE - step
    assert store.trend("c-1", since=told_at, until=told_at + timedelta(seconds=1)) == []
    point = made.point
    assert point.started_at - timedelta(seconds=point.clock_step_s) == made.started.measured_at
    (entry,) = store.caseload(["c-1"], since=TRUE, until=UNTIL, tests_since=TRUE)
    assert list(entry.last.values()) == [TRUE]
    assert [line.started_at for line in entry.sessions] == [TRUE]
    (entry,) = store.caseload(["c-1"], since=SINCE, until=UNTIL, tests_since=SINCE)
    assert [line.started_at for line in entry.sessions] == [before.point.started_at, TRUE]
    if step > timedelta():
        (child,) = store.children()
        assert (child.sessions, child.last_session_at) == (2, TRUE)


@pytest.mark.parametrize("step", STEPS)
def test_a_caseload_knows_the_latest_session_whatever_the_clocks_said(
    store, begun_wrong, make_session, make_strength_test, step
) -> None:
    made = begun_wrong(step, child_id="c-1")
    test = make_strength_test("c-1").model_copy(update={"session_id": made.id, "measured_at": TRUE - step})
    after = make_session(child_id="c-1", started_at=TRUE + timedelta(hours=1))
    store.write([*made.events, *after.events, test])
    latest = after.point.started_at
    month = UNTIL + timedelta(days=28)
    for since, until in [(SINCE, UNTIL), (month, month + timedelta(days=28))]:  # in the range, and before it
        (entry,) = store.caseload(["c-1"], since=since, until=until, tests_since=since)
        assert list(entry.last.values()) == [latest]
        assert list(entry.tests) == store.strength_tests("c-1", since=since, until=until)
        assert [line.session_id for line in entry.sessions] == [made.id, after.id][: 2 * (since == SINCE)]
    (entry,) = store.caseload(["c-1"], since=SINCE, until=latest, tests_since=SINCE)
    assert list(entry.last.values()) == [TRUE]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_session_of_the_wrong_child_under_a_wrong_clock(store, begun_wrong, order) -> None:
    made = begun_wrong(child_id="c-1", squeezes=2)

    def correction(at: datetime, **more) -> SessionCorrected:
        about = {name: getattr(made.started, name) for name in ("site", "hub", "session_id", "child_id")}
        made_at = {"measured_at": at, "corrected_at": UNTIL}
        return SessionCorrected(
            event_id=event_id(made.id, str(more)), source=made.started.source, **about, **made_at, **more
        )

    added = AddedSqueeze(onset_s=0.5, peak_s=0.7, offset_s=0.9, peak=30.0, rest=0.1, impulse=5.0)
    parts = [
        [made.started],
        [*made.squeezes, *made.waveform],
        [made.ended],
        # whoever corrects knows the session's start as it was told, or as it was put right
        [correction(TRUE - STEP, to_child="c-2"), correction(TRUE, added=added)],
    ]
    for part in (*order, order[0]):
        store.write(parts[part])
    assert store.trend("c-1") == []
    (point,) = store.trend("c-2", since=SINCE, until=UNTIL)
    assert (point.started_at, point.ended_at, point.squeezes) == (TRUE, made.point.ended_at, 3)
    detail = store.session(made.id)
    assert detail.point == point
    assert detail.squeezes[0].measured_at == TRUE + timedelta(seconds=0.5)
    assert [one.measured_at for one in detail.squeezes[1:]] == [
        one.measured_at for one in put_right(made.squeezes)
    ]


@pytest.mark.parametrize("test_first", [True, False])
def test_a_strength_test_has_its_sessions_clock(store, begun_wrong, make_strength_test, test_first) -> None:
    made = begun_wrong(child_id="c-1")
    test = make_strength_test("c-1").model_copy(update={"session_id": made.id, "measured_at": TRUE - STEP})
    parts = [[test], made.events]
    for part in parts if test_first else parts[::-1]:
        store.write(part)
    store.write([test])
    (read,) = store.strength_tests("c-1", since=SINCE, until=UNTIL)
    assert read == test.model_copy(update={"measured_at": TRUE})
    assert store.strength_tests("c-1", until=SINCE) == []


def test_a_curve_is_not_too_old_because_the_clock_was_wrong(tmp_path, begun_wrong) -> None:
    store = SqliteStore(tmp_path / "store.db", keep_waveforms=timedelta(days=30))
    made = begun_wrong()
    store.write(made.events)
    assert store.forget_waveforms(TRUE + timedelta(days=29)) == 0
    assert store.session(made.id).t_s.size == made.t_s.size
    assert store.forget_waveforms(TRUE + timedelta(days=31)) == len(made.waveform)
    store.close()
