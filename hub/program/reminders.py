"""When a family is reminded of what is left for today: in the slots it chose, never in its quiet hours.

A rule without a clock: asked with the time, it says what is due. What was done, or is paused, reminds nobody;
a slot reminds once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .adherence import Doings
from .prescription import Item, Slot

#: When a slot is, unless the family says otherwise.
USUAL: Final[Mapping[Slot, time]] = {
    Slot.AFTER_WAKING: time(7, 0),
    Slot.AFTER_BREAKFAST: time(7, 45),
    Slot.BEFORE_SCHOOL: time(7, 30),
    Slot.AFTER_SCHOOL: time(15, 30),
    Slot.BEFORE_DINNER: time(17, 30),
    Slot.AFTER_DINNER: time(18, 45),
    Slot.IN_THE_BATH: time(19, 0),
    Slot.BEFORE_BED: time(19, 30),
}
#: For items without a slot.
ANY_TIME: Final = Slot.AFTER_SCHOOL
#: A reminder that could not be told is told no later than this: afterwards it would only nag.
LATE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a family's day goes.

    Attributes
    ----------
    slots : mapping of Slot to time
        Where they differ from `USUAL`.
    quiet_from, quiet_to : time
        No reminder from then to then, also over midnight.
    off : collection of Slot
        Slots that never remind.
    """

    slots: Mapping[Slot, time] = field(default_factory=dict)
    quiet_from: time = time(20, 0)
    quiet_to: time = time(7, 0)
    off: Collection[Slot] = ()

    def at(self, slot: Slot) -> time:
        """When a slot is."""
        return self.slots.get(slot, USUAL[slot])

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
    local = now.astimezone(zone)
    if rhythm.quiet(local.time()):
        return []
    left = [item for item, did in doings.due(local.date()) if did.credit < 1]
    found = []
    for slot in sorted({slot for item in left for slot in _slots(item)}, key=rhythm.at):
        key = f"{child_id}:{local.date()}:{slot}"
        since = _ago(local, local.date(), rhythm.at(slot))
        if slot in rhythm.off or key in told or not timedelta(0) <= since <= LATE:
            continue
        found.append(Reminder(key, slot, tuple(_of_slot(left, slot))))
    return found


def _slots(item: Item) -> Iterable[Slot]:
    return item.slots or (ANY_TIME,)


def _of_slot(items: Iterable[Item], slot: Slot) -> Iterable[str]:
    return (item.id for item in items if slot in _slots(item))


def _ago(now: datetime, day: date, at: time) -> timedelta:
    """How long a time of a day is over, by the clock on the wall."""
    return now.replace(tzinfo=None) - datetime.combine(day, at)
