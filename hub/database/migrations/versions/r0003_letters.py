"""A therapist's words to families, and which of the clinic's letters a home has taken."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "family_notes",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_family_notes_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_family_notes"),
    )
    op.create_index("ix_family_notes_child_id", "family_notes", ["child_id"], unique=False)
    op.create_table(
        "letters_seen",
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_letters_seen_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("child_id", name="pk_letters_seen"),
    )


def downgrade() -> None:
    """Step back: notes and what was taken are gone."""
    for table in ("letters_seen", "family_notes"):
        op.drop_table(table)
