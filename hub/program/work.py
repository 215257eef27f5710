"""What was done, in one shape for squeezes that a tool counted and for dough that a parent saw kneaded."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from ..records.vocabulary import Evidence
from .prescription import Item


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work.

    Attributes
    ----------
    work_id : UUID
        The same piece told again is the same piece.
    day : date
        The family's day on which it was *done*, whenever it became known.
    item : str or None
        Id of the program's item; None where nobody asked for it.
    amount : float or None
        In the item's unit; None: done once, and how much nobody said.
    """

    work_id: UUID
    day: date
    item: str | None
    evidence: Evidence
    amount: float | None = None


@dataclass(slots=True)
class DayWork:
    """What was done for an item on a day, as shares of what a day asks for.

    Attributes
    ----------
    by : dict
        Share by evidence; 1.0 is all of it, and it may be more.
    """

    by: dict[Evidence, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def share(self) -> float:
        """All evidence together."""
        return sum(self.by.values())

    @property
    def credit(self) -> float:
        """What counts as done: a day is done once, however much was done."""
        return min(1.0, self.share)


def share(item: Item, work: Work) -> float:
    """How much of what a day asks for one piece of work is.

    A tick without an amount is one time of those that are asked for.
    """
    if work.amount is None:
        return 1 / item.dose.times_per_day
    return max(0.0, work.amount) / item.per_day


def distinct(work: Iterable[Work]) -> list[Work]:
    """Each piece once, whatever was told twice."""
    return list({one.work_id: one for one in work}.values())
