"""A home that was offline for a month: at the clinic its days are unknown until all of them came."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor
from griphub.hub.delivery.outbox import Entry, Outbox
from griphub.hub.people import consent
from griphub.hub.program import commands
from griphub.hub.program.activity import builtin
from griphub.hub.program.adherence import DayStatus
from griphub.hub.program.letter import LetterTaken
from griphub.hub.program.mailbox import Mailbox
from griphub.hub.program.outgoing import note_taken
from griphub.hub.program.prescription import parse_program
from griphub.hub.program.reading import Picture, picture
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.vocabulary import Evidence
from griphub.hub.stores.sqlite import SqliteStore

from .test_consent_letters import ANSWERS, Clock, End, clock, deliver, ends  # noqa: F401 - fixtures

PART = Actor.part("test")
#: The Monday on which the program begins; thirty days later the home is back.
FIRST = date(2026, 11, 2)
AWAY = timedelta(days=30)
DAILY = """
[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7 }
minutes = 10
"""


def did(day: date, child: str = "c-1") -> ActivityDone:
    return ActivityDone(
        event_id=uuid4(),
        measured_at=datetime(day.year, day.month, day.day, 17, tzinfo=UTC),
        site="home",
        hub="hub",
        child_id=child,
        item_id="dough",
        evidence=Evidence.PARENT,
        minutes=10,
        day=day,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """The clinic's."""
    with closing(SqliteStore(tmp_path / "clinic-store.db")) as opened:
        yield opened


def seen(clinic: End, store: SqliteStore, now: datetime) -> Picture:
    config = clinic.config.model_copy(update={"time_zone": "UTC"})
    return picture(config, clinic.database, store, PART, "c-1", now=now)


def ran(there: Config, *days: date) -> None:
    with closing(Outbox(there.data_dir / "outbox.db")) as outbox:
        for day in days:
            outbox.note_alive(day)


def news(clinic: End, there: End, mailbox: Mailbox, said: list[str]) -> None:
    """Let the home look for news, and bring what it says to the clinic."""
    mailbox.tell_news()
    with clinic.database.work(PART) as work:
        note_taken(work, [(ANSWERS, LetterTaken.model_validate_json(text)) for text in said])
    said.clear()


def test_a_home_that_was_offline_for_a_month_missed_nothing_until_it_is_back(
    ends: tuple[End, End],  # noqa: F811
    clock: Clock,  # noqa: F811
    store: SqliteStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic, there = ends
    there.config = there.config.model_copy(update={"time_zone": "UTC"})
    clinic.give()
    with clinic.database.work(PART) as work:
        commands.prescribe(
            work, "c-1", parse_program(DAILY, builtin()), valid_from=FIRST, today=clock.now.date()
        )
    deliver(clinic, there)
    days = [FIRST + timedelta(days=n) for n in range(AWAY.days)]
    clock.forward(days=AWAY.days)
    found = seen(clinic, store, clock.now).doings
    assert {found.status(day) for day in days} == {DayStatus.UNKNOWN}
    month = found.adherence(28, until=days[-1])
    assert (len(month.unknown), month.percent) == (28, None)

    # meanwhile at home: the hub ran but for a week, and every other day something was done
    up = [day for day in days if not 7 <= (day - FIRST).days < 14]
    done = [did(day) for day in up if day.toordinal() % 2]
    ran(there.config, *up, clock.now.date())
    said: list[str] = []
    mailbox = Mailbox(there.config, answer=lambda _topic, text: said.append(text))
    with monkeypatch.context() as earlier, closing(Outbox(there.config.data_dir / "outbox.db")) as outbox:
        earlier.setattr("time.time", (clock.now - timedelta(days=14)).timestamp)
        outbox.commit_all([Entry(done)])
    monkeypatch.setattr("griphub.hub.program.mailbox.open_database", lambda _: _Kept(there))
    news(clinic, there, mailbox, said)
    found = seen(clinic, store, clock.now).doings
    waiting_since = (clock.now - timedelta(days=14)).date()
    assert {found.status(day) for day in days if day >= waiting_since} == {DayStatus.UNKNOWN}

    # all of it came
    store.write(done)
    with closing(Outbox(there.config.data_dir / "outbox.db")) as outbox:
        outbox.acknowledge(one.event_id for one in done)
    news(clinic, there, mailbox, said)
    found = seen(clinic, store, clock.now).doings
    statuses = {day: found.status(day) for day in days}
    assert [day for day, status in statuses.items() if status is DayStatus.UNKNOWN] == [
        day for day in days if day not in up
    ]
    assert sum(status is DayStatus.DONE for status in statuses.values()) == len(done)
    assert sum(status is DayStatus.MISSED for status in statuses.values()) == len(up) - len(done)
    news(clinic, there, mailbox, said)
    assert said == []  # told once


def test_without_consent_nothing_is_told_of_the_days_since(
    ends: tuple[End, End],  # noqa: F811
    clock: Clock,  # noqa: F811
    store: SqliteStore,
) -> None:
    clinic, there = ends
    clinic.give()
    with clinic.database.work(PART) as work:
        program = parse_program(DAILY, builtin())
        commands.prescribe(work, "c-1", program, valid_from=FIRST, today=clock.now.date())
    ran(there.config, *(FIRST + timedelta(days=n) for n in range(10)))
    clock.forward(days=5)
    with there.database.work(PART) as work:
        consent.withdraw(work, "c-1", withdrawn_by="Ana")
    clock.forward(days=5)
    known = deliver(clinic, there).known_days
    assert known and max(known) < FIRST + timedelta(days=5)
    found = seen(clinic, store, clock.now).doings
    assert found.status(FIRST + timedelta(days=3)) is DayStatus.MISSED
    assert found.status(FIRST + timedelta(days=7)) is DayStatus.UNKNOWN


class _Kept:
    """The home's database on the test's clock, which stays open."""

    def __init__(self, end: End) -> None:
        self._end = end

    def __getattr__(self, name: str) -> object:
        return getattr(self._end.database, name)

    def close(self) -> None:
        """Not yet."""
