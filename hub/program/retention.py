"""What of one visit's strength is there at the next one: gained, held or lost.

Never *lost* within the measurement error, and never across a change of tool, unit, firmware or calibration.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from ...firmware_bridge.samples import Unit
from ...signal.measurement_error import Change, MeasurementError, compare, error_of
from ...signal.quantity import Quantity
from ...signal.refusal import Refused
from ...signal.strength import ASHT
from ...signal.trend import SeriesKey, Test, split
from ..records.strength import StrengthTested
from ..trends import test_key


class Retained(StrEnum):
    """What became of strength between two visits."""

    GAINED = "gained"
    HELD = "held"  #: any difference is within the measurement error
    LOST = "lost"
    NOT_KNOWN = "not_known"  #: nobody knows how large the error is


@dataclass(frozen=True, slots=True)
class Retention:
    """From one visit to the next, in one series.

    Attributes
    ----------
    before, after : float
        The last test of the first visit and the first one of the next, in the series' unit.
    error : MeasurementError
        Of the series up to the later test: what a difference must exceed.
    """

    key: SeriesKey
    since: date
    until: date
    before: float
    after: float
    retained: Retained
    error: MeasurementError

    @property
    def change(self) -> float:
        """In the series' unit."""
        return self.after - self.before


_WORDS: Final = {
    Retained.GAINED: "gained",
    Retained.HELD: "held, within the measurement error",
    Retained.LOST: "lost",
    Retained.NOT_KNOWN: "nobody knows whether that is more than the measurement error of this tool",
}


def describe(one: Retention) -> str:
    """Say it in a line, for a therapist."""
    unit = "" if one.key.unit is Unit.UNKNOWN else f" {one.key.unit}"
    return (
        f"{one.key.side.capitalize()} hand, {one.key.kind.value} {one.key.tool}, {one.key.measure}: "
        f"{one.before:.1f}{unit} on {one.since:%d %b}, {one.after:.1f}{unit} on {one.until:%d %b}: "
        f"{_WORDS[one.retained]}."
    )


def retention(tests: Iterable[Test], visits: Iterable[date]) -> list[Retention]:
    """Compare each visit with the one before, series by series, in order of time.

    Parameters
    ----------
    tests : iterable of Test
        Days are proleptic ordinals (`date.toordinal`, with the time of day as a fraction). Tests between
        visits count for the error only.
    visits : iterable of date
    """
    found = [
        one
        for key, series in split(list(tests)).items()
        for one in _of_series(key, series, sorted(set(visits)))
    ]
    return sorted(found, key=lambda one: (one.until, one.key.side))


def of_visits(
    tests: Iterable[StrengthTested], visits: Iterable[date], zone: ZoneInfo | None
) -> list[Retention]:
    """Compare each visit with the one before, by the strength tests that a store holds.

    Parameters
    ----------
    zone : ZoneInfo or None
        Where the family's days begin and end.
    """
    return retention(
        (
            Test(_ordinal(test.measured_at, zone), test.outcome.score, test_key(test))
            for test in tests
            if test.outcome.score is not None
        ),
        visits,
    )


def _ordinal(at: datetime, zone: ZoneInfo | None) -> float:
    local = at.astimezone(zone)
    return local.toordinal() + (local.hour * 60 + local.minute) / (24 * 60) + local.second / 86400


def _of_series(key: SeriesKey, series: Sequence[Test], visits: Sequence[date]) -> list[Retention]:
    at_visit = {visit: [test for test in series if int(test.day) == visit.toordinal()] for visit in visits}
    found = []
    for since, until in pairwise(visit for visit in visits if at_visit[visit]):
        before, after = at_visit[since][-1], at_visit[until][0]
        known = [test for test in series if test.day <= after.day]
        days, values = [t.day for t in known], [t.value for t in known]
        error = error_of(days, values, key.unit, key.kind, asht=key.measure == ASHT.name)
        unit = key.unit.value
        verdict = compare(Quantity(before.value, unit, ""), Quantity(after.value, unit, ""), error)
        if isinstance(verdict, Refused):
            continue
        retained = {
            Change.WITHIN_ERROR: Retained.HELD,
            Change.ERROR_NOT_KNOWN: Retained.NOT_KNOWN,
            Change.LARGER_THAN_ERROR: Retained.GAINED if after.value > before.value else Retained.LOST,
        }[verdict]
        found.append(Retention(key, since, until, before.value, after.value, retained, error))
    return found
