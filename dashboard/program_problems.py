"""What is wrong with a program, said at its field in the viewer's language; the hub says it in English."""

import re
from typing import Final

from .i18n import N_, _

#: What a form calls a field, by the last part of its dotted name.
_NAMES: Final = {
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
    return _(_NAMES[field]) if field in _NAMES else field.replace("_", " ")


def said(reason: str) -> str:
    """A reason as a form says it; one that nobody foresaw stays as it is.

    Examples
    --------
    >>> said("asks for up to 90 minutes a day and allows 45")
    'Up to 90 minutes a day are asked for; 45 are allowed'
    >>> said("low must be below high")
    '“Easier below” must be below “Harder above”'
    """
    for pattern, words in _SAID:
        if found := re.fullmatch(pattern, reason):
            parts = {name: name_of(part) for name, part in found.groupdict().items()}
            return _(words).format(**parts)
    return reason[:1].upper() + reason[1:]
