"""What is on the page for a visit: the program beside what was done, strength, pain, notes.

Where it is shown it is put into words, in the language of whoever reads it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..people.model import Child
from ..program import commands
from ..program.activity import Library, builtin
from ..program.adherence import Adherence, DayStatus, Doings
from ..program.home import zone_of
from ..program.local_days import noon
from ..program.prescription import Item
from ..program.reading import Picture, picture
from ..program.retention import Retention
from ..program.versions import Pause, days
from ..records.said import FeedbackGiven
from ..stores.contract import ChildResults
from ..trends import SESSION_PEAK, Finding, of_sessions, of_tests

GRID_DAYS = 28


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the grid. `share` of what was asked is done, 0 to 1, where a part is."""

    day: date
    status: DayStatus
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Pain:
    """Faces before and after, 0 to 10; None where nobody asked."""

    day: date
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote of a day, or of some days; both included."""

    first: date
    last: date
    words: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything that stands on the page.

    Attributes
    ----------
    child : str
        Name, or the pseudonymous id where no name is known.
    first, last : date
        The period, both included.
    asked : tuple of Item
        Of the program on the last day, whose activities are in `library`.
    goals : tuple of str
        Everyday goals.
    notes : tuple of Note
        What was written down. Of what a therapist wrote on the chart, what is shared with the parents: they
        hold the page in their hands.
    paused : Pause or None
        On the last day.
    retained : tuple of Retention
        What of one visit's strength was there at the next.
    days : tuple of Day
        The last 28.
    adherence : Adherence or None
        Of the same; None where there never was a program.
    findings : tuple of Finding
        Strength, each series apart.
    pains : tuple of Pain
    simulated : bool
        Whether it was simulated; the page then says so in large letters.
    """

    child: str
    first: date
    last: date
    asked: tuple[Item, ...] = ()
    library: Library = field(default_factory=builtin)
    goals: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    adherence: Adherence | None = None
    findings: tuple[Finding, ...] = ()
    pains: tuple[Pain, ...] = ()
    notes: tuple[Note, ...] = ()
    paused: Pause | None = None
    retained: tuple[Retention, ...] = ()
    simulated: bool = False


def read(
    config: Config,
    database: Database,
    store: ChildResults,
    actor: Actor,
    child_id: str,
    *,
    weeks: int,
    now: datetime,
) -> Visit:
    """Read all that the page says, in the name of somebody who may see it.

    Raises
    ------
    NotFound, StoreError
    """
    found = picture(config, database, store, actor, child_id, now=now)
    with database.reading(actor, "visit.read") as work:
        known = work.get(Child, child_id)
        library = commands.library_for(work, child_id)
    first = found.today - timedelta(weeks=weeks)
    since = noon(first, zone_of(config))
    findings = [
        *of_tests(store.strength_tests(child_id, since=since)),
        *of_sessions(store.trend(child_id, since=since)),
    ]
    feedback = tuple(store.feedback(child_id, since=since))
    return compose(
        known.name if known else child_id, replace(found, feedback=feedback), findings, library, first=first
    )


def compose(
    child: str, found: Picture, findings: Sequence[Finding], library: Library, *, first: date
) -> Visit:
    """Put together what came of a program.

    Parameters
    ----------
    child : str
        What to call the child.
    findings : sequence of Finding
        Of strength tests and of sessions. Where there are tests, sessions are left out; where anything is
        real, what was simulated is.
    first : date
        Where the period begins; it ends today.
    """
    last = found.today
    program = found.history.program(last)
    shown = _shown(findings)
    said = [one for one in found.feedback if (one.day or one.measured_at.date()) >= first]
    notes = [Note(_day(one), _day(one), one.observation) for one in said if one.observation]
    notes += [
        Note(one.first, one.last, one.words) for one in found.annotations if one.shared and one.last >= first
    ]
    return Visit(
        child=child,
        first=first,
        last=last,
        asked=program.items if program else (),
        library=library,
        goals=tuple(goal.words for goal in program.goals) if program else (),
        days=tuple(_square(found.doings, day) for day in days(last - timedelta(days=GRID_DAYS - 1), last)),
        adherence=found.doings.adherence(GRID_DAYS) if found.history.versions else None,
        findings=shown,
        pains=_pains(said),
        notes=tuple(notes),
        paused=found.history.paused(last),
        retained=tuple(one for one in found.retained if one.until >= first),
        simulated=any(one.key.simulated for one in shown) or any(one.source == "simulated" for one in said),
    )


def _shown(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    kept = list(findings)
    for wanted in (lambda one: not one.key.simulated, lambda one: one.key.measure != SESSION_PEAK):
        kept = [one for one in kept if wanted(one)] or kept
    return tuple(kept)


def _square(doings: Doings, day: date) -> Day:
    status = doings.status(day)
    if status is not DayStatus.PARTLY:
        return Day(day, status)
    due = doings.due(day)
    return Day(day, status, sum(did.credit for _, did in due) / len(due) if due else 0.0)


def _day(said: FeedbackGiven) -> date:
    return said.day or said.measured_at.date()


def _pains(said: Iterable[FeedbackGiven]) -> tuple[Pain, ...]:
    asked = [one for one in said if not one.pain_before is one.pain_after is None]
    return tuple(Pain(_day(one), one.pain_before, one.pain_after) for one in asked)
