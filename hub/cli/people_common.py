"""What the commands about people share: whose database, and how a list of rows is shown."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from ..config import Config
from ..database.work import Work
from .common import out
from .here import here


@contextmanager
def changing(config_file: Path | None) -> Iterator[tuple[Config, Work]]:
    """Change something there, all of it or nothing."""
    with here(config_file) as at, at.database.work(at.actor) as work:
        yield at.config, work


@contextmanager
def reading(config_file: Path | None) -> Iterator[Work]:
    """Look something up there."""
    with here(config_file) as at, at.database.reading(at.actor) as work:
        yield work


def columns(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """Some columns of a row, as JSON has them."""
    return {name: _plain(getattr(row, name)) for name in names}


def show(rows: list[dict[str, Any]], as_json: bool, nobody: str) -> None:
    """Print rows as a table, or as JSON for scripts."""
    if as_json:
        out.print_json(json.dumps(rows))
        return
    if not rows:
        out.print(nobody)
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
    out.print(table)


def done(row: dict[str, Any], as_json: bool, words: str) -> None:
    """Say what was done, or print the row that it left."""
    if as_json:
        out.print_json(json.dumps(row))
    else:
        out.print(escape(words), soft_wrap=True)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value
