"""Messages of families beside those of therapists: how far each has come, and who has read it."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Make the columns and the table."""
    with op.batch_alter_table("family_notes") as notes:
        notes.add_column(sa.Column("from_family", sa.Boolean(), nullable=True))
        notes.add_column(sa.Column("change", sa.Integer(), nullable=True))
        notes.add_column(sa.Column("told_at", UtcDateTime(), nullable=True))
        notes.add_column(sa.Column("taken_at", UtcDateTime(), nullable=True))
    op.execute(sa.text("UPDATE family_notes SET from_family = :no, change = 1").bindparams(no=False))
    with op.batch_alter_table("family_notes") as notes:
        notes.alter_column("from_family", existing_type=sa.Boolean(), nullable=False)
    op.create_table(
        "messages_read",
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("message_id", sa.String(length=48), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_messages_read_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["family_notes.id"], name="fk_messages_read_message_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_messages_read_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "message_id", name="pk_messages_read"),
    )
    op.create_index("ix_messages_read_child_id", "messages_read", ["child_id"], unique=False)


def downgrade() -> None:
    """Step back: families' messages are gone, therapists' stay."""
    op.drop_table("messages_read")
    op.execute(sa.text("DELETE FROM family_notes WHERE from_family = :yes").bindparams(yes=True))
    with op.batch_alter_table("family_notes") as notes:
        for name in ("from_family", "change", "told_at", "taken_at"):
            notes.drop_column(name)
