"""One honest number over what a tool counted and what a parent ticked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import DayStatus, Doings
from griphub.hub.program.prescription import Program, Unit, parse_program, read_program
from griphub.hub.program.versions import History, Pause, PauseReason
from griphub.hub.program.work import Work
from griphub.hub.records.vocabulary import Evidence

from .conftest import MONDAY, WINTER, version

SENSOR, PARENT, THERAPIST = Evidence.SENSOR, Evidence.PARENT, Evidence.THERAPIST


def work(
    n: int, day: int, item: str | None = "squeeze", evidence: Evidence = SENSOR, amount: float | None = 30
) -> Work:
    return Work(UUID(int=n), MONDAY + timedelta(days=day), item, evidence, amount)


def only(dose: dict[str, object], **amount: object) -> Program:
    kind = "squeeze-ball" if "squeezes" in amount else "puzzle"
    return read_program({"items": [{"id": "squeeze", "activity": kind, "dose": dose, **amount}]}, builtin())


DAILY = only({"days_per_week": 7}, squeezes={"sets": 3, "reps": 10, "hands": "right"})
THRICE = only({"days_per_week": 3}, squeezes={"sets": 3, "reps": 10, "hands": "right"})
MON_THU = only({"days": ["mon", "thu"]}, minutes=10)


def pause(since: int, until: int | None) -> Pause:
    end = None if until is None else MONDAY + timedelta(days=until)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Pause(UUID(int=99), MONDAY + timedelta(days=since), end, PauseReason.ILLNESS, at, "p-1")


def doings(
    program: Program,
    done: Sequence[Work],
    *,
    today: int = 7,
    pauses: Sequence[Pause] = (),
    unknown: Sequence[int] = (),
) -> Doings:
    return Doings(
        History([version(program, MONDAY)], pauses),
        done,
        today=MONDAY + timedelta(days=today),
        unknown=[MONDAY + timedelta(days=n) for n in unknown],
    )


def week(program: Program, done: Sequence[Work], **more: object) -> float | None:
    """Adherence of the first seven days, seen on the eighth."""
    found = doings(program, done, **more).adherence(7, until=MONDAY + timedelta(days=6))  # type: ignore[arg-type]
    return found.percent


def test_done_days_of_asked_days() -> None:
    assert week(DAILY, [work(n, n) for n in range(7)]) == pytest.approx(100)
    assert week(DAILY, [work(n, n) for n in range(3)]) == pytest.approx(100 * 3 / 7)
    assert week(DAILY, []) == 0


def test_part_of_a_session_counts_in_part_and_more_than_all_counts_once() -> None:
    assert week(DAILY, [work(0, 0, amount=15)]) == pytest.approx(50 / 7)
    assert week(DAILY, [work(0, 0, amount=10), work(1, 0, amount=5)]) == pytest.approx(50 / 7)
    assert week(DAILY, [work(0, 0, amount=90)]) == pytest.approx(100 / 7)


def test_the_family_chooses_the_days() -> None:
    assert week(THRICE, [work(n, n) for n in (1, 2, 6)]) == pytest.approx(100)
    assert week(THRICE, [work(n, n) for n in range(7)]) == pytest.approx(100)  # more is not better than all
    assert week(MON_THU, [work(0, 1, amount=10), work(1, 5, amount=10)]) == pytest.approx(100)


def test_a_week_is_not_made_up_for_by_another() -> None:
    every_day_of_two_weeks = [work(n, n) for n in range(14)]
    found = doings(THRICE, every_day_of_two_weeks, today=28).adherence(28, until=MONDAY + timedelta(days=27))
    assert found.percent == pytest.approx(50)


def test_paused_days_leave_the_denominator_and_are_shown() -> None:
    found = doings(DAILY, [work(n, n) for n in range(4)], pauses=[pause(4, None)])
    adherence = found.adherence(7, until=MONDAY + timedelta(days=6))
    assert adherence.percent == pytest.approx(100)
    assert len(adherence.paused) == 3
    assert found.status(MONDAY + timedelta(days=5)) is DayStatus.PAUSED


def test_unknown_is_not_missed() -> None:
    found = doings(DAILY, [work(n, n) for n in range(4)], unknown=(4, 5, 6))
    adherence = found.adherence(7, until=MONDAY + timedelta(days=6))
    assert adherence.percent == pytest.approx(100)
    assert len(adherence.unknown) == 3
    assert found.status(MONDAY + timedelta(days=5)) is DayStatus.UNKNOWN
    # what was done on such a day counts, and the day is known then
    known = doings(DAILY, [work(4, 4, amount=15)], unknown=(4,)).adherence(
        7, until=MONDAY + timedelta(days=6)
    )
    assert known.unknown == ()
    assert known.asked_days == pytest.approx(6.5)


def test_today_is_not_missed_before_it_is_over() -> None:
    before = doings(DAILY, [work(n, n) for n in range(6)], today=6).adherence(7)
    after = doings(DAILY, [work(n, n) for n in range(7)], today=6).adherence(7)
    assert before.percent == after.percent == pytest.approx(100)
    assert (before.asked_days, after.asked_days) == (6, 7)


def test_one_number_and_what_it_rests_on(winter: Program) -> None:
    history = History([version(winter, MONDAY)])
    done = [
        *(work(n, n, "squeeze-right") for n in range(7)),
        work(10, 0, "dough", PARENT, 10),
        work(11, 2, "dough", THERAPIST, 5),
        work(12, 3, "pins", PARENT, None),
    ]
    found = Doings(history, done, today=MONDAY + timedelta(days=7)).adherence(
        7, until=MONDAY + timedelta(days=6)
    )
    assert found.asked_days == pytest.approx(7 + 3 + 3)
    assert found.done_days == pytest.approx(7 + 1.5 + 1)
    assert found.by_evidence == pytest.approx({SENSOR: 7, PARENT: 2, THERAPIST: 0.5})
    assert found.percent_by(SENSOR) == pytest.approx(100 * 7 / 13)
    assert found.dose[Unit.REPS].percent == pytest.approx(100)
    assert found.dose[Unit.MINUTES].percent == pytest.approx(50)
    assert found.dose[Unit.TICKS].percent == pytest.approx(100 / 3)
    assert found.together.percent == pytest.approx(100 * 9.5 / 13)


def test_the_dose_may_be_more_than_asked() -> None:
    found = doings(DAILY, [work(0, 0, amount=300)]).adherence(7, until=MONDAY + timedelta(days=6))
    assert found.dose[Unit.REPS].percent == pytest.approx(100 * 300 / 210)
    assert found.percent == pytest.approx(100 / 7)


def test_a_tick_without_an_amount_is_one_time() -> None:
    twice = only({"days_per_week": 7, "times_per_day": 2}, minutes=10)
    assert week(twice, [work(0, 0, evidence=PARENT, amount=None)]) == pytest.approx(50 / 7)


def test_what_nobody_asked_for_does_not_count_but_ends_a_gap() -> None:
    extra = work(0, 6, None, PARENT, 5)
    assert week(DAILY, [extra]) == 0
    assert doings(DAILY, [extra]).gap().since == MONDAY + timedelta(days=6)


def test_nothing_asked_is_no_number() -> None:
    history = History([version(DAILY, MONDAY)])
    assert Doings(history, [], today=MONDAY).adherence(7, until=MONDAY - timedelta(days=1)).percent is None
    assert doings(DAILY, [], pauses=[pause(0, None)]).adherence(7).percent is None


def test_a_program_that_changed_is_judged_by_what_was_asked_on_each_day() -> None:
    half = DAILY.model_copy(
        update={
            "items": (
                DAILY.items[0].model_copy(
                    update={"squeezes": DAILY.items[0].squeezes.model_copy(update={"sets": 1})}
                ),
            )
        }  # type: ignore[union-attr]
    )
    history = History([version(DAILY, MONDAY), version(half, MONDAY + timedelta(days=4), 2)])
    done = [work(n, n, amount=10) for n in range(7)]
    found = Doings(history, done, today=MONDAY + timedelta(days=7)).adherence(
        7, until=MONDAY + timedelta(days=6)
    )
    assert found.done_days == pytest.approx(4 / 3 + 3)


def test_gaps() -> None:
    assert doings(THRICE, [work(0, 0)], today=4).gap().days == 4
    assert not doings(THRICE, [work(0, 0)], today=4).gap().too_long  # 7/3 + 2 days are 4.3
    assert doings(THRICE, [work(0, 0)], today=5).gap().too_long
    assert not doings(THRICE, [work(0, 0)], today=5, pauses=[pause(1, 2)]).gap().too_long
    assert not doings(THRICE, [work(0, 0)], today=5, unknown=(1, 2)).gap().too_long
    never = doings(DAILY, [], today=4).gap()
    assert (never.days, never.since, never.too_long) == (5, None, True)
    assert Doings(History(), [], today=MONDAY).gap().days is None


def test_a_calendar_day_says_what_it_was(winter: Program) -> None:
    done = [
        work(0, 0, "squeeze-right"),
        work(1, 0, "dough", PARENT, 10),
        work(2, 0, "pins", PARENT, None),
        work(3, 1, "squeeze-right", amount=10),
    ]
    found = Doings(History([version(winter, MONDAY)]), done, today=MONDAY + timedelta(days=3), unknown=[])
    statuses = [found.status(MONDAY + timedelta(days=n)) for n in range(-1, 5)]
    assert statuses == [
        DayStatus.NO_PROGRAM,
        DayStatus.DONE,
        DayStatus.PARTLY,
        DayStatus.MISSED,
        DayStatus.NOT_YET,
        DayStatus.NOT_YET,
    ]
    assert doings(THRICE, []).status(MONDAY) is DayStatus.FREE


def test_what_is_due_today(winter: Program) -> None:
    def due(done: Sequence[Work], day: int) -> list[str]:
        found = Doings(History([version(winter, MONDAY)]), done, today=MONDAY + timedelta(days=day))
        return [item.id for item, _ in found.due(MONDAY + timedelta(days=day))]

    assert due([], 0) == ["squeeze-right", "dough", "pins"]
    assert due([], 1) == ["squeeze-right", "pins"]
    assert due([work(n, n, "pins", PARENT, None) for n in range(3)], 3) == ["squeeze-right"]
    assert doings(DAILY, [], pauses=[pause(0, None)]).due(MONDAY) == []


pieces = st.builds(
    Work,
    work_id=st.uuids(),
    day=st.integers(-3, 32).map(lambda n: MONDAY + timedelta(days=n)),
    item=st.sampled_from(["squeeze-right", "dough", "pins", None, "gone"]),
    evidence=st.sampled_from(Evidence),
    amount=st.none() | st.floats(0, 500),
)
spans = st.tuples(st.integers(0, 27), st.integers(0, 10))
WINTER_PROGRAM = parse_program(WINTER, builtin())


def judged(
    done: Sequence[Work], window: int = 28, *, away: Sequence[int] = (), rest: tuple[int, int] | None = None
) -> Doings:
    pauses = [pause(rest[0], rest[0] + rest[1])] if rest else []
    return Doings(
        History([version(WINTER_PROGRAM, MONDAY)], pauses),
        done,
        today=MONDAY + timedelta(days=27),
        unknown=[MONDAY + timedelta(days=n) for n in away],
    )


@given(st.lists(pieces, max_size=60), st.lists(st.integers(0, 27)), spans, st.sampled_from([7, 28]))
def test_the_number_is_a_share_and_its_parts_add_up(
    done: list[Work], away: list[int], rest: tuple[int, int], window: int
) -> None:
    found = judged(done, away=away, rest=rest).adherence(window)
    assert found.percent is None or 0 <= found.percent <= 100 + 1e-9
    assert sum(found.by_evidence.values()) == pytest.approx(found.done_days)
    assert 0 <= found.done_days <= found.asked_days + 1e-9
    assert all(part >= 0 for part in found.by_evidence.values())


@given(st.lists(pieces, max_size=40), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(done: list[Work], random: Random) -> None:
    again = [*done, *random.sample(done, len(done) // 2)]
    random.shuffle(again)
    one, other = judged(done).adherence(28), judged(again).adherence(28)
    assert other.done_days == pytest.approx(one.done_days)
    assert other.together.done == pytest.approx(one.together.done)


@given(st.lists(pieces, max_size=30), pieces)
def test_more_work_never_lowers_what_was_done(done: list[Work], more: Work) -> None:
    before, after = judged(done), judged([*done, more])
    for window in (7, 28):
        assert after.adherence(window).done_days >= before.adherence(window).done_days - 1e-9
        assert (after.adherence(window).percent or 0) >= (before.adherence(window).percent or 0) - 1e-9


@given(
    st.lists(pieces.map(lambda one: replace(one, item="squeeze")), max_size=30),
    st.integers(0, 26),
    st.sampled_from([DAILY, THRICE, MON_THU]),
)
def test_a_pause_or_a_day_that_nobody_knows_of_never_counts_against_the_child(
    done: list[Work], day: int, program: Program
) -> None:
    plain = doings(program, done, today=28).adherence(28).percent
    for other in (
        doings(program, done, today=28, unknown=[day]),
        doings(program, done, today=28, pauses=[pause(day, day + 2)]),
    ):
        excused = other.adherence(28).percent
        assert plain is None or excused is None or excused >= plain - 1e-9
