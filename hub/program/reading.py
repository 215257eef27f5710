"""What the program's numbers are read from: versions and pauses, and what the store holds of a child.

Three things become `Work`: an exercise that the hub led, a tick of a parent's, and a session of squeezes that
nobody led but that somebody asked for. A session counts once: where an exercise tells of it, by the exercise.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...signal.strength import PRESETS, PROTOCOLS, Score
from ..config import Config
from ..database.actor import Actor
from ..database.engine import Database
from ..records.said import ActivityDone, FeedbackGiven
from ..records.strength import StrengthTested
from ..records.vocabulary import Evidence, Purpose, Source
from ..stores.contract import ChildResults
from ..stores.models import Session
from . import annotations, commands, visits
from .adherence import Doings
from .heard import LOOK_BACK, heard, unknown_days
from .home import today as today_in
from .home import zone_of
from .local_days import local_day, noon
from .prescription import Hands, Item, Program, Unit
from .retention import Retention, of_visits
from .tables import Annotation, Visit
from .versions import History
from .work import Work


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is known of a child's program and what came of it, on a day."""

    child_id: str
    today: date
    history: History
    doings: Doings
    activities: tuple[ActivityDone, ...]
    feedback: tuple[FeedbackGiven, ...]
    source: Source  #: of what tools measured: real where there is any, else simulated
    visits: tuple[Visit, ...] = ()  #: also those to come
    annotations: tuple[Annotation, ...] = ()  #: as far as the reader sees them
    retained: tuple[Retention, ...] = ()  #: from each visit to the next, of all time


def picture(
    config: Config,
    database: Database,
    store: ChildResults,
    actor: Actor,
    child_id: str,
    *,
    now: datetime,
    source: Source | None = None,
) -> Picture:
    """Read everything for one child, in the name of somebody who may see it.

    Parameters
    ----------
    source : Source, optional
        By default real work where there is any, else simulated: the two are never mixed.

    Raises
    ------
    NotFound, StoreError
    """
    with database.reading(actor, "program.picture") as work:
        history = commands.history(work, child_id)
        met = visits.visits(work, child_id)
        written = annotations.annotations(work, child_id)
        home = heard(work, config).get(child_id)
    today, zone = today_in(config, now), zone_of(config)
    since = noon(today - LOOK_BACK, zone)
    sessions, tests = store.trend(child_id, since=since), store.strength_tests(child_id, since=since)
    activities, feedback = store.activities(child_id, since=since), store.feedback(child_id, since=since)
    told = [one.started_at for one in sessions]
    told += [one.measured_at for one in (*tests, *activities, *feedback)]
    return compose(
        child_id,
        history,
        sessions,
        tests,
        activities,
        feedback,
        today=today,
        zone=zone,
        unknown=unknown_days(config, home, today, last_told=max(told, default=None)),
        source=source,
        met=met,
        written=written,
        # of all time, and only where there are visits to tell it between
        all_tests=store.strength_tests(child_id) if len({one.day for one in met}) > 1 else (),
    )


def compose(
    child_id: str,
    history: History,
    sessions: Sequence[Session],
    tests: Sequence[StrengthTested],
    activities: Sequence[ActivityDone],
    feedback: Sequence[FeedbackGiven],
    *,
    today: date,
    zone: ZoneInfo | None,
    unknown: Collection[date] = (),
    source: Source | None = None,
    met: Sequence[Visit] = (),
    written: Sequence[Annotation] = (),
    all_tests: Sequence[StrengthTested] = (),
) -> Picture:
    """Put a picture together of what was read of a child; what is older than it looks back does no harm.

    Parameters
    ----------
    met, written : sequence of Visit, sequence of Annotation
    all_tests : sequence of StrengthTested
        What retention is told from; `tests` where it is empty.
    """
    met_on = [one.day for one in met if one.day <= today]
    # what somebody ticked is real also where a demo's tools are not
    measured = {one.source for one in sessions} | {one.source for one in tests}
    measured |= {one.source for one in activities if one.evidence is Evidence.SENSOR}
    kind = source or (Source.REAL if Source.REAL in measured or not measured else Source.SIMULATED)
    activities = [one for one in activities if one.source is kind or one.evidence is not Evidence.SENSOR]
    done = to_work(
        history,
        activities,
        [one for one in sessions if one.source is kind],
        [one for one in tests if one.source is kind],
        day_of=lambda at: local_day(at, zone),
    )
    return Picture(
        child_id,
        today,
        history,
        Doings(history, done, today=today, unknown=unknown),
        tuple(activities),
        tuple(feedback),
        kind,
        tuple(met),
        tuple(written),
        tuple(of_visits([one for one in all_tests or tests if one.source is kind], met_on, zone)),
    )


