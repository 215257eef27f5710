"""Programs that somebody is changing."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "program_drafts",
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_program_drafts_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_program_drafts_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "child_id", name="pk_program_drafts"),
    )


def downgrade() -> None:
    """Step back: what was not saved is gone."""
    op.drop_table("program_drafts")
