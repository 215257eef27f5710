"""Telling the hub what a family did and how it went, and showing it before the store has it.

What was told takes a moment to the store: by the hub's outbox, a broker and ingest. Until then the page shows
it from the browser's own session, so that nobody presses a second time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar, cast
from uuid import UUID

import streamlit as st

from ..hub.errors import NotFound
from ..hub.records.said import ActivityDone, FeedbackGiven
from ..hub.records.strength import StrengthTested
from ..hub.stores.contract import ChildResults
from ..hub.stores.models import SessionPoint
from . import home_hub, viewer

_KEY: Final = "griphub_told"

Said = TypeVar("Said", ActivityDone, FeedbackGiven)


def tell(event: ActivityDone | FeedbackGiven) -> None:
    """Give the hub of this home what somebody did or said.

    Raises
    ------
    HubNotRunning
        If nobody answers; nothing was told then.
    ControlError
        If the hub does not take it.
    SetupError
        If the data folder has no room for a hub's socket.
    NotFound
        If the viewer has no such child.
    """
    if event.child_id not in {child.id for child in viewer.children()}:
        raise NotFound("child", event.child_id)
    home_hub.ask(lambda hub: hub.record(event))
    _told().append(event)


def results() -> "WithTold":
    """What the viewer may read, with what they told a moment ago."""
    return WithTold(viewer.results(), _told())


def _told() -> list[ActivityDone | FeedbackGiven]:
    return cast("list[ActivityDone | FeedbackGiven]", st.session_state.setdefault(_KEY, []))


class WithTold:
    """Results, with events that were told and that the store may not have yet.

    Parameters
    ----------
    stored : ChildResults
    told : list of ActivityDone or FeedbackGiven
        An event counts once, and leaves the list when it is seen in the store: from then on the store alone
        says what holds, also if somebody takes it back elsewhere.
    """

    def __init__(self, stored: ChildResults, told: list[ActivityDone | FeedbackGiven]) -> None:
        self._stored = stored
        self._told = told

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """As `Store.trend`."""
        return self._stored.trend(child_id, since=since, until=until)

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """As `Store.strength_tests`."""
        return self._stored.strength_tests(child_id, since=since, until=until)

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """As `Store.activities`."""
        stored = self._stored.activities(child_id, since=since, until=until)
        told = [one for one in self._told if isinstance(one, ActivityDone)]
        self._forget(one.event_id for one in stored)
        return _merged(stored, told, child_id, since, until)

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """As `Store.feedback`."""
        stored = self._stored.feedback(child_id, since=since, until=until)
        told = [one for one in self._told if isinstance(one, FeedbackGiven)]
        self._forget(one.event_id for one in stored)
        return _merged(stored, told, child_id, since, until)

    def _forget(self, arrived: Iterable[UUID]) -> None:
        there = frozenset(arrived)
        self._told[:] = [one for one in self._told if one.event_id not in there]


def _merged(
    stored: Sequence[Said],
    told: Sequence[Said],
    child_id: str,
    since: datetime | None,
    until: datetime | None,
) -> list[Said]:
    back: set[UUID | None] = {one.takes_back for one in told}
    found = {
        one.event_id: one
        for one in told
        if one.child_id == child_id
        and one.takes_back is None
        and (since is None or since <= one.measured_at)
        and (until is None or one.measured_at < until)
    }
    found |= {one.event_id: one for one in stored}
    return sorted(
        (one for event_id, one in found.items() if event_id not in back), key=lambda one: one.measured_at
    )
