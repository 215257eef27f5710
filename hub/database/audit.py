"""The log of every change: who, when, which row, from what to what, by which command. Only ever added to.

The databases themselves refuse to change or delete its rows (triggers of the first migration).
"""

from datetime import date, datetime, time
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ColumnElement, Integer, String, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from .actor import Actor, Role
from .base import ID, NAME, Base, word

#: Stands for a value that the log must not keep: a name, a password's hash.
HIDDEN = "•••"


class Did(StrEnum):
    """What happened to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class Audit(Base):
    """One change of one row."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(NAME, index=True)
    role: Mapped[Role] = mapped_column(word(Role))
    command: Mapped[str] = mapped_column(String(64))
    did: Mapped[Did] = mapped_column(word(Did))
    table: Mapped[str] = mapped_column("table_name", String(64))
    row: Mapped[str] = mapped_column("row_key", String(160), index=True)
    child_id: Mapped[str | None] = mapped_column(ID, index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Show an account what it did itself; the whole log is for whoever has the machine."""
        return cls.actor == actor.name


def change_of(thing: Base, did: Did) -> dict[str, Any] | None:
    """Describe what a flush is about to do to a row, as columns of `Audit`; None if nothing changes.

    The key of a new row may only be known after the flush: `key_of` gives it then.
    """
    mapper: Mapper[Any] = inspect(thing).mapper
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        private = column.info.get("private", False)
        history = inspect(thing).attrs[attribute.key].history
        if did is Did.UPDATE and (column.info.get("passing") or not history.has_changes()):
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if did is Did.DELETE:
            old = getattr(thing, attribute.key)
        if did is not Did.INSERT:
            before[column.name] = _plain(old, private)
        if did is not Did.DELETE and (did is Did.UPDATE or new is not None):
            after[column.name] = _plain(new, private)
    if did is Did.UPDATE and not after:
        return None
    return {
        "did": did,
        "table": mapper.local_table.name,  # type: ignore[attr-defined]
        "child_id": getattr(thing, "child_id", None) or (before or after).get("child_id"),
        "before": before or None,
        "after": after or None,
    }


def key_of(thing: Base) -> str:
    """Primary key of a row, as the log writes it."""
    mapper: Mapper[Any] = inspect(thing).mapper
    return "/".join(str(part) for part in mapper.primary_key_from_instance(thing))


def _plain(value: Any, private: bool) -> Any:
    if value is None:
        return None
    if private:
        return HIDDEN
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | bytes):
        return str(value)
    return value
