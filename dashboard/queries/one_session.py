"""What the session's page asks: which sessions there are, where one was stopped, what compares with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ...hub.stores.contract import ChildResults
from ...hub.stores.models import SessionDetail, SessionPoint
from ..results import Results

#: How far back sessions are listed, and how far where somebody looks for an older one.
USUAL, FAR = timedelta(weeks=8), timedelta(days=366)
#: The end of an exercise is told to a hundredth of a minute.
_END_TOLERANCE_S = 1.0
#: Who or what ends an exercise early.
EARLY = ("pain", "child", "parent")


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody stopped an exercise within a session.

    Attributes
    ----------
    at_s : float
        Seconds since the session's start.
    by : str
        One of `EARLY`.
    face : int or None
        Of pain, 0 to 10; None: nobody asked, or it was not pain.
    """

    at_s: float
    by: str
    face: int | None = None


def recent(results: Results, child_id: str, now: datetime, *, far: bool = False) -> list[SessionPoint]:
    """Sessions of a child, the latest first."""
    return results.trend(child_id, since=now - (FAR if far else USUAL))[::-1]


def corrected(results: Results, session_ids: Iterable[UUID]) -> list[SessionDetail]:
    """Of some sessions, those that somebody corrected."""
    found = [results.session(session_id) for session_id in session_ids]
    return [detail for detail in found if detail and detail.point.recorded]


def stops(results: ChildResults, point: SessionPoint) -> list[Stop]:
    """Where in a session an exercise was stopped early, in order of time."""
    since, until = point.started_at - timedelta(hours=3), point.ended_at + timedelta(hours=3)
    faces = {
        said.measured_at: said.pain_after
        for said in results.feedback(point.child_id, since=since, until=until)
        if said.pain_after is not None
    }
    found = []
    for done in results.activities(point.child_id, since=since, until=until):
        if done.ended_by not in EARLY or point.session_id not in done.sessions or done.minutes is None:
            continue
        at_s = (done.measured_at - point.started_at).total_seconds() + 60 * done.minutes
        lasted_s = (point.ended_at - point.started_at).total_seconds()
        if 0 <= at_s <= lasted_s + _END_TOLERANCE_S:  # else it was in another session of the exercise
            face = faces.get(done.measured_at) if done.ended_by == "pain" else None
            found.append(Stop(min(at_s, lasted_s), done.ended_by, face))
    return sorted(found, key=lambda stop: stop.at_s)


def comparable(points: list[SessionPoint], point: SessionPoint) -> list[SessionPoint]:
    """Other sessions on whose axis this one can be drawn: measured in the same unit, and both real or not."""
    return [
        one
        for one in points
        if one.session_id != point.session_id and (one.unit, one.source) == (point.unit, point.source)
    ]


def differences(one: SessionPoint, other: SessionPoint) -> list[str]:
    """Which of tool, calibration, firmware and hand differ: heights are compared with care then."""
    same = {
        "tool": one.tool_id == other.tool_id,
        "calibration": one.calibration_id == other.calibration_id,
        "firmware": one.firmware == other.firmware,
        "hand": one.hand is other.hand,
    }
    return [name for name, holds in same.items() if not holds]


def first_onset_s(detail: SessionDetail) -> float:
    """Seconds from a session's start to its first squeeze; 0 where there is none."""
    return min((squeeze.onset_s for squeeze in detail.squeezes), default=0.0)


def arrived(results: Results, session_id: UUID, event_ids: set[UUID]) -> bool:
    """Whether corrections that were told are stored by now."""
    detail = results.session(session_id)
    return detail is not None and event_ids <= {one.event_id for one in detail.corrections}
