"""The tables of programs: documents and records that are added, and never changed."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..database.actor import Actor, Role
from ..database.base import ID, NAME, PASSING, PRIVATE, Base, word
from ..people.scope import ClinicalData, OfSite, families_of
from .prescription import Slot
from .versions import PauseReason

#: Room for a UUID as text.
_UUID = String(36)


class ProgramVersion(ClinicalData, Base):
    """A program as it was prescribed, from a day on."""

    __tablename__ = "program_versions"
    __table_args__ = (UniqueConstraint("child_id", "number"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int]
    valid_from: Mapped[date]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    because: Mapped[str] = mapped_column(Text, info=PRIVATE)
    document: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), info=PRIVATE
    )  #: a `Program`; null: nothing is asked any more


class ProgramDraft(ClinicalData, Base):
    """What somebody changed of a child's program and has not saved yet."""

    __tablename__ = "program_drafts"

    account_id: Mapped[str] = mapped_column(
        ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    read: Mapped[int] = mapped_column(info=PASSING)  #: number of the version that it began from; 0: none
    document: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True), info=PASSING)
    valid_from: Mapped[date | None] = mapped_column(info=PASSING)
    because: Mapped[str] = mapped_column(Text, info=PASSING)
    kept_at: Mapped[datetime] = mapped_column(info=PASSING)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Only one's own."""
        return and_(super().visible_to(actor), cls.account_id == actor.account_id)


class ProgramPause(ClinicalData, Base):
    """Days on which nothing is missed, or a correction of such days."""

    __tablename__ = "program_pauses"

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[PauseReason] = mapped_column(word(PauseReason))
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    note: Mapped[str] = mapped_column(Text, info=PRIVATE)
    replaces: Mapped[str | None] = mapped_column(_UUID, ForeignKey("program_pauses.id", ondelete="CASCADE"))
    withdrawn: Mapped[bool]


class SuggestionDeclined(ClinicalData, Base):
    """A therapist did not want what a rule of progression proposed."""

    __tablename__ = "suggestions_declined"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    item_id: Mapped[str] = mapped_column(ID)
    declined_on: Mapped[date]  #: the family's day; what was done until then proposes nothing more
    because: Mapped[str] = mapped_column(Text, info=PRIVATE)  #: what the rule said
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)


class OwnActivity(OfSite, Base):
    """An activity of a clinic's own; the latest of an id holds."""

    __tablename__ = "own_activities"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    activity_id: Mapped[str] = mapped_column(ID, index=True)
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    document: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True))


class ParentTraining(ClinicalData, Base):
    """What a parent has learned before the first session at home."""

    __tablename__ = "parent_training"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    topic: Mapped[str] = mapped_column(ID)
    learned_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)


class Photo(ClinicalData, Base):
    """A picture of something that was done; its file is in the home's data folder."""

    __tablename__ = "photos"

    id: Mapped[str] = mapped_column(ID, primary_key=True)  #: random; the file's name
    taken_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    shared_at: Mapped[datetime | None]  #: since when the therapist may see it
    withdrawn_at: Mapped[datetime | None]  #: since when not any more
    told_at: Mapped[datetime | None]  #: when the hub was given it, or its end, for the clinic
    taken_at: Mapped[datetime | None]  #: at home: when the clinic had it; at the clinic: when it was whole
    parts: Mapped[int | None]  #: at the clinic: of how many pieces it is
    sha256: Mapped[str | None] = mapped_column(String(64))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """A family's own; a therapist knows of none that is not shared."""
        seen = super().visible_to(actor)
        return and_(seen, cls.shared_at.is_not(None)) if actor.role is Role.THERAPIST else seen


class PhotoPart(ClinicalData, Base):
    """A piece of a picture that came to the clinic."""

    __tablename__ = "photo_parts"

    photo_id: Mapped[str] = mapped_column(ID, ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary, info=PRIVATE)


class FamilyNote(ClinicalData, Base):
    """A therapist's words to the family, or the family's to the therapist."""

    __tablename__ = "family_notes"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    written_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    from_family: Mapped[bool] = mapped_column(default=False)
    change: Mapped[int | None]  #: which of `LetterOut.changes` it is, where it was written
    told_at: Mapped[datetime | None]  #: of a family's: when the hub was given it for the clinic
    taken_at: Mapped[datetime | None]  #: when it came to the other end; of one from there, when it came here


