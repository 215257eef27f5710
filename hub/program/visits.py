"""When a therapist and a child met, or will meet: at the clinic, at home, on the telephone.

Therapists keep the list; parents read it, at home too: it travels with the program. What retention compares
are the days of visits that are over.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError
from ..people import fields
from ..people.model import Child
from .outgoing import note_change
from .tables import Visit, VisitKind

LONGEST: Final = 2000


@command(Role.THERAPIST)
def add(
    work: Work, child_id: str, *, day: date, kind: VisitKind = VisitKind.CLINIC, words: str = ""
) -> Visit:
    """Note a visit, of the past or to come.

    Parameters
    ----------
    words : str
        What is to be remembered of it; the parents read it too.

    Raises
    ------
    FieldError
        If there is one of that kind on that day, or the day or the words cannot be so.
    NotFound
        If the actor has no such child.
    """
    work.need(Child, child_id)
    visit = Visit(
        id=random_id("v"),
        child_id=child_id,
        day=fields.day("day", day, work.now.date()),
        kind=kind,
        words=fields.words("words", words, LONGEST),
        recorded_at=work.now,
        by=work.actor.name,
    )
    _only_one(work, visit.child_id, visit.day, visit.kind)
    work.add(visit)
    note_change(work, child_id)
    return visit


@command(Role.THERAPIST)
def change(
    work: Work,
    visit_id: str,
    *,
    day: date | None = None,
    kind: VisitKind | None = None,
    words: str | None = None,
) -> Visit:
    """Correct a visit; what is left out stays.

    Raises
    ------
    FieldError, NotFound
        As `add`.
    """
    visit = work.need(Visit, visit_id)
    on = visit.day if day is None else fields.day("day", day, work.now.date())
    how = kind or visit.kind
    if (on, how) != (visit.day, visit.kind):
        _only_one(work, visit.child_id, on, how)
    visit.day, visit.kind = on, how
    if words is not None:
        visit.words = fields.words("words", words, LONGEST)
    note_change(work, visit.child_id)
    return visit


@command(Role.THERAPIST)
def remove(work: Work, visit_id: str) -> None:
    """Take a visit off the list, one that did not come about; the log still says that it was on it.

    Raises
    ------
    NotFound
    """
    visit = work.need(Visit, visit_id)
    work.delete(visit)
    note_change(work, visit.child_id)


@command(Role.PARENT, Role.THERAPIST, reads=True)
def visits(
    work: Work, child_id: str, *, since: date | None = None, until: date | None = None
) -> Sequence[Visit]:
    """Visits of a child from `since` to `until`, both included, oldest first.

    Raises
    ------
    NotFound
    """
    work.need(Child, child_id)
    found = select(Visit).where(Visit.child_id == child_id)
    if since is not None:
        found = found.where(Visit.day >= since)
    if until is not None:
        found = found.where(Visit.day <= until)
    return work.scalars(found.order_by(Visit.day, Visit.id)).all()


def all_visits(work: Work, *, since: date, until: date) -> Sequence[Visit]:
    """Visits of every child whom the actor may see, from `since` to `until`, both included, oldest first."""
    within = select(Visit).where(Visit.day >= since, Visit.day <= until)
    return work.scalars(within.order_by(Visit.day, Visit.id)).all()


def _only_one(work: Work, child_id: str, day: date, kind: VisitKind) -> None:
    same = select(Visit.id).where(Visit.child_id == child_id, Visit.day == day, Visit.kind == kind)
    if known := work.scalar(same):
        raise FieldError(
            "day",
            "there is one of that kind on {day} already ({known})",
            "Change that one.",
            day=day,
            known=known,
        )
