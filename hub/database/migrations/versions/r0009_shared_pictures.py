"""Pictures that are shared: how far they have come, taken back, and their pieces at the clinic."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0009"
down_revision: str | None = "0008"

_TIMES = ("withdrawn_at", "told_at", "taken_at")


def upgrade() -> None:
    """Make columns and table."""
    with op.batch_alter_table("photos") as photos:
        for name in _TIMES:
            photos.add_column(sa.Column(name, UtcDateTime(), nullable=True))
        photos.add_column(sa.Column("parts", sa.Integer(), nullable=True))
        photos.add_column(sa.Column("sha256", sa.String(length=64), nullable=True))
    op.create_table(
        "photo_parts",
        sa.Column("photo_id", sa.String(length=48), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name="fk_photo_parts_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_photo_parts_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "part", name="pk_photo_parts"),
    )
    op.create_index("ix_photo_parts_child_id", "photo_parts", ["child_id"], unique=False)


def downgrade() -> None:
    """Step back: pictures that came to the clinic are gone."""
    op.drop_table("photo_parts")
    op.execute("DELETE FROM photos WHERE parts IS NOT NULL")
    with op.batch_alter_table("photos") as photos:
        for name in (*_TIMES, "parts", "sha256"):
            photos.drop_column(name)
