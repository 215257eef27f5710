"""The words in which events speak of a child's hand, and of who knows what."""

from enum import StrEnum


class Hand(StrEnum):
    """The hand that holds the tool."""

    LEFT = "left"
    RIGHT = "right"


class Source(StrEnum):
    """Whether a physical tool measured it; the two are never mixed in a trend."""

    REAL = "real"
    SIMULATED = "simulated"


class Purpose(StrEnum):
    """What a session is for: a strength test is no exercise, and is no point of its trend."""

    EXERCISE = "exercise"
    STRENGTH_TEST = "strength_test"


class Evidence(StrEnum):
    """How it is known that something was done."""

    SENSOR = "sensor"
    PARENT = "parent"
    THERAPIST = "therapist"


class Person(StrEnum):
    """Who helped, or who said it: a role, never a name."""

    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    TEACHER = "teacher"
    THERAPIST = "therapist"
    OTHER = "other"
