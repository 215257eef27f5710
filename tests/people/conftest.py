"""A clinic of two sites, with its people, and a clock that is set by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.engine import Database
from griphub.hub.database.migrate import upgrade
from griphub.hub.people import accounts, caseload, consent, passwords, places
from griphub.hub.program import annotations, visits


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least that argon2 takes: these tests are about what is done with a hash."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Clock:
    """Shows what it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(database_url: str, clock: Clock) -> Iterator[Database]:
    """An empty database of each engine, on the test's clock."""
    opened = Database(database_url, clock=clock)
    yield opened
    opened.close()


@dataclass
class Clinic:
    """Two of everything: what is `own` belongs to each actor, what is `foreign` to nobody of them."""

    database: Database
    actors: dict[Role, Actor]
    ids: dict[str, dict[str, str]] = field(default_factory=dict)  #: kind → own or foreign → id


@pytest.fixture
def clinic(people: Database) -> Clinic:
    """A clinic that a test may change."""
    return _found(people)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def standing_clinic(request: pytest.FixtureRequest, empty_url: Callable[[str], str]) -> Iterator[Clinic]:
    """A clinic of each engine for a whole module, whose tests keep nothing."""
    database = Database(empty_url(request.param), clock=Clock())
    upgrade(database)
    yield _found(database)
    database.close()


def _found(people: Database) -> Clinic:
    """Own and foreign site, family, child, colleague; parent, therapist and admin of the own ones."""
    ids: dict[str, dict[str, str]] = {}
    actors: dict[Role, Actor] = {}
    owner = Actor.part("test")
    with people.work(owner) as work:
        for whose in ("own", "foreign"):

            def keep(kind: str, key: str, whose: str = whose) -> str:
                ids.setdefault(kind, {})[whose] = key
                return key

            site = keep("site", places.add_site(work, site_id=f"{whose}-site", name=f"{whose} site").id)
            consent.publish_text(work, site_id=site, version="v1", text="What you agree to")
            family = keep("family", places.add_family(work, site_id=site, name=f"{whose} family").id)
            child = keep("child", places.add_child(work, family_id=family, name=f"{whose} child").id)
            consent.give(work, child, version="v1", given_by="A parent")
            seen = date(2026, 11, 20)
            keep("visit", visits.add(work, child, day=seen).id)
            written = annotations.add(work, child, first=seen, words=f"{whose} splint", shared=True)
            keep("annotation", written.id)
            for role in (Role.PARENT, Role.THERAPIST, Role.ADMIN):
                account = accounts.invite(
                    work,
                    login=f"{whose}-{role}",
                    name=f"{whose} {role}",
                    role=role,
                    site_id=site,
                    family_id=family if role is Role.PARENT else None,
                ).account
                keep(role, account.id)
                keep(f"membership of {role}", account.memberships[0].id)
                if whose == "own":
                    actors[role] = Actor.account(account.id, role)
            caseload.assign(work, account_id=ids[Role.THERAPIST][whose], child_id=child)
            # a colleague who looks after nobody, to be given things
            colleague = accounts.invite(
                work, login=f"{whose}-colleague", name="Colleague", role=Role.THERAPIST, site_id=site
            ).account
            keep("colleague", colleague.id)
            # at the actors' own site, but neither their family nor on their caseload
            if whose == "own":
                other = places.add_family(work, site_id=site, name="Neighbours").id
                ids["neighbour"] = {"own": places.add_child(work, family_id=other, name="Neighbour").id}
    return Clinic(people, actors, ids)
