"""What a therapist writes beside days of a child's chart: *new splint*, *growth spurt*, *ill*.

It says what a curve cannot. Every therapist of the child sees it; the parents see it where it is shared, at
home too: it travels with the program.
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
from .tables import Annotation

#: It stands in a chart.
LONGEST: Final = 200


@command(Role.THERAPIST)
def add(
    work: Work, child_id: str, *, first: date, last: date | None = None, words: str, shared: bool = False
) -> Annotation:
    """Write something beside the days from `first` to `last`.

    Parameters
    ----------
    last : date, optional
        The same day if left out.
    shared : bool
        Whether the parents see it.

    Raises
    ------
    FieldError
        If a day or the words cannot be so.
    NotFound
        If the actor has no such child.
    """
    work.need(Child, child_id)
    begin, end = _span(work, first, first if last is None else last)
    made = Annotation(
        id=random_id("an"),
        child_id=child_id,
        first=begin,
        last=end,
        words=_words(words),
        shared=shared,
        recorded_at=work.now,
        by=work.actor.name,
    )
    work.add(made)
    if shared:
        note_change(work, child_id)
    return made


@command(Role.THERAPIST)
def change(
    work: Work,
    annotation_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    words: str | None = None,
    shared: bool | None = None,
) -> Annotation:
    """Correct it; what is left out stays.

    Raises
    ------
    FieldError, NotFound
        As `add`.
    """
    found = work.need(Annotation, annotation_id)
    was_shared = found.shared
    found.first, found.last = _span(work, first or found.first, last or found.last)
    if words is not None:
        found.words = _words(words)
    if shared is not None:
        found.shared = shared
    if was_shared or found.shared:
        note_change(work, found.child_id)
    return found


@command(Role.THERAPIST)
def remove(work: Work, annotation_id: str) -> None:
    """Take it off the chart.

    Raises
    ------
    NotFound
    """
    found = work.need(Annotation, annotation_id)
    work.delete(found)
    if found.shared:
        note_change(work, found.child_id)


@command(Role.PARENT, Role.THERAPIST, reads=True)
def annotations(
    work: Work, child_id: str, *, since: date | None = None, until: date | None = None
) -> Sequence[Annotation]:
    """What is written beside any of the days from `since` to `until`, both included, oldest first.

    Raises
    ------
    NotFound
    """
    work.need(Child, child_id)
    found = select(Annotation).where(Annotation.child_id == child_id)
    if since is not None:
        found = found.where(Annotation.last >= since)
    if until is not None:
        found = found.where(Annotation.first <= until)
    return work.scalars(found.order_by(Annotation.first, Annotation.id)).all()


def _span(work: Work, first: date, last: date) -> tuple[date, date]:
    today = work.now.date()
    first, last = fields.day("first", first, today), fields.day("last", last, today)
    if last < first:
        raise FieldError(
            "last", "{last} is before {first}", "Let it end on that day or later.", last=last, first=first
        )
    return first, last


def _words(value: str) -> str:
    if not (words := fields.words("words", value, LONGEST)):
        raise FieldError("words", "is empty", "Write what happened.")
    return words
