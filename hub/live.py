"""What the live page is told: fire-and-forget frames beside the durable events."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ..firmware_bridge.samples import ToolKind, Unit
from .records import Hand, Id, Source

#: MQTT topic filter of all live frames.
LIVE_FILTER = "griphub/v1/+/+/live/+"


class LiveFrame(BaseModel):
    """A few samples of a running session, or news of its state. Sent at QoS 0: a lost one is not repeated.

    `t_s` and `values` have one length (0 when only the state changed). NaN readings are null.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_: Literal["live/1"] = Field("live/1", alias="schema")
    site: Id
    hub: Id
    tool_id: Id
    tool_kind: ToolKind
    child_id: Id
    hand: Hand
    source: Source
    unit: Unit
    session_id: UUID
    state: Literal["streaming", "link_lost", "ended"] = "streaming"
    t_s: tuple[float, ...] = ()  #: seconds since the session's start
    values: tuple[float | None, ...] = ()
    count: int = 0  #: squeezes counted and committed
    goal: int = 0  #: squeezes asked for; 0 where none were
    best: float | None = None  #: highest counted peak so far, above rest
    rest: float = 0.0  #: level of the resting hand
    counted_at_s: float | None = None  #: Unix time of the last count's commit, to measure delay
    sent_at_s: float = 0.0  #: Unix time of sending

    def topic(self) -> str:
        """MQTT topic of this frame."""
        return f"griphub/v1/{self.site}/{self.hub}/live/{self.tool_id}"
