"""What the demo's children are asked to do, and what their parents ticked in eight weeks."""

from datetime import date, timedelta
from typing import Final
from uuid import uuid5

import numpy as np

from ...simulators.presets import PRESETS
from ..config import Config
from ..database.actor import Actor
from ..delivery.journal import Journal
from ..people.household import let_treat
from ..program import commands, home
from ..program.activity import builtin
from ..program.local_days import noon
from ..program.prescription import parse_program
from ..program.versions import days
from ..records.event import encode
from ..records.ids import EVENT_NAMESPACE
from ..records.said import ActivityDone, FeedbackGiven
from ..records.vocabulary import Evidence, Person, Source

WEEKS: Final = 8

#: How often a demo's parents come round to it, and how much of it gets done then.
_TICKED, _MINUTES_SD = 0.75, 2.0

_PROGRAM: Final = """
title = "Demo program"
goals = [{{ id = "lunch", words = "Opens the lunch box alone" }}]

[[items]]
id = "squeeze"
activity = "{activity}"
dose = {{ days_per_week = 4 }}
squeezes = {{ sets = 2, reps = 6, hold_s = 0.5, rest_s = 10, hands = "{hand}", zone = [20, 80] }}
progression = {{}}
slots = ["after_school"]
goal = "lunch"

[[items]]
id = "dough"
activity = "play-dough"
dose = {{ days = ["mon", "wed", "fri"] }}
minutes = 10
slots = ["after_dinner"]
"""


def prescribe(config: Config, hands: dict[str, tuple[str, str]], today: date) -> None:
    """Give each child of the demo a program, from eight weeks ago on.

    Parameters
    ----------
    hands : dict
        By child: hand and kind of its tool.
    """
    begin = today - timedelta(weeks=WEEKS)
    with home.opened(config) as database:
        let_treat(database, config)
        for child in PRESETS:
            hand, kind = hands.get(child, ("right", "ball"))
            activity = "squeeze-putty" if kind == "putty" else "squeeze-ball"
            program = parse_program(_PROGRAM.format(hand=hand, activity=activity), builtin())
            with database.work(Actor.part("demo")) as work:
                if not commands.history(work, child).versions:
                    commands.prescribe(work, child, program, valid_from=begin, today=begin)


def tick(config: Config, journal: Journal, today: date, seed: int) -> None:
    """Put what the demo's parents ticked and said into the journal, the way of all events."""
    rng = np.random.default_rng(seed)
    for child in PRESETS:
        for day in days(today - timedelta(weeks=WEEKS), today - timedelta(days=1)):
            if day.weekday() not in (0, 2, 4) or rng.random() > _TICKED:
                continue
            about = {
                "measured_at": noon(day, home.zone_of(config)),
                "site": config.site,
                "hub": config.hub,
                "child_id": child,
                "source": Source.SIMULATED,
                "day": day,
            }
            done = ActivityDone(
                event_id=uuid5(EVENT_NAMESPACE, f"demo:{child}:{day}:dough"),
                item_id="dough",
                activity_id="play-dough",
                evidence=Evidence.PARENT,
                minutes=float(np.clip(round(rng.normal(9, _MINUTES_SD)), 2, 20)),
                minutes_asked=10,
                helped_by=Person.PARENT,
                **about,
            )
            said = FeedbackGiven(
                event_id=uuid5(EVENT_NAMESPACE, f"demo:{child}:{day}:said"),
                said_by=Person.PARENT,
                enjoyment=int(rng.integers(4, 11)),
                effort=int(rng.integers(3, 9)),
                pain_after=int(rng.choice([0, 0, 0, 2])),
                **about,
            )
            journal.append([(event.event_id, encode(event)) for event in (done, said)])
