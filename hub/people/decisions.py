"""What was last decided about sharing a child's results: here, or at the other end. The later word holds.

A home and its clinic have a database each, and either may be told that parents agree or do not. Both tell the
other what *they* recorded last; nobody's name goes with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from sqlalchemy import func, select

from ..database.work import Work
from .model import Child, Consent, ConsentElsewhere, ConsentText


@dataclass(frozen=True, slots=True)
class Decision:
    """Parents agreed, or took it back.

    Attributes
    ----------
    version : str or None
        Of the text that they agreed to; None where none was shown.
    decided_at : datetime
        When it was recorded, UTC.
    """

    given: bool
    version: str | None
    decided_at: datetime


def decided_here(work: Work, child_id: str) -> Decision | None:
    """What was last recorded in this database."""
    return _of(work.scalars(select(Consent).where(Consent.child_id == child_id)).all())


def standing(work: Work) -> Mapping[str, Decision]:
    """What holds of each child, of those of whom anything was ever decided."""
    consents: dict[str, list[Consent]] = defaultdict(list)
    for consent in work.scalars(select(Consent)):
        consents[consent.child_id].append(consent)
    elsewhere = {row.child_id: row for row in work.scalars(select(ConsentElsewhere))}
    found = {}
    for child_id in consents.keys() | elsewhere.keys():
        if decision := _later(_of(consents[child_id]), elsewhere.get(child_id)):
            found[child_id] = decision
    return found


def standing_of(work: Work, child_id: str) -> Decision | None:
    """What holds of one child; None where nothing was ever decided."""
    return _later(decided_here(work, child_id), work.get(ConsentElsewhere, child_id))


def told_elsewhere(work: Work, child_id: str) -> Decision | None:
    """What the other end should know: what was decided here, or that it is asked and nobody has agreed.

    A home cannot know by itself that its clinic asks for consent since it published a text.
    """
    if decided := decided_here(work, child_id):
        return decided
    child = work.need(Child, child_id)
    asked_since = work.scalar(
        select(func.min(ConsentText.published_at)).where(ConsentText.site_id == child.family.site_id)
    )
    if asked_since is None or standing_of(work, child_id) is not None:
        return None
    return Decision(False, None, asked_since)


def hear(work: Work, child_id: str, there: Decision) -> None:
    """Take what the other end recorded last; told again it changes nothing."""
    work.need(Child, child_id)
    known = work.get(ConsentElsewhere, child_id)
    if known is None:
        known = ConsentElsewhere(child_id=child_id)
        work.add(known)
    elif (known.given, known.version, known.decided_at) == (there.given, there.version, there.decided_at):
        return
    known.given, known.version, known.decided_at = there.given, there.version, there.decided_at
    known.heard_at = work.now
    work.flush()


_DAY: Final = timedelta(days=1)


def _of(consents: Iterable[Consent]) -> Decision | None:
    consents = list(consents)
    if holds := next((one for one in consents if one.withdrawn_on is None), None):
        return Decision(True, holds.version, holds.recorded_at)
    over = [Decision(False, one.version, _withdrawn_at(one)) for one in consents]
    return max(over, key=lambda one: one.decided_at, default=None)


def _withdrawn_at(consent: Consent) -> datetime:
    """When consent was taken back; where only the day is known, its end, so that it surely was."""
    assert consent.withdrawn_on is not None
    return consent.withdrawn_at or datetime.combine(consent.withdrawn_on + _DAY, time(), UTC)


def _later(here: Decision | None, row: ConsentElsewhere | None) -> Decision | None:
    if row is None:
        return here
    # a clock that is ahead there must not outlast what is decided here afterwards
    there = Decision(row.given, row.version, min(row.decided_at, row.heard_at))
    if here is None:
        return there
    return max(here, there, key=lambda one: (one.decided_at, not one.given))  # in doubt nothing is shared
