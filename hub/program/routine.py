"""When breakfast, school and bed are in a family's day: the family's own times for the slots of a program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Final

from sqlalchemy import select

from ..database.actor import Role
from ..database.commands import command
from ..database.work import Work
from ..errors import FieldError
from ..people.model import Family
from .prescription import Slot
from .tables import FamilySlot

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


@dataclass(frozen=True, slots=True)
class Routine:
    """A family's day.

    Attributes
    ----------
    own : mapping of Slot to time or None
        What the family said; None: this slot never reminds.
    """

    own: Mapping[Slot, time | None] = field(default_factory=dict)

    def at(self, slot: Slot) -> time | None:
        """When a slot is, by the clock on the wall; None where nobody wants to be reminded then."""
        return self.own.get(slot, USUAL[slot])


@command(Role.PARENT, Role.THERAPIST, reads=True)
def routine(work: Work, family_id: str) -> Routine:
    """When a family's slots are.

    Raises
    ------
    NotFound
        If the actor has no such family.
    """
    work.need(Family, family_id)
    rows = work.scalars(select(FamilySlot).where(FamilySlot.family_id == family_id)).all()
    return Routine({row.slot: row.at for row in rows})


@command(Role.PARENT)
def change(work: Work, family_id: str, slot: Slot, at: time | None) -> None:
    """Say when a slot is in this family; None: it never reminds.

    Raises
    ------
    FieldError
        If the time is of a time zone: a family's is that of its wall.
    NotFound
        If the actor has no such family.
    """
    work.need(Family, family_id)
    if at is not None and at.tzinfo is not None:
        raise FieldError(
            "at", "{at} is of a time zone", "Give the time as the family's clock shows it.", at=at
        )
    wall = None if at is None else at.replace(second=0, microsecond=0)
    if kept := work.get(FamilySlot, (family_id, slot)):
        kept.at, kept.changed_at = wall, work.now
    else:
        work.add(FamilySlot(family_id=family_id, slot=slot, at=wall, changed_at=work.now))


@command(Role.PARENT)
def reset(work: Work, family_id: str, slot: Slot) -> None:
    """Let a slot be when it usually is.

    Raises
    ------
    NotFound
        If the actor has no such family.
    """
    work.need(Family, family_id)
    if kept := work.get(FamilySlot, (family_id, slot)):
        work.delete(kept)
