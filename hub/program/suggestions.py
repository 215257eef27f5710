"""What the progression rules propose for a child's program, and taking it.

A rule that the therapist set to act by itself takes its step before the first session of a day, as a version
of its own with its reason; the others wait for the therapist's word.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError
from sqlalchemy import select

from ..database.actor import Actor
from ..database.base import random_id
from ..database.engine import Database
from ..database.work import Work
from ..errors import NotAllowed
from ..people.model import Child
from ..records.said import ActivityDone
from ..records.vocabulary import Evidence
from . import commands
from .errors import ProgramError, first_error
from .prescription import Item
from .progression import Attempt, Direction, Proposal, propose, with_changes
from .tables import SuggestionDeclined
from .versions import DAY, History, Version

_NOTHING: Final[Mapping[str, date]] = MappingProxyType({})

#: Who takes a step that needs nobody's word.
RULE: Final = Actor.part("progression")


def suggestions(
    history: History,
    activities: Iterable[ActivityDone],
    *,
    today: date,
    declined: Mapping[str, date] = _NOTHING,
) -> list[Proposal]:
    """What each rule of the present program would do, also where that is nothing.

    Parameters
    ----------
    activities : iterable of ActivityDone
        Of the child, of the last weeks.
    declined : mapping of str to date
        By item, when a therapist last declined what its rule proposed: it begins to count anew after that.
    """
    program = history.program(today)
    if program is None:
        return []
    done = list(activities)
    return [
        propose(item, attempts(item, done), since=_counts_from(history, item, today, declined))
        for item in program.items
        if item.progression
    ]


def attempts(item: Item, activities: Iterable[ActivityDone]) -> list[Attempt]:
    """The times that an item was done with a tool and a zone, oldest first."""
    led = [
        one
        for one in activities
        if one.item_id == item.id and one.evidence is Evidence.SENSOR and one.hits is not None and one.reps
    ]
    return [
        Attempt(
            day=one.day or one.measured_at.date(),
            reps=one.reps or 0,
            hits=min(one.hits or 0, one.reps or 0),
            whole=(one.sets or 0) >= (one.sets_asked or 0),
            pain=one.ended_by == "pain",
        )
        for one in sorted(led, key=lambda one: one.measured_at)
    ]


def since(history: History, item: Item, today: date) -> date:
    """From when on an item has been asked for as it is today."""
    held: date | None = None
    for version in sorted(history.versions, key=lambda one: (one.valid_from, one.number), reverse=True):
        if version.valid_from > today:
            continue
        before = version.program.item(item.id) if version.program else None
        if before is None or before.squeezes != item.squeezes:
            break
        held = version.valid_from
    return held or today


def _counts_from(history: History, item: Item, today: date, declined: Mapping[str, date]) -> date:
    held = since(history, item, today)
    return max(held, declined[item.id] + DAY) if item.id in declined else held


def declined(work: Work, child_id: str) -> dict[str, date]:
    """By item, when a therapist last declined what its rule proposed.

    Raises
    ------
    NotFound
    """
    work.need(Child, child_id)
    rows = work.scalars(
        select(SuggestionDeclined)
        .where(SuggestionDeclined.child_id == child_id)
        .order_by(SuggestionDeclined.declined_on)
    ).all()
    return {row.item_id: row.declined_on for row in rows}


def decline(work: Work, child_id: str, proposal: Proposal, *, today: date) -> SuggestionDeclined:
    """Leave an item as it is; its rule proposes something again after as many times as it looks at.

    Raises
    ------
    NotAllowed, NotFound
    """
    work.command = "program.decline"
    if work.actor.role not in commands.PRESCRIBERS:
        raise NotAllowed(work.command, work.actor.role)
    work.need(Child, child_id)
    row = SuggestionDeclined(
        id=random_id("sd"),
        child_id=child_id,
        item_id=proposal.item_id,
        declined_on=today,
        because=proposal.because,
        recorded_at=work.now,
        by=work.actor.name,
    )
    work.add(row)
    work.flush()
    return row


def accept(
    work: Work, child_id: str, proposals: Sequence[Proposal], *, today: date, read: int | None = None
) -> Version | None:
    """Take proposals over into the program, from today on; None where none changes anything.

    Raises
    ------
    ProgramChanged
        As `commands.prescribe`.
    ProgramError
        If together they would ask for more than the program allows on a day.
    NotAllowed, NotFound
    """
    program = commands.history(work, child_id).program(today)
    taken = [one for one in proposals if one.direction is not Direction.STAY]
    if program is None or not taken:
        return None
    try:
        changed = with_changes(program, taken)
    except ValidationError as error:
        raise first_error(error) from None
    because = " ".join(f"{one.item_id}: {one.because}" for one in taken)
    return commands.prescribe(
        work, child_id, changed, valid_from=today, today=today, because=because, read=read
    )


def act(
    database: Database, child_id: str, activities: Sequence[ActivityDone], *, today: date
) -> Version | None:
    """Let the rules that may act by themselves take their step, before the first session of a day."""
    worked = {one.item_id for one in activities if one.day == today}
    with database.work(RULE) as work:
        history = commands.history(work, child_id)
        ready = [
            one
            for one in suggestions(history, activities, today=today, declined=declined(work, child_id))
            if one.auto and one.item_id not in worked
        ]
        try:
            return accept(work, child_id, ready, today=today)
        except ProgramError:  # the day's bounds are the therapist's: the program stays as it is
            return None
