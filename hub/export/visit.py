"""What the page for a visit says: the program beside what was done, strength with its error, pain, notes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ...signal.measurement_error import Basis
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..people.model import Child
from ..program import commands, retention
from ..program.activity import Library
from ..program.adherence import Adherence, DayStatus, Doings
from ..program.diff import describe
from ..program.home import zone_of
from ..program.local_days import noon
from ..program.reading import Picture, picture
from ..program.tables import Annotation
from ..program.versions import days
from ..records.said import FeedbackGiven
from ..records.vocabulary import Evidence
from ..stores.contract import ChildResults
from ..trends import SESSION_PEAK, Finding, of_sessions, of_tests

GRID_DAYS = 28

_EVIDENCE = {
    Evidence.SENSOR: "measured by a tool",
    Evidence.PARENT: "told by a parent",
    Evidence.THERAPIST: "seen by a therapist",
}


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
class Visit:
    """Everything that stands on the page.

    Attributes
    ----------
    child : str
        Name, or the pseudonymous id where no name is known.
    first, last : date
        The period, both included.
    asked, goals, notes : tuple of str
        Program, everyday goals and what was written down, a line each. Of what a therapist wrote on the
        chart, what is shared with the parents: they hold the page in their hands.
    between : tuple of str
        What of one visit's strength was there at the next.
    days : tuple of Day
        The last 28.
    adherence : str
        In words, with its evidence.
    findings : tuple of Finding
        Strength, each series apart.
    pains : tuple of Pain
    method : str
        Tools, protocols and where errors come from.
    simulated : bool
        Whether it was simulated; the page then says so in large letters.
    """

    child: str
    first: date
    last: date
    asked: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    adherence: str = ""
    findings: tuple[Finding, ...] = ()
    pains: tuple[Pain, ...] = ()
    notes: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    method: str = ""
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
    """Say in words and squares what came of a program.

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
    notes = [f"{_day(one):%d %b}: {one.observation}" for one in said if one.observation]
    notes += [_written(one) for one in found.annotations if one.shared and one.last >= first]
    if paused := found.history.paused(last):
        notes.append(f"Paused since {paused.since:%d %b}: {paused.reason.value}.")
    return Visit(
        child=child,
        first=first,
        last=last,
        asked=tuple(describe(item, library) for item in program.items) if program else (),
        goals=tuple(goal.words for goal in program.goals) if program else (),
        days=tuple(_square(found.doings, day) for day in days(last - timedelta(days=GRID_DAYS - 1), last)),
        adherence=_adherence(found.doings.adherence(GRID_DAYS)) if found.history.versions else "",
        findings=shown,
        pains=_pains(said),
        notes=tuple(notes),
        between=tuple(retention.describe(one) for one in found.retained if one.until >= first),
        method=_method(shown),
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


def _adherence(one: Adherence) -> str:
    if one.percent is None:
        return "Nothing was asked in these 28 days."
    parts = [(one.percent_by(evidence) or 0.0, words) for evidence, words in _EVIDENCE.items()]
    how = ", ".join(f"{percent:.0f} % {words}" for percent, words in parts if percent >= 0.5)
    text = f"{one.percent:.0f} % of what was asked was done" + (f": {how}." if how else ".")
    if one.unknown:
        text += f" Of {len(one.unknown)} days nothing is known; they do not count as missed."
    return text


def _day(said: FeedbackGiven) -> date:
    return said.day or said.measured_at.date()


def _written(one: Annotation) -> str:
    span = f"{one.first:%d %b}" + (f" to {one.last:%d %b}" if one.last > one.first else "")
    return f"{span}: {one.words}"


def _pains(said: Iterable[FeedbackGiven]) -> tuple[Pain, ...]:
    asked = [one for one in said if not one.pain_before is one.pain_after is None]
    return tuple(Pain(_day(one), one.pain_before, one.pain_after) for one in asked)


def _method(findings: Iterable[Finding]) -> str:
    """Tools and protocols, and what measurement error rests on."""
    lines: dict[str, None] = {}
    for one in findings:
        firmware = f", firmware {one.key.firmware}" if one.key.firmware else ""
        calibrated = ", calibrated" if one.key.calibration else ""
        lines[
            f"{one.key.kind.value.capitalize()} {one.key.tool}{firmware}{calibrated}: {one.key.measure}."
        ] = None
        if one.trend.error.basis is not Basis.UNKNOWN:
            lines[one.error] = None
    return " ".join(lines)
