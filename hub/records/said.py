"""What people said: what was done, how it went, and that a session was not as it was told."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from .base import MAX_OBSERVATION, MAX_REASON, BaseEvent, Part, SaidEvent
from .ids import Id
from .vocabulary import Evidence, Hand, Person, Source


class ActivityDone(SaidEvent):
    """An item of the program that was done: dough that was kneaded, or squeezes that a tool counted."""

    schema_: Literal["activity_done/1"] = Field("activity_done/1", alias="schema")
    item_id: Id = Field(description="of the program's item; of what nobody asked for, the activity")
    activity_id: Id | None = Field(None, description="of the activity library; null: not said")
    evidence: Evidence
    hand: Hand | None = None
    minutes: float | None = Field(None, ge=0, le=1440)
    minutes_asked: float | None = Field(None, ge=0, le=1440)
    sets: int | None = Field(None, ge=0, le=1000)
    sets_asked: int | None = Field(None, ge=0, le=1000)
    reps: int | None = Field(None, ge=0, le=100_000, description="of all sets together, as `reps_asked`")
    reps_asked: int | None = Field(None, ge=0, le=100_000)
    hits: int | None = Field(
        None, ge=0, le=100_000, description="reps in the zone for as long as asked; null: there was no zone"
    )
    ended_by: str = Field("", max_length=24, description="done, enough, pain, child, parent or left")
    gap_s: float | None = Field(
        None, ge=0, description="how long a tool was out of reach; null: no tool counted"
    )
    sessions: tuple[UUID, ...] = Field((), max_length=100, description="in which a tool counted it")
    helped_by: Person | None = Field(None, description="null: nobody, or not said")


class FeedbackGiven(SaidEvent):
    """How it went, as a child or a grown-up said. Scales run from 0, none, to 10, the most there is."""

    schema_: Literal["feedback/1"] = Field("feedback/1", alias="schema")
    said_by: Person | None = None
    pain_before: int | None = Field(None, ge=0, le=10, description="faces: 0, 2, 4, 6, 8 or 10")
    pain_after: int | None = Field(None, ge=0, le=10)
    effort: int | None = Field(None, ge=0, le=10)
    enjoyment: int | None = Field(None, ge=0, le=10)
    participation: int | None = Field(None, ge=0, le=10)
    confidence: int | None = Field(None, ge=0, le=10, description="the parent's, to do it again alone")
    observation: str = Field("", max_length=MAX_OBSERVATION)
    photo: Id | None = Field(
        None, description="name of a picture; it comes as `picture/1` where the family shares it"
    )


class AddedSqueeze(Part):
    """A squeeze that nobody counted and somebody saw, measured where they pointed; as in `SqueezeCounted`."""

    onset_s: float
    peak_s: float
    offset_s: float
    peak: float
    rest: float
    impulse: float


class SessionCorrected(BaseEvent):
    """Somebody said that a session was not as it was told. What was told stays; this one goes with it.

    `measured_at` is the session's start. Of two that contradict each other the one that was made later
    holds; one that gives a session back, or restores a squeeze, undoes an earlier one.
    """

    schema_: Literal["correction/1"] = Field("correction/1", alias="schema")
    session_id: UUID
    child_id: Id = Field(description="whose it was recorded as")
    source: Source = Source.REAL
    corrected_at: AwareDatetime
    by: Person | None = Field(None, description="who said so: a role, never a name")
    account: Id | None = Field(None, description="pseudonymous id of their account; null: at the hub itself")
    reason: str = Field("", max_length=MAX_REASON)
    to_child: Id | None = Field(None, description="whose it is; null: this is not about it, as below")
    to_hand: Hand | None = None
    squeeze_id: UUID | None = Field(None, description="`event_id` of the squeeze that `verdict` is about")
    verdict: Literal["", "removed", "restored", "doubtful"] = ""
    added: AddedSqueeze | None = Field(None, description="its `event_id` is that of this correction")


#: What somebody states at a hub or a clinic.
Statement = ActivityDone | FeedbackGiven | SessionCorrected
