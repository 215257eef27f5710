"""How things are called on screen, in plain words."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from ..firmware_bridge.samples import ToolKind, Unit
from ..firmware_bridge.sentence import Sentence
from ..hub import units
from ..hub.records.session import SessionQuality
from ..hub.records.vocabulary import Hand
from ..hub.stores.models import SessionPoint
from . import i18n, preferences
from .i18n import N_, NN_, _, ngettext

_TOOL: Final = {
    ToolKind.BALL: N_("Squeeze ball"),
    ToolKind.PUTTY: N_("Putty"),
    ToolKind.DYNAMOMETER: N_("Dynamometer"),
}

_HAND: Final = {Hand.LEFT: N_("Left hand"), Hand.RIGHT: N_("Right hand")}

#: What is measured and how its numbers end. A ball that measures pressure is never said to measure force.
_QUANTITY: Final = {
    Unit.NEWTON: N_("Force"),
    Unit.KILOPASCAL: N_("Pressure"),
    Unit.COUNT: N_("Raw reading"),
    Unit.UNKNOWN: N_("Reading, unit unknown"),
}
_SUFFIX: Final = {Unit.KILOPASCAL: "kPa", Unit.COUNT: N_("counts"), Unit.UNKNOWN: ""}

#: A space at which no line is broken.
_GLUE = "\N{NO-BREAK SPACE}"

#: What Markdown, and Streamlit's own signs in it, would read as something else than text.
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$:<>-])")

#: Losses from here on are worth a word; trials of strength do not count with more.
MOST_LOST_PERCENT = 5.0
#: Below this no rise of a squeeze has samples enough for its slope.
LEAST_RATE_HZ = 20.0

#: Codes of the hub and the detector that do not read as words by themselves.
_REASONS: Final = {
    "idle": N_("nobody squeezed any more"),
    "link_lost": N_("the tool went out of reach"),
    "tool_slept": N_("the tool went to sleep"),
    "tool_restarted": N_("the tool was switched off and on"),
    "tool_reassigned": N_("the tool was given to another child or hand"),
    "hub_stopped": N_("the hub was switched off"),
    "release": N_("let go"),
    "next_squeeze": N_("the next squeeze began"),
    "gap": N_("samples were missing"),
    "stream_end": N_("the session ended"),
    "hand_changed": N_("the other hand's turn came"),
    "test_began": N_("a strength test began"),
    "test_over": N_("the strength test was over"),
    "slow_rise": N_("rose too slowly"),
    "short_hold": N_("not held for long enough"),
    "samples_lost": N_("many of its samples were lost"),
    "saturated": N_("the sensor was at the end of its range"),
    "no_tare": N_("the tool was not set to zero before"),
    "handling": N_("the tool was picked up or put down"),
    "by_hand": N_("somebody said so"),
}


#: Nouns that are counted.
_COUNTED: Final = {
    "session": NN_("{number} session", "{number} sessions"),
    "squeeze": NN_("{number} squeeze", "{number} squeezes"),
    "gap": NN_("{number} gap", "{number} gaps"),
    "result": NN_("{number} result", "{number} results"),
    "message": NN_("{number} message", "{number} messages"),
    "test": NN_("{number} test", "{number} tests"),
    "trial": NN_("{number} trial", "{number} trials"),
}


def tool(kind: ToolKind) -> str:
    """What a kind of tool is called."""
    return _(_TOOL[kind])


def hand(which: Hand | str) -> str:
    """What a hand is called."""
    return _(_HAND[Hand(which)])


def hands() -> list[Hand]:
    """Both hands, in the order in which the viewer likes to see them."""
    first = preferences.current().first_hand
    return sorted(Hand, key=lambda which: which is not first)


def quantity(unit: Unit) -> str:
    """What is measured in `unit`."""
    return _(_QUANTITY[unit])


def shown(number: float, unit: Unit) -> float:
    """A measured number in the unit that the viewer reads; only a force is converted."""
    return units.shown(number, unit.value, preferences.current().force_unit)[0]


def suffix(unit: Unit) -> str:
    """How numbers of `unit` end; the viewer's own unit where it is a force."""
    return (
        str(preferences.current().force_unit) if unit is Unit.NEWTON else _SUFFIX[unit] and _(_SUFFIX[unit])
    )


def axis(unit: Unit) -> str:
    """Title of an axis in `unit`."""
    return f"{quantity(unit)} ({suffix(unit)})" if suffix(unit) else quantity(unit)


def with_unit(name: str, unit: Unit) -> str:
    """What a column of measured numbers is called."""
    return f"{name} ({suffix(unit)})" if suffix(unit) else name


def decimal(number: float, places: int = 1) -> str:
    """A number as the viewer's language writes it.

    Examples
    --------
    >>> decimal(1234.56)
    '1,234.6'
    """
    return format_decimal(number, format=f"#,##0.{'0' * places}" if places else "#,##0", locale=i18n.locale())


def number(number: float) -> str:
    """A number with as many places as it has.

    Examples
    --------
    >>> number(2.5), number(1200.0)
    ('2.5', '1,200')
    """
    return format_decimal(number, locale=i18n.locale())


def value(number: float | None, unit: Unit) -> str:
    r"""A measured number with its unit; a dash where there is none.

    Examples
    --------
    >>> value(41.26, Unit.NEWTON), value(812.0, Unit.COUNT), value(None, Unit.NEWTON)
    ('41.3\xa0N', '812\xa0counts', '–')
    """
    if number is None:
        return "–"
    return f"{decimal(shown(number, unit), 0 if unit is Unit.COUNT else 1)}{_GLUE}{suffix(unit)}".rstrip()


