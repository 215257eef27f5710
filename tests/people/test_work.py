"""The one door to the database: only the actor's rows, every change in the log, all or nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import HIDDEN, Audit, Did
from griphub.hub.database.engine import Database
from griphub.hub.errors import ConfigError, NotAllowed, NotFound, StoreError
from griphub.hub.people.model import Account, Child, Family, Membership, Site

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OWNER = Actor.part("test")


def _two_families(database: Database) -> None:
    with database.work(OWNER, "test.set_up") as work:
        work.add(Site(id="ward", name="Ward", created_at=NOW))
        work.flush()
        for n in (1, 2):
            work.add(Family(id=f"f-{n}", site_id="ward", name=f"Family {n}", created_at=NOW))
            work.add(Account(id=f"a-{n}", login=f"parent{n}", name=f"Parent {n}", created_at=NOW))
            work.flush()
            work.add(Child(id=f"c-{n}", family_id=f"f-{n}", name=f"Child {n}", created_at=NOW))
            work.add(
                Membership(
                    id=f"m-{n}",
                    account_id=f"a-{n}",
                    role=Role.PARENT,
                    site_id="ward",
                    family_id=f"f-{n}",
                    since=NOW,
                )
            )


def test_every_way_of_reading_shows_only_the_actors_rows(database: Database) -> None:
    _two_families(database)
    with database.reading(Actor.account("a-1", Role.PARENT)) as work:
        assert work.scalars(select(Child.id)).all() == ["c-1"]
        assert work.scalar(select(func.count()).select_from(Child)) == 1
        assert work.scalars(select(Family.id).join(Child)).all() == ["f-1"]
        assert work.get(Child, "c-2") is None
        assert [child.id for child in work.need(Family, "f-1").children] == ["c-1"]
        with pytest.raises(NotFound, match="no child c-2"):
            work.need(Child, "c-2")
    with database.reading(Actor.account("a-1", Role.THERAPIST)) as work:  # a role that was never granted
        assert work.scalars(select(Child)).all() == []
    with database.reading(OWNER) as work:
        assert work.scalar(select(func.count()).select_from(Child)) == 2


@pytest.mark.parametrize(
    "statement",
    [
        text("SELECT * FROM children"),
        select(Child.__table__.c.name),
        update(Child).values(name="x"),
        Child.__table__.delete(),
    ],
    ids=["text", "core", "bulk update", "core delete"],
)
def test_what_would_go_past_scope_and_log_is_an_error(database: Database, statement: object) -> None:
    with database.work(OWNER) as work, pytest.raises(TypeError, match="past scope and log"):
        work.execute(statement)  # type: ignore[call-overload]


def test_a_row_that_its_writer_may_not_see_is_refused(database: Database) -> None:
    _two_families(database)
    parent = Actor.account("a-1", Role.PARENT)
    with pytest.raises(NotAllowed), database.work(parent) as work:
        work.add(Child(id="c-9", family_id="f-2", name="Cuckoo", created_at=NOW))
    with pytest.raises(NotAllowed), database.work(parent) as work:
        work.need(Child, "c-1").family_id = "f-2"
    with database.reading(OWNER) as work:
        assert work.get(Child, "c-9") is None
        assert work.need(Child, "c-1").family_id == "f-1"


def test_every_change_is_in_the_log_and_a_name_is_not(database: Database) -> None:
    _two_families(database)
    with database.work(Actor.account("a-1", Role.PARENT), "test.rename") as work:
        child = work.need(Child, "c-1")
        child.name, child.goal = "Mia", 12
    with database.work(OWNER, "test.remove") as work:
        work.delete(work.need(Child, "c-1"))
    with database.reading(OWNER) as work:
        log = work.scalars(select(Audit).where(Audit.row == "c-1").order_by(Audit.id)).all()
    assert [(e.did, e.actor, e.role, e.command) for e in log] == [
        (Did.INSERT, "griphub:test", Role.MACHINE, "test.set_up"),
        (Did.UPDATE, "a-1", Role.PARENT, "test.rename"),
        (Did.DELETE, "griphub:test", Role.MACHINE, "test.remove"),
    ]
    assert log[1].before == {"name": HIDDEN, "goal": 15}
    assert log[1].after == {"name": HIDDEN, "goal": 12}
    assert log[2].after is None
    assert log[2].before is not None and log[2].before["family_id"] == "f-1"
    assert "Mia" not in str([(e.before, e.after) for e in log])


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_log_only_grows_even_for_who_has_the_database_open(database: Database, statement: str) -> None:
    _two_families(database)
    with database.engine.connect() as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.exec_driver_sql(statement)


def test_work_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.work(OWNER) as work:
        work.add(Site(id="ward", name="Ward", created_at=NOW))
        work.flush()
        1 / 0  # noqa: B018
    with pytest.raises(StoreError), database.work(OWNER) as work:
        work.add(Family(id="f-1", site_id="nowhere", name="Nobody", created_at=NOW))
    with database.reading(OWNER) as work:
        assert work.scalars(select(Site)).all() == work.scalars(select(Audit)).all() == []


def test_times_come_back_in_utc_and_naive_ones_are_refused(database: Database) -> None:
    east = datetime(2026, 3, 29, 3, 30, 0, 123456, timezone(timedelta(hours=2)))
    with database.work(OWNER) as work:
        work.add(Site(id="ward", name="Ward", created_at=east))
    with database.reading(OWNER) as work:
        read = work.need(Site, "ward").created_at
        assert read == east and read.tzinfo is UTC
        assert work.scalars(select(Site.id).where(Site.created_at <= east)).all() == ["ward"]
        assert work.scalars(select(Site.id).where(Site.created_at < east)).all() == []
    with pytest.raises(StoreError, match="no time zone"), database.work(OWNER) as work:
        work.add(Site(id="naive", name="Naive", created_at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("url", ["nonsense", "mysql://secret@host/x", "sqlite://", "postgresql"])
def test_a_wrong_url_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match=r"database\.url") as caught:
        Database(url)
    assert "secret" not in str(caught.value)
