"""What a therapist asks for: a program of items, each with its dose.

A program is a document: checked as a whole, kept as a whole, never changed. Another one takes its place from
a day on (`versions`).
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ...firmware_bridge.samples import ToolKind
from ..records.ids import Id
from .activity import Kind, Library
from .errors import ProgramError, all_errors
from .faces import PainRule

Words = Annotated[str, Field(max_length=600)]

#: A child's attention, not a database, sets these bounds.
MAX_ITEMS: Final = 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hands(StrEnum):
    """Which hands are asked for."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"  #: at the same moment
    ALTERNATING = "alternating"  #: left, right, left, right


class Unit(StrEnum):
    """What a dose is counted in."""

    REPS = "reps"
    MINUTES = "minutes"
    TICKS = "ticks"


class Weekday(StrEnum):
    """A day of the week, as calendars write it."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        """The weekday of a date."""
        return _WEEK[day.weekday()]


_WEEK: Final = tuple(Weekday)


class Slot(StrEnum):
    """A place in the family's day; families know meals better than clock times."""

    AFTER_WAKING = "after_waking"
    AFTER_BREAKFAST = "after_breakfast"
    BEFORE_SCHOOL = "before_school"
    AFTER_SCHOOL = "after_school"
    BEFORE_DINNER = "before_dinner"
    AFTER_DINNER = "after_dinner"
    IN_THE_BATH = "in_the_bath"
    BEFORE_BED = "before_bed"


class Dose(_Part):
    """How often. Either a number of days a week, which the family chooses, or the days by name."""

    days_per_week: int | None = Field(None, ge=1, le=7)
    days: tuple[Weekday, ...] = ()
    times_per_day: int = Field(1, ge=1, le=6)

    @model_validator(mode="after")
    def _how_often(self) -> Self:
        if len(set(self.days)) != len(self.days):
            raise ValueError("names a day twice")
        if self.days_per_week is None and not self.days:
            raise ValueError("says on no day; give days_per_week or days")
        if self.days_per_week is not None and self.days and self.days_per_week != len(self.days):
            raise ValueError(f"names {len(self.days)} days and asks for {self.days_per_week}")
        return self

    @property
    def per_week(self) -> int:
        """Days a week."""
        return len(self.days) or self.days_per_week or 0

    @property
    def interval_days(self) -> float:
        """Days from one time to the next where they are spread as they can be."""
        return 7 / self.per_week


class Squeezes(_Part):
    """Squeezes that a tool counts.

    `zone` is in per cent of the child's own best with the same tool and hand; without one every squeeze is
    right. A rep of `alternating` hands is one squeeze of one hand, of `both` it is one of both at once.
    """

    sets: int = Field(ge=1, le=12)
    reps: int = Field(ge=1, le=60, description="in a set")
    hold_s: float = Field(0, ge=0, le=60)
    rest_s: float = Field(30, ge=0, le=600, description="between sets")
    hands: Hands
    tool: ToolKind | None = None
    zone: tuple[int, int] | None = None
    warm_up: int = Field(3, ge=0, le=20, description="squeezes before that do not count")

    @field_validator("zone")
    @classmethod
    def _within_the_childs_best(cls, zone: tuple[int, int] | None) -> tuple[int, int] | None:
        if zone is not None and not 5 <= zone[0] < zone[1] <= 100:
            raise ValueError(
                f"goes from {zone[0]} to {zone[1]} %; it must lie between 5 and 100 % of the child's best, "
                "the lower end first"
            )
        return zone

    @property
    def total(self) -> int:
        """Reps asked for at a time."""
        return self.sets * self.reps


class StrengthTestOf(_Part):
    """A test of the greatest strength by a published protocol."""

    protocol: Literal["asht", "southampton", "nih", "nhanes", "ploegmakers"] = Field(
        "asht", description="as `griphub strength-test` names them; docs/measures.md has their sources"
    )
    hands: Hands = Hands.BOTH

    @field_validator("hands")
    @classmethod
    def _one_by_one(cls, hands: Hands) -> Hands:
        if hands is Hands.ALTERNATING:
            raise ValueError("is left, right or both; the protocol says whether they take turns")
        return hands


