"""The activity library: what can be asked of a child, written for the parent who leads it.

The built-in library is `library.toml`, checked when it is read. A clinic adds its own; an activity of
the same id replaces ours.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...firmware_bridge.samples import ToolKind
from ..records.ids import Id
from .errors import ProgramError, first_error

Sentence = Annotated[str, Field(min_length=1, max_length=400)]


class Kind(StrEnum):
    """How it is known that an activity was done."""

    SQUEEZE = "squeeze"  #: a tool counts
    STRENGTH_TEST = "strength_test"  #: a tool measures the greatest strength
    HOUSEHOLD = "household"  #: a parent ticks it


class Skill(StrEnum):
    """What an activity is good for."""

    HAND_STRENGTH = "hand_strength"
    FINE_MOTOR = "fine_motor"
    PRE_WRITING = "pre_writing"
    BILATERAL = "bilateral"
    WRIST_AND_ARM = "wrist_and_arm"
    EYE_HAND = "eye_hand"
    SOCIAL = "social"
    SELF_REGULATION = "self_regulation"
    ENDURANCE = "endurance"
    GRADING_FORCE = "grading_force"


class Activity(BaseModel):
    """Something that a therapist can ask for.

    All texts are plain: no markup is read from them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Kind
    picture: Annotated[str, Field(min_length=1, max_length=8)] = Field(description="a pictogram: one emoji")
    skills: tuple[Skill, ...] = Field(min_length=1)
    needs: tuple[Sentence, ...] = Field((), description="what to have at hand, all of it low-cost")
    minutes: int = Field(ge=1, le=120, description="what it usually takes, once")
    steps: tuple[Sentence, ...] = Field(min_length=1, description="for the parent, in order")
    easier: Sentence
    harder: Sentence
    safety: tuple[Sentence, ...] = Field(min_length=1)
    everyday: Sentence = Field(description="the daily task that it serves")
    tools: tuple[ToolKind, ...] = Field((), description="that can count or measure it")
    own: bool = Field(False, description="of this clinic, not of the built-in library")


class Library(Mapping[str, Activity]):
    """Activities by id.

    Examples
    --------
    >>> builtin()["puzzle"].title
    'Puzzle play'
    """

    def __init__(self, activities: Iterable[Activity]) -> None:
        self._activities = MappingProxyType({activity.id: activity for activity in activities})

    def __getitem__(self, activity_id: str) -> Activity:
        return self._activities[activity_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._activities)

    def __len__(self) -> int:
        return len(self._activities)

    def with_own(self, own: Iterable[Activity]) -> "Library":
        """Add a clinic's own activities, which win."""
        return Library([*self.values(), *own])


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    activity: tuple[Activity, ...]


#: The file in this package.
FILE: Final = "library.toml"


@cache
def builtin() -> Library:
    """The library that comes with GripHub."""
    text = files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return Library(_File.model_validate(tomllib.loads(text)).activity)


def read_own(values: Mapping[str, Any]) -> tuple[Activity, ...]:
    """A clinic's own activities, from ``[[activity]]`` tables.

    Raises
    ------
    ProgramError
        Naming the field that is wrong, or an id that occurs twice.
    """
    try:
        found = _File.model_validate(dict(values)).activity
    except ValidationError as error:
        raise first_error(error) from None
    ids = [activity.id for activity in found]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise ProgramError("activity.id", "two activities are called {name}", name=twice[0])
    return tuple(activity.model_copy(update={"own": True}) for activity in found)
