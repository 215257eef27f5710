"""Visits and notes on the chart: who keeps them, who reads them, and what is refused."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import Database
from griphub.hub.errors import FieldError
from griphub.hub.people import log
from griphub.hub.people.model import Child
from griphub.hub.program import annotations, home, routine, visits
from griphub.hub.program.prescription import Slot
from griphub.hub.program.tables import VisitKind

OWNER = Actor.part("test")
DAY = date(2026, 11, 2)


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Iterator[Database]:
    """A home's, in each engine."""
    children = [{"id": "c-1", "alias": "Mia", "goal": 5}]
    with home.opened(Config(data_dir=tmp_path, database={"url": database_url}, children=children)) as opened:
        yield opened


def test_a_visit_is_added_corrected_and_removed(database: Database) -> None:
    with database.work(OWNER) as work:
        made = visits.add(work, "c-1", day=DAY, words=" New putty\r\nLeft at home ")
        visits.add(work, "c-1", day=DAY, kind=VisitKind.CALL)
        visits.add(work, "c-1", day=DAY + timedelta(days=14))
    with database.work(OWNER) as work:
        assert visits.change(work, made.id, kind=VisitKind.HOME).words == "New putty\nLeft at home"
    with database.reading(OWNER) as work:
        found = visits.visits(work, "c-1", until=DAY)
        assert {one.kind for one in found} == {VisitKind.HOME, VisitKind.CALL}
        assert len(visits.visits(work, "c-1")) == 3
    with database.work(OWNER) as work:
        visits.remove(work, made.id)
    with database.reading(OWNER) as work:
        assert [one.kind for one in visits.visits(work, "c-1", until=DAY)] == [VisitKind.CALL]
        logged = log.changes(work, about=made.id)
        assert [entry.did for entry in logged] == ["delete", "update", "insert"]
        assert "putty" not in str([vars(entry) for entry in logged])


def test_a_visit_that_cannot_be_is_named(database: Database) -> None:
    with database.work(OWNER) as work:
        visits.add(work, "c-1", day=DAY)
        other = visits.add(work, "c-1", day=DAY + timedelta(days=1)).id
    for wrong, field in (
        ({"day": DAY}, "day: there is one of that kind on 2026-11-02 already"),
        ({"day": date(2206, 11, 2)}, "day: 2206-11-02 is 1.. years away"),
        ({"day": DAY + timedelta(days=2), "words": "a" * 2001}, "words: has 2001 signs"),
        ({"day": DAY + timedelta(days=2), "words": "a\x00b"}, r"words: holds U\+0000"),
    ):
        with pytest.raises(FieldError, match=f"^{field}"), database.work(OWNER) as work:
            visits.add(work, "c-1", **wrong)  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="already"), database.work(OWNER) as work:
        visits.change(work, other, day=DAY)
    with database.reading(OWNER) as work:
        assert len(visits.visits(work, "c-1")) == 2


def test_a_note_on_the_chart_covers_its_days(database: Database) -> None:
    with database.work(OWNER) as work:
        made = annotations.add(work, "c-1", first=DAY, last=DAY + timedelta(days=4), words="Ill")
        annotations.add(work, "c-1", first=DAY + timedelta(days=9), words="New splint")
        annotations.change(work, made.id, last=DAY + timedelta(days=5), shared=True)
    with database.reading(OWNER) as work:
        on = DAY + timedelta(days=5)
        (found,) = annotations.annotations(work, "c-1", since=on, until=on)
        assert (found.first, found.last, found.words, found.shared) == (DAY, on, "Ill", True)
        assert len(annotations.annotations(work, "c-1")) == 2
    for wrong, field in (
        ({"words": " \n"}, "words: is empty"),
        ({"words": "a" * 201}, "words: has 201 signs"),
        ({"words": "Ill", "last": DAY - timedelta(days=1)}, "last: 2026-11-01 is before"),
    ):
        with pytest.raises(FieldError, match=f"^{field}"), database.work(OWNER) as work:
            annotations.add(work, "c-1", first=DAY, **wrong)  # type: ignore[arg-type]
    with database.work(OWNER) as work:
        annotations.remove(work, made.id)
        assert [one.words for one in annotations.annotations(work, "c-1")] == ["New splint"]


def test_a_familys_times_are_its_own(database: Database) -> None:
    with database.work(OWNER) as work:
        family = work.need(Child, "c-1").family_id
        assert routine.routine(work, family).at(Slot.AFTER_SCHOOL) == time(15, 30)
        routine.change(work, family, Slot.AFTER_SCHOOL, time(14, 10, 30))
        routine.change(work, family, Slot.BEFORE_BED, None)
    with database.work(OWNER) as work:
        day = routine.routine(work, family)
        assert (day.at(Slot.AFTER_SCHOOL), day.at(Slot.BEFORE_BED)) == (time(14, 10), None)
        routine.reset(work, family, Slot.AFTER_SCHOOL)
        assert routine.routine(work, family).at(Slot.AFTER_SCHOOL) == time(15, 30)
