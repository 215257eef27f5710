"""Which days of a home a clinic knows, in each engine; and what a home tells of its days."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from griphub.hub.config import Config
from griphub.hub.database.actor import Actor, Role
from griphub.hub.database.audit import Audit
from griphub.hub.delivery.outbox import Outbox
from griphub.hub.people.decisions import Decision
from griphub.hub.people.model import Family
from griphub.hub.program.heard import LOOK_BACK, Heard, heard, note_heard, unknown_days, whole_days

from .conftest import Clinic, Clock

TODAY = date(2026, 11, 25)
CLINIC = Config(site="own-site", hub="desk", children=(), time_zone="UTC")
SPAN = {TODAY - timedelta(days=n) for n in range(LOOK_BACK.days + 1)}


def test_what_a_home_says_last_holds_and_is_no_change_in_the_log(clinic: Clinic, clock: Clock) -> None:
    child = clinic.ids["child"]["own"]
    with clinic.database.work(Actor.part("test")) as work:
        assert heard(work, CLINIC) == {}  # no home has a hub
        for whose in ("own", "foreign"):
            work.need(Family, clinic.ids["family"][whose]).hub = "pi-7"
    with clinic.database.work(Actor.part("post")) as work:
        assert heard(work, CLINIC)[child] == Heard(None)
        logged = len(work.scalars(select(Audit)).all())
        days = [TODAY - timedelta(days=n) for n in range(3)]
        for known, hours_ago in (([], 9), (days[1:], 3), (days, 5)):  # the last one comes late
            note_heard(work, child, known, clock.now - timedelta(hours=hours_ago))
        assert len(work.scalars(select(Audit)).all()) == logged
    with clinic.database.reading(clinic.actors[Role.THERAPIST]) as work:
        (only,) = heard(work, CLINIC).items()
        assert only == (child, Heard(clock.now - timedelta(hours=3), frozenset(days[1:])))
        here = CLINIC.model_copy(update={"hub": "pi-7"})
        assert heard(work, here) == {}  # the home is this installation
    with clinic.database.work(Actor.part("post")) as work:  # of a clock that is ahead
        note_heard(work, clinic.ids["child"]["foreign"], [], clock.now + timedelta(days=9))
        assert heard(work, CLINIC)[clinic.ids["child"]["foreign"]].at == clock.now


def test_what_is_not_known_to_be_told_is_unknown() -> None:
    known = frozenset({TODAY - timedelta(days=3), TODAY - timedelta(days=1)})
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert unknown_days(CLINIC, Heard(now, known), TODAY) == SPAN - known
    assert unknown_days(CLINIC, Heard(None), TODAY) == SPAN
    told = now - timedelta(days=3)
    after = {TODAY - timedelta(days=n) for n in range(3)}
    assert unknown_days(CLINIC, Heard(None), TODAY, last_told=told) == after
    assert unknown_days(CLINIC, Heard(now), TODAY, last_told=told) == SPAN  # it says so itself


@pytest.mark.parametrize(
    ("zone", "first_not_over"), [("UTC", date(2026, 11, 25)), ("Pacific/Auckland", date(2026, 11, 26))]
)
def test_a_home_tells_of_days_that_are_over_on_its_own_calendar(
    tmp_path: Path, zone: str, first_not_over: date
) -> None:
    config = Config(data_dir=tmp_path, children=(), time_zone=zone)
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)  # one o'clock at night in Auckland
    assert whole_days(config, "c-1", now, shares=True, decided=None) == ()
    with closing(Outbox(tmp_path / "outbox.db")) as outbox:
        for n in range(-1, 60):
            outbox.note_alive(TODAY - timedelta(days=n))
    found = whole_days(config, "c-1", now, shares=True, decided=None)
    assert found[-1] == first_not_over - timedelta(days=1)
    assert len(found) == LOOK_BACK.days
    assert whole_days(config, "c-1", now, shares=False, decided=None) == ()
    no = Decision(False, None, now - timedelta(days=10))
    assert whole_days(config, "c-1", now, shares=False, decided=no)[-1] == first_not_over - timedelta(days=11)
