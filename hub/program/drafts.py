"""A program that a therapist is changing: theirs alone, kept until they save it as a version or discard it.

It may be wrong anywhere: what is kept are a form's values. `commands.prescribe` checks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ..database.actor import Role
from ..database.commands import command
from ..database.work import Work
from ..people.model import Child
from .tables import ProgramDraft


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it is kept.

    Attributes
    ----------
    read : int
        Number of the version that it began from; 0: there was none.
    values : mapping
        As `Program` is written, with lists and plain values.
    valid_from : date or None
        From when it is to hold.
    because : str
        Why, in words.
    kept_at : datetime
        When it was kept last; whoever last saw another time does not know it.
    """

    read: int
    values: Mapping[str, Any]
    valid_from: date | None
    because: str
    kept_at: datetime


@command(Role.THERAPIST, reads=True)
def mine(work: Work, child_id: str) -> Kept | None:
    """The actor's draft for a child.

    Raises
    ------
    NotFound
        If there is no such child whom the actor may see.
    """
    work.need(Child, child_id)
    row = work.get(ProgramDraft, (work.actor.account_id, child_id))
    return None if row is None else _kept(row)


@command(Role.THERAPIST)
def keep(
    work: Work,
    child_id: str,
    *,
    read: int,
    values: Mapping[str, Any],
    valid_from: date | None,
    because: str,
) -> Kept:
    """Keep a draft in place of the one before; the log tells that one was begun, not each change.

    Raises
    ------
    NotFound
        As `mine`.
    """
    work.need(Child, child_id)
    row = work.get(ProgramDraft, (work.actor.account_id, child_id))
    if row is None:
        row = ProgramDraft(account_id=work.actor.account_id, child_id=child_id)
        work.add(row)
    row.read, row.document, row.valid_from, row.because = read, dict(values), valid_from, because
    row.kept_at = work.now
    return _kept(row)


@command(Role.THERAPIST)
def discard(work: Work, child_id: str) -> None:
    """Let go of the actor's draft for a child, if there is one.

    Raises
    ------
    NotFound
        As `mine`.
    """
    work.need(Child, child_id)
    if (row := work.get(ProgramDraft, (work.actor.account_id, child_id))) is not None:
        work.delete(row)


def _kept(row: ProgramDraft) -> Kept:
    return Kept(row.read, row.document, row.valid_from, row.because, row.kept_at)
