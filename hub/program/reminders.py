"""When a family is reminded of what is left for today: in the slots it chose, never in its quiet hours.

A rule without a clock: asked with the time, it says what is due. What was done, or is paused, reminds nobody;
a slot reminds once.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .adherence import Doings
from .prescription import Item, Slot
from .routine import Routine

#: For items without a slot.
ANY_TIME: Final = Slot.AFTER_SCHOOL
#: A reminder that could not be told is told no later than this: afterwards it would only nag.
LATE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a family's day goes.

    Attributes
    ----------
    routine : Routine
        When its slots are.
    quiet_from, quiet_to : time
        No reminder from then to then, also over midnight.
    """

    routine: Routine = field(default_factory=Routine)
    quiet_from: time = time(20, 0)
    quiet_to: time = time(7, 0)

    def quiet(self, at: time) -> bool:
        """Whether a time lies in the quiet hours; none if they begin when they end."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= at < self.quiet_to
        return at >= self.quiet_from or at < self.quiet_to


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a family is reminded of.

    Attributes
    ----------
    key : str
        Of a child, a day and a slot: told once.
    items : tuple of str
        Ids of items that are left.
    """

    key: str
    slot: Slot
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of today in one slot.

    Attributes
    ----------
    at : time or None
        When the slot is, by the family's clock; None: it never reminds.
    items : tuple of str
        Ids of items.
    due : bool
        Whether now is the time to remind of it.
    """

    slot: Slot
    at: time | None
    items: tuple[str, ...]
    due: bool


def left(doings: Doings, rhythm: Rhythm, *, now: datetime, zone: ZoneInfo | None) -> list[Left]:
    """What is left of today, slot by slot in the order of the day; slots that never remind come last.

    Parameters
    ----------
    now : datetime
        Aware.
    """
    local = now.astimezone(zone)
    items = [item for item, did in doings.due(local.date()) if did.credit < 1]
    found = []
    for slot in {slot for item in items for slot in _slots(item)}:
        at = rhythm.routine.at(slot)
        timely = at is not None and timedelta(0) <= _ago(local, at) <= LATE
        of_slot = tuple(item.id for item in items if slot in _slots(item))
        found.append(Left(slot, at, of_slot, timely and not rhythm.quiet(local.time())))
    return sorted(found, key=lambda one: (one.at or time.max, one.slot))


def due(
    child_id: str,
    doings: Doings,
    rhythm: Rhythm,
    *,
    now: datetime,
    zone: ZoneInfo | None,
    told: Collection[str] = (),
) -> list[Reminder]:
    """What a family should be reminded of now.

    Parameters
    ----------
    now : datetime
        Aware.
    told : collection of str
        Keys of reminders that were told already.
    """
    today = now.astimezone(zone).date()
    found = [
        Reminder(f"{child_id}:{today}:{one.slot}", one.slot, one.items)
        for one in left(doings, rhythm, now=now, zone=zone)
        if one.due
    ]
    return [one for one in found if one.key not in told]


def _slots(item: Item) -> Collection[Slot]:
    return item.slots or (ANY_TIME,)


def _ago(now: datetime, at: time) -> timedelta:
    """How long a time of today is over, by the clock on the wall."""
    return now.replace(tzinfo=None) - datetime.combine(now.date(), at)
