"""Of which days it is known what was done: a day on which nobody could have told is unknown, not missed.

At the home, days are known on which its hub ran. A clinic knows of a day once the home has said that it is
over, that its hub ran and that all of it was sent; until then it is unknown, also for a month.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import insert, select, update

from ..config import Config
from ..database.base import Base
from ..database.work import Work
from ..delivery.outbox_file import Owed, alive_days, outbox_path, waiting_since
from ..people.decisions import Decision
from ..people.model import Child, Family
from ..utc import utc
from .home import zone_of
from .local_days import local_day
from .tables import DaysHeard
from .versions import days

#: What the numbers look back on: the longest window, and the week before it.
LOOK_BACK: Final = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a clinic has heard of a home that is elsewhere.

    Attributes
    ----------
    at : datetime or None
        When it said so last, at the latest now; None: never.
    days : frozenset of date
        Of the last five weeks before that, those that it has told all of.
    """

    at: datetime | None
    days: frozenset[date] = frozenset()


def heard(work: Work, config: Config) -> dict[str, Heard]:
    """What was heard of each of the actor's children whose home is elsewhere; of others, nothing."""
    homes = work.execute(
        select(Child.id, Family.site_id, Family.hub).join(Family).where(Family.hub.is_not(None))
    )
    told = {row.child_id: row for row in work.scalars(select(DaysHeard))}
    found = {}
    for child_id, site, hub in homes:
        if (site, hub) != (config.site, config.hub):
            row = told.get(child_id)
            days = frozenset(map(date.fromisoformat, row.days)) if row else frozenset()
            found[child_id] = Heard(row.heard_at if row else None, days)
    return found


def unknown_days(
    config: Config, home: Heard | None, today: date, *, last_told: datetime | None = None
) -> set[date]:
    """Days of the last five weeks of which nothing can be known, as this installation sees it.

    Parameters
    ----------
    home : Heard or None
        None: it is here.
    today : date
        The family's.
    last_told : datetime, optional
        Of what came of the child, the latest. Of a home that sends results and never says which days it told
        all of, nothing is known of the days since.

    Raises
    ------
    StoreError
    """
    if home is None:
        return off_days(alive_days(outbox_path(config)), today)
    span = set(days(today - LOOK_BACK, today))
    if home.at is not None or last_told is None:
        return span - home.days
    last = local_day(last_told, zone_of(config))
    return {day for day in span if day > last}


def off_days(alive: Collection[date], today: date) -> set[date]:
    """Days on which the hub did not run, as far back as it has noted that it did."""
    if not alive:
        return set()
    return {day for day in days(max(min(alive), today - LOOK_BACK), today) if day not in alive}


def whole_days(
    config: Config, child_id: str, now: datetime, *, shares: bool, decided: Decision | None
) -> tuple[date, ...]:
    """Days of the last five weeks that this home has told all of: they are over, its hub ran, all is sent.

    Parameters
    ----------
    shares : bool
        Whether anything new of the child leaves this home. If not, nothing is told of the days since that was
        decided.

    Raises
    ------
    StoreError
    """
    zone = zone_of(config)
    end = local_day(now, zone)
    path, to = outbox_path(config), Owed.CLINIC if config.clinic else Owed.INGEST
    alive = alive_days(path)
    if (since_s := waiting_since(path, child_id, to)) is not None:
        end = min(end, local_day(utc(since_s), zone))
    if not shares:
        end = min(end, local_day(decided.decided_at, zone)) if decided else date.min
    first = local_day(now, zone) - LOOK_BACK
    return tuple(sorted(day for day in alive if first <= day < end))


def note_heard(work: Work, child_id: str, known: Collection[date], said_at: datetime) -> None:
    """Note of which days a home has told all, as it said at a time; what it said before that counts no more.

    A broker gives what it retains at each connection: that is not hearing of the home. It is not in the log
    of changes: what is heard each night is nobody's change, and would hide what is.
    """
    table = Base.metadata.tables[DaysHeard.__tablename__]
    heard_at = min(said_at, work.now)  # a clock that is ahead there
    row = {"days": sorted(day.isoformat() for day in known), "heard_at": heard_at}
    here = table.c.child_id == child_id
    before = work.connection().execute(select(table.c.heard_at).where(here)).scalar_one_or_none()
    if before is None:
        work.connection().execute(insert(table).values(child_id=child_id, **row))
    elif before <= heard_at:
        work.connection().execute(update(table).where(here).values(row))
