"""Visits, notes on charts, an account's settings, a family's times, consent as the other end knows it."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "settings",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=True),
        sa.Column("language", sa.String(length=60), nullable=True),
        sa.Column("force_unit", sa.String(length=24), nullable=False),
        sa.Column("first_hand", sa.String(length=24), nullable=False),
        sa.Column("calm", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_settings_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
    )
    op.create_table(
        "family_slots",
        sa.Column("family_id", sa.String(length=48), nullable=False),
        sa.Column("slot", sa.String(length=24), nullable=False),
        sa.Column("at", sa.Time(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name="fk_family_slots_family_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("family_id", "slot", name="pk_family_slots"),
    )
    op.create_table(
        "annotations",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_annotations_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
    )
    op.create_index("ix_annotations_child_id", "annotations", ["child_id"], unique=False)
    op.create_table(
        "consents_elsewhere",
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(length=48), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_consents_elsewhere_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("child_id", name="pk_consents_elsewhere"),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name="fk_visits_child_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.UniqueConstraint("child_id", "day", "kind", name="uq_visits_child_id_day_kind"),
    )
    op.create_index("ix_visits_child_id", "visits", ["child_id"], unique=False)
    with op.batch_alter_table("consents") as consents:
        consents.add_column(sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
        consents.alter_column("version", existing_type=sa.String(length=48), nullable=True)


def downgrade() -> None:
    """Step back: none of it is left."""
    op.execute("DELETE FROM consents WHERE version IS NULL")  # which the older tables cannot hold
    with op.batch_alter_table("consents") as consents:
        consents.drop_column("withdrawn_at")
        consents.alter_column("version", existing_type=sa.String(length=48), nullable=False)
    for table in ("visits", "annotations", "family_slots", "consents_elsewhere", "settings"):
        op.drop_table(table)
