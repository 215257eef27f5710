"""What a program asks for, as a therapist reads it; `dose_words` has the family's words."""

from typing import Final

from babel.dates import get_day_names

from ..hub.program.activity import Kind, Skill
from ..hub.program.prescription import Hands, Item, Squeezes, Weekday
from . import dose_words, i18n, words
from .i18n import N_, _, ngettext

_HANDS: Final = {
    Hands.LEFT: N_("left hand"),
    Hands.RIGHT: N_("right hand"),
    Hands.BOTH: N_("both hands together"),
    Hands.ALTERNATING: N_("hands in turn"),
}
_SKILLS: Final = {
    Skill.HAND_STRENGTH: N_("Hand strength"),
    Skill.FINE_MOTOR: N_("Fine motor"),
    Skill.PRE_WRITING: N_("Before writing"),
    Skill.BILATERAL: N_("Both hands together"),
    Skill.WRIST_AND_ARM: N_("Wrist and arm"),
    Skill.EYE_HAND: N_("Eye and hand"),
    Skill.SOCIAL: N_("Playing with others"),
    Skill.SELF_REGULATION: N_("Calming down"),
    Skill.ENDURANCE: N_("Endurance"),
    Skill.GRADING_FORCE: N_("Grading force"),
}
_KINDS: Final = {
    Kind.SQUEEZE: N_("Counted by a tool"),
    Kind.STRENGTH_TEST: N_("Measured by a tool"),
    Kind.HOUSEHOLD: N_("Ticked by a parent"),
}
_PROTOCOLS: Final = {
    "asht": N_("ASHT: mean of three trials"),
    "southampton": N_("Southampton: best of both hands"),
    "nih": N_("NIH Toolbox: one trial a hand"),
    "nhanes": N_("NHANES: best of three, hands in turn"),
    "ploegmakers": N_("Ploegmakers: two trials a hand"),
}


def hands(which: Hands | str) -> str:
    """Which hands are asked for."""
    return _(_HANDS[Hands(which)])


def test_hands(which: Hands | str) -> str:
    """Which hands a strength test is for; it never takes both at the same moment."""
    return _("both hands, one after the other") if which == Hands.BOTH else hands(which)


def skill(which: Skill) -> str:
    """What an activity is good for."""
    return _(_SKILLS[which])


def kind(which: Kind) -> str:
    """How it is known that something was done."""
    return _(_KINDS[which])


def protocol(name: str) -> str:
    """A protocol of strength tests."""
    return _(_PROTOCOLS[name])


def weekday(day: Weekday | str) -> str:
    """Short name of a day of the week."""
    number = list(Weekday).index(Weekday(day))
    return str(get_day_names("abbreviated", locale=i18n.locale())[number])


def amount(item: Item) -> str:
    """How much is asked for at a time; empty where once is enough."""
    if item.squeezes:
        return squeezes(item.squeezes)
    if item.test:
        return _("strength test, {hands}").format(hands=test_hands(item.test.hands))
    return ngettext("{number} minute", "{number} minutes", item.minutes) if item.minutes else ""


def squeezes(asked: Squeezes) -> str:
    """Squeezes in words.

    Examples
    --------
    >>> squeezes(Squeezes(sets=2, reps=6, hands="left", zone=(20, 80), hold_s=0.5))
    '2 × 6 squeezes, left hand, at 20 to 80 % of the own best, held 0.5 s'
    """
    parts = [
        _("{sets} × {reps} squeezes").format(sets=asked.sets, reps=asked.reps),
        hands(asked.hands),
    ]
    if asked.zone:
        low, high = asked.zone
        parts.append(_("at {low} to {high} % of the own best").format(low=low, high=high))
    if asked.hold_s:
        parts.append(_("held {seconds} s").format(seconds=_short(asked.hold_s)))
    return ", ".join(parts)


def item(asked: Item) -> str:
    """What is asked for at a time, and how often."""
    return ", ".join(part for part in (amount(asked), dose_words.how_often(asked.dose)) if part)


def _short(seconds: float) -> str:
    return words.decimal(seconds, 0 if seconds == round(seconds) else 1)
