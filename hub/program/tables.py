"""The tables of programs: documents and records that are added, and never changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..database.base import ID, NAME, PRIVATE, Base, word
from ..people.scope import ClinicalData, OfSite
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
    """A picture of something that was done; the file stays in the home's data folder."""

    __tablename__ = "photos"

    id: Mapped[str] = mapped_column(ID, primary_key=True)  #: random; the file's name
    taken_on: Mapped[date]
    recorded_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    shared_at: Mapped[datetime | None]  #: since when the therapist may ask for it


class FamilyNote(ClinicalData, Base):
    """A therapist's words to the family."""

    __tablename__ = "family_notes"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    written_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(NAME)
    words: Mapped[str] = mapped_column(Text, info=PRIVATE)


class LetterSeen(Base):
    """The latest letter of the clinic that a home has taken."""

    __tablename__ = "letters_seen"

    child_id: Mapped[str] = mapped_column(ID, ForeignKey("children.id", ondelete="CASCADE"), primary_key=True)
    serial: Mapped[int]
    seen_at: Mapped[datetime]
