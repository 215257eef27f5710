"""Mending a session afterwards: the wrong child or hand, a squeeze too many or too few, as events.

What was told is never changed; `hub.stores.corrections` says what holds with these.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID, uuid4

import numpy as np

from ..config import Config
from ..errors import FieldError, NotFound
from ..records.said import ActivityDone, AddedSqueeze, FeedbackGiven, SessionCorrected
from ..records.session import SqueezeCounted
from ..records.vocabulary import Hand, Person
from ..stores.contract import ChildResults, Store
from ..stores.models import SessionDetail, SessionPoint

Said = TypeVar("Said", ActivityDone, FeedbackGiven)

#: Fewer samples are no squeeze that anybody could have seen.
_FEWEST_SAMPLES = 3


class Mender:
    """Makes the corrections of one session, in somebody's name.

    Parameters
    ----------
    detail : SessionDetail
        As the store has it now.
    by : Person
        Who says so.
    reason : str
        Why, in a sentence for whoever reads it later.
    now : datetime
        UTC.
    account : str, optional
        Pseudonymous id of who signed in.
    """

    def __init__(
        self,
        config: Config,
        detail: SessionDetail,
        *,
        by: Person,
        reason: str,
        now: datetime,
        account: str | None = None,
    ) -> None:
        reason = " ".join(reason.split())
        if not reason:
            raise FieldError("reason", "is empty", "Say in a sentence why; it is shown beside the session.")
        self._config = config
        self._detail = detail
        self._same: dict[str, Any] = {
            "by": by,
            "reason": reason[:300],
            "corrected_at": now,
            "account": account,
        }

    def reassign(self, child_id: str | None = None, hand: Hand | None = None) -> SessionCorrected:
        """Give the session to another child, or hand, or both.

        Raises
        ------
        FieldError
            If it is theirs already.
        """
        point = self._detail.point
        if (child_id or point.child_id, hand or point.hand) == (point.child_id, point.hand):
            raise FieldError("session", "is of that child and hand already", "Nothing is left to do.")
        return self._correction(to_child=child_id, to_hand=hand)

    def judge(self, number: int, verdict: Literal["removed", "restored", "doubtful"]) -> SessionCorrected:
        """Say that a squeeze was none, was one after all, or is doubtful.

        Parameters
        ----------
        number : int
            Its count within the session.

        Raises
        ------
        NotFound
            If the session has no such squeeze.
        """
        return self._correction(squeeze_id=self._squeeze(number).event_id, verdict=verdict)

    def add(self, onset_s: float, offset_s: float) -> SessionCorrected:
        """Add a squeeze that nobody counted, measured on the session's waveform.

        Parameters
        ----------
        onset_s, offset_s : float
            Seconds since the session's start, between which it lies.

        Raises
        ------
        FieldError
            If there is no rise of force between them.
        """
        t_s, values = self._detail.t_s, self._detail.values
        inside = (t_s >= onset_s) & (t_s <= offset_s) & np.isfinite(values)
        t_s, values = t_s[inside], values[inside]
        if len(values) < _FEWEST_SAMPLES:
            raise FieldError(
                "add",
                "from {onset} to {offset} s nothing was measured",
                "Look again.",
                onset=round(onset_s, 2),
                offset=round(offset_s, 2),
            )
        rest = float(min(values[0], values[-1]))
        top = int(values.argmax())
        if not values[top] > rest:
            raise FieldError(
                "add",
                "from {onset} to {offset} s there is no squeeze",
                "Look again.",
                onset=round(onset_s, 2),
                offset=round(offset_s, 2),
            )
        return self._correction(
            added=AddedSqueeze(
                onset_s=float(t_s[0]),
                peak_s=float(t_s[top]),
                offset_s=float(t_s[-1]),
                peak=float(values[top]) - rest,
                rest=rest,
                impulse=float(np.trapezoid(values - rest, t_s)),
            )
        )

    def _squeeze(self, number: int) -> SqueezeCounted:
        for squeeze in (*self._detail.squeezes, *self._detail.set_aside):
            if squeeze.number == number:
                return squeeze
        raise NotFound("squeeze", str(number))

    def _correction(self, **what: Any) -> SessionCorrected:
        point = self._detail.point
        return SessionCorrected(
            event_id=uuid4(),
            measured_at=point.started_at,
            site=self._config.site,
            hub=self._config.hub,
            session_id=point.session_id,
            child_id=point.recorded.child_id if point.recorded else point.child_id,
            source=point.source,
            **self._same,
            **what,
        )


def what_moves_along(
    store: ChildResults, point: SessionPoint, child_id: str, hand: Hand
) -> Iterator[ActivityDone | FeedbackGiven]:
    """Tell anew, of the right child, what was told of the session as the wrong one's; take the rest back.

    An exercise that was led over several sessions moves only with all of them: it stays.
    """
    for done in store.activities(point.child_id):
        if done.sessions and set(done.sessions) == {point.session_id}:
            yield _taken_back(done)
            moved = {"event_id": uuid4(), "child_id": child_id, "hand": hand if done.hand else None}
            yield done.model_copy(update=moved)
    for said in store.feedback(point.child_id):
        if said.session_id == point.session_id and child_id != point.child_id:
            yield _taken_back(said)
            yield said.model_copy(update={"event_id": uuid4(), "child_id": child_id})


def session_of(store: Store, wanted: str) -> SessionDetail:
    """The session of an id, or of the beginning of one.

    Raises
    ------
    NotFound
        If there is none, or more than one.
    """
    try:
        found = {UUID(wanted)}
    except ValueError:
        points = (point for child in store.children() for point in store.trend(child.child_id))
        found = {point.session_id for point in points if str(point.session_id).startswith(wanted.lower())}
    if len(found) == 1 and (detail := store.session(found.pop())) is not None:
        return detail
    raise NotFound("session", wanted)


def _taken_back(event: Said) -> Said:
    return event.model_copy(update={"event_id": uuid4(), "takes_back": event.event_id})
