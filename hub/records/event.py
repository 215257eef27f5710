"""Any event, and how it is written to its payload and read from it."""

import re
from typing import Annotated, Final, get_args
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from ..errors import PayloadError
from .base import MAX_REASON
from .post import ForPeople
from .said import ActivityDone, FeedbackGiven, SessionCorrected
from .session import SessionEnded, SessionStarted, SqueezeCounted, WaveformSecond
from .strength import StrengthTested
from .tool import ToolSeen

#: What the stores keep.
Result = (
    SessionStarted
    | SqueezeCounted
    | WaveformSecond
    | SessionEnded
    | StrengthTested
    | ActivityDone
    | FeedbackGiven
    | SessionCorrected
    | ToolSeen
)
#: All that travels.
Event = Result | ForPeople

#: Schemas that this version reads.
SCHEMAS: Final = frozenset(str(kind.model_fields["schema_"].default) for kind in get_args(Event))

_SCHEMA: Final = re.compile(r"[a-z_]{1,40}/[0-9]{1,4}\Z")
_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="schema_")])


class Header(BaseModel):
    """What an event of any version, also of one to come, says of itself in the same place."""

    event_id: UUID
    schema_: JsonValue = Field(None, alias="schema")
    site: JsonValue = None
    hub: JsonValue = None

    @property
    def is_ours(self) -> bool:
        """Whether it names a schema as we do: then some version may be able to read the rest."""
        return isinstance(self.schema_, str) and bool(_SCHEMA.match(self.schema_))


def header(payload: bytes) -> Header | None:
    """What an event says of itself; None where that is no event of any version."""
    try:
        return Header.model_validate_json(payload)
    except ValidationError:
        return None


def encode(event: Event) -> bytes:
    """JSON payload of an event."""
    return event.model_dump_json(by_alias=True).encode()


def decode(payload: bytes) -> Event:
    """Read a payload.

    Raises
    ------
    PayloadError
        If it is no JSON, of an unknown schema, or breaks the schema; names the first offending field.
        Has an `event_id` if a later version may be able to read it.
    """
    try:
        return _ADAPTER.validate_json(payload)
    except ValidationError as error:
        known = header(payload)
        if known and known.is_ours and known.schema_ not in SCHEMAS:
            reason = f"schema {known.schema_} is not known to this version; update GripHub here"
        else:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "payload"
            reason = f"{where}: {first['msg']}"[:MAX_REASON]
        raise PayloadError(reason, event_id=known.event_id if known and known.is_ours else None) from None
