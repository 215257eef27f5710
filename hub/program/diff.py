"""What changes between two programs, in lines that a therapist reads before saying yes."""

from collections.abc import Callable, Mapping
from typing import Final

from .activity import Library
from .prescription import Dose, Item, Program, Squeezes


def differences(before: Program | None, after: Program | None, library: Library) -> list[str]:
    """Lines that begin with +, - or ~; empty where nothing changes."""
    if before == after:
        return []
    if after is None:
        return ["- Nothing is asked any more."]
    old = {item.id: item for item in before.items} if before else {}
    new = {item.id: item for item in after.items}
    lines = [f"- {item_id}: {describe(old[item_id], library)}" for item_id in old if item_id not in new]
    for item_id, item in new.items():
        if item_id not in old:
            lines.append(f"+ {item_id}: {describe(item, library)}")
        elif item != old[item_id]:
            was, now = describe(old[item_id], library), describe(item, library)
            lines.append(
                f"~ {item_id}: {was} → {now}" if was != now else f"~ {item_id}: {_parts(old[item_id], item)}"
            )
    if before is None:
        return lines
    kept = [item_id for item_id in old if item_id in new]
    if kept != [item_id for item_id in new if item_id in old]:
        lines.append(f"~ order: {', '.join(new)}")
    lines += [
        f"~ {name.replace('_', ' ')}: {said(before) or 'none'} → {said(after) or 'none'}"
        for name, said in _OF_ALL.items()
        if said(before) != said(after)
    ]
    return lines


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


def _parts(before: Item, after: Item) -> str:
    names = [name for name in Item.model_fields if getattr(before, name) != getattr(after, name)]
    return "another " + ", ".join(name.replace("_", " ") for name in names)
