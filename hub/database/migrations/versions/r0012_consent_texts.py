"""Texts of consent: in which language, whether they came from the clinic, and which homes have them."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """Make columns and table."""
    with op.batch_alter_table("consent_texts") as texts:
        texts.add_column(sa.Column("language", sa.String(length=60), nullable=True))
        texts.add_column(sa.Column("heard_at", UtcDateTime(), nullable=True))
    op.create_table(
        "consent_texts_out",
        sa.Column("family_id", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=48), nullable=False),
        sa.Column("sent_to", sa.String(length=48), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name="fk_consent_texts_out_family_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("family_id", name="pk_consent_texts_out"),
    )


def downgrade() -> None:
    """Step back: which homes have the text is asked anew."""
    op.drop_table("consent_texts_out")
    with op.batch_alter_table("consent_texts") as texts:
        for name in ("language", "heard_at"):
            texts.drop_column(name)
