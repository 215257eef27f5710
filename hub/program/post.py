"""The clinic's end: a therapist's words to a family, and the letter that its home should have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from ..database.actor import Role
from ..database.base import random_id
from ..database.work import Work
from ..errors import FieldError, NotAllowed, NotFound
from ..people import fields
from ..people.decisions import told_elsewhere
from ..people.model import Child, Family
from ..records.post import MAX_LEARNED
from .diary import diary_of
from .letter import (
    MAX_NOTE,
    MAX_NOTES,
    MAX_PAUSES,
    Letter,
    SentConsent,
    SentLearned,
    SentNote,
    SentPause,
    SentVersion,
    fitting,
)
from .outgoing import note_change
from .prescription import Program
from .statement_post import statements_for
from .tables import FamilyNote, LetterOut, ParentTraining, ProgramPause, ProgramVersion

#: Stand for who wrote something at the other end.
HOME: Final = "home"


def write_note(work: Work, child_id: str, words: str, *, from_family: bool = False) -> FamilyNote:
    """Write to the family, or to the therapist; it goes to the other end by itself.

    Parameters
    ----------
    from_family : bool
        For whoever has the machine: in the family's name. A parent writes in it always, a therapist never.

    Raises
    ------
    FieldError
        If there are no words, or too many for a letter.
    NotAllowed, NotFound
    """
    work.command = "program.write_note"
    if work.actor.role not in (Role.PARENT, Role.THERAPIST, Role.MACHINE):
        raise NotAllowed(work.command, work.actor.role)
    work.need(Child, child_id)
    words = fields.words("words", words, MAX_NOTE)
    if not words:
        raise FieldError("words", "is empty", "Write what the other end should know.")
    note = FamilyNote(
        id=random_id("fn"),
        child_id=child_id,
        written_at=work.now,
        by=work.actor.name,
        words=words,
        from_family=work.actor.role is Role.PARENT or (from_family and work.actor.role is Role.MACHINE),
    )
    note.change = note_change(work, child_id)
    work.add(note)
    work.flush()
    return note


def notes(work: Work, child_id: str) -> Sequence[FamilyNote]:
    """The therapist's words to a family, oldest first."""
    work.need(Child, child_id)
    return work.scalars(
        select(FamilyNote)
        .where(FamilyNote.child_id == child_id, FamilyNote.from_family.is_(False))
        .order_by(FamilyNote.written_at, FamilyNote.id)
    ).all()


def last_written(work: Work) -> dict[str, datetime]:
    """When a therapist wrote last to the family of each child whom the actor may see."""
    found: dict[str, datetime] = {}
    theirs = select(FamilyNote).where(FamilyNote.from_family.is_(False))
    for note in work.scalars(theirs.order_by(FamilyNote.written_at)):
        found[note.child_id] = note.written_at
    return found


def letter_for(work: Work, child_id: str) -> Letter:
    """The letter that a child's home should have.

    Raises
    ------
    NotFound
        If there is no such child for the actor, or its home has no hub.
    LetterError
        If it is too long.
    """
    family = work.need(Family, work.need(Child, child_id).family_id)
    if family.hub is None:
        raise NotFound("hub for the family of", child_id)
    versions = work.scalars(
        select(ProgramVersion).where(ProgramVersion.child_id == child_id).order_by(ProgramVersion.number)
    ).all()
    written = _written_here(work, child_id)
    pauses = pauses_of(work, child_id)
    decided = told_elsewhere(work, child_id)
    changed = work.get(LetterOut, child_id)
    if not (versions or written or pauses or decided or changed):
        raise NotFound("program for", child_id)
    return fitting(
        Letter(
            site=family.site_id,
            hub=family.hub,
            child_id=child_id,
            # each of them only grows
            serial=len(versions) + len(written) + len(pauses) + (changed.changes if changed else 0),
            versions=tuple(
                SentVersion(
                    id=row.id,
                    number=row.number,
                    valid_from=row.valid_from,
                    recorded_at=row.recorded_at,
                    by=row.by,
                    because=row.because,
                    program=None if row.document is None else Program.model_validate(row.document),
                )
                for row in versions
            ),
            notes=tuple(
                SentNote(id=row.id, written_at=row.written_at, words=row.words, from_family=row.from_family)
                for row in written[-MAX_NOTES:]
            ),
            pauses=tuple(SentPause.model_validate(row, from_attributes=True) for row in pauses[-MAX_PAUSES:]),
            consent=SentConsent.of(decided),
            diary=diary_of(work, child_id),
            learned=tuple(
                SentLearned(topic=row.topic, learned_on=row.learned_on)
                for row in training_of(work, child_id)[:MAX_LEARNED]
            ),
            statements=statements_for(work, child_id),
        )
    )


def _written_here(work: Work, child_id: str) -> Sequence[FamilyNote]:
    """What was written at this end, by whomever: a home knows what it wrote itself."""
    return work.scalars(
        select(FamilyNote)
        .where(FamilyNote.child_id == child_id, FamilyNote.by != HOME)
        .order_by(FamilyNote.written_at, FamilyNote.id)
    ).all()


def training_of(work: Work, child_id: str) -> list[ParentTraining]:
    """What a child's parents have learned, each topic when it was noted first."""
    rows = work.scalars(
        select(ParentTraining)
        .where(ParentTraining.child_id == child_id)
        .order_by(ParentTraining.recorded_at, ParentTraining.id)
    )
    first: dict[str, ParentTraining] = {}
    for row in rows:
        first.setdefault(row.topic, row)
    return list(first.values())


def pauses_of(work: Work, child_id: str) -> Sequence[ProgramPause]:
    """Pauses and corrections in the order in which they were recorded."""
    return work.scalars(
        select(ProgramPause)
        .where(ProgramPause.child_id == child_id)
        .order_by(ProgramPause.recorded_at, ProgramPause.id)
    ).all()