class MessageRead(ClinicalData, Base):
    """Somebody has read a message."""

    __tablename__ = "messages_read"

    account_id: Mapped[str] = mapped_column(
        ID, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[str] = mapped_column(
        ID, ForeignKey("family_notes.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Only what the actor read."""
        return and_(super().visible_to(actor), cls.account_id == actor.account_id)


class StatementPosted(ClinicalData, Base):
    """What the clinic stated of a session that a home measured: a correction, or what moved along with it.

    At the clinic on its way to the home; at the home on its way to the store of results.
    """

    __tablename__ = "statements_posted"

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)  #: of the event
    document: Mapped[dict[str, Any]] = mapped_column(JSON(none_as_null=True), info=PRIVATE)  #: the event
    came_at: Mapped[datetime]
    serial: Mapped[int | None]  #: at the home: of the last letter that it came in; null: this is the clinic
    taken_at: Mapped[datetime | None]  #: when the home's store was given it; or when it was known to be gone
    gone: Mapped[bool] = mapped_column(default=False)  #: the home no longer has such a session


class LetterOut(ClinicalData, Base):
    """How the letter stands that a child's home should have; written wherever something for it changes."""

    __tablename__ = "letters_out"

    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    changes: Mapped[int]  #: so far
    changed_at: Mapped[datetime]
    sent: Mapped[int] = mapped_column(default=0)  #: of the changes, in the letter that was sent last
    sent_to: Mapped[str | None] = mapped_column(ID)  #: the hub
    sent_at: Mapped[datetime | None]  #: when the broker took it
    digest: Mapped[str | None] = mapped_column(String(64))  #: of that letter
    taken_at: Mapped[datetime | None]  #: when the home took it
    problem: Mapped[str] = mapped_column(Text, default="")  #: why it was not sent, or not taken


class ConsentTextOut(Base):
    """How the clinic's text of consent stands that a home should have."""

    __tablename__ = "consent_texts_out"

    family_id: Mapped[str] = mapped_column(
        ID, ForeignKey("families.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[str] = mapped_column(ID)
    sent_to: Mapped[str] = mapped_column(ID)  #: the hub
    sent_at: Mapped[datetime]  #: when the broker took it
    taken_at: Mapped[datetime | None]  #: when the home was heard to have it


class LetterSeen(Base):
    """The latest letter of the clinic that a home has taken."""

    __tablename__ = "letters_seen"

    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    serial: Mapped[int]
    seen_at: Mapped[datetime]


class DaysHeard(ClinicalData, Base):
    """Of which days a child's home has told all, as it said last; see `heard`."""

    __tablename__ = "days_heard"

    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    days: Mapped[list[str]] = mapped_column(JSON(none_as_null=True))  #: ISO dates of the home's calendar
    heard_at: Mapped[datetime]


class VisitKind(StrEnum):
    """How a therapist and a child met."""

    CLINIC = "clinic"
    HOME = "home"
    CALL = "call"


class Visit(ClinicalData, Base):
    """A therapist and a child meet, or have met: retention is told from one to the next."""

    __tablename__ = "visits"
    __table_args__ = (UniqueConstraint("child_id", "day", "kind"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    day: Mapped[date]
    kind: Mapped[VisitKind] = mapped_column(word(VisitKind))
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)  #: parents read them too
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)


class Annotation(ClinicalData, Base):
    """What a therapist writes beside some days of a child's chart: a splint, a growth spurt, an illness."""

    __tablename__ = "annotations"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    first: Mapped[date]
    last: Mapped[date]  #: the same for one day
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)
    shared: Mapped[bool]  #: whether parents see it
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """All of a therapist's caseload; to parents, what is shared with them."""
        own = super().visible_to(actor)
        return and_(own, cls.shared.is_(True)) if actor.role is Role.PARENT else own


class FamilySlot(Base):
    """When a slot is in a family's day, where that differs from the usual."""

    __tablename__ = "family_slots"

    family_id: Mapped[str] = mapped_column(
        ID, ForeignKey("families.id", ondelete="CASCADE"), primary_key=True
    )
    slot: Mapped[Slot] = mapped_column(word(Slot), primary_key=True)
    at: Mapped[time | None]  #: by the clock on the family's wall; null: it never reminds
    changed_at: Mapped[datetime]

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The family's own, and to its therapists; an admin has no use for it."""
        return false() if actor.role is Role.ADMIN else cls.family_id.in_(families_of(actor))
