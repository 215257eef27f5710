"""A program while a therapist changes it: a form's values, which may be wrong and are nobody's until saved.

Each change is kept (`hub.program.drafts`), so that it outlasts the page and is there on another device.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, get_args
from uuid import uuid4

from pydantic import BaseModel

from ..hub.program.activity import Activity, Kind, Library
from ..hub.program.drafts import Kept
from ..hub.program.prescription import Hands, Program, Squeezes, check_program
from ..hub.program.versions import History
from .program_problems import said

Values = dict[str, Any]

#: What is wrong with a whole program names the bound that it breaks.
_BOUND: Final = re.compile(r"(.*) \((max_\w+)\)")

#: Where an open page has its viewer's drafts, by child.
DRAFTS: Final = "program_drafts"

#: What an item can be asked for in; the first of a kind is where a new item begins.
AMOUNTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.SQUEEZE: ("squeezes", "minutes", "ticks"),
    Kind.STRENGTH_TEST: ("test", "ticks"),
    Kind.HOUSEHOLD: ("minutes", "ticks"),
}


@dataclass(slots=True)
class Draft:
    """A program that is being changed.

    Attributes
    ----------
    read : int
        Number of the version that it began from; 0: there was none.
    values : dict
        As `Program` is written, with lists and plain values.
    begun : dict
        The values as they were.
    saving : dict
        ``valid_from``, a date, and ``because``, in words.
    opened : str
        Id of the item whose form is open; empty: none is.
    kept_at : datetime or None
        When it was kept last; None: never.
    key : str
        Begins the keys of the form's widgets: another one lets them show the values anew.
    """

    read: int
    values: Values
    begun: Values
    saving: Values
    opened: str = ""
    kept_at: datetime | None = None
    key: str = field(default_factory=lambda: uuid4().hex[:8])
    _as_kept: tuple[int, Values, Values] | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was changed that would be lost."""
        return self.values != self.begun or bool(self.saving["because"])

    @property
    def to_keep(self) -> bool:
        """Whether it differs from what is kept of it."""
        return self.changed and self._as_kept != (self.read, self.values, self.saving)

    def note_kept(self, at: datetime) -> None:
        """Remember that it is kept as it is."""
        self.kept_at = at
        self._as_kept = deepcopy((self.read, self.values, self.saving))

    @property
    def items(self) -> list[Values]:
        """What is asked for, in order."""
        items: list[Values] = self.values["items"]
        return items

    @property
    def goals(self) -> list[Values]:
        """Everyday goals, in order."""
        goals: list[Values] = self.values["goals"]
        return goals

    def add(self, activity: Activity) -> None:
        """Ask for an activity, and open its form."""
        item_id = _free(activity.id, {item["id"] for item in self.items})
        amount = AMOUNTS[activity.kind][0]
        self.items.append(
            {
                "id": item_id,
                "activity": activity.id,
                "dose": {"days_per_week": 3, "days": [], "times_per_day": 1},
                amount: beginning(amount, activity),
                "slots": [],
            }
        )
        self.opened = item_id

    def remove(self, item_id: str) -> None:
        """Ask for it no more."""
        self.items[:] = [item for item in self.items if item["id"] != item_id]

    def move(self, item_id: str, by: int) -> None:
        """Let an item stand earlier or later; past the ends it stays."""
        at = next(n for n, item in enumerate(self.items) if item["id"] == item_id)
        to = min(max(at + by, 0), len(self.items) - 1)
        self.items.insert(to, self.items.pop(at))

    def add_goal(self, words: str) -> None:
        """Name one more everyday goal."""
        taken = {goal["id"] for goal in self.goals}
        self.goals.append({"id": _free("goal-1" if "goal" in taken else "goal", taken), "words": words})

    def remove_goal(self, goal_id: str) -> None:
        """Name a goal no more, neither by itself nor at items."""
        self.goals[:] = [goal for goal in self.goals if goal["id"] != goal_id]
        for item in self.items:
            if item.get("goal") == goal_id:
                item["goal"] = None

    def show_anew(self) -> None:
        """Let the form's widgets show values that changed behind them."""
        self.key = uuid4().hex[:8]


def start(history: History, today: date) -> Draft:
    """A draft of the latest version, or of nothing."""
    latest = history.versions[-1] if history.versions else None
    values = _values(latest.program if latest else None)
    begins = max(today, latest.valid_from) if latest else today
    saving = {"valid_from": begins, "because": ""}
    return Draft(latest.number if latest else 0, values, deepcopy(values), saving)


def resume(kept: Kept, history: History) -> Draft:
    """Go on with a draft that was kept, perhaps by another device or an earlier GripHub."""
    begun = next((one.program for one in history.versions if one.number == kept.read), None)
    saving = {"valid_from": kept.valid_from, "because": kept.because}
    draft = Draft(kept.read, _completed(Program, kept.values), _values(begun), saving)
    draft.note_kept(kept.kept_at)
    return draft


def _completed(model: type[BaseModel], values: Mapping[str, Any]) -> Values:
    """Values that may be wrong, with defaults where an earlier GripHub had no such field."""
    found = model.model_construct(**values).model_dump(mode="json", warnings=False)
    for name, about in model.model_fields.items():
        kinds = (about.annotation, *get_args(about.annotation))
        inner = next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), None)
        value = found.get(name)
        if inner and isinstance(value, dict):
            found[name] = _completed(inner, value)
        elif inner and isinstance(value, list):
            found[name] = [_completed(inner, one) for one in value]
    return found


def put_on_top(draft: Draft, history: History) -> None:
    """Let a draft take the place of the latest version, which its writer has seen by now."""
    latest = history.versions[-1]
    draft.read, draft.begun = latest.number, _values(latest.program)


def _values(program: Program | None) -> Values:
    if program is None:
        return Program.model_construct(items=()).model_dump(mode="json", warnings=False)
    return program.model_dump(mode="json")


def beginning(amount: str, activity: Activity) -> Any:
    """What stands in the form when an amount is chosen."""
    return {
        "squeezes": Squeezes(
            sets=2,
            reps=8,
            hold_s=1,
            hands=Hands.BOTH,
            zone=(30, 60),
            tool=activity.tools[0] if len(activity.tools) == 1 else None,
        ).model_dump(mode="json"),
        "test": {"protocol": "asht", "hands": "both"},
        "minutes": activity.minutes,
        "ticks": 1,
    }[amount]


def amount_of(item: Values) -> str:
    """In what an item is asked for."""
    return next(name for name in ("squeezes", "test", "minutes", "ticks") if item.get(name) is not None)


def choose_amount(item: Values, amount: str, activity: Activity) -> None:
    """Ask for an item in another amount."""
    for name in ("squeezes", "test", "minutes", "ticks"):
        item[name] = beginning(amount, activity) if name == amount else None
    if amount != "squeezes":
        item["progression"] = None


def check(draft: Draft, library: Library) -> tuple[Program | None, dict[str, str]]:
    """The program, or None and what is wrong by field, such as ``items.0.dose``."""
    program, wrong = check_program(draft.values, library)
    found: dict[str, str] = {}
    for error in wrong:
        field, reason = error.field, str(error.reason)
        if field == "program" and (bound := _BOUND.fullmatch(reason)):
            reason, field = bound.groups()  # a day's bound is mended at the bound, or at any item
        found.setdefault(field, said(reason))
    return program, found


def _free(name: str, taken: set[str]) -> str:
    """`name`, or with a number where it is taken."""
    tries = [name, *(f"{name[:40]}-{n}" for n in range(2, len(taken) + 3))]
    return next(one for one in tries if one not in taken)
