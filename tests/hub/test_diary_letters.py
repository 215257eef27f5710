"""Visits, and notes on the chart for parents, on their way to the home, also when they are corrected."""

from datetime import date, timedelta

from griphub.hub.program import annotations, visits
from griphub.hub.program.letter import MAX_VISITS
from griphub.hub.program.outgoing import Stand, post_of
from griphub.hub.program.tables import VisitKind

from .test_consent_letters import PART, End, clock, deliver, ends, letter  # noqa: F401 - fixtures

DAY = date(2026, 10, 5)
WEEK = timedelta(days=7)


def at_home(there: End) -> tuple[list[tuple[date, str, str]], list[tuple[date, date, str]]]:
    with there.database.reading(PART) as work:
        met = [(one.day, one.kind.value, one.words) for one in visits.visits(work, "c-1")]
        notes = [(one.first, one.last, one.words) for one in annotations.annotations(work, "c-1")]
    return met, notes


def test_the_home_has_what_the_clinic_has_also_after_corrections(ends: tuple[End, End]) -> None:  # noqa: F811
    clinic, there = ends
    with clinic.database.work(PART) as work:
        first = visits.add(work, "c-1", day=DAY, words="New putty").id
        second = visits.add(work, "c-1", day=DAY + WEEK, kind=VisitKind.CALL).id
        shared = annotations.add(work, "c-1", first=DAY, last=DAY + WEEK, words="New splint", shared=True).id
        private = annotations.add(work, "c-1", first=DAY, words="Ask about school").id
        assert post_of(work, clinic.config, "c-1").stand is Stand.WAITING
    assert b"school" not in letter(clinic)
    for _ in range(2):
        assert deliver(clinic, there).problem == ""
        assert at_home(there) == (
            [(DAY, "clinic", "New putty"), (DAY + WEEK, "call", "")],
            [(DAY, DAY + WEEK, "New splint")],
        )
    with clinic.database.work(PART) as work:  # the two change days, which no two visits may share meanwhile
        visits.change(work, second, day=DAY + 2 * WEEK, kind=VisitKind.CLINIC)
        visits.change(work, first, day=DAY + WEEK)
        visits.change(work, second, day=DAY)
        annotations.change(work, private, shared=True)
        annotations.change(work, shared, shared=False)
    deliver(clinic, there)
    assert at_home(there) == (
        [(DAY, "clinic", ""), (DAY + WEEK, "clinic", "New putty")],
        [(DAY, DAY, "Ask about school")],
    )
    with clinic.database.work(PART) as work:
        visits.remove(work, first)
        visits.remove(work, second)
        annotations.remove(work, private)
    deliver(clinic, there)
    assert at_home(there) == ([], [])


def test_what_the_home_noted_itself_stays(ends: tuple[End, End]) -> None:  # noqa: F811
    clinic, there = ends
    with there.database.work(PART) as work:
        visits.add(work, "c-1", day=DAY, words="Ours")
        annotations.add(work, "c-1", first=DAY, words="Ours", shared=True)
    with clinic.database.work(PART) as work:
        visits.add(work, "c-1", day=DAY, words="Theirs")
        visits.add(work, "c-1", day=DAY + WEEK)
    deliver(clinic, there)
    with clinic.database.work(PART) as work:
        for one in visits.visits(work, "c-1"):
            visits.remove(work, one.id)
    assert [words for _, _, words in at_home(there)[0]] == ["Ours", ""]
    deliver(clinic, there)
    assert at_home(there) == ([(DAY, "clinic", "Ours")], [(DAY, DAY, "Ours")])


def test_of_many_the_latest_travel_and_the_others_stay_as_they_were(ends: tuple[End, End]) -> None:  # noqa: F811
    clinic, there = ends
    days = [DAY - n * WEEK for n in range(MAX_VISITS + 5)]
    with clinic.database.work(PART) as work:
        made = {day: visits.add(work, "c-1", day=day).id for day in days[5:]}
    deliver(clinic, there)
    with clinic.database.work(PART) as work:
        for day in days[:5]:
            visits.add(work, "c-1", day=day)
        visits.remove(work, made[days[6]])
        visits.change(work, made[days[-1]], day=DAY + WEEK)  # one that no letter named any more
    deliver(clinic, there)
    expected = sorted([DAY + WEEK, *(day for day in days[:-1] if day != days[6])])
    assert [day for day, _, _ in at_home(there)[0]] == expected
