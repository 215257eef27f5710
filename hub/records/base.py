"""What events share."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ...firmware_bridge.samples import ToolKind, Unit
from .ids import Id
from .vocabulary import Hand, Source

#: A reason is for reading: a message of 64 kB could otherwise be repeated in it.
MAX_REASON: Final = 300

#: Characters of what somebody wrote: a long paragraph, and far from the broker's longest message.
MAX_OBSERVATION: Final = 2_000


class BaseEvent(BaseModel):
    """What all events share."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    event_id: UUID
    measured_at: AwareDatetime = Field(description="UTC time of measurement, never of arrival")
    site: Id
    hub: Id

    def topic(self) -> str:
        """MQTT topic of this event."""
        kind = self.schema_.split("/")[0]  # type: ignore[attr-defined]
        return f"griphub/v1/{self.site}/{self.hub}/event/{kind}"


class MeasuredEvent(BaseEvent):
    """What events share that a tool measured of a child in a session."""

    session_id: UUID
    child_id: Id = Field(description="random pseudonymous id")
    tool_id: Id
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit


class SaidEvent(BaseEvent):
    """What events share that somebody said of a child; `measured_at` is when it was so, not when it was said.

    An event is never changed. One that was a mistake is taken back by another one of its kind.
    """

    child_id: Id = Field(description="random pseudonymous id")
    source: Source = Source.REAL
    session_id: UUID | None = Field(None, description="of the session that it belongs to")
    day: date | None = Field(None, description="the family's day of it, on their own clock")
    takes_back: UUID | None = Field(
        None,
        description="`event_id` of the event that does not hold any more, with the same `measured_at`; "
        "this one only says so",
    )


class Part(BaseModel):
    """A group of an event's fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
