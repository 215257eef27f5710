"""What a hub keeps of an open session, to go on with it after it was killed."""

from dataclasses import dataclass, field
from math import isnan, nan
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from ...firmware_bridge.samples import ToolKind, Unit
from ...signal.untouched import QuietSecond
from ..records.ids import Id
from ..records.vocabulary import Hand, Purpose, Source


@dataclass(slots=True)
class SessionState:
    """All that a hub needs to go on with a session after it was killed."""

    site: Id
    hub: Id
    child_id: Id
    tool_id: Id
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit
    goal: int
    boot_id: int  #: life of the tool: in another one its index starts from zero
    started_s: float  #: Unix time of the first sample
    first_s: float  #: time of the first sample on the tool's clock
    first_index: int
    end_index: int
    end_s: float  #: time of the latest sample on the tool's clock
    session_id: UUID = field(default_factory=uuid4)
    counts: bool = True
    stored: bool = False
    time_known: bool = True
    time_within_s: float | None = None
    firmware: str = ""
    calibration_id: str | None = None
    calibration_overdue: bool = False
    end_utc_s: float = nan  #: Unix time of the latest sample
    clock_step_s: float = 0.0  #: the host's clock was set forward by so much since the session began
    received: int = 0
    lost: int = 0
    doubtful: int = 0
    peaks: list[float] = field(default_factory=list)
    purpose: Purpose = Purpose.EXERCISE
    loss_known: bool = True
    usual_peak: float | None = None  #: of the child's earlier sessions with this tool
    clipped: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  #: doubtful squeezes by reason
    quiet_before: QuietSecond | None = None  #: the first second in which nobody touched the tool
    quiet_after: QuietSecond | None = None  #: the latest one since the last squeeze

    def __post_init__(self) -> None:
        if isnan(self.end_utc_s):
            self.end_utc_s = self.started_s + self.end_s - self.first_s

    def to_json(self) -> str:
        """Text for the outbox."""
        return _STATE.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> "SessionState":
        """Read what `to_json` wrote, by an older version too; raises pydantic's ValidationError."""
        return _STATE.validate_json(text)


_STATE = TypeAdapter(SessionState)

#: What every event of a session repeats, and what its beginning and its end add.
WHOSE = ("session_id", "site", "hub", "child_id", "tool_id", "tool_kind", "hand", "source", "unit")
ABOUT = (
    *WHOSE, "goal", "counts", "stored", "time_known", "time_within_s",
    "firmware", "calibration_id", "calibration_overdue", "purpose",
)  # fmt: skip
