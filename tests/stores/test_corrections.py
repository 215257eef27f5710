"""A session of the wrong child, hand or count: mended afterwards, with what was told beside it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from griphub.hub.records.said import AddedSqueeze, SessionCorrected
from griphub.hub.records.vocabulary import Hand
from griphub.hub.stores.assembling import line_of
from griphub.hub.stores.corrections import BY_HAND
from griphub.hub.stores.models import Recorded

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADDED = AddedSqueeze(onset_s=0.1, peak_s=0.3, offset_s=0.6, peak=30.0, rest=0.1, impulse=5.0)


def correction(made, *, minute=0, **more) -> SessionCorrected:
    started = made.started
    return SessionCorrected(
        event_id=uuid4(),
        measured_at=started.measured_at,
        site=started.site,
        hub=started.hub,
        session_id=started.session_id,
        child_id=started.child_id,
        source=started.source,
        corrected_at=NOW + timedelta(minutes=minute),
        by="parent",
        reason="took the wrong ball",
        **more,
    )


def told(made) -> Recorded:
    point = made.point
    return Recorded(point.child_id, point.hand, point.squeezes, point.doubtful, point.peak, point.median_peak)


def test_a_session_goes_to_the_right_child_and_hand_with_the_original_kept(store, make_session) -> None:
    wrong = make_session(child_id="c-1", hand="left", started_at=NOW - timedelta(days=2))
    other = make_session(child_id="c-2", started_at=NOW - timedelta(days=9))
    mended = correction(wrong, to_child="c-2", to_hand="right")
    store.write([*wrong.events, *other.events, mended])
    assert store.trend("c-1") == []
    assert [p.session_id for p in store.trend("c-2")] == [other.id, wrong.id]
    point = store.trend("c-2")[1]
    assert (point.child_id, point.hand, point.recorded) == ("c-2", Hand.RIGHT, told(wrong))
    assert (point.squeezes, point.peak) == (wrong.point.squeezes, wrong.point.peak)
    detail = store.session(wrong.id)
    assert detail.point == point
    assert detail.corrections == (mended,)
    assert {(s.child_id, s.hand) for s in detail.squeezes} == {("c-2", Hand.RIGHT)}
    assert store.trend("c-2", until=wrong.point.started_at)[-1].session_id == other.id
    assert store.trend("c-2", since=wrong.point.started_at)[0].session_id == wrong.id


def test_the_later_correction_holds_and_giving_back_undoes(store, make_session) -> None:
    made = make_session(child_id="c-1", hand="left")
    back = correction(made, minute=2, to_child="c-1", to_hand="left")
    store.write([*made.events, back, correction(made, to_child="c-2", to_hand="right")])
    assert store.trend("c-2") == []
    (point,) = store.trend("c-1")
    assert (point.hand, point.recorded) == (Hand.LEFT, told(made))


def test_counts_are_corrected_by_hand_and_what_was_counted_stays_visible(store, make_session) -> None:
    made = make_session(squeezes=4)
    first, second, third, fourth = made.squeezes
    store.write(
        [
            *made.events,
            correction(made, squeeze_id=first.event_id, verdict="removed"),
            correction(made, squeeze_id=second.event_id, verdict="removed"),
            correction(made, minute=1, squeeze_id=second.event_id, verdict="restored"),
            correction(made, squeeze_id=third.event_id, verdict="doubtful"),
            added := correction(made, added=ADDED),
        ]
    )
    detail = store.session(made.id)
    assert [s.event_id for s in detail.squeezes] == [
        added.event_id,
        second.event_id,
        third.event_id,
        fourth.event_id,
    ]
    assert [s.event_id for s in detail.set_aside] == [first.event_id]
    assert detail.squeezes[0].ended_by == BY_HAND and detail.squeezes[0].peak == 30.0
    assert BY_HAND in detail.squeezes[2].doubtful and BY_HAND not in detail.squeezes[3].doubtful
    assert (detail.point.squeezes, detail.point.peak) == (4, 30.0)
    assert detail.point.recorded == told(made)
    assert store.trend(made.point.child_id) == [detail.point]
    assert store.squeeze_ids(made.id) == {s.event_id for s in made.squeezes}
    gone = correction(made, minute=3, squeeze_id=added.event_id, verdict="removed")
    store.write([gone])
    assert [s.event_id for s in store.session(made.id).set_aside] == [added.event_id, first.event_id]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_order_and_repetition_change_nothing(store, make_session, order) -> None:
    made = make_session(child_id="c-1", squeezes=3)
    parts = [
        [made.started],
        [made.ended],
        [*made.squeezes, *made.waveform],
        [
            correction(made, to_child="c-2"),
            correction(made, minute=1, squeeze_id=made.squeezes[0].event_id, verdict="removed"),
        ],
    ]
    for part in order:
        store.write(parts[part])
    store.write(parts[order[0]])
    (point,) = store.trend("c-2")
    assert store.trend("c-1") == []
    assert (point.squeezes, point.recorded.squeezes, point.recorded.child_id) == (2, 3, "c-1")
    assert point.peak == max(s.peak for s in made.squeezes[1:])
    assert store.session(made.id).point == point


def test_a_correction_of_a_session_that_never_came_is_no_session(store, make_session) -> None:
    store.write([correction(make_session(), to_child="c-2")])
    assert store.trend("c-2") == []
    assert store.session(UUID(int=1)) is None


@pytest.mark.parametrize("days_ago", [2, 40])
def test_a_caseload_has_a_session_where_it_belongs(store, make_session, days_ago) -> None:
    def made(child, days):
        session = make_session(child_id=child, hand="left", started_at=NOW - timedelta(days=days), seconds=0)
        store.write(session.events)
        return session

    wrong, first, second = made("c-1", days_ago), made("c-1", days_ago + 3), made("c-2", days_ago + 9)
    recounted = made("c-3", 1)
    store.write(
        [
            correction(wrong, to_child="c-2", to_hand="right"),
            correction(recounted, squeeze_id=recounted.squeezes[0].event_id, verdict="removed"),
            correction(recounted, added=ADDED),
        ]
    )
    since = NOW - timedelta(days=28)
    told_of = ["c-1", "c-2", "c-3"]
    for asked in (told_of, ["c-2"]):  # also where nobody asks for the child that it was recorded as
        entries = store.caseload(asked, since=since, until=NOW, tests_since=since)
        last = {entry.child_id: [*entry.last.values()] for entry in entries}
        whole = {"c-1": first, "c-2": wrong, "c-3": recounted}
        assert last == {child: [whole[child].point.started_at] for child in asked}
        for entry in entries:
            points = store.trend(entry.child_id, since=since, until=NOW)
            assert list(entry.sessions) == list(map(line_of, points))
    until = wrong.point.started_at
    (earlier,) = store.caseload(["c-2"], since=until - timedelta(days=1), until=until, tests_since=until)
    assert [*earlier.last.values()] == [second.point.started_at]


def test_overviews_caseloads_and_strength_tests_follow(store, make_session, make_strength_test) -> None:
    made = make_session(child_id="c-1", hand="left")
    test = make_strength_test("c-1").model_copy(update={"session_id": made.id, "hand": Hand.LEFT})
    store.write([test, correction(made, to_child="c-2", to_hand="right"), *made.events])
    assert [child.child_id for child in store.children()] == ["c-2"]
    since, until = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    first, second = store.caseload(["c-1", "c-2"], since=since, until=until, tests_since=since)
    assert (first.sessions, first.tests, first.last) == ((), (), {})
    assert [line.hand for line in second.sessions] == [Hand.RIGHT]
    assert [test.hand for test in second.tests] == [Hand.RIGHT]
    assert store.strength_tests("c-1") == []
    assert [(t.child_id, t.hand) for t in store.strength_tests("c-2")] == [("c-2", Hand.RIGHT)]
    assert store.strength_tests("c-2", until=test.measured_at) == []


def test_overviews_count_what_holds(store, make_session) -> None:
    day = timedelta(days=1)
    kept = make_session(child_id="c-1", started_at=NOW - 9 * day)
    wrong = make_session(child_id="c-1", started_at=NOW - 2 * day)
    back = make_session(child_id="c-1", started_at=NOW - 3 * day)
    other = make_session(child_id="c-2", started_at=NOW - 5 * day)
    store.write(
        [
            *(event for made in (kept, wrong, back, other) for event in made.events),
            correction(wrong, to_child="c-2"),
            correction(wrong, squeeze_id=wrong.squeezes[0].event_id, verdict="removed"),
            correction(kept, added=ADDED),
            correction(back, to_child="c-2"),
            correction(back, minute=1, to_child="c-1"),
        ]
    )
    counts = {kept.id: kept.point.squeezes + 1, wrong.id: wrong.point.squeezes - 1}
    counts |= {made.id: made.point.squeezes for made in (back, other)}
    for child_id, sessions, last in (("c-1", (kept, back), back), ("c-2", (other, wrong), wrong)):
        (seen,) = (one for one in store.children() if one.child_id == child_id)
        assert seen.sessions == 2 and seen.last_session_at == last.point.started_at
        assert seen.squeezes == sum(counts[made.id] for made in sessions)
        assert [point.squeezes for point in store.trend(child_id)] == [counts[made.id] for made in sessions]
    assert [one.child_id for one in store.children()] == ["c-2", "c-1"]


def test_many_corrections_of_one_session_are_all_kept(store, make_session) -> None:
    made = make_session(squeezes=40)
    told_of = [correction(made, squeeze_id=one.event_id, verdict="removed") for one in made.squeezes]
    store.write([*made.events, *told_of])
    detail = store.session(made.id)
    assert {one.event_id for one in detail.corrections} == {one.event_id for one in told_of}
    assert (detail.point.squeezes, detail.squeezes) == (0, ())


class TestSqlite:
    """What is left in the file."""

    @pytest.fixture
    def store(self, tmp_path):
        from griphub.hub.stores.sqlite import SqliteStore

        opened = SqliteStore(tmp_path / "store.db")
        yield opened
        opened.close()

    def test_erasing_either_child_leaves_no_word_of_it(self, store, make_session, tmp_path) -> None:
        made, other = make_session(child_id="c-first"), make_session(child_id="c-first", started_at=NOW)
        store.write([*made.events, *other.events, correction(made, to_child="c-second")])
        store.erase_child("c-first")
        assert [p.session_id for p in store.trend("c-second")] == [made.id]
        assert store.trend("c-second")[0].recorded.child_id == "erased"
        store.close()
        assert not any(b"c-first" in f.read_bytes() for f in tmp_path.glob("store.db*"))
        store.erase_child("c-second")
        assert store.session(made.id) is None
        store.close()
        assert not any(b"c-second" in f.read_bytes() for f in tmp_path.glob("store.db*"))
