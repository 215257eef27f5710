"""The hub reminds a family once for each slot, also over a restart, and never of what is done."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.database.engine import open_database
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.errors import NotFound, StoreError
from griphub.hub.people.model import Child
from griphub.hub.program import commands, home, reminding, routine
from griphub.hub.program.prescription import Program, Slot
from griphub.hub.program.reminding import Reminding
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.vocabulary import Evidence
from griphub.hub.stores.sqlite import SqliteStore

from .conftest import MONDAY


@pytest.fixture
def config(tmp_path: Path, winter: Program) -> Iterator[Config]:
    config = Config(data_dir=tmp_path, time_zone="UTC", children=[{"id": "c-1", "alias": "Mia", "goal": 5}])
    with home.opened(config) as database:
        with database.work(Actor.part("test")) as work:
            commands.prescribe(work, "c-1", winter, valid_from=MONDAY, today=MONDAY)
        with closing(SqliteStore(tmp_path / "store.db")):
            pass
        yield config


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(MONDAY + timedelta(days=7), time(hour, minute), UTC)


def look(config: Config, now: datetime) -> list[tuple[Slot, tuple[str, ...]]]:
    """Start a hub's reminders on its outbox, and look once."""
    with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
        return [(one.slot, one.items) for one in Reminding(config, outbox, lambda: now).look()]


def test_each_slot_is_told_once_also_by_a_hub_that_started_again(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", reminding.__name__)
    assert look(config, at(15, 29)) == []
    assert look(config, at(15, 31)) == [(Slot.AFTER_SCHOOL, ("squeeze-right", "pins"))]
    assert look(config, at(15, 32)) == []
    assert look(config, at(18, 50)) == [(Slot.AFTER_DINNER, ("dough",))]
    assert caplog.messages == [
        "Reminder for c-1, after school: squeeze-right, pins.",
        "Reminder for c-1, after dinner: dough.",
    ]


def test_what_is_done_reminds_nobody(config: Config) -> None:
    done = ActivityDone(
        event_id=uuid4(),
        measured_at=at(16),
        site="home",
        hub="hub",
        child_id="c-1",
        item_id="dough",
        evidence=Evidence.PARENT,
        minutes=10,
        day=at(16).date(),
    )
    with closing(SqliteStore(config.data_dir / "store.db")) as store:
        store.write([done])
    assert look(config, at(18, 50)) == []


def test_quiet_hours_are_the_familys(config: Config) -> None:
    early = config.model_validate(config.model_dump() | {"reminders": {"quiet_from": time(18, 0)}})
    assert look(early, at(18, 50)) == []
    assert look(config, at(18, 50)) != []


def test_the_familys_own_times_are_those_that_remind(config: Config) -> None:
    with closing(open_database(config)) as database, database.work(Actor.part("test")) as work:
        family = work.need(Child, "c-1").family_id
        routine.change(work, family, Slot.AFTER_SCHOOL, time(14, 10))
        routine.change(work, family, Slot.AFTER_DINNER, None)
    assert look(config, at(14, 9)) == []
    assert look(config, at(14, 11)) == [(Slot.AFTER_SCHOOL, ("squeeze-right", "pins"))]
    assert look(config, at(18, 50)) == []  # never, as they said
    with closing(open_database(config)) as database, database.work(Actor.part("test")) as work:
        routine.reset(work, family, Slot.AFTER_DINNER)
    assert look(config, at(18, 50)) == [(Slot.AFTER_DINNER, ("dough",))]


def test_where_nothing_was_ever_asked_nothing_is_made(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, children=[{"id": "c-1", "alias": "Mia", "goal": 5}])
    assert look(config, at(15, 31)) == []
    assert not (tmp_path / "people.db").exists()


def test_what_cannot_be_read_reminds_nobody(config: Config) -> None:
    (config.data_dir / "store.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        look(config, at(15, 31))


def test_how_the_day_stands(config: Config) -> None:
    def today(now: datetime) -> list[tuple[Slot, tuple[str, ...], bool, bool]]:
        with closing(Outbox(config.data_dir / "outbox.db")) as outbox:
            found = Reminding(config, outbox, lambda: now).today("c-1")
        assert found.day == now.date() and found.quiet is (now.hour < 7 or now.hour >= 20)
        return [(one.slot, one.left, one.due, one.reminded_at is not None) for one in found.slots]

    school, dinner = (Slot.AFTER_SCHOOL, ("squeeze-right", "pins")), (Slot.AFTER_DINNER, ("dough",))
    assert today(at(6)) == [(*school, False, False), (*dinner, False, False)]
    assert today(at(15, 31)) == [(*school, True, False), (*dinner, False, False)]
    look(config, at(15, 31))
    assert today(at(15, 32)) == [(*school, True, True), (*dinner, False, False)]
    assert today(at(18, 50)) == [(*school, False, True), (*dinner, True, False)]
    assert today(at(20, 30)) == [(*school, False, True), (*dinner, False, False)]  # quiet
    with closing(SqliteStore(config.data_dir / "store.db")) as store:
        store.write([ticked("pins"), ticked("squeeze-right")])
    assert today(at(18, 50)) == [(*dinner, True, False), (Slot.AFTER_SCHOOL, (), False, True)]
    assert today(at(18, 50) + timedelta(days=1))[0][3] is False


def test_of_another_homes_child_nothing_is_said(config: Config) -> None:
    with closing(Outbox(config.data_dir / "outbox.db")) as outbox, pytest.raises(NotFound):
        Reminding(config, outbox, lambda: at(8)).today("c-9")


def ticked(item: str) -> ActivityDone:
    return ActivityDone(
        event_id=uuid4(),
        measured_at=at(16),
        site="home",
        hub="hub",
        child_id="c-1",
        item_id=item,
        evidence=Evidence.PARENT,
        day=at(16).date(),
    )
