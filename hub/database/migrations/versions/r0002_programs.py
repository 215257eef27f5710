"""Programs, their pauses, a clinic's own activities, what parents have learned, pictures."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0002"
down_revision: str | None = "0001"

#: What was asked, and what was said of pauses, stays as it was written. It goes with the child.
_KEPT = ("program_versions", "program_pauses")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "own_activities",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("activity_id", sa.String(length=48), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("site_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_own_activities_site_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_own_activities"),
    )
    op.create_index("ix_own_activities_activity_id", "own_activities", ["activity_id"], unique=False)
    op.create_index("ix_own_activities_site_id", "own_activities", ["site_id"], unique=False)
    op.create_table(
        "parent_training",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("topic", sa.String(length=48), nullable=False),
        sa.Column("learned_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_parent_training_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_parent_training"),
    )
    op.create_index("ix_parent_training_child_id", "parent_training", ["child_id"], unique=False)
    op.create_table(
        "photos",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("shared_at", UtcDateTime(), nullable=True),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name="fk_photos_child_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_photos"),
    )
    op.create_index("ix_photos_child_id", "photos", ["child_id"], unique=False)
    op.create_table(
        "program_pauses",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("replaces", sa.String(length=36), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_program_pauses_child_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["replaces"], ["program_pauses.id"], name="fk_program_pauses_replaces", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_program_pauses"),
    )
    op.create_index("ix_program_pauses_child_id", "program_pauses", ["child_id"], unique=False)
    op.create_table(
        "program_versions",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_program_versions_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_program_versions"),
        sa.UniqueConstraint("child_id", "number", name="uq_program_versions_child_id_number"),
    )
    op.create_index("ix_program_versions_child_id", "program_versions", ["child_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """CREATE FUNCTION programs_only_grow() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'what was asked is never changed'; END $$"""
        )
    for table in _KEPT:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"""CREATE TRIGGER {table}_only_grow BEFORE UPDATE ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION programs_only_grow()"""
            )
        else:
            op.execute(
                f"""CREATE TRIGGER {table}_only_grow BEFORE UPDATE ON {table}
                    BEGIN SELECT RAISE(ABORT, 'what was asked is never changed'); END"""
            )


def downgrade() -> None:
    """Step back: nothing of programs is left."""
    for table in ("photos", "parent_training", "own_activities", "program_pauses", "program_versions"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION programs_only_grow()")
