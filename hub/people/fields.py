"""What somebody enters, made sure of: a name, a login, a birth month. Each raises `FieldError`."""

import re
import unicodedata
from datetime import date

from pydantic import TypeAdapter, ValidationError

from ..errors import FieldError
from ..records.ids import Id

#: Children and young people: who is older than this was not meant.
OLDEST_YEARS = 25

#: Beyond this nobody makes an appointment: the year was mistyped.
AHEAD_YEARS = 2

#: Language, script, region and variants of BCP 47 (RFC 5646); what stands behind them no page is written in.
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|\d{3}))?((?:-[a-z0-9]{5,8})*)", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
#: Control signs, lone surrogates, and those that turn the direction of what follows on a page.
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})
#: Among these, what lines and some scripts need: joiners, and marks of direction that turn nothing else.
_SCRIPTS = "\n\t\u200c\u200d\u200e\u200f"
_ID: TypeAdapter[str] = TypeAdapter(Id)


def name(field: str, value: str, longest: int = 80) -> str:
    """Take a name or title as a person writes it, in any script.

    Examples
    --------
    >>> name("name", "  Zoë   't Hart ")
    "Zoë 't Hart"
    """
    value = unicodedata.normalize("NFC", " ".join(value.split()))
    if not any(sign.isalnum() for sign in value):
        raise FieldError(field, "is empty", "Enter a name.")
    if len(value) > longest:
        raise FieldError(
            field, "has {number} signs", "Shorten it to {longest}.", number=len(value), longest=longest
        )
    # C*: control signs, and those that turn the direction of what follows on a page
    wrong = sorted({sign for sign in value if sign in "<>" or unicodedata.category(sign).startswith("C")})
    if wrong:
        shown = " ".join(sign if sign.isprintable() else f"U+{ord(sign):04X}" for sign in wrong)
        raise FieldError(field, "holds {shown}, which no name has", "Remove it.", shown=shown)
    return value


def words(field: str, value: str, longest: int) -> str:
    r"""Take what somebody writes in their own words, over as many lines as they like; it may be empty.

    Examples
    --------
    >>> words("words", " New splint:\n < 2 h a day ", 80)
    'New splint:\n < 2 h a day'
    """
    value = unicodedata.normalize("NFC", value.replace("\r\n", "\n").strip())
    if len(value) > longest:
        raise FieldError(
            field, "has {number} signs", "Shorten it to {longest}.", number=len(value), longest=longest
        )
    wrong = sorted({sign for sign in value if sign not in _SCRIPTS and unicodedata.category(sign) in _HIDDEN})
    if wrong:
        shown = " ".join(f"U+{ord(sign):04X}" for sign in wrong)
        raise FieldError(field, "holds {shown}, which nobody can see", "Remove it.", shown=shown)
    return value


def language(field: str, value: str) -> str:
    """Take a language as BCP 47 writes it, in any case.

    Examples
    --------
    >>> language("language", "pt-br"), language("language", "ZH-hant-tw")
    ('pt-BR', 'zh-Hant-TW')
    """
    if not (found := _LANGUAGE.fullmatch(value.strip())):
        raise FieldError(
            field, "{value} is no language", "Write it as BCP 47 does: de, pt-BR, zh-Hant.", value=repr(value)
        )
    tongue, script, region, variants = (part or "" for part in found.groups())
    return tongue.lower() + script.title() + region.upper() + variants.lower()


def login(field: str, value: str) -> str:
    """Take what somebody signs in with, often an email address; case does not matter.

    Examples
    --------
    >>> login("login", "Ana.Ortiz@Example.org")
    'ana.ortiz@example.org'
    """
    value = name(field, unicodedata.normalize("NFKC", value)).casefold()
    if " " in value:
        raise FieldError(field, "holds a space", "Use an email address, or a word of letters and digits.")
    return value


def wire_id(field: str, value: str) -> str:
    """Take an id that will stand in topics."""
    try:
        return _ID.validate_python(value)
    except ValidationError:
        raise FieldError(
            field, "{value} is no id", "Use a-z, 0-9, - and _, at most 48 of them.", value=repr(value)
        ) from None


def birth_month(field: str, value: str, today: date) -> date:
    """Take a month such as ``2018-04``; the day of birth is nobody's business here.

    Examples
    --------
    >>> birth_month("birth_month", "2018-04", date(2026, 11, 25))
    datetime.date(2018, 4, 1)
    """
    found = _MONTH.fullmatch(value.strip())
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise FieldError(
            field, "{value} is no month", "Write the year and the month: 2018-04.", value=repr(value)
        )
    month = date(int(found[1]), int(found[2]), 1)
    if month > today:
        raise FieldError(field, "{value} is in the future", "Correct the year.", value=value)
    if today.year - month.year > OLDEST_YEARS:
        raise FieldError(
            field,
            "{value} would be {years} years ago",
            "GripHub is for children and young people up to {oldest}; correct the year.",
            value=value,
            years=today.year - month.year,
            oldest=OLDEST_YEARS,
        )
    return month


def day(field: str, value: date, today: date) -> date:
    """Take a day of a child's life here, past or planned; one far away is a mistyped year."""
    if not today.year - OLDEST_YEARS <= value.year <= today.year + AHEAD_YEARS:
        raise FieldError(
            field,
            "{value} is {years} years away",
            "Correct the year.",
            value=value,
            years=abs(value.year - today.year),
        )
    return value


def whole(field: str, value: int, low: int, high: int) -> int:
    """Take a whole number of a range."""
    if not low <= value <= high:
        raise FieldError(
            field, "{value} is out of range", "It goes from {low} to {high}.", value=value, low=low, high=high
        )
    return value
