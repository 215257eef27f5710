"""What tests of a family's pages share: a program, what was done of it, and what a page says."""

from datetime import UTC, datetime, time
from pathlib import Path
from uuid import uuid4

import griphub.dashboard
from griphub.hub.records.said import ActivityDone
from griphub.hub.records.vocabulary import Evidence

#: The script behind every page.
APP = Path(griphub.dashboard.__file__).with_name("app.py")

PROGRAM = """
title = "At home"
goals = [{ id = "lunch", words = "Opens the lunch box alone" }]
training = ["saw_it", "faces"]

[[items]]
id = "squeeze"
activity = "squeeze-ball"
dose = { days_per_week = 7 }
squeezes = { sets = 2, reps = 6, hold_s = 2, rest_s = 10, hands = "left", zone = [20, 80] }
slots = ["after_school"]
goal = "lunch"

[[items]]
id = "dough"
activity = "play-dough"
dose = { days_per_week = 7, times_per_day = 2 }
minutes = 10
slots = ["after_breakfast", "before_bed"]
note = "Warm the *dough* first."

[[items]]
id = "puzzle"
activity = "puzzle"
dose = { days_per_week = 7 }
ticks = 1
"""


def done(day, *, child="c-ada", item="dough", activity="play-dough", minutes=10.0, **more):
    return ActivityDone(
        **{
            "event_id": uuid4(),
            "measured_at": datetime.combine(day, time(12), UTC),
            "site": "home",
            "hub": "hub",
            "child_id": child,
            "day": day,
            "item_id": item,
            "activity_id": activity,
            "evidence": Evidence.PARENT,
            "minutes": minutes,
        }
        | more
    )
