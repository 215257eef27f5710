"""What therapist and family write to each other about a child, in order, whichever end one looks from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from ..config import Config
from ..database.actor import Role
from ..database.work import Work
from ..errors import NotAllowed
from ..people.model import Child, Family
from .keys import trusted
from .tables import FamilyNote, MessageRead


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes
    ----------
    from_family : bool
        False: from a therapist.
    by : str
        Id of the account that wrote it; ``home`` or ``clinic`` where it came from the other end.
    delivered_at : datetime or None
        When the other end had it; None: it is on its way.
    unread : bool
        For the actor: written by the other side, and not marked as read.
    """

    message_id: str
    written_at: datetime
    words: str
    from_family: bool
    by: str
    delivered_at: datetime | None
    unread: bool


def conversation(work: Work, config: Config, child_id: str) -> list[Message]:
    """Everything that was written about a child, oldest first.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    family = work.need(Family, work.need(Child, child_id).family_id)
    at_home = (family.site_id, family.hub) == (config.site, config.hub)
    joined = at_home and bool(trusted(config))
    rows = work.scalars(
        select(FamilyNote)
        .where(FamilyNote.child_id == child_id)
        .order_by(FamilyNote.written_at, FamilyNote.id)
    ).all()
    unread = {row.id for row in _unread(work, child_id)}
    return [
        Message(
            row.id,
            row.written_at,
            row.words,
            row.from_family,
            row.by,
            # whoever writes where the other side reads too has delivered it by writing
            row.taken_at if row.from_family == at_home and (joined or not at_home) else row.written_at,
            row.id in unread,
        )
        for row in rows
    ]


def mark_read(work: Work, child_id: str) -> None:
    """Note that the actor has read all that the other side wrote.

    Raises
    ------
    NotAllowed
        If the actor is neither parent nor therapist.
    NotFound
    """
    work.command = "program.mark_read"
    if work.actor.role not in (Role.PARENT, Role.THERAPIST):
        raise NotAllowed(work.command, work.actor.role)
    work.need(Child, child_id)
    for row in _unread(work, child_id):
        work.add(
            MessageRead(
                account_id=work.actor.account_id, message_id=row.id, child_id=child_id, read_at=work.now
            )
        )
    work.flush()


def unread(work: Work) -> Mapping[str, int]:
    """How many messages wait for the actor to be read, by child; children without any are left out."""
    theirs = _theirs(work)
    if theirs is None:
        return {}
    counted = (
        select(FamilyNote.child_id, func.count())
        .where(FamilyNote.from_family.is_(theirs), FamilyNote.id.not_in(_read()))
        .group_by(FamilyNote.child_id)
    )
    return {row[0]: row[1] for row in work.execute(counted)}


def _theirs(work: Work) -> bool | None:
    """Whether the other side is the family; None where the actor is neither."""
    return {Role.PARENT: False, Role.THERAPIST: True}.get(work.actor.role)


def _read() -> Select[tuple[str]]:
    return select(MessageRead.message_id)  # of the actor's: the scope sees to it


def _unread(work: Work, child_id: str) -> Sequence[FamilyNote]:
    theirs = _theirs(work)
    if theirs is None:
        return []
    return work.scalars(
        select(FamilyNote).where(
            FamilyNote.child_id == child_id,
            FamilyNote.from_family.is_(theirs),
            FamilyNote.id.not_in(_read()),
        )
    ).all()
