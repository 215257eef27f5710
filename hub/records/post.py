"""What a home and its clinic write to each other; the database of people takes it, and no store."""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue

from .base import MAX_OBSERVATION, BaseEvent, Part
from .ids import Id

#: Topics that parents learn: a handful, and room for those of later versions.
MAX_LEARNED: Final = 40

#: A picture travels in so many pieces at most, each of so many bytes and characters of base64: with what is
#: around it a piece fits into a broker's 64 KiB.
MAX_PARTS: Final = 12
MAX_PIECE: Final = 40_000
MAX_PIECE_TEXT: Final = 4 * -(-MAX_PIECE // 3)


class MessageWritten(BaseEvent):
    """A family's words to the therapist, written at home; `measured_at` is when."""

    schema_: Literal["message/1"] = Field("message/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    message_id: Id = Field(description="the same at both ends")
    words: str = Field(min_length=1, max_length=MAX_OBSERVATION)


class SaidPause(Part):
    """Days on which nothing is missed, or a correction of such days, as a home knows it."""

    id: UUID
    since: date
    until: date | None = Field(None, description="the last day; null: open")
    reason: str = Field("other", max_length=24, description="illness, holiday, appointment or other")
    recorded_at: AwareDatetime
    replaces: UUID | None = Field(None, description="the one that this corrects")
    withdrawn: bool = Field(False, description="it was none")


class PausesSaid(BaseEvent):
    """All pauses of a child that a home knows; `measured_at` is when the last was recorded."""

    schema_: Literal["pauses/1"] = Field("pauses/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    pauses: tuple[SaidPause, ...] = Field(max_length=60, description="in the order of recording")


class Learned(Part):
    """What parents have learned before the first session at home."""

    topic: Id
    learned_on: date


class TrainingTold(BaseEvent):
    """All that a child's parents have learned; `measured_at` is when the last of it was noted at home."""

    schema_: Literal["training/1"] = Field("training/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    learned: tuple[Learned, ...] = Field(max_length=MAX_LEARNED)


class ProgramStepped(BaseEvent):
    """A rule took a step in a child's program at home, as the therapist let it; `measured_at` is when."""

    schema_: Literal["program_step/1"] = Field("program_step/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    version_id: Id
    valid_from: date
    because: str = Field("", max_length=2_000)
    by_hand: bool = Field(
        False, description="no rule did: the family asked for it by itself, before it joined the clinic"
    )
    program: dict[str, JsonValue] = Field(description="the whole program from then on")


class PicturePiece(BaseEvent):
    """A piece of a picture that a family shares with the therapist; `measured_at` is when it shared it.

    Without pieces it is taken back, at `measured_at`: what came of it is to be deleted.
    """

    schema_: Literal["picture/1"] = Field("picture/1", alias="schema")
    child_id: Id = Field(description="random pseudonymous id")
    picture_id: Id
    taken_on: date
    parts: int = Field(0, ge=0, le=MAX_PARTS, description="how many pieces there are; 0: it is taken back")
    part: int = Field(0, ge=0, le=MAX_PARTS, description="which piece this is, from 1")
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = Field(
        "", description="of the whole picture, a JPEG file"
    )
    data: str = Field("", max_length=MAX_PIECE_TEXT, description="base64 of the piece")


ForPeople = MessageWritten | PicturePiece | PausesSaid | TrainingTold | ProgramStepped
