"""What every store can do, and the read models that the dashboard shows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import numpy as np

from ...firmware_bridge.samples import FloatArray, ToolKind, Unit
from ..errors import PayloadError, StoreError
from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven, SessionCorrected
from ..records.session import SessionEnded, SessionQuality, SqueezeCounted
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from ..records.vocabulary import Hand, Purpose, Source
from ..waveform import decode_samples


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


class ChildResults(Protocol):
    """What can be read of one child: of a whole store, or of that part of it which somebody may see."""

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """Ended sessions of a child that started in ``[since, until)``, oldest first; both sources."""

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """Strength tests of a child that began in ``[since, until)``, oldest first; both sources."""

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """What a child did in ``[since, until)`` and nobody took back, oldest first; both sources."""

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """What was said of a child in ``[since, until)`` and not taken back, oldest first; both sources."""


class AllResults(ChildResults, Protocol):
    """What can be read of all children whose results somebody may see."""

    def children(self) -> list[ChildOverview]:
        """All children with at least one ended session, most recent first."""

    def session(self, session_id: UUID) -> SessionDetail | None:
        """One ended session, or None if there is none of that id."""


class Store(AllResults, Protocol):
    """A place for results. Thread-safe for readers; one writer.

    Every method raises `StoreError` when the place does not answer, and nothing else.
    """

    @property
    def name(self) -> str:
        """What to call it in messages."""

    def write(self, events: Sequence[Result]) -> None:
        """Store events durably, in any order. Writing the same event again changes nothing.

        A `StoreError` that is not retryable means that an event among these is at fault, and that the
        others would be taken without it; some of them may have been.
        """

    def tools(self) -> list[ToolSeen]:
        """The latest that is known of every tool, by id."""

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """Many children at once, each once, in the order given.

        Parameters
        ----------
        since, until : datetime
            The range ``[since, until)`` that sessions, activities and feedback are taken from.
        tests_since : datetime
            Where the range of strength tests begins, which are months apart.
        """

    def forget_waveforms(self, now: datetime) -> int:
        """Delete a small step of the waveforms that are older than they are kept; results stay.

        Returns
        -------
        int
            How many pieces went; 0 when there is nothing left to do.
        """

    def count_child(self, child_id: str) -> dict[str, int]:
        """How much there is of a child, by kind; kinds of which there is nothing are left out."""

    def erase_child(self, child_id: str) -> None:
        """Delete everything of a child, so that no bytes of it stay in our own files."""

    def squeeze_ids(self, session_id: UUID) -> set[UUID]:
        """Event ids of the squeezes stored for a session, ended or not."""

    def close(self) -> None:
        """Let go of files and connections."""


def join_waveform(store: str, seconds: Iterable[tuple[float, str]]) -> tuple[FloatArray, FloatArray]:
    """Put a session's waveform together.

    Parameters
    ----------
    store : str
        Where it comes from, for the message.
    seconds : iterable of (start_s, data)
        What `WaveformSecond` events held, in order of their samples.

    Returns
    -------
    t_s, values : ndarray, shape (n,)
        As in `SessionDetail`.

    Raises
    ------
    StoreError
        If what comes out is not what went in.
    """
    try:
        parts = [(start_s, *decode_samples(data)) for start_s, data in seconds]
    except PayloadError as error:
        raise StoreError(
            store, f"a stored waveform is damaged: {error.reason}", "Restore it from a backup."
        ) from error
    if not parts:
        return np.empty(0), np.empty(0)
    return np.concatenate([start_s + t_s for start_s, t_s, _ in parts]), np.concatenate(
        [v for _, _, v in parts]
    )


class CaseloadRows(NamedTuple):
    """What a store has to find for a caseload, each in any order; `caseload_of` makes the entries."""

    last: Mapping[tuple[str, Source], datetime]  #: by child and source
    sessions: Iterable[SessionLine]
    tests: Iterable[StrengthTested]
    activities: Iterable[ActivityDone]
    feedback: Iterable[FeedbackGiven]


def caseload_of(child_ids: Sequence[str], rows: CaseloadRows) -> list[CaseloadEntry]:
    """Put a caseload together."""
    last: dict[str, dict[Source, datetime]] = defaultdict(dict)
    for (child_id, source), at in rows.last.items():
        last[child_id][source] = at
    sessions: dict[str, list[SessionLine]] = defaultdict(list)
    for line in rows.sessions:
        sessions[line.child_id].append(line)
    tests: dict[str, list[StrengthTested]] = defaultdict(list)
    for test in rows.tests:
        tests[test.child_id].append(test)
    activities: dict[str, list[ActivityDone]] = defaultdict(list)
    for done in rows.activities:
        activities[done.child_id].append(done)
    feedback: dict[str, list[FeedbackGiven]] = defaultdict(list)
    for said in rows.feedback:
        feedback[said.child_id].append(said)
    return [
        CaseloadEntry(
            child_id,
            last[child_id],
            tuple(sorted(sessions[child_id], key=lambda line: (line.started_at, str(line.session_id)))),
            tuple(sorted(tests[child_id], key=lambda test: (test.measured_at, str(test.event_id)))),
            tuple(standing(activities[child_id])),
            tuple(standing(feedback[child_id])),
        )
        for child_id in dict.fromkeys(child_ids)
    ]


def line_of(point: SessionPoint) -> SessionLine:
    """A session as a caseload has it."""
    return SessionLine(*(getattr(point, field) for field in SessionLine._fields))


Said = TypeVar("Said", ActivityDone, FeedbackGiven)


def standing(events: Iterable[Said]) -> list[Said]:
    """What was said and not taken back, oldest first."""
    said = {event.event_id: event for event in events}
    gone = {event.takes_back for event in said.values() if event.takes_back}
    left = [event for event in said.values() if not event.takes_back and event.event_id not in gone]
    return sorted(left, key=lambda event: (event.measured_at, str(event.event_id)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(at: datetime) -> int:
    """Microseconds since 1970, exactly; a float of seconds would round them."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Inverse of `to_us`, in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def step_us(ended: SessionEnded) -> int:
    """By how much the hub's clock was set while a session ran, which its times as told lack."""
    return round(ended.clock_step_s * 1e6)
