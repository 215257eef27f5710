"""Which program held on which day, and when it was paused. Nothing here is ever changed or deleted.

A version holds from a day on until the next one. A pause is a record; another record may take its place, and
the first one stays readable. So it can always be said what was asked on a day, and what was known when.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from .errors import ProgramError
from .prescription import Program

DAY = timedelta(days=1)


class PauseReason(StrEnum):
    """Why a program rests."""

    ILLNESS = "illness"
    HOLIDAY = "holiday"
    APPOINTMENT = "appointment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Version:
    """A program as it was prescribed.

    Attributes
    ----------
    number : int
        From 1, in the order of recording.
    program : Program or None
        None: from that day on nothing is asked.
    valid_from : date
        The family's day.
    recorded_at : datetime
        UTC.
    by : str
        Account id of who prescribed it; ``progression`` for a rule that the therapist set to act by itself.
    because : str
        In words; empty where nobody gave a reason.
    """

    number: int
    program: Program | None
    valid_from: date
    recorded_at: datetime
    by: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which nothing is missed.

    Attributes
    ----------
    until : date or None
        Last day; None while nobody knows.
    replaces : UUID or None
        The record that this one corrects.
    withdrawn : bool
        The corrected record is void, and nothing takes its place.
    """

    pause_id: UUID
    since: date
    until: date | None
    reason: PauseReason
    recorded_at: datetime
    by: str
    note: str = ""
    replaces: UUID | None = None
    withdrawn: bool = False

    def covers(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.since <= day and (self.until is None or day <= self.until)


class History:
    """All versions and pauses of a child's program.

    Parameters
    ----------
    versions, pauses : iterable
        In any order; all that was ever recorded.
    """

    def __init__(self, versions: Iterable[Version] = (), pauses: Iterable[Pause] = ()) -> None:
        self.versions: Sequence[Version] = sorted(versions, key=lambda version: version.number)
        self.records: Sequence[Pause] = sorted(pauses, key=lambda pause: pause.recorded_at)

    def on(self, day: date, *, known_at: datetime | None = None) -> Version | None:
        """The version that held on a day; None before the first one.

        Parameters
        ----------
        known_at : datetime, optional
            As it was known then.
        """
        held = [
            version
            for version in self.versions
            if version.valid_from <= day and (known_at is None or version.recorded_at <= known_at)
        ]
        # by when it was said, not by when it came: a home and its clinic must agree which is the later one
        return max(held, key=lambda one: (one.valid_from, one.recorded_at, one.number), default=None)

    def program(self, day: date) -> Program | None:
        """What was asked on a day; None where nothing was."""
        version = self.on(day)
        return version.program if version else None

    @cached_property
    def pauses(self) -> list[Pause]:
        """The pauses that hold, oldest first: without those that were corrected or withdrawn."""
        replaced = {record.replaces for record in self.records}
        valid = [p for p in self.records if p.pause_id not in replaced and not p.withdrawn]
        return sorted(valid, key=lambda pause: pause.since)

    def paused(self, day: date) -> Pause | None:
        """The pause that covers a day."""
        return next((pause for pause in self.pauses if pause.covers(day)), None)

    def check_version(self, valid_from: date, today: date) -> None:
        """Raise `ProgramError` if a version from that day on would change what was asked on days gone by."""
        if self.versions and valid_from < today:
            raise ProgramError(
                "from",
                "{valid_from} is over, and what was asked on it cannot be changed",
                "Let it begin today or later.",
                valid_from=valid_from,
            )

    def check_pause(self, pause: Pause) -> None:
        """Raise `ProgramError` if a pause makes no sense, or lies over one that there is."""
        if pause.withdrawn:
            return
        if pause.until is not None and pause.until < pause.since:
            raise ProgramError("until", "{until} is before {since}", until=pause.until, since=pause.since)
        for other in self.pauses:
            if other.pause_id == pause.replaces:
                continue
            if pause.since <= (other.until or date.max) and other.since <= (pause.until or date.max):
                raise ProgramError(
                    "since",
                    "there is a pause from {since} to {until} already"
                    if other.until
                    else "there is a pause from {since} on already",
                    "Correct that one.",
                    since=other.since,
                    until=other.until,
                )


def days(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last."""
    for n in range((last - first).days + 1):
        yield first + n * DAY
