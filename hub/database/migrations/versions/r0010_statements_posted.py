"""Corrections of sessions, on their way from a clinic to the home that measured them."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "statements_posted",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("came_at", UtcDateTime(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_statements_posted_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statements_posted"),
    )
    op.create_index("ix_statements_posted_child_id", "statements_posted", ["child_id"], unique=False)


def downgrade() -> None:
    """Take the table away: what has not come to a home yet does not come any more."""
    op.drop_table("statements_posted")
