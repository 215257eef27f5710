"""How much of what was asked was done: one number over sensor work and ticked work.

``adherence % = 100 × done days / asked days`` over the last 7 and 28 days, where a day counts for each item
that asks for it, and one that was done in part counts in part, at most once (project definition;
docs/decisions/adherence.md says why where it leaves a choice):

- An item asks for as many days of a week as its dose says. On which it is done is the family's choice.
- A paused day, a day of which nothing can be known (the hub was off, its word has not come) and a day that is
  not over ask only for what was done on them. They are not missed.
- A week in which nothing was done is not made up for by another one.
- Work counts on the day on which it was done, however late it becomes known.
- The dose is what was done, uncapped, by what was asked: in reps, in minutes, in ticks, and all together.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from ..records.vocabulary import Evidence
from .prescription import Item, Unit, Weekday
from .versions import History, days
from .work import DayWork, Work, distinct, share

WINDOWS: Final = (7, 28)

#: A gap is worth a word once it is this much longer than what the program leaves between two times.
GAP_SLACK_DAYS: Final = 2


class DayStatus(StrEnum):
    """What a day of the calendar shows."""

    DONE = "done"
    PARTLY = "partly"
    MISSED = "missed"  #: asked for by name of the day, over, known, and not done
    FREE = "free"  #: nothing was asked of this very day
    PAUSED = "paused"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"  #: today, and what is to come
    NO_PROGRAM = "no_program"


@dataclass(frozen=True, slots=True)
class Dose:
    """Units of one kind, done and asked for."""

    done: float
    asked: float

    @property
    def percent(self) -> float | None:
        """None where nothing was asked."""
        return 100 * self.done / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Adherence:
    """What was done of what was asked, over some days.

    Attributes
    ----------
    first, last : date
    done_days, asked_days : float
        Of all items together.
    by_evidence : mapping
        Parts of `done_days`; they add up to it.
    dose : mapping of Unit to Dose
    together : Dose
        Of all units, counted in days' worth.
    paused, unknown : tuple of date
    """

    first: date
    last: date
    done_days: float
    asked_days: float
    by_evidence: Mapping[Evidence, float]
    dose: Mapping[Unit, Dose]
    together: Dose
    paused: tuple[date, ...]
    unknown: tuple[date, ...]

    @property
    def percent(self) -> float | None:
        """From 0 to 100; None where nothing was asked."""
        return 100 * self.done_days / self.asked_days if self.asked_days > 0 else None

    def percent_by(self, evidence: Evidence) -> float | None:
        """The part of `percent` that rests on one kind of evidence."""
        return 100 * self.by_evidence[evidence] / self.asked_days if self.asked_days > 0 else None


@dataclass(frozen=True, slots=True)
class Gap:
    """Days since anything was done.

    Attributes
    ----------
    days : int or None
        Without paused and unknown days; None where nothing was ever done.
    since : date or None
        The last day on which something was done.
    allowed_days : float
        What the program leaves between two times.
    """

    days: int | None
    since: date | None
    allowed_days: float

    @property
    def too_long(self) -> bool:
        """Whether somebody should ask how things are."""
        return self.days is not None and self.days > self.allowed_days + GAP_SLACK_DAYS


class Doings:
    """What was asked and done, by item and day.

    Parameters
    ----------
    work : iterable of Work
        In any order; the same piece may come twice.
    today : date
        The family's.
    unknown : collection of date
        Days of which nothing can be known yet.
    """

    def __init__(
        self, history: History, work: Iterable[Work], *, today: date, unknown: Collection[date] = ()
    ) -> None:
        self.history = history
        self.today = today
        self.unknown = frozenset(unknown)
        self.work = distinct(work)
        self._items: dict[date, dict[str, Item]] = {}
        self._done: dict[tuple[str, date], DayWork] = defaultdict(DayWork)
        self._worked = {one.day for one in self.work}
        for one in self.work:
            item = self._asked(one.day).get(one.item or "")
            if item:
                self._done[item.id, one.day].by[one.evidence] += share(item, one)

    def adherence(self, window: int, *, until: date | None = None) -> Adherence:
        """Over the `window` days that end with `until`, by default today."""
        last = until or self.today
        span = list(days(last - timedelta(days=window - 1), last))
        worth = 0.0
        full: dict[tuple[str, int], float] = defaultdict(float)  # by item and week: what its dose says
        asked: dict[tuple[str, int], float] = defaultdict(float)
        done: dict[tuple[str, int], float] = defaultdict(float)
        parts: dict[tuple[str, int], dict[Evidence, float]] = defaultdict(_none)
        dose_done: dict[Unit, float] = defaultdict(float)
        dose_asked: dict[Unit, float] = defaultdict(float)
        for day in span:
            week = (last - day).days // 7
            for item in self._asked(day).values():
                did = self._done.get((item.id, day), DayWork())
                wanted = self._weight(day, item, did)
                full[item.id, week] += self._weight(day, item)
                asked[item.id, week] += wanted
                done[item.id, week] += did.credit
                for evidence, part in did.by.items():
                    parts[item.id, week][evidence] += did.credit * part / did.share if did.share else 0.0
                dose_done[item.unit] += did.share * item.per_day
                dose_asked[item.unit] += wanted * item.per_day
                worth += did.share
        by = _none()
        for key, credit in done.items():
            kept = min(1.0, full[key] / credit) if credit else 0.0
            asked[key] = max(asked[key], credit * kept)  # done on other days than asked, which are not known
            for evidence, part in parts[key].items():
                by[evidence] += part * kept
        return Adherence(
            first=span[0],
            last=last,
            done_days=sum(by.values()),
            asked_days=sum(asked.values()),
            by_evidence=by,
            dose={unit: Dose(dose_done[unit], dose_asked[unit]) for unit in Unit if unit in dose_asked},
            together=Dose(worth, sum(asked.values())),
            paused=tuple(day for day in span if self.history.paused(day)),
            unknown=tuple(day for day in span if day in self.unknown and day not in self._worked),
        )

    def status(self, day: date) -> DayStatus:
        """What a calendar shows of a day."""
        asked = self._asked(day).values()
        credits = {item.id: self._done[item.id, day].credit for item in asked if (item.id, day) in self._done}
        named = [item.id for item in asked if _names(item, day)]
        if sum(credits.values()) > 0:
            usual = sum(1.0 if item.id in named else _share_of_week(item) for item in asked)
            whole = all(credits.get(one, 0.0) >= 1 for one in named) and sum(credits.values()) >= usual
            return DayStatus.DONE if whole else DayStatus.PARTLY
        if self.history.paused(day):
            return DayStatus.PAUSED
        if not asked:
            return DayStatus.NO_PROGRAM
        if day >= self.today:
            return DayStatus.NOT_YET
        if day in self.unknown:
            return DayStatus.UNKNOWN
        return DayStatus.MISSED if named else DayStatus.FREE

    def due(self, day: date) -> list[tuple[Item, DayWork]]:
        """What is asked for on a day, and how far each item has come.

        An item whose days the family chooses is due until it was done as often as asked in seven days.
        """
        if self.history.paused(day):
            return []
        found = []
        for item in self._asked(day).values():
            did = self._done.get((item.id, day), DayWork())
            before = sum(
                self._done[item.id, past].credit
                for past in days(day - timedelta(days=6), day - timedelta(days=1))
                if (item.id, past) in self._done
            )
            chosen = not item.dose.days and (did.share > 0 or before < item.dose.per_week)
            if chosen or _names(item, day):
                found.append((item, did))
        return found

    def share(self, item: Item, day: date) -> float:
        """How much of what an item asks of a day was done on it; 1.0 is all of it, and it may be more."""
        return self._done.get((item.id, day), DayWork()).share

    def gap(self) -> Gap:
        """How long it is since anything was done, asked for or not."""
        program = self.history.program(self.today)
        allowed = min((item.dose.interval_days for item in program.items), default=7.0) if program else 7.0
        past = [day for day in self._worked if day <= self.today]
        first = self.history.versions[0].valid_from if self.history.versions else None
        if not past and (first is None or first > self.today):
            return Gap(None, None, allowed)
        since = max(past, default=None)
        begin = since or (first or self.today) - timedelta(days=1)
        missed = [
            day
            for day in days(begin + timedelta(days=1), self.today)
            if day not in self.unknown and not self.history.paused(day)
        ]
        return Gap(len(missed), since, allowed)

    def _asked(self, day: date) -> dict[str, Item]:
        if day not in self._items:
            program = self.history.program(day)
            self._items[day] = {item.id: item for item in program.items} if program else {}
        return self._items[day]

    def _weight(self, day: date, item: Item, did: DayWork | None = None) -> float:
        """How many times an item asks to be done on a day: over a week as often as its dose says.

        Parameters
        ----------
        did : DayWork, optional
            What was done: of a day that misses nothing, it is all that is asked.
        """
        wanted = float(_names(item, day)) if item.dose.days else _share_of_week(item)
        if did is None:
            return wanted
        excused = day >= self.today or day in self.unknown or self.history.paused(day)
        return wanted * did.credit if excused else wanted


def _names(item: Item, day: date) -> bool:
    """Whether an item asks for this very day."""
    return Weekday.of(day) in item.dose.days or item.dose.days_per_week == 7


def _share_of_week(item: Item) -> float:
    """How many times an item asks to be done on an average day, where the family chooses the days."""
    return 0.0 if item.dose.days else item.dose.per_week / 7


def _none() -> dict[Evidence, float]:
    return dict.fromkeys(Evidence, 0.0)
