"""What all tables share: names of constraints, UTC times, and whose rows they are."""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Dialect, Enum, MetaData, String, TypeDecorator, false
from sqlalchemy.orm import DeclarativeBase

from .actor import Actor

#: What a column's ``info`` says of personal data or a secret: the log tells that it changed, not what it was.
PRIVATE: Final[dict[Any, Any]] = {"private": True}

#: The same of what is rewritten while somebody types: the log tells that it came and went, not each change.
PASSING: Final = PRIVATE | {"passing": True}

#: Ids are those of `hub.records.Id`: they travel in topics and tags.
ID: Final = String(48)
#: What a person types as a name or title.
NAME: Final = String(80)

#: Without letters and digits that are taken for one another when somebody reads them out.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
#: 10 of 31 signs are 50 bits: two of a million children have the same by one chance in 2000, and then the
#: database refuses the second.
_RANDOM_SIGNS: Final = 10


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in both databases (SQLite has no time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time that does not say where it is meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def word(kind: type[StrEnum]) -> Enum:
    """Column type of a `StrEnum`, kept as its value; a new member needs no migration."""
    return Enum(
        kind,
        native_enum=False,
        length=24,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """All tables. Each says who may see its rows; one that does not is seen by nobody."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 - as SQLAlchemy reads it

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Which rows an actor may see, as a condition on this table. Nobody asks it of the machine itself."""
        return false()


def random_id(prefix: str) -> str:
    """Draw a pseudonymous id that means nothing to anybody.

    Examples
    --------
    >>> random_id("c")[:2], len(random_id("c"))
    ('c-', 12)
    """
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_SIGNS))
