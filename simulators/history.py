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


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What a child's days look like; of a pair the first is the least, the second one above the most.

    Attributes
    ----------
    weekday_h, weekend_h : float
        Usual hour (UTC) of a day's first session.
    hour_sd : float
        How much it varies.
    days_a_week : tuple of int
        Days with sessions; the others are missed.
    squeezes : tuple of int
        True squeezes in a session.
    putty_chance : float
        That a hand also works with putty after the ball.
    illness_days, holiday_days : tuple of int
        Days in a row without a session: an illness in the first half of the time, a holiday in the second.
    """

    weekday_h: float = 15.5
    weekend_h: float = 10.5
    hour_sd: float = 0.8
    days_a_week: tuple[int, int] = (3, 7)
    squeezes: tuple[int, int] = (10, 17)
    putty_chance: float = 0.65
    illness_days: tuple[int, int] = (4, 8)
    holiday_days: tuple[int, int] = (5, 10)

    def days(self, weeks: int, rng: np.random.Generator) -> list[int]:
        """Draw the days, from 0, on which the child trains."""
        trained = [
            7 * week + int(day)
            for week in range(weeks)
            for day in rng.choice(7, rng.integers(*self.days_a_week), replace=False)
        ]
        away: set[int] = set()
        # One in each half: the weeks between them show that the trend goes on.
        for half, lengths in enumerate((self.illness_days, self.holiday_days)):
            earliest = 7 * weeks * (5 * half + 1) // 10
            first = int(rng.integers(earliest, earliest + 7 * weeks // 5 + 1))
            away.update(range(first, first + int(rng.integers(*lengths))))
        return sorted(set(trained) - away)


_USUAL = DayPlan()


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


def history(
    child: ChildModel, end: date, seed: int, *, weeks: int = WEEKS, plan: DayPlan = _USUAL
) -> Iterator[PastSession]:
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
    plan : DayPlan
        What the days look like.
    """
    rng = np.random.default_rng([seed, end.toordinal(), zlib.crc32(child.child_id.encode())])
    form: dict[Hand, float | None] = dict.fromkeys(HANDS)
    for day in plan.days(weeks, rng):
        on = end - timedelta(days=7 * weeks - day)
        after_school_h = rng.normal(plan.weekend_h if on.weekday() >= 5 else plan.weekday_h, plan.hour_sd)
        when = datetime.combine(on, time(), UTC) + timedelta(seconds=round(after_school_h * 3600))
        bad_day = child.weak_day_share if rng.random() < child.weak_day_chance else 1.0
        for hand in HANDS:
            form[hand] = todays = child.form(rng, form[hand])
            for tool in (BALL, PUTTY) if rng.random() < plan.putty_chance else (BALL,):
                squeezes = int(rng.integers(*plan.squeezes))
                played = play(child, hand, tool, rng, squeezes=squeezes, day=day, form=todays * bad_day)
                yield PastSession(when, hand, tool, played)
                pause_s = float(rng.uniform(40, 150))
                when += timedelta(seconds=round(played.duration_s + pause_s))
