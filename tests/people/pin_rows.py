"""Pins rows of every table as the tables are now, so that later steps of the tables are tried on them.

``python tests/people/pin_rows.py`` writes ``revisions/<newest>.json``, and never changes a file that is
there: rows of a released version stay what they were. One that was never released may be pinned anew by
deleting it.
"""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Integer, Table, Time
from sqlalchemy.types import TypeDecorator

from griphub.hub.database.migrate import newest
from griphub.hub.database.tables import metadata

REVISIONS = Path(__file__).parent / "revisions"

#: What an enumeration's columns may hold; everything else is made up from the column's name.
WORDS = {
    "role": "parent",
    "did": "insert",
    "sex": "female",
    "dominant_hand": "left",
    "purpose": "reset",
    "reason": "illness",
    "kind": "clinic",
    "slot": "after_school",
    "force_unit": "N",
    "first_hand": "left",
}


def rows() -> dict[str, list[dict[str, Any]]]:
    """Two rows of each table: one with everything, one with only what must be there."""
    return {
        table.name: [_row(table, n, full) for n, full in ((1, True), (2, False))]
        for table in metadata.sorted_tables
    }


def _row(table: Table, n: int, full: bool) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        if full or not column.nullable:
            origin = column
            while key := next(iter(origin.foreign_keys), None):
                origin = key.column
            row[column.name] = _value(column.type, origin.table.name, origin.name, n)
    return row


def _value(kind: Any, table: str, name: str, n: int) -> Any:
    inner = kind.impl if isinstance(kind, TypeDecorator) else kind
    if inner.python_type is datetime:
        return datetime(2026, 3, 29, 1, n, 0, 123456, UTC).isoformat()
    if isinstance(inner, Date):
        return date(2026, 2, n).isoformat()
    if isinstance(inner, Time):
        return time(7, n).isoformat()
    if isinstance(inner, Boolean):
        return n == 1
    if isinstance(inner, Integer):
        return n
    if isinstance(inner, JSON):
        return {"ü": [n, None]}
    return WORDS.get(name, f"{table}-{name}-{n}"[: getattr(inner, "length", None) or 80])


if __name__ == "__main__":
    REVISIONS.mkdir(exist_ok=True)
    file = REVISIONS / f"{newest()}.json"
    if not file.exists():
        file.write_text(json.dumps(rows(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
