"""Of which days a home has told a clinic all."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "days_heard",
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.Column("days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_days_heard_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("child_id", name="pk_days_heard"),
    )


def downgrade() -> None:
    """Step back: of no day is it known until the homes say so again."""
    op.drop_table("days_heard")
