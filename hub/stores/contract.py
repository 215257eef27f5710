"""What every store can do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ..records.event import Result
from ..records.said import ActivityDone, FeedbackGiven
from ..records.strength import StrengthTested
from ..records.tool import ToolSeen
from .models import CaseloadEntry, ChildOverview, SessionDetail, SessionPoint


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
