"""How things are called on screen, in plain words."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from ..firmware_bridge.samples import ToolKind, Unit
from ..hub.measured import SessionQuality
from ..hub.records import Hand
from ..hub.stores.contract import SessionPoint

TOOL = {
    ToolKind.BALL: "Squeeze ball",
    ToolKind.PUTTY: "Putty",
    ToolKind.DYNAMOMETER: "Dynamometer",
}

HAND = {Hand.LEFT: "Left hand", Hand.RIGHT: "Right hand"}

SIDE = {"left": HAND[Hand.LEFT], "right": HAND[Hand.RIGHT]}

#: What is measured and how its numbers end. A ball that measures pressure is never said to measure force.
QUANTITY = {
    Unit.NEWTON: "Force",
    Unit.KILOPASCAL: "Pressure",
    Unit.COUNT: "Raw reading",
    Unit.UNKNOWN: "Reading, unit unknown",
}
SUFFIX = {Unit.NEWTON: "N", Unit.KILOPASCAL: "kPa", Unit.COUNT: "counts", Unit.UNKNOWN: ""}

#: A space at which no line is broken.
_GLUE = "\N{NO-BREAK SPACE}"

#: Losses from here on are worth a word; trials of strength do not count with more.
MOST_LOST_PERCENT = 5.0
#: Below this no rise of a squeeze has samples enough for its slope.
LEAST_RATE_HZ = 20.0

#: Codes of the hub and the detector that do not read as words by themselves.
_REASONS = {
    "idle": "nobody squeezed any more",
    "link_lost": "the tool went out of reach",
    "tool_slept": "the tool went to sleep",
    "tool_restarted": "the tool was switched off and on",
    "tool_reassigned": "the tool was given to another child or hand",
    "hub_stopped": "the hub was switched off",
    "release": "let go",
    "next_squeeze": "the next squeeze began",
    "gap": "samples were missing",
    "stream_end": "the session ended",
    "hand_changed": "the other hand's turn came",
    "test_began": "a strength test began",
    "test_over": "the strength test was over",
    "slow_rise": "rose too slowly",
    "short_hold": "not held for long enough",
    "samples_lost": "many of its samples were lost",
    "saturated": "the sensor was at the end of its range",
    "no_tare": "the tool was not set to zero before",
    "handling": "the tool was picked up or put down",
}


def axis(unit: Unit) -> str:
    """Title of an axis in `unit`."""
    return f"{QUANTITY[unit]} ({SUFFIX[unit]})" if SUFFIX[unit] else QUANTITY[unit]


def value(number: float | None, unit: Unit) -> str:
    r"""A measured number with its unit; a dash where there is none.

    Examples
    --------
    >>> value(41.26, Unit.NEWTON), value(812.0, Unit.COUNT), value(None, Unit.NEWTON)
    ('41.3\xa0N', '812\xa0counts', '–')
    """
    if number is None:
        return "–"
    return f"{number:.{0 if unit is Unit.COUNT else 1}f}{_GLUE}{SUFFIX[unit]}".rstrip()


def reason(code: str) -> str:
    """A code of the hub (why something ended, why it is doubtful) as words."""
    return _REASONS.get(code, code.replace("_", " "))


def reasons(codes: Iterable[str]) -> str:
    """Several codes as words; a dash for none."""
    return ", ".join(map(reason, codes)) or "–"


def pain(before: int | None, after: int | None) -> str:
    """Pain before and after, as the child said; empty where nobody asked."""
    if before is None and after is None:
        return ""
    return ", ".join("not asked" if one is None else str(one) for one in (before, after))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["tool", "unit", "firmware"]), listed(["tool"])
    ('tool, unit and firmware', 'tool')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def circumstances(point: SessionPoint) -> list[str]:
    """What else there is to know before a session's numbers are compared, in sentences."""
    said = {
        "This tool is too slow or too coarse for squeezes to be counted.": not point.counts,
        "The tool recorded this alone and handed it over later.": point.stored,
        "When it was is not known; it was at the latest at this time.": not point.time_known,
        "The tool's calibration was overdue.": point.calibration_overdue,
    }
    return [sentence for sentence, holds in said.items() if holds]


def quality(told: SessionQuality | None, unit: Unit) -> list[str]:
    """How good a session's recording is, in sentences; only what is worth a word."""
    if told is None:
        return []
    said = []
    if told.lost_percent is None:
        said.append("Whether samples were lost is not known: this tool does not number them.")
    elif told.lost_percent > MOST_LOST_PERCENT:
        said.append(f"{told.lost_percent:.0f} % of the samples were lost. Keep the tool nearer to the hub.")
    if told.saturated_percent:
        share = max(told.saturated_percent, 0.1)
        said.append(
            f"The sensor was at the end of its range for {share:.1f} % of the time: true peaks were higher."
        )
    if told.drift and told.drift.too_far:
        said.append(
            f"Zero moved by {value(told.drift.moved, unit)} in the session, {told.drift.percent:.0f} % of "
            "the child's usual peak. Warming by the hand does that. Tare the tool before the next test."
        )
    for code, count in told.doubtful.items():
        said.append(f"{plural(count, 'squeeze')} doubtful: {reason(code)}.")
    if told.rate_hz is not None and told.rate_hz < LEAST_RATE_HZ:
        said.append(f"Only {told.rate_hz:.0f} samples a second: how fast force rises is not shown.")
    return said


def way(place: str, goal: str) -> str:
    """Where a queue leads, in words.

    Examples
    --------
    >>> way("outbox", "ingest"), way("journal", "sqlite")
    ('From the hub to ingest', 'From ingest to the store (sqlite)')
    """
    return f"From the hub to {goal}" if place == "outbox" else f"From ingest to the store ({goal})"


def day(moment: datetime, zone: tzinfo) -> str:
    """Date as read in `zone`, for example ``3 Nov 2026``."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b} {local.year}"


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
