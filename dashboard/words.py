"""How things are called on screen, in plain words."""

from datetime import datetime, tzinfo

from ..firmware_bridge.samples import ToolKind, Unit
from ..hub.records import Hand

TOOL = {
    ToolKind.BALL: "Squeeze ball",
    ToolKind.PUTTY: "Putty",
    ToolKind.DYNAMOMETER: "Dynamometer",
}

HAND = {Hand.LEFT: "Left hand", Hand.RIGHT: "Right hand"}

#: What is measured and how its numbers end. A ball that measures pressure is never said to measure force.
QUANTITY = {
    Unit.NEWTON: "Force",
    Unit.KILOPASCAL: "Pressure",
    Unit.COUNT: "Raw reading",
    Unit.UNKNOWN: "Reading, unit unknown",
}
SUFFIX = {Unit.NEWTON: "N", Unit.KILOPASCAL: "kPa", Unit.COUNT: "counts", Unit.UNKNOWN: ""}

_SENTENCES = {
    "idle": "nobody squeezed any more",
    "link_lost": "the tool went out of reach",
    "stopped": "stopped",
    "shutdown": "the hub was switched off",
    "tool_reset": "the tool was switched off",
    "release": "let go",
    "next_squeeze": "the next squeeze began",
    "gap": "samples were missing",
    "stream_end": "the session ended",
}


def axis(unit: Unit) -> str:
    """Title of an axis in `unit`."""
    return f"{QUANTITY[unit]} ({SUFFIX[unit]})" if SUFFIX[unit] else QUANTITY[unit]


def value(number: float | None, unit: Unit) -> str:
    """A measured number with its unit; a dash where there is none.

    Examples
    --------
    >>> value(41.26, Unit.NEWTON), value(812.0, Unit.COUNT), value(None, Unit.NEWTON)
    ('41.3 N', '812 counts', '–')
    """
    if number is None:
        return "–"
    return f"{number:.{0 if unit is Unit.COUNT else 1}f} {SUFFIX[unit]}".rstrip()


def reason(code: str) -> str:
    """A code of the hub (why something ended, why it is doubtful) as words."""
    return _SENTENCES.get(code, code.replace("_", " "))


def day(moment: datetime, zone: tzinfo) -> str:
    """Date as read in `zone`, for example ``3 Nov 2026``."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def day_time(moment: datetime, zone: tzinfo) -> str:
    """Date and time as read in `zone`."""
    return f"{day(moment, zone)}, {moment.astimezone(zone):%H:%M}"


def duration(seconds: float) -> str:
    """Length of time.

    Examples
    --------
    >>> duration(42.4), duration(185)
    ('42 s', '3 min 5 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plural(number: int, word: str) -> str:
    """Count and noun.

    Examples
    --------
    >>> plural(1, "session"), plural(2, "session")
    ('1 session', '2 sessions')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
