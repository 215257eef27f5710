"""A program as a therapist would write it."""

from datetime import UTC, date, datetime

import pytest

from griphub.hub.program.activity import builtin
from griphub.hub.program.prescription import Program, parse_program
from griphub.hub.program.versions import History, Version

#: A Monday.
MONDAY = date(2026, 11, 2)

WINTER = """
title = "Winter"
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]

[[items]]
id = "squeeze-right"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 3, reps = 10, hold_s = 2, hands = "right", zone = [40, 60] }
progression = {}
goal = "lunch"

[[items]]
id = "dough"
activity = "play-dough"
dose = { days = ["mon", "wed", "fri"] }
minutes = 10
slots = ["after_dinner"]

[[items]]
id = "pins"
activity = "clothespins"
dose = { days_per_week = 3 }
ticks = 1
"""


@pytest.fixture
def winter() -> Program:
    return parse_program(WINTER, builtin())


def version(program: Program | None, since: date, number: int = 1) -> Version:
    return Version(number, program, since, datetime(2026, 11, number, tzinfo=UTC), "t-1")


@pytest.fixture
def history(winter: Program) -> History:
    return History([version(winter, MONDAY)])
