"""What a family reads of a session that somebody corrected."""

from collections.abc import Sequence

from ..hub.records.vocabulary import Person
from ..hub.stores.models import SessionDetail
from . import words
from .i18n import _


def corrected(detail: SessionDetail) -> str:
    """Who corrected a session, what it is now instead of what was counted at first, and why."""
    was, now = detail.point.recorded, detail.point
    if was is None:
        return ""
    changes = []
    if was.squeezes != now.squeezes:
        squeezes = words.plural(now.squeezes, "squeeze")
        changes.append(_("{squeezes} instead of {before}").format(squeezes=squeezes, before=was.squeezes))
    if was.hand is not now.hand:
        changes.append(
            _("{hand} instead of {before}").format(hand=words.hand(now.hand), before=words.hand(was.hand))
        )
    if was.child_id != now.child_id:
        changes.append(_("it was recorded as another child's"))
    if not changes:
        changes.append(_("the count stays as it is"))
    by_therapist = any(one.by is Person.THERAPIST for one in detail.corrections)
    said = _("Your therapist corrected this: {what}.") if by_therapist else _("This was corrected: {what}.")
    return " ".join([said.format(what=", ".join(changes)), *_reasons(detail)])


def _reasons(detail: SessionDetail) -> Sequence[str]:
    """Why, each reason once; in the words of who corrected it."""
    return list(dict.fromkeys(f"“{one.reason}”" for one in detail.corrections if one.reason))
