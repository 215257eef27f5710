"""What is wrong with a program, said at its field in the viewer's language; the hub says it in English."""

import re
from typing import Final

from ..hub.program.errors import ProgramError
from . import words
from .i18n import N_, _

#: What a form calls a field, by the last part of its dotted name.
NAMES: Final = {
    "program": N_("The whole program"),
    "items": N_("What is asked for"),
    "title": N_("Title"),
    "words": N_("Goal, in the family's words"),
    "note": N_("To the parents"),
    "adaptation": N_("Made to fit this child and home"),
    "max_minutes_per_day": N_("Minutes a day, at most"),
    "max_reps_per_day": N_("Squeezes a day of each hand, at most"),
    "dose": N_("On which days"),
    "days": N_("Days"),
    "minutes": N_("Minutes each time"),
    "zone": N_("Target zone"),
    "progression": N_("Rule"),
    "tool": N_("Tool"),
    "low": N_("Easier below"),
    "high": N_("Harder above"),
    "zone_from": N_("Zone never below"),
    "zone_to": N_("Zone never above"),
    "reps_from": N_("Squeezes a set, at least"),
    "reps_to": N_("Squeezes a set, at most"),
    "account": N_("Account"),
    "activity": N_("Activity"),
    "add": N_("Squeeze to be added"),
    "at": N_("Time"),
    "birth_month": N_("Month of birth"),
    "child": N_("Child"),
    "children": N_("Children"),
    "day": N_("Day"),
    "family": N_("Family"),
    "feedback": N_("How it went"),
    "first": N_("First day"),
    "from": N_("Holds from"),
    "given_by": N_("Signed by"),
    "given_on": N_("Signed on"),
    "goal": N_("Goal"),
    "hub": N_("Hub"),
    "id": N_("Id"),
    "key": N_("Key of the clinic"),
    "language": N_("Language"),
    "last": N_("Last day"),
    "login": N_("Name or email address"),
    "name": N_("Name"),
    "old": N_("Present password"),
    "pain_after": N_("Pain after"),
    "pain_before": N_("Pain before"),
    "password": N_("Password"),
    "photo": N_("Picture"),
    "reason": N_("Why"),
    "role": N_("Role"),
    "session": N_("Session"),
    "since": N_("First day"),
    "slots": N_("When in the family's day"),
    "site": N_("Site"),
    "text": N_("Text"),
    "token": N_("Code of the invitation"),
    "topic": N_("Topic"),
    "until": N_("Last day"),
    "version": N_("Version"),
    "withdrawn_by": N_("Withdrawn by"),
}

#: What the hub and pydantic say, and how a form says it; numbers are carried over.
_SAID: Final = (
    (r"String should have at least 1 character", N_("Write something here")),
    (r"Tuple should have at least 1 item after validation, not 0", N_("At least one is needed")),
    (r"says on no day; .*", N_("Choose at least one day")),
    (
        r"asks one hand for up to (?P<asked>\d+) reps a day and allows (?P<most>\d+)",
        N_("One hand is asked for up to {asked} squeezes a day; {most} are allowed"),
    ),
    (
        r"asks for up to (?P<asked>\d+) minutes a day and allows (?P<most>\d+)",
        N_("Up to {asked} minutes a day are asked for; {most} are allowed"),
    ),
    (
        r"goes from (?P<low>\d+) to (?P<high>\d+) %; .*",
        N_("A zone from {low} to {high} % is none: its ends must lie apart"),
    ),
    (r"(?P<lower>\w+) must be below (?P<upper>\w+)", N_("“{lower}” must be below “{upper}”")),
)


def name_of(field: str) -> str:
    """What a form calls a field; one that it does not name stays as it is."""
    return _(NAMES[field]) if field in NAMES else field.replace("_", " ")


def problem_of(error: ProgramError) -> str:
    """What is wrong, without where and what to do."""
    return said(error.reason) if error.reason.template == "{problem}" else words.said(error.reason)


def said(reason: str) -> str:
    """A reason as a form says it; one that nobody foresaw stays as it is.

    Examples
    --------
    >>> said("asks for up to 90 minutes a day and allows 45")
    'Up to 90 minutes a day are asked for; 45 are allowed'
    >>> said("low must be below high")
    '“Easier below” must be below “Harder above”'
    """
    for pattern, form in _SAID:
        if found := re.fullmatch(pattern, reason):
            parts = {name: name_of(part) for name, part in found.groupdict().items()}
            return _(form).format(**parts)
    return reason[:1].upper() + reason[1:]
