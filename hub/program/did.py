"""What a parent or therapist says was done, and how it went, as events."""

from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from ..config import Config
from ..records.said import ActivityDone, FeedbackGiven
from ..records.vocabulary import Evidence, Person
from ..utc import utc
from .errors import ProgramError, first_error
from .home import zone_of
from .local_days import local_day, noon
from .prescription import Item, Unit

#: What was longer ago is guessed, not remembered.
MAX_DAYS_LATE = 60


def activity_done(
    config: Config,
    child_id: str,
    item: Item | None,
    activity_id: str,
    *,
    now: datetime,
    day: date | None = None,
    minutes: float | None = None,
    reps: int | None = None,
    helped_by: Person | None = None,
    evidence: Evidence = Evidence.PARENT,
) -> ActivityDone:
    """A tick: something was done today, or on a day that is over.

    Parameters
    ----------
    item : Item or None
        None: nobody asked for it. It is kept, and counts for nothing but the end of a gap.

    Raises
    ------
    ProgramError
        Naming what is wrong: negative minutes, a day to come.
    """
    zone = zone_of(config)
    at, on = _when(day, now, zone)
    try:
        return ActivityDone(
            event_id=uuid4(),
            measured_at=at,
            site=config.site,
            hub=config.hub,
            child_id=child_id,
            day=on,
            item_id=item.id if item else activity_id,
            activity_id=activity_id,
            evidence=evidence,
            minutes=minutes,
            minutes_asked=float(item.minutes) if item and item.minutes else None,
            reps=reps,
            reps_asked=round(item.per_day / item.dose.times_per_day)
            if item and item.unit is Unit.REPS
            else None,
            helped_by=helped_by,
        )
    except ValidationError as error:
        raise first_error(error) from None


def feedback(
    config: Config,
    child_id: str,
    *,
    now: datetime,
    day: date | None = None,
    said_by: Person = Person.PARENT,
    photo: str | None = None,
    observation: str = "",
    session_id: UUID | None = None,
    **scales: int | None,
) -> FeedbackGiven:
    """How it went.

    Parameters
    ----------
    session_id : UUID, optional
        Of the session that it is about.
    **scales
        pain_before, pain_after (faces), effort, enjoyment, participation, confidence: 0 to 10.

    Raises
    ------
    ProgramError
        Naming the scale that is out of range, or where nothing was said.
    """
    if not (observation or photo or any(value is not None for value in scales.values())):
        raise ProgramError("feedback", "says nothing", "Give at least one answer.")
    for name in ("pain_before", "pain_after"):
        value = scales.get(name)
        if value is not None and value % 2:
            raise ProgramError(name, "is {value}; the faces are 0, 2, 4, 6, 8 and 10", value=value)
    at, on = _when(day, now, zone_of(config))
    try:
        return FeedbackGiven(
            event_id=uuid4(),
            measured_at=at,
            site=config.site,
            hub=config.hub,
            child_id=child_id,
            day=on,
            said_by=said_by,
            photo=photo,
            observation=observation,
            session_id=session_id,
            **{name: value for name, value in scales.items() if value is not None},
        )
    except ValidationError as error:
        raise first_error(error) from None


def taken_back(event: ActivityDone) -> ActivityDone:
    """Say that a tick was a mistake; the first word stays on record."""
    return event.model_copy(update={"event_id": uuid4(), "takes_back": UUID(str(event.event_id))})


def _when(day: date | None, now: datetime, zone: ZoneInfo | None) -> tuple[datetime, date]:
    """Time and day of something: now, or the middle of a day that is over."""
    today = local_day(now, zone)
    if day is None or day == today:
        return utc(now.timestamp()), today
    if day > today:
        raise ProgramError("day", "{day} is still to come", day=day)
    if (today - day).days > MAX_DAYS_LATE:
        raise ProgramError("day", "{day} is more than {most} days ago", day=day, most=MAX_DAYS_LATE)
    return noon(day, zone), day
