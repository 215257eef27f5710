"""Read models out of what a store finds, the same for every store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from ...firmware_bridge.samples import FloatArray
from ..errors import PayloadError, StoreError
from ..records.said import ActivityDone, FeedbackGiven
from ..records.session import SessionEnded
from ..records.strength import StrengthTested
from ..records.vocabulary import Source
from ..waveform import decode_samples
from .models import CaseloadEntry, SessionLine, SessionPoint

Said = TypeVar("Said", ActivityDone, FeedbackGiven)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    sessions, tests = _by_child(rows.sessions), _by_child(rows.tests)
    activities, feedback = _by_child(rows.activities), _by_child(rows.feedback)
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


class _OfChild(Protocol):
    @property
    def child_id(self) -> str: ...


Of = TypeVar("Of", bound=_OfChild)


def _by_child(rows: Iterable[Of]) -> defaultdict[str, list[Of]]:
    found: defaultdict[str, list[Of]] = defaultdict(list)
    for row in rows:
        found[row.child_id].append(row)
    return found


def line_of(point: SessionPoint) -> SessionLine:
    """A session as a caseload has it."""
    return SessionLine(*(getattr(point, field) for field in SessionLine._fields))


def standing(events: Iterable[Said]) -> list[Said]:
    """What was said and not taken back, oldest first."""
    said = {event.event_id: event for event in events}
    gone = {event.takes_back for event in said.values() if event.takes_back}
    left = [event for event in said.values() if not event.takes_back and event.event_id not in gone]
    return sorted(left, key=lambda event: (event.measured_at, str(event.event_id)))


def to_us(at: datetime) -> int:
    """Microseconds since 1970, exactly; a float of seconds would round them."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Inverse of `to_us`, in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def step_us(ended: SessionEnded) -> int:
    """By how much the hub's clock was set while a session ran, which its times as told lack."""
    return round(ended.clock_step_s * 1e6)
