"""Weeks of past sessions of a child, as a home's hub would have collected them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from .child import HANDS, ChildModel, Hand
from .plays import Play
from .waveform import BALL, PUTTY, ToolModel, play

WEEKS = 8
SESSION_SQUEEZES = (10, 17)  #: fewest, and one above the most
PUTTY_CHANCE = 0.65  #: that a hand also works with putty after the ball
_DAYS_A_WEEK = (3, 7)
_ILLNESS_DAYS = (4, 8)
_HOLIDAY_DAYS = (5, 10)


@dataclass(frozen=True, slots=True, eq=False)
class PastSession:
    """One session that has been.

    Attributes
    ----------
    when : datetime
        UTC time of the play's first sample.
    hand : {"left", "right"}
        The hand that held the tool.
    tool : ToolModel
        The tool.
    play : Play
        What it sent, and what was truly in it.
    """

    when: datetime
    hand: Hand
    tool: ToolModel
    play: Play


def history(child: ChildModel, end: date, seed: int, *, weeks: int = WEEKS) -> Iterator[PastSession]:
    """Play a child's sessions of the weeks before a day, oldest first, each when it is asked for.

    Three to six days a week, both hands with the ball and some with putty; an illness, a holiday, days that
    go badly, and for each hand the trend of its own `Strength`.

    Parameters
    ----------
    child : ChildModel
        Who.
    end : date
        The day (UTC) after the last one: nothing is in the future if it is today.
    seed : int
        0 or above. Same child, end and seed: same history to the bit.
    weeks : int
        How many.
    """
    rng = np.random.default_rng([seed, end.toordinal(), zlib.crc32(child.child_id.encode())])
    form: dict[Hand, float | None] = dict.fromkeys(HANDS)
    for day in _days(weeks, rng):
        on = end - timedelta(days=7 * weeks - day)
        after_school_h = rng.normal(10.5 if on.weekday() >= 5 else 15.5, 0.8)
        when = datetime.combine(on, time(), UTC) + timedelta(seconds=round(after_school_h * 3600))
        bad_day = child.weak_day_share if rng.random() < child.weak_day_chance else 1.0
        for hand in HANDS:
            form[hand] = todays = child.form(rng, form[hand])
            for tool in (BALL, PUTTY) if rng.random() < PUTTY_CHANCE else (BALL,):
                squeezes = int(rng.integers(*SESSION_SQUEEZES))
                played = play(child, hand, tool, rng, squeezes=squeezes, day=day, form=todays * bad_day)
                yield PastSession(when, hand, tool, played)
                pause_s = float(rng.uniform(40, 150))
                when += timedelta(seconds=round(played.duration_s + pause_s))


def _days(weeks: int, rng: np.random.Generator) -> list[int]:
    """Days, from 0, on which the child trains."""
    trained = [
        7 * week + int(day)
        for week in range(weeks)
        for day in rng.choice(7, rng.integers(*_DAYS_A_WEEK), replace=False)
    ]
    away: set[int] = set()
    # One in each half: the weeks between them show that the trend goes on.
    for half, lengths in enumerate((_ILLNESS_DAYS, _HOLIDAY_DAYS)):
        earliest = 7 * weeks * (5 * half + 1) // 10
        first = int(rng.integers(earliest, earliest + 7 * weeks // 5 + 1))
        away.update(range(first, first + int(rng.integers(*lengths))))
    return sorted(set(trained) - away)
