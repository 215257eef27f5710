"""Ids of events and of what they speak of: the same thing told again has the same one."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field

#: Ids travel in topics, subjects and tags: nothing that means something to a broker or a store.
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]

#: Fixed namespace of event ids: the same squeeze of the same session always gets the same id.
EVENT_NAMESPACE = UUID("5b0f8a52-6f0e-4d43-9a57-3b1a6f1c2e70")


def event_id(session_id: UUID, what: str) -> UUID:
    """Id of an event from what it tells, so that telling it again is recognised.

    Examples
    --------
    >>> event_id(UUID(int=1), "squeeze:120") == event_id(UUID(int=1), "squeeze:120")
    True
    """
    return uuid5(EVENT_NAMESPACE, f"{session_id}:{what}")


def status_id(hub: str, tool_id: str, at: datetime) -> UUID:
    """Id of what a hub tells of a tool at a time."""
    return uuid5(EVENT_NAMESPACE, f"{hub}:{tool_id}:{at.astimezone(UTC).isoformat()}")


def stored_session_id(tool_id: str, boot_id: int, first_index: int) -> UUID:
    """Id of a session that a tool hands over, the same however often it does."""
    return uuid5(EVENT_NAMESPACE, f"{tool_id}:{boot_id}:{first_index}")
