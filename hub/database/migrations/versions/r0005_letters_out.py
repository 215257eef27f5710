"""How each child's letter to the home stands; what was said before counts as one change."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "letters_out",
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("sent_to", sa.String(length=48), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_letters_out_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("child_id", name="pk_letters_out"),
    )
    op.execute(
        "INSERT INTO letters_out (child_id, changes, changed_at, sent, problem) "
        "SELECT child_id, 1, MAX(at), 0, '' FROM ("
        "SELECT child_id, recorded_at AS at FROM program_versions "
        "UNION ALL SELECT child_id, recorded_at FROM program_pauses "
        "UNION ALL SELECT child_id, written_at FROM family_notes "
        "UNION ALL SELECT child_id, recorded_at FROM consents) AS known GROUP BY child_id"
    )


def downgrade() -> None:
    """Step back: the next version sends every letter once more, which changes nothing at the homes."""
    op.drop_table("letters_out")
