"""What changes between two programs, in lines that a therapist reads before saying yes."""

from collections.abc import Callable, Mapping
from typing import Final

from ..hub.program.activity import Library
from ..hub.program.diff import Change, What, changes
from ..hub.program.faces import STEP
from ..hub.program.prescription import Item, Program
from . import dose_words, faces, program_words, words
from .i18n import N_, _, ngettext
from .program_problems import name_of

_SIGN: Final = {What.ENDED: "⚪", What.REMOVED: "⚪", What.ADDED: "🟢"}
#: What parents learn before they begin, by its name in the program.
TOPICS: Final = {
    "saw_it": N_("Saw each activity done by the therapist"),
    "did_it": N_("Did each activity with the child while the therapist looked on"),
    "stop_rule": N_("Knows when to stop: pain, or the child says so"),
    "faces": N_("Can ask for pain with the faces"),
    "tools": N_("Paired the tools and saw them count"),
    "help": N_("Knows whom to ask, and how"),
}


def lines(before: Program | None, after: Program | None, library: Library) -> list[str]:
    """A line each, with a sign in front; empty where nothing changes."""
    return [
        f"{_SIGN.get(one.what, '🔵')} {words.plain(_line(one, before, after, library))}"
        for one in changes(before, after)
    ]


def _line(one: Change, before: Program | None, after: Program | None, library: Library) -> str:
    was, now = (_item(item, library) if item else "" for item in (one.before, one.after))
    match one.what:
        case What.ENDED:
            return _("Nothing is asked any more.")
        case What.REMOVED | What.ADDED:
            return was or now
        case What.CHANGED if was != now:
            return f"{was} → {now}"
        case What.CHANGED:
            names = words.listed([name_of(name) for name in one.names])
            return _("{activity}: changed: {names}").format(activity=now, names=names)
        case What.ORDER if after:
            titles = words.listed([_title(item, library) for item in after.items])
            return _("Order: {activities}").format(activities=titles)
    (name,) = one.names
    said = (_WHOLE[name](program) if program else "" for program in (before, after))
    return f"{_(_NAMES[name])}: {' → '.join(part or '–' for part in said)}"


def _title(item: Item, library: Library) -> str:
    return dose_words.title_of(library.get(item.activity), item.activity)


def _item(item: Item, library: Library) -> str:
    return f"{_title(item, library)}, {program_words.item(item)}"


def _pain_rule(program: Program) -> str:
    rule = program.pain
    rise = ngettext("{number} face", "{number} faces", rule.stop_rise // STEP)
    if rule.stop_at is None:
        return _("ends when it rises by {faces}").format(faces=rise)
    return _("ends when it rises by {faces}, or at “{face}”").format(
        faces=rise, face=faces.words(rule.stop_at)
    )


_NAMES: Final = {
    "title": N_("Title"),
    "pain": N_("Pain"),
    "max_minutes_per_day": N_("Minutes a day, at most"),
    "max_reps_per_day": N_("Squeezes a day of each hand, at most"),
    "training": N_("What the parents learn before they begin"),
    "note": N_("To the parents"),
    "goals": N_("Everyday goals"),
}
_WHOLE: Final[Mapping[str, Callable[[Program], str]]] = {
    "title": lambda program: program.title,
    "pain": _pain_rule,
    "max_minutes_per_day": lambda program: words.number(program.max_minutes_per_day),
    "max_reps_per_day": lambda program: words.number(program.max_reps_per_day),
    "training": lambda program: "; ".join(_(TOPICS.get(one, one)) for one in program.training),
    "note": lambda program: program.note,
    "goals": lambda program: "; ".join(goal.words for goal in program.goals),
}
