"""CSV that a spreadsheet opens as it is meant, and that says what each column is.

UTF-8 with a BOM, commas, decimal points whatever the country, ISO 8601 times with their offset, the unit in
the column's name, and no cell that a spreadsheet would run as a formula.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import Enum
from typing import Any, Generic, TextIO, TypeVar

Row = TypeVar("Row")

#: What Excel and LibreOffice take for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")

#: Of Unicode: a mark by which Excel knows UTF-8.
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column.

    Attributes
    ----------
    name : str
        As in the first line; ends in the unit where there is one.
    meaning : str
        For the data dictionary.
    of : callable
        Its value in a row; None is an empty cell.
    """

    name: str
    meaning: str
    of: Callable[[Row], object]


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """A kind of CSV file: `name`, what one row is, and its columns."""

    name: str
    row: str
    columns: tuple[Column[Row], ...]

    def write(self, file: TextIO, rows: Iterable[Row], zone: tzinfo | None) -> int:
        """Write rows, times in `zone` (None: this machine's); return how many there were.

        Parameters
        ----------
        file : text file
            Opened with ``newline=""`` and ``encoding="utf-8"``.
        """
        file.write(BOM)
        writer = csv.writer(file)
        writer.writerow([column.name for column in self.columns])
        count = 0
        for row in rows:
            writer.writerow([cell(column.of(row), zone) for column in self.columns])
            count += 1
        return count


def attribute(name: str, meaning: str) -> Column[Any]:
    """A column that shows what rows have under its own name."""
    return Column(name, meaning, lambda row: getattr(row, name))


def cell(value: object, zone: tzinfo | None) -> str:
    """Text of a cell.

    Examples
    --------
    >>> from datetime import UTC
    >>> cell(10.5, UTC), cell(None, UTC), cell(True, UTC), cell("=1+1", UTC), cell(-3, UTC)
    ('10.5', '', 'true', "'=1+1", '-3')
    """
    match value:
        case None:
            text = ""
        case bool():
            text = str(value).lower()
        case datetime():
            text = value.astimezone(zone).isoformat(timespec="milliseconds")
        case date():
            text = value.isoformat()
        case float():
            text = f"{value:.10g}"
        case int():
            text = str(value)
        case Enum():
            text = guard(str(value.value))
        case tuple() | list():
            text = guard("; ".join(str(part) for part in value))
        case _:
            text = guard(str(value))
    return text


def guard(text: str) -> str:
    """Keep a spreadsheet from taking text for a formula: an apostrophe goes before it.

    What begins with an apostrophe gets another, so that `unguard` gives back every text.
    """
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def unguard(text: str) -> str:
    """Inverse of `guard`."""
    return text.removeprefix("'")


def dictionary(tables: Iterable[Table[Row]]) -> str:
    """Say what each column is, as Markdown."""
    parts = []
    for table in tables:
        lines = [
            f"## `{table.name}.csv`",
            "",
            f"One row is {table.row}.",
            "",
            "| column | meaning |",
            "|---|---|",
        ]
        lines += [f"| `{column.name}` | {column.meaning} |" for column in table.columns]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
