"""UTC, in which all is stored."""

from datetime import UTC, datetime


def utc(timestamp_s: float) -> datetime:
    """UTC time of a Unix timestamp."""
    return datetime.fromtimestamp(timestamp_s, UTC)
