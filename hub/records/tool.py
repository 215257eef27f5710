"""How a tool is."""

from typing import Literal

from pydantic import AwareDatetime, Field

from ...firmware_bridge.link_state import LinkPhase
from ...firmware_bridge.samples import ToolKind
from .base import BaseEvent
from .ids import Id
from .vocabulary import Source


class ToolSeen(BaseEvent):
    """How a tool is: told when it changes, and every some minutes while it streams. No word of a child."""

    schema_: Literal["tool_status/1"] = Field("tool_status/1", alias="schema")
    tool_id: Id
    source: Source = Source.REAL
    tool_kind: ToolKind | None = Field(None, description="null: it was never connected since the hub began")
    link: LinkPhase
    seen_at: AwareDatetime | None = Field(None, description="when it was last heard; null: not yet")
    battery_percent: int | None = Field(None, ge=0, le=100)
    rssi_dbm: int | None = Field(None, ge=-127, le=20)
    firmware: str = Field("", max_length=100)
    rate_hz: float | None = Field(None, ge=0, description="nominal; 0: uneven, or it does not say")
