"""Suggestions of the progression rules that a therapist did not want."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "suggestions_declined",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("item_id", sa.String(length=48), nullable=False),
        sa.Column("declined_on", sa.Date(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_suggestions_declined_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions_declined"),
    )
    op.create_index("ix_suggestions_declined_child_id", "suggestions_declined", ["child_id"])


def downgrade() -> None:
    """Step back: what was declined is proposed again."""
    op.drop_table("suggestions_declined")
