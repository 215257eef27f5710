"""What somebody enters, made sure of: a name, a login, a birth month. Each raises `FieldError`."""

import re
import unicodedata
from datetime import date

from pydantic import TypeAdapter, ValidationError

from ..errors import FieldError
from ..records import Id

#: Children and young people: who is older than this was not meant.
OLDEST_YEARS = 25

_MONTH = re.compile(r"(\d{4})-(\d{2})")
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
        raise FieldError(field, f"has {len(value)} signs", f"Shorten it to {longest}.")
    # C*: control signs, and those that turn the direction of what follows on a page
    wrong = sorted({sign for sign in value if sign in "<>" or unicodedata.category(sign).startswith("C")})
    if wrong:
        shown = " ".join(sign if sign.isprintable() else f"U+{ord(sign):04X}" for sign in wrong)
        raise FieldError(field, f"holds {shown}, which no name has", "Remove it.")
    return value


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
        raise FieldError(field, f"{value!r} is no id", "Use a-z, 0-9, - and _, at most 48 of them.") from None


def birth_month(field: str, value: str, today: date) -> date:
    """Take a month such as ``2018-04``; the day of birth is nobody's business here.

    Examples
    --------
    >>> birth_month("birth_month", "2018-04", date(2026, 11, 25))
    datetime.date(2018, 4, 1)
    """
    found = _MONTH.fullmatch(value.strip())
    if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        raise FieldError(field, f"{value!r} is no month", "Write the year and the month: 2018-04.")
    month = date(int(found[1]), int(found[2]), 1)
    if month > today:
        raise FieldError(field, f"{value} is in the future", "Correct the year.")
    if today.year - month.year > OLDEST_YEARS:
        raise FieldError(
            field,
            f"{value} would be {today.year - month.year} years ago",
            f"GripHub is for children and young people up to {OLDEST_YEARS}; correct the year.",
        )
    return month


def whole(field: str, value: int, low: int, high: int) -> int:
    """Take a whole number of a range."""
    if not low <= value <= high:
        raise FieldError(field, f"{value} is out of range", f"It goes from {low} to {high}.")
    return value
