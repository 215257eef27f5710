"""What changes between two programs, for a therapist who reads it before saying yes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .activity import Library
from .prescription import Dose, Item, Program, Squeezes


class What(StrEnum):
    """What became different."""

    ENDED = "ended"  #: nothing is asked any more
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"
    ORDER = "order"
    WHOLE = "whole"  #: something that holds for the whole program


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different.

    Attributes
    ----------
    before, after : Item or None
        Of an item that was removed, added or changed.
    names : tuple of str
        What of an item or of the whole program is different; of the order, the ids of the items in it.
    """

    what: What
    before: Item | None = None
    after: Item | None = None
    names: tuple[str, ...] = ()


#: What holds for the whole program.
OF_ALL: Final = ("title", "pain", "max_minutes_per_day", "max_reps_per_day", "training", "note", "goals")


def changes(before: Program | None, after: Program | None) -> list[Change]:
    """What is different, one after the other; empty where nothing is."""
    if before == after:
        return []
    if after is None:
        return [Change(What.ENDED)]
    old = {item.id: item for item in before.items} if before else {}
    new = {item.id: item for item in after.items}
    found = [Change(What.REMOVED, before=item) for item_id, item in old.items() if item_id not in new]
    for item_id, item in new.items():
        if item_id not in old:
            found.append(Change(What.ADDED, after=item))
        elif item != (was := old[item_id]):
            names = tuple(name for name in Item.model_fields if getattr(was, name) != getattr(item, name))
            found.append(Change(What.CHANGED, was, item, names))
    if before is None:
        return found
    if [item_id for item_id in old if item_id in new] != [item_id for item_id in new if item_id in old]:
        found.append(Change(What.ORDER, names=tuple(new)))
    differing = (name for name in OF_ALL if getattr(before, name) != getattr(after, name))
    return found + [Change(What.WHOLE, names=(name,)) for name in differing]


def differences(before: Program | None, after: Program | None, library: Library) -> list[str]:
    """The same in lines that begin with +, - or ~, for a terminal."""
    return [_line(one, before, after, library) for one in changes(before, after)]


def _line(one: Change, before: Program | None, after: Program | None, library: Library) -> str:
    was, now = (describe(item, library) if item else "" for item in (one.before, one.after))
    match one.what:
        case What.ENDED:
            return "- Nothing is asked any more."
        case What.REMOVED if one.before:
            return f"- {one.before.id}: {was}"
        case What.ADDED if one.after:
            return f"+ {one.after.id}: {now}"
        case What.CHANGED if one.after:
            names = ", ".join(name.replace("_", " ") for name in one.names)
            return f"~ {one.after.id}: {f'{was} → {now}' if was != now else f'another {names}'}"
        case What.ORDER:
            return f"~ order: {', '.join(one.names)}"
    (name,) = one.names
    said = (_OF_ALL[name](program) if program else "" for program in (before, after))
    return f"~ {name.replace('_', ' ')}: {' → '.join(part or 'none' for part in said)}"


def _pain_rule(program: Program) -> str:
    rule = program.pain
    at = f", or at {rule.stop_at}" if rule.stop_at is not None else ""
    return f"stop {rule.stop_rise} points above the face before{at}"


#: What holds for the whole program, in words.
_OF_ALL: Final[Mapping[str, Callable[[Program], str]]] = {
    "title": lambda program: program.title,
    "pain": _pain_rule,
    "max_minutes_per_day": lambda program: str(program.max_minutes_per_day),
    "max_reps_per_day": lambda program: str(program.max_reps_per_day),
    "training": lambda program: ", ".join(program.training),
    "note": lambda program: program.note,
    "goals": lambda program: "; ".join(f"{goal.id}: {goal.words}" for goal in program.goals),
}


def describe(item: Item, library: Library) -> str:
    """An item in a line, without its notes.

    Examples
    --------
    >>> from griphub.hub.program.activity import builtin
    >>> item = Item(id="a", activity="puzzle", dose=Dose(days_per_week=3), minutes=10)
    >>> describe(item, builtin())
    'Puzzle play, 10 minutes, on 3 days a week'
    """
    parts = [title_of(item, library), amount(item)]
    return ", ".join([part for part in parts if part] + [how_often(item.dose)])


def title_of(item: Item, library: Library) -> str:
    """What an item's activity is called."""
    activity = library.get(item.activity)
    return activity.title if activity else item.activity


def amount(item: Item) -> str:
    """How much is asked for at a time; empty where once is enough."""
    if item.squeezes:
        return _squeezes(item.squeezes)
    if item.test:
        return f"{item.test.protocol} protocol, {_hands(item.test.hands)}"
    return f"{item.minutes} minutes" if item.minutes else ""


def how_often(dose: Dose) -> str:
    """The dose in words."""
    times = {1: "", 2: "twice a day, "}.get(dose.times_per_day, f"{dose.times_per_day} times a day, ")
    if dose.days:
        return times + "on " + ", ".join(day.capitalize() for day in dose.days)
    if dose.per_week == 7:
        return times + "every day"
    return times + (f"on {dose.per_week} days a week" if dose.per_week > 1 else "on one day a week")


def _squeezes(squeezes: Squeezes) -> str:
    words = f"{squeezes.sets} × {squeezes.reps} with {_hands(squeezes.hands)}"
    if squeezes.zone:
        words += f" at {squeezes.zone[0]}-{squeezes.zone[1]} % of the own best"
    if squeezes.hold_s:
        words += f", held {squeezes.hold_s:g} s"
    return f"{words}, {squeezes.rest_s:g} s rest"


def _hands(hands: str) -> str:
    return {"both": "both hands together", "alternating": "hands in turn"}.get(hands, f"the {hands} hand")