def to_work(
    history: History,
    activities: Iterable[ActivityDone],
    sessions: Iterable[Session],
    tests: Iterable[StrengthTested],
    *,
    day_of: Callable[[datetime], date],
) -> list[Work]:
    """Make one kind of thing of all that was done."""
    found: list[Work] = []
    told: set[object] = set()
    for done in activities:
        day = done.day or day_of(done.measured_at)
        item = _find(history.program(day), done.item_id, done.activity_id)
        found.append(Work(done.event_id, day, item.id if item else None, done.evidence, _amount(item, done)))
        told |= set(done.sessions) | {done.session_id}
    for session in sessions:
        day = day_of(session.started_at)
        if session.session_id in told or not session.squeezes or session.purpose is not Purpose.EXERCISE:
            continue
        item = _squeezed(history.program(day), session)
        amount = float(session.squeezes) if item else None
        found.append(Work(session.session_id, day, item.id if item else None, Evidence.SENSOR, amount))
    for test in tests:
        day = day_of(test.measured_at)
        program = history.program(day)
        if asked := _tested(program, test):
            found.append(Work(test.event_id, day, asked.id, Evidence.SENSOR, _test_share(asked, test)))
    return found


def work_of(
    config: Config, store: ChildResults, child_id: str, history: History, *, until: date
) -> list[Work]:
    """What a child did in the last five weeks."""
    zone = zone_of(config)
    since = noon(until - LOOK_BACK, zone)
    return to_work(
        history,
        store.activities(child_id, since=since),
        store.trend(child_id, since=since),
        store.strength_tests(child_id, since=since),
        day_of=lambda at: local_day(at, zone),
    )


def today_of(config: Config, store: ChildResults, child_id: str, today: date) -> list[ActivityDone]:
    """What was done today, as it was told."""
    zone = zone_of(config)
    told = store.activities(child_id, since=noon(today, zone) - timedelta(days=1))
    return [one for one in told if (one.day or local_day(one.measured_at, zone)) == today]


def _tested(program: Program | None, test: StrengthTested) -> Item | None:
    """The item that asks for a test: by its protocol, else the first that asks for one."""
    asked = [item for item in program.items if item.test] if program else []
    same = (one for one in asked if one.test and PROTOCOLS[one.test.protocol].name == test.protocol)
    return next(same, asked[0] if asked else None)


def _test_share(item: Item, test: StrengthTested) -> float:
    """How much of what an item asks for a test is; one that was stopped, by its trials that count."""
    assert item.test
    preset = next((one for one in PRESETS if one.name == test.protocol), None)
    # where both hands are asked for and each has a score, one of them is half of it
    halves = item.test.hands is Hands.BOTH and (preset is None or preset.score is not Score.MAX_OF_BOTH)
    whole = 0.5 if halves else 1.0
    if not test.stopped:
        return whole
    hands = 2 if preset and preset.score is Score.MAX_OF_BOTH else 1
    counted = sum(not (one.practice or one.faults or one.because) for one in test.trials)
    return whole * min(1.0, counted / (preset.trials * hands)) if preset else 0.0


def _find(program: Program | None, item_id: str, activity_id: str | None) -> Item | None:
    """The item that was meant: by its id, or by the activity where nobody named an item."""
    if program is None:
        return None
    return program.item(item_id) or next(
        (item for item in program.items if item.activity in (activity_id, item_id)), None
    )


def _amount(item: Item | None, done: ActivityDone) -> float | None:
    if item is None:
        return done.minutes
    if item.unit is Unit.REPS:
        return None if done.reps is None else float(done.reps)
    return done.minutes if item.unit is Unit.MINUTES else None


def _squeezed(program: Program | None, session: Session) -> Item | None:
    """The item that asks for squeezes like those of a session."""
    if program is None:
        return None
    hands = (session.hand.value, Hands.ALTERNATING, Hands.BOTH)
    fitting = [
        item
        for item in program.items
        if item.squeezes and item.squeezes.hands in hands and item.squeezes.tool in (None, session.tool_kind)
    ]
    own = [item for item in fitting if item.squeezes and item.squeezes.hands == session.hand.value]
    return next(iter(own or fitting), None)
