"""The store as one viewer may read it: only of the children whom they may see."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from ..hub.errors import NotFound
from ..hub.records.said import ActivityDone, FeedbackGiven
from ..hub.records.strength import StrengthTested
from ..hub.records.tool import ToolSeen
from ..hub.records.vocabulary import Source
from ..hub.stores.contract import Store
from ..hub.stores.models import CaseloadEntry, ChildOverview, SessionDetail, SessionPoint


class SimulatedResults:
    """What simulated tools measured, of whomever: it is nobody's health, and an admin may see it.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def sessions(self, tool_ids: Collection[str], since: datetime) -> list[SessionPoint]:
        """Ended sessions of these tools, oldest first."""
        found = [
            point
            for child_id in {child.child_id for child in self._store.children()}
            for point in self._store.trend(child_id, since=since)
            if point.source is Source.SIMULATED and point.tool_id in tool_ids
        ]
        return sorted(found, key=lambda point: point.started_at)

    def session(self, session_id: UUID) -> SessionDetail | None:
        """As `Store.session`; one that a hand squeezed is as if it did not exist."""
        detail = self._store.session(session_id)
        return detail if detail and detail.point.source is Source.SIMULATED else None


class Results:
    """What `Store` reads, of these children and of nobody else.

    Asked for another child's, every method says that there is no such child: that somebody else's exists is
    not told. Errors of the store pass through.

    Parameters
    ----------
    store : Store
    children : collection of str
        Ids of the children whose results may be read.
    """

    def __init__(self, store: Store, children: Sequence[str]) -> None:
        self._store = store
        self._children = frozenset(children)

    def _own(self, child_id: str) -> str:
        if child_id not in self._children:
            raise NotFound("child", child_id)
        return child_id

    def children(self) -> list[ChildOverview]:
        """As `Store.children`."""
        return [one for one in self._store.children() if one.child_id in self._children]

    def trend(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[SessionPoint]:
        """As `Store.trend`."""
        return self._store.trend(self._own(child_id), since=since, until=until)

    def session(self, session_id: UUID) -> SessionDetail | None:
        """As `Store.session`; another child's is as if it did not exist."""
        detail = self._store.session(session_id)
        return detail if detail and detail.point.child_id in self._children else None

    def strength_tests(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[StrengthTested]:
        """As `Store.strength_tests`."""
        return self._store.strength_tests(self._own(child_id), since=since, until=until)

    def activities(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[ActivityDone]:
        """As `Store.activities`."""
        return self._store.activities(self._own(child_id), since=since, until=until)

    def feedback(
        self, child_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[FeedbackGiven]:
        """As `Store.feedback`."""
        return self._store.feedback(self._own(child_id), since=since, until=until)

    def caseload(
        self, child_ids: Sequence[str], *, since: datetime, until: datetime, tests_since: datetime
    ) -> list[CaseloadEntry]:
        """As `Store.caseload`."""
        own = [self._own(child_id) for child_id in child_ids]
        return self._store.caseload(own, since=since, until=until, tests_since=tests_since)

    def tools(self, tool_ids: Collection[str] | None = None) -> list[ToolSeen]:
        """Of `Store.tools` those that are asked for, or all: a tool's state says nothing of a child."""
        return [tool for tool in self._store.tools() if tool_ids is None or tool.tool_id in tool_ids]
