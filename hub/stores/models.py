"""Read models: what a store tells of sessions and children, and the dashboard shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ...firmware_bridge.samples import FloatArray, ToolKind, Unit
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import SessionQuality, SqueezeCounted
from ..records.strength import StrengthTested
from ..records.vocabulary import Hand, Purpose, Source


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was told of a session, before somebody corrected it."""

    child_id: str
    hand: Hand
    squeezes: int
    doubtful: int
    peak: float | None
    median_peak: float | None


@dataclass(frozen=True, slots=True)
class SessionPoint:
    """One session as a point of a trend; what its fields mean is in `SessionStarted` and `SessionEnded`."""

    session_id: UUID
    child_id: str
    tool_id: str
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit
    started_at: datetime
    ended_at: datetime
    ended_by: str
    goal: int
    squeezes: int
    doubtful: int
    peak: float | None
    median_peak: float | None
    received: int
    lost: int
    first_index: int
    end_index: int
    counts: bool = True
    stored: bool = False
    time_known: bool = True
    firmware: str = ""
    calibration_id: str | None = None
    calibration_overdue: bool = False
    purpose: Purpose = Purpose.EXERCISE
    quality: SessionQuality | None = None
    recorded: Recorded | None = None  #: None: nobody corrected it
    clock_step_s: float = 0.0  #: is in the session's times already; without it they are as they were told


@dataclass(frozen=True, slots=True, eq=False)
class SessionDetail:
    """A session with its counted squeezes and its waveform.

    `t_s` and `values` have shape (n,): seconds since the session's start, and samples in the session's
    unit. Where samples were lost there is a jump in `t_s`, never a made-up value. `set_aside` are squeezes
    that were counted and that somebody said were none; `corrections` are by whom and why, oldest first.
    """

    point: SessionPoint
    squeezes: tuple[SqueezeCounted, ...]
    t_s: FloatArray
    values: FloatArray
    set_aside: tuple[SqueezeCounted, ...] = ()
    corrections: tuple[SessionCorrected, ...] = ()


@dataclass(frozen=True, slots=True)
class ChildOverview:
    """What a store holds of one child and one source."""

    child_id: str
    source: Source
    sessions: int
    squeezes: int
    last_session_at: datetime | None


class SessionLine(NamedTuple):
    """An ended session where many children are read at once: a `SessionPoint` with fewer fields."""

    session_id: UUID
    child_id: str
    tool_id: str
    tool_kind: ToolKind
    hand: Hand
    source: Source
    unit: Unit
    started_at: datetime
    squeezes: int
    peak: float | None
    firmware: str
    calibration_id: str | None
    time_known: bool
    purpose: Purpose


#: What a trend and a program are read from.
Session = SessionPoint | SessionLine


@dataclass(frozen=True, slots=True)
class CaseloadEntry:
    """What is stored of a child of a caseload; both sources, each list oldest first.

    Attributes
    ----------
    last : mapping of Source to datetime
        When the latest ended session before the range's end began, also long before the range.
    sessions : tuple of SessionLine
    tests : tuple of StrengthTested
        From the range's own, earlier beginning.
    activities, feedback : tuple
        What was not taken back.
    """

    child_id: str
    last: Mapping[Source, datetime]
    sessions: tuple[SessionLine, ...]
    tests: tuple[StrengthTested, ...]
    activities: tuple[ActivityDone, ...]
    feedback: tuple[FeedbackGiven, ...]
