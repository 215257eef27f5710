"""What the page for a visit says: the program beside what was done, strength with its error, pain, notes."""

from dataclasses import dataclass
from datetime import date

from ..program.adherence import DayStatus
from ..records import Hand


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the grid. `share` of what was asked is done, 0 to 1."""

    day: date
    status: DayStatus
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A series that may be compared: one hand, tool, unit, firmware, calibration and protocol.

    Attributes
    ----------
    hand : Hand
    unit : str
        Symbol, as on the axis.
    label : str
        Tool and protocol.
    points : tuple of (date, float)
        Oldest first.
    error : float or None
        Smallest detectable difference, in `unit`; None where it is not known.
    statement : str
        What may be said of it.
    begins_because : str
        Why another series ended and this one began; empty for the first.
    """

    hand: Hand
    unit: str
    label: str
    points: tuple[tuple[date, float], ...]
    error: float | None
    statement: str
    begins_because: str = ""


@dataclass(frozen=True, slots=True)
class Pain:
    """Faces before and after, 0 to 10; None where nobody asked."""

    day: date
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything that stands on the page.

    Attributes
    ----------
    child : str
        Alias, or the pseudonymous id where no alias is known.
    first, last : date
        The period, both included.
    asked, goals, notes : tuple of str
        Program, everyday goals and what was written down, a line each.
    days : tuple of Day
        The last 28.
    adherence : str
        In words, with its evidence.
    lines : tuple of Line
    pains : tuple of Pain
    method : str
        Tools, protocols and where errors come from.
    simulated : bool
        Whether any of it was simulated; the page then says so in large letters.
    """

    child: str
    first: date
    last: date
    asked: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    adherence: str = ""
    lines: tuple[Line, ...] = ()
    pains: tuple[Pain, ...] = ()
    notes: tuple[str, ...] = ()
    method: str = ""
    simulated: bool = False
