"""Alembic's entry: it runs inside the transaction that `hub.database.migrate` opened."""

from typing import Literal

from alembic import context
from sqlalchemy import Enum

from griphub.hub.database.base import UtcDateTime
from griphub.hub.database.tables import metadata


def _render(kind: str, thing: object, autogen_context: object) -> str | Literal[False]:
    """Write types of columns as they are in the database, so that a step stays what it was."""
    if isinstance(thing, UtcDateTime):
        return "UtcDateTime()"
    if isinstance(thing, Enum):
        return f"sa.String(length={thing.length})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=_render,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
