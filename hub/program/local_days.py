"""The family's days: a squeeze at half past eleven at night is of that evening, whatever UTC calls it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def local_day(at: datetime, zone: ZoneInfo | None) -> date:
    """The day on which something was, where the family lives.

    Parameters
    ----------
    at : datetime
        Aware.
    zone : ZoneInfo or None
        None: the zone of this machine, with its rules for summer time.

    Examples
    --------
    >>> at = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the night before summer time begins
    >>> local_day(at, ZoneInfo("Europe/Berlin")).isoformat(), local_day(at, ZoneInfo("UTC")).isoformat()
    ('2026-03-29', '2026-03-28')
    """
    return at.astimezone(zone).date()


def noon(day: date, zone: ZoneInfo | None) -> datetime:
    """The middle of a day, in UTC: the time of something of which only the day is known."""
    local = datetime(day.year, day.month, day.day, 12)  # noqa: DTZ001 - made aware in the next line
    return (local.replace(tzinfo=zone) if zone else local.astimezone()).astimezone(UTC)
