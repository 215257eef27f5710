"""Sites, families, children, accounts, consent, and the log."""

import sqlalchemy as sa
from alembic import op

from griphub.hub.database.base import UtcDateTime

revision: str = "0001"
down_revision: str | None = None


#: The log's rows stay as they were written, whoever has the database open.
_ONLY_GROWS = {
    "sqlite": [
        f"""CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
            BEGIN SELECT RAISE(ABORT, 'the log of changes only grows'); END"""
        for verb in ("update", "delete")
    ],
    "postgresql": [
        """CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the log of changes only grows'; END $$""",
        """CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
           FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()""",
    ],
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("login", name="uq_accounts_login"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("command", sa.String(length=64), nullable=False),
        sa.Column("did", sa.String(length=24), nullable=False),
        sa.Column("table_name", sa.String(length=64), nullable=False),
        sa.Column("row_key", sa.String(length=160), nullable=False),
        sa.Column("child_id", sa.String(length=48), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_actor", "audit", ["actor"], unique=False)
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_index("ix_audit_child_id", "audit", ["child_id"], unique=False)
    op.create_index("ix_audit_row_key", "audit", ["row_key"], unique=False)
    op.create_table(
        "sites",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_table(
        "consent_texts",
        sa.Column("site_id", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=48), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"], ["sites.id"], name="fk_consent_texts_site_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("site_id", "version", name="pk_consent_texts"),
    )
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("hash", sa.String(length=255), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_credentials_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_credentials"),
    )
    op.create_table(
        "families",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("site_id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hub", sa.String(length=48), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_families_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_families"),
        sa.UniqueConstraint("site_id", "hub", name="uq_families_site_id_hub"),
    )
    op.create_index("ix_families_site_id", "families", ["site_id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_identities_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
    )
    op.create_index("ix_identities_account_id", "identities", ["account_id"], unique=False)
    op.create_table(
        "one_time_tokens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_one_time_tokens_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_one_time_tokens"),
    )
    op.create_index("ix_one_time_tokens_account_id", "one_time_tokens", ["account_id"], unique=False)
    op.create_table(
        "throttles",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_throttles"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_sign_ins_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_ins"),
    )
    op.create_index("ix_sign_ins_account_id", "sign_ins", ["account_id"], unique=False)
    op.create_table(
        "children",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("family_id", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("birth_month", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(length=24), nullable=True),
        sa.Column("dominant_hand", sa.String(length=24), nullable=True),
        sa.Column("goal", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["family_id"], ["families.id"], name="fk_children_family_id"),
        sa.PrimaryKeyConstraint("id", name="pk_children"),
    )
    op.create_index("ix_children_family_id", "children", ["family_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("site_id", sa.String(length=48), nullable=False),
        sa.Column("family_id", sa.String(length=48), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_memberships_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["family_id"], ["families.id"], name="fk_memberships_family_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_memberships_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_account_id", "memberships", ["account_id"], unique=False)
    op.create_index("ix_memberships_family_id", "memberships", ["family_id"], unique=False)
    op.create_index("ix_memberships_site_id", "memberships", ["site_id"], unique=False)
    op.create_index(
        "uq_memberships_of_family",
        "memberships",
        ["account_id", "role", "family_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL AND family_id IS NOT NULL"),
        postgresql_where=sa.text("until IS NULL AND family_id IS NOT NULL"),
    )
    op.create_index(
        "uq_memberships_of_site",
        "memberships",
        ["account_id", "role", "site_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL AND family_id IS NULL"),
        postgresql_where=sa.text("until IS NULL AND family_id IS NULL"),
    )
    op.create_table(
        "caseload",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("account_id", sa.String(length=48), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_caseload_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_caseload_child_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_caseload"),
    )
    op.create_index("ix_caseload_account_id", "caseload", ["account_id"], unique=False)
    op.create_index("ix_caseload_child_id", "caseload", ["child_id"], unique=False)
    op.create_index(
        "uq_caseload_open",
        "caseload",
        ["account_id", "child_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=48), nullable=False),
        sa.Column("site_id", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=48), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=True),
        sa.Column("child_id", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name="fk_consents_child_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["site_id", "version"],
            ["consent_texts.site_id", "consent_texts.version"],
            name="fk_consents_site_id_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_child_id", "consents", ["child_id"], unique=False)
    for statement in _ONLY_GROWS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Step back: nothing of people is left."""
    for table in (
        "throttles",
        "consents",
        "caseload",
        "memberships",
        "children",
        "sign_ins",
        "one_time_tokens",
        "identities",
        "families",
        "credentials",
        "consent_texts",
        "sites",
        "audit",
        "accounts",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_only_grows()")