def reason(code: str) -> str:
    """A code of the hub (why something ended, why it is doubtful) as words."""
    return _(_REASONS.get(code, code)).replace("_", " ")


def reasons(codes: Iterable[str]) -> str:
    """Several codes as words; a dash for none."""
    return ", ".join(map(reason, codes)) or "–"


def pain(before: int | None, after: int | None) -> str:
    """Pain before and after, as the child said; empty where nobody asked."""
    if before is None and after is None:
        return ""
    return ", ".join(_("not asked") if one is None else str(one) for one in (before, after))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["tool", "unit", "firmware"]), listed(["tool"])
    ('tool, unit and firmware', 'tool')
    """
    return format_list(list(names), locale=i18n.locale())


def circumstances(point: SessionPoint) -> list[str]:
    """What else there is to know before a session's numbers are compared, in sentences."""
    said = {
        _("This tool is too slow or too coarse for squeezes to be counted."): not point.counts,
        _("The tool recorded this alone and handed it over later."): point.stored,
        _("When it was is not known; it was at the latest at this time."): not point.time_known,
        _("The tool's calibration was overdue."): point.calibration_overdue,
    }
    return [sentence for sentence, holds in said.items() if holds]


def quality(told: SessionQuality | None, unit: Unit) -> list[str]:
    """How good a session's recording is, in sentences; only what is worth a word."""
    if told is None:
        return []
    said = []
    if told.lost_percent is None:
        said.append(_("Whether samples were lost is not known: this tool does not number them."))
    elif told.lost_percent > MOST_LOST_PERCENT:
        said.append(
            _("{share} % of the samples were lost. Keep the tool nearer to the hub.").format(
                share=decimal(told.lost_percent, 0)
            )
        )
    if told.saturated_percent:
        said.append(
            _(
                "The sensor was at the end of its range for {share} % of the time: true peaks were higher."
            ).format(share=decimal(max(told.saturated_percent, 0.1)))
        )
    if told.drift and told.drift.too_far:
        said.append(
            _(
                "Zero moved by {moved} in the session, {share} % of the child's usual peak. Warming by the "
                "hand does that. Tare the tool before the next test."
            ).format(moved=value(told.drift.moved, unit), share=decimal(told.drift.percent, 0))
        )
    for code, count in told.doubtful.items():
        said.append(
            _("{squeezes} doubtful: {reason}.").format(squeezes=plural(count, "squeeze"), reason=reason(code))
        )
    if told.rate_hz is not None and told.rate_hz < LEAST_RATE_HZ:
        said.append(
            _("Only {rate} samples a second: how fast force rises is not shown.").format(
                rate=decimal(told.rate_hz, 0)
            )
        )
    return said


def way(place: str, goal: str) -> str:
    """Where a queue leads, in words.

    Examples
    --------
    >>> way("outbox", "ingest"), way("outbox", "clinic"), way("journal", "sqlite")
    ('From the hub to ingest', 'From the hub to the clinic', 'From ingest to the store (sqlite)')
    """
    if goal == "clinic":
        return _("From the hub to the clinic")
    if place == "outbox":
        return _("From the hub to {goal}").format(goal=goal)
    if goal == "people":
        return _("From ingest to people and programs")
    return _("From ingest to the store ({goal})").format(goal=goal)


def day(moment: datetime, zone: tzinfo) -> str:
    """Date as read in `zone`, for example ``3 Nov 2026``."""
    return date_of(moment.astimezone(zone).date())


def date_of(on: date) -> str:
    """A date as such, for example ``3 Nov 2026``."""
    return format_date(on, "medium", locale=i18n.locale())


def short_date(on: date) -> str:
    """A date without its year, for example ``3 Nov``."""
    return format_skeleton("MMMd", on, locale=i18n.locale())


def clock(moment: datetime, zone: tzinfo) -> str:
    """Time of day as read in `zone`."""
    return format_time(moment.astimezone(zone).timetz(), "short", tzinfo=zone, locale=i18n.locale())


def day_time(moment: datetime, zone: tzinfo) -> str:
    """Date and time as read in `zone`."""
    return f"{day(moment, zone)}, {clock(moment, zone)}"


def duration(seconds: float) -> str:
    """Length of time.

    Examples
    --------
    >>> duration(42.4), duration(185)
    ('42 s', '3 min 5 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def plural(number: int, noun: str) -> str:
    """Count and noun.

    Examples
    --------
    >>> plural(1, "session"), plural(2, "session")
    ('1 session', '2 sessions')
    """
    return ngettext(*_COUNTED[noun], number)


def said(text: str) -> str:
    """What the hub says, in the viewer's language; what no catalogue knows stays as it came.

    Examples
    --------
    >>> said(Sentence("{number} samples in {seconds} s", number=2400, seconds=1.5))
    '2,400 samples in 1.5 s'
    """
    if isinstance(text, Sentence):
        return _(text.template).format(**{name: _field(one) for name, one in text.fields.items()})
    return _(text) if text else ""


def _field(value: object) -> str:
    match value:
        case Sentence():
            return said(value)
        case ToolKind():
            return tool(value)
        case int() | float():
            return number(value)
        case date():
            return date_of(value)
    return str(value)


def plain(text: str) -> str:
    r"""What somebody wrote, so that Markdown leaves it as it is.

    Examples
    --------
    >>> print(plain("2 * 3 [kg]"))
    2 \* 3 \[kg\]
    """
    return _MARKUP.sub(r"\\\1", text)
