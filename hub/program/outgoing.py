"""What is to go to a home, and how far it has come: one row a child, written with each change.

The row is part of the change's own transaction. So what was changed is sent, also by an ingest that starts
only tomorrow; who changes something need not know how, or whether there is a home at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, not_, or_, select

from ..config import Config
from ..database.work import Work
from ..people.decisions import hear
from ..people.model import Child, Family
from .consent_post import note_text_taken
from .heard import note_heard
from .joining import elsewhere
from .letter import LetterTaken, answer_topic
from .statement_post import note_outcomes
from .tables import FamilyNote, LetterOut


class Stand(StrEnum):
    """How far a letter has come."""

    NOTHING = "nothing"  #: there is nothing to send
    HERE = "here"  #: the home is this very installation: what changes is there at once
    NO_HOME = "no_home"  #: the family has no hub yet; it goes as soon as it has
    WAITING = "waiting"  #: for ingest to run, or for the broker
    AT_BROKER = "at_broker"  #: it lies there until the home comes
    TAKEN = "taken"
    REFUSED = "refused"  #: `problem` says why


@dataclass(frozen=True, slots=True)
class Post:
    """How the post of one child stands.

    Attributes
    ----------
    changed_at : datetime or None
        When something was last changed that the home should know.
    sent_at, taken_at : datetime or None
        When the broker, and the home, took all of it.
    problem : str
        Why the home, or already we, did not take it; else empty.
    """

    stand: Stand
    changed_at: datetime | None = None
    sent_at: datetime | None = None
    taken_at: datetime | None = None
    problem: str = ""


def note_change(work: Work, child_id: str) -> int:
    """Note that something changed which a child's home should know; part of the command that changed it.

    Returns
    -------
    int
        Which change it is.
    """
    # locked: of two that change something at the same moment, neither is taken for the other
    row = work.get(LetterOut, child_id, with_for_update=True)
    if row is None:
        row = LetterOut(child_id=child_id, changes=1, changed_at=work.now)
        work.add(row)
    else:
        row.changes, row.changed_at = row.changes + 1, work.now
    return row.changes


def post_of(work: Work, config: Config, child_id: str) -> Post:
    """How the post of a child stands: nothing to send, waiting, at the broker, or taken.

    Raises
    ------
    NotFound
        If there is no such child for the actor.
    """
    family = work.need(Family, work.need(Child, child_id).family_id)
    row = work.get(LetterOut, child_id)
    if row is None:
        return Post(Stand.NOTHING)
    if (family.site_id, family.hub) == (config.site, config.hub):
        return Post(Stand.HERE, row.changed_at, row.changed_at, row.changed_at)
    if family.hub is None:
        return Post(Stand.NO_HOME, row.changed_at)
    if row.sent < row.changes or row.sent_to != family.hub:
        return Post(Stand.WAITING, row.changed_at)
    stand = Stand.TAKEN if row.taken_at else Stand.REFUSED if row.problem else Stand.AT_BROKER
    return Post(stand, row.changed_at, row.sent_at, row.taken_at, row.problem)


def due(work: Work, config: Config, *, again: bool) -> list[str]:
    """Ids of children whose home should be sent something.

    Parameters
    ----------
    again : bool
        Also what was sent, and which the home has not taken.
    """
    sent = and_(LetterOut.sent == LetterOut.changes, LetterOut.sent_to == Family.hub)
    open_ = and_(sent, LetterOut.taken_at.is_(None), LetterOut.digest.is_not(None))
    return list(
        work.scalars(
            select(LetterOut.child_id)
            .join(Child, Child.id == LetterOut.child_id)
            .join(Family)
            .where(elsewhere(config), or_(not_(sent), open_) if again else not_(sent))
            .order_by(LetterOut.changed_at, LetterOut.child_id)
        )
    )


def has_homes(work: Work, config: Config) -> bool:
    """Whether there are homes whose hub is another installation's."""
    return work.scalar(select(Family.id).where(elsewhere(config)).limit(1)) is not None


def note_sent(
    work: Work, child_id: str, changes: int, hub: str, *, digest: str | None, problem: str = ""
) -> None:
    """Note that the broker took a letter with the first `changes` changes; without digest: none can go."""
    row = work.get(LetterOut, child_id, with_for_update=True)
    if row is None:  # the child was erased meanwhile
        return
    if (row.sent, row.sent_to, row.digest) == (changes, hub, digest):
        return  # once more the same: what the home said of it holds
    row.sent, row.sent_to, row.digest = changes, hub, digest
    row.sent_at, row.taken_at, row.problem = (work.now if digest else None), None, problem


def note_taken(work: Work, answers: Iterable[tuple[str, LetterTaken]]) -> None:
    """Note what homes said: of the letters that they should have, of consent, of which days all is told.

    What they said of older letters counts no more.

    Parameters
    ----------
    answers : iterable of (topic, LetterTaken)
        Only a home may write on its topic, so an answer on another one is nobody's.
    """
    for topic, answer in answers:
        if answer_topic(answer.site, answer.hub, answer.child_id) != topic:
            continue
        _hear(work, answer)
        row = work.get(LetterOut, answer.child_id)
        if row is None or (row.digest, row.sent_to) != (answer.digest, answer.hub):
            continue
        taken_at = None if answer.problem else answer.taken_at
        if row.taken_at is None and (taken_at or row.problem != answer.problem):
            row.taken_at, row.problem = taken_at, answer.problem
        if row.taken_at:
            _note_read_out(work, row)


def _note_read_out(work: Work, row: LetterOut) -> None:
    """Note of the messages in a letter that they are at the home."""
    unread = select(FamilyNote).where(
        FamilyNote.child_id == row.child_id, FamilyNote.taken_at.is_(None), FamilyNote.change <= row.sent
    )
    for note in work.scalars(unread):
        note.taken_at = row.taken_at


def _hear(work: Work, answer: LetterTaken) -> None:
    """Take what a home says of its own children: of consent, of which days all is told, of corrections."""
    child = work.get(Child, answer.child_id)
    if child and (child.family.site_id, child.family.hub) == (answer.site, answer.hub):
        if answer.known_days is not None:
            note_heard(work, child.id, answer.known_days, answer.said_at or answer.taken_at)
        if answer.consent:
            hear(work, child.id, answer.consent.decision)
        note_text_taken(work, child.family_id, answer)
        if note_outcomes(work, answer):
            note_change(work, child.id)
