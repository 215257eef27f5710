"""What a family is asked about something that was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from ...hub.config import Config
from ...hub.database.actor import Actor
from ...hub.database.engine import Database
from ...hub.people.model import Child
from ...hub.program import commands, home
from ...hub.program.activity import Activity
from ...hub.program.faces import PainRule
from ...hub.program.local_days import noon
from ...hub.program.reading import today_of
from ...hub.stores.contract import ChildResults


@dataclass(frozen=True, slots=True)
class About:
    """What is asked about.

    Attributes
    ----------
    day : date
        The family's.
    activity : Activity or None
        None: the day as a whole.
    session_id : UUID or None
        That it belongs to, where it was measured.
    sessions : tuple of UUID
        All in which a tool counted it.
    pain : PainRule
        The therapist's.
    age_years : float or None
        None where nobody said when the child was born.
    asked_before, asked_after : bool
        Whether the child was asked for pain in the exercise itself.
    photos : bool
        Whether this is the home where pictures stay.
    """

    day: date
    activity: Activity | None
    session_id: UUID | None
    sessions: tuple[UUID, ...]
    pain: PainRule
    age_years: float | None
    asked_before: bool
    asked_after: bool
    photos: bool


def about(
    config: Config,
    database: Database,
    results: ChildResults,
    actor: Actor,
    child_id: str,
    *,
    item_id: str | None,
    day: date | None,
    sessions: Sequence[UUID] = (),
    now: datetime,
) -> About:
    """Find out what there is to ask about.

    Parameters
    ----------
    item_id : str, optional
        Of the program's item or, where nobody asked for it, the activity; None: the day as a whole.
    day : date, optional
        By default today.
    sessions : sequence of UUID
        Of an exercise that has just ended, and that the store may not know yet.

    Raises
    ------
    NotFound, StoreError
    """
    on = day or home.today(config, now)
    with database.reading(actor, "dashboard.how") as work:
        program = commands.history(work, child_id).program(on)
        library = commands.library_for(work, child_id)
        born = work.need(Child, child_id).birth_month
    item = program.item(item_id) if program and item_id else None
    activity = library.get(item.activity if item else item_id or "")
    told = [one for one in today_of(config, results, child_id, on) if one.item_id == item_id]
    session_id = sessions[0] if sessions else told[-1].session_id if told else None
    since = noon(on, home.zone_of(config)) - timedelta(days=1)
    said = [
        one for one in results.feedback(child_id, since=since) if session_id and one.session_id == session_id
    ]
    return About(
        day=on,
        activity=activity,
        session_id=session_id,
        sessions=tuple(dict.fromkeys(one for done in told for one in done.sessions)),
        pain=program.pain if program else PainRule(),
        age_years=None if born is None else (on - born).days / 365.25,
        asked_before=any(one.pain_before is not None for one in said),
        asked_after=any(one.pain_after is not None for one in said),
        photos=config.database.url is None,
    )