class Progression(_Part):
    """When an item becomes harder or easier, and how far.

    A share of squeezes in the zone between `low` and `high` is where children learn best and give up least
    (70 to 80 %, as adaptive hand games use it).
    """

    low: int = Field(70, ge=10, le=95, description="per cent in the zone; below it becomes easier")
    high: int = Field(80, ge=15, le=100, description="above, harder")
    times: int = Field(3, ge=2, le=20, description="times in a row that are looked at")
    zone_step: int = Field(5, ge=1, le=20, description="per cent of the child's best")
    reps_step: int = Field(1, ge=0, le=10)
    zone_from: int = Field(20, ge=5, le=95, description="the lower end never goes below")
    zone_to: int = Field(80, ge=10, le=100, description="the upper end never goes above")
    reps_from: int = Field(3, ge=1, le=60)
    reps_to: int = Field(20, ge=1, le=60)
    auto: bool = Field(False, description="true: without asking the therapist, within these bounds")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for lower, upper in (("low", "high"), ("zone_from", "zone_to"), ("reps_from", "reps_to")):
            if getattr(self, lower) >= getattr(self, upper):
                raise ValueError(f"{lower} must be below {upper}")
        return self


class Item(_Part):
    """One thing that is asked for. Just one of `squeezes`, `test`, `minutes` and `ticks` says how much."""

    id: Id
    activity: Id
    dose: Dose
    squeezes: Squeezes | None = None
    test: StrengthTestOf | None = None
    minutes: int | None = Field(None, ge=1, le=120, description="each time")
    ticks: int | None = Field(None, ge=1, le=1, description="1: it is enough that it was done")
    slots: tuple[Slot, ...] = Field((), max_length=6)
    goal: Id | None = Field(None, description="id of the everyday goal that it serves")
    progression: Progression | None = None
    note: Words = Field("", description="to the parents")
    adaptation: Words = Field("", description="how it is made to fit this child and home")

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        given = [n for n in ("squeezes", "test", "minutes", "ticks") if getattr(self, n) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "nothing"
            raise ValueError(f"needs one of squeezes, test, minutes and ticks to say how much; has {found}")
        if self.progression and not (self.squeezes and self.squeezes.zone):
            raise ValueError("has a progression, which needs squeezes with a zone")
        return self

    @property
    def unit(self) -> Unit:
        """What its dose is counted in."""
        if self.squeezes:
            return Unit.REPS
        return Unit.MINUTES if self.minutes else Unit.TICKS

    @property
    def per_day(self) -> float:
        """Units asked for on a day on which it is done."""
        once = self.squeezes.total if self.squeezes else self.minutes or 1
        return float(once * self.dose.times_per_day)


class Goal(_Part):
    """Something of everyday life that the family wants, in its own words."""

    id: Id
    words: Annotated[str, Field(min_length=1, max_length=200)]


#: What a parent should have seen and done with the therapist before the first session at home.
TRAINING: Final[Mapping[str, str]] = {
    "saw_it": "Saw each activity done by the therapist.",
    "did_it": "Did each activity with the child while the therapist looked on.",
    "stop_rule": "Knows when to stop: pain, or the child says so.",
    "faces": "Can ask for pain with the faces.",
    "tools": "Paired the tools and saw them count.",
    "help": "Knows whom to ask, and how.",
}


class Program(_Part):
    """All that is asked of a child from a day on."""

    title: Annotated[str, Field(min_length=1, max_length=80)] = "Home program"
    items: tuple[Item, ...] = Field(min_length=1, max_length=MAX_ITEMS)
    goals: tuple[Goal, ...] = Field((), max_length=10)
    pain: PainRule = PainRule()
    max_minutes_per_day: int = Field(45, ge=5, le=240, description="overload guard, all items together")
    max_reps_per_day: int = Field(200, ge=1, le=2000, description="overload guard, of each hand")
    training: tuple[Id, ...] = Field(
        tuple(TRAINING), description="what the parents learn before the first session at home"
    )
    note: Words = Field("", description="to the parents")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, ids in (("items", self.items), ("goals", self.goals)):
            if twice := [one for one, n in Counter(part.id for part in ids).items() if n > 1]:
                raise ValueError(f"two {name} are called {twice[0]}")
        goals = {goal.id for goal in self.goals}
        for item in self.items:
            if item.goal and item.goal not in goals:
                raise ValueError(f"item {item.id} serves the goal {item.goal}, which is not among goals")
        reps = Counter[str]()
        for item in self.items:
            if item.squeezes and item.dose.times_per_day:
                hands = item.squeezes.hands
                for hand in ("left", "right"):
                    share = {Hands.BOTH: 1.0, Hands.ALTERNATING: 0.5}.get(hands, float(hands == hand))
                    reps[hand] += round(share * item.per_day)
        if reps and max(reps.values()) > self.max_reps_per_day:
            raise ValueError(
                f"asks one hand for up to {max(reps.values())} reps a day and allows {self.max_reps_per_day} "
                "(max_reps_per_day)"
            )
        minutes = sum((item.minutes or 0) * item.dose.times_per_day for item in self.items)
        if minutes > self.max_minutes_per_day:
            raise ValueError(
                f"asks for up to {minutes} minutes a day and allows {self.max_minutes_per_day} "
                "(max_minutes_per_day)"
            )
        return self

    def item(self, item_id: str) -> Item | None:
        """The item of an id."""
        return next((item for item in self.items if item.id == item_id), None)


def read_program(values: Mapping[str, Any], library: Library) -> Program:
    """Check a program against itself and the library.

    Raises
    ------
    ProgramError
        Naming the first field that is wrong.
    """
    program, wrong = check_program(values, library)
    if program is None:
        raise wrong[0]
    return program


def check_program(values: Mapping[str, Any], library: Library) -> tuple[Program | None, list[ProgramError]]:
    """The program, or None and all that is wrong with it, each on its field: for a form."""
    try:
        program = Program.model_validate(dict(values))
    except ValidationError as error:
        return None, all_errors(error)
    wrong = [error for i, item in enumerate(program.items) for error in _misfits(i, item, library)]
    wrong += [
        ProgramError(f"training.{i}", "{topic} is none of {topics}", topic=one, topics=", ".join(TRAINING))
        for i, one in enumerate(program.training)
        if one not in TRAINING
    ]
    return (None, wrong) if wrong else (program, [])


def _misfits(i: int, item: Item, library: Library) -> Iterator[ProgramError]:
    activity = library.get(item.activity)
    if activity is None:
        yield ProgramError(
            f"items.{i}.activity",
            "there is no activity {activity}",
            "`griphub program library` lists those that there are.",
            activity=item.activity,
        )
        return
    wrong = {
        Kind.SQUEEZE: item.test and "test",
        Kind.STRENGTH_TEST: (item.squeezes and "squeezes") or (item.minutes and "minutes"),
        Kind.HOUSEHOLD: (item.squeezes and "squeezes") or (item.test and "test"),
    }[activity.kind]
    if wrong:
        yield ProgramError(
            f"items.{i}.{wrong}",
            "does not go with {title}",
            title=activity.title,
        )
    tool = item.squeezes.tool if item.squeezes else None
    if tool and tool not in activity.tools:
        yield ProgramError(
            f"items.{i}.squeezes.tool", "{title} is not done with a {tool}", title=activity.title, tool=tool
        )


def parse_program(text: str, library: Library, *, name: str = "program") -> Program:
    """Read a program from TOML, or from JSON where the text begins with a brace.

    Raises
    ------
    ProgramError
    """
    try:
        values = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        raise ProgramError(name, "cannot be read: {error}", error=error) from None
    return read_program(values, library)
