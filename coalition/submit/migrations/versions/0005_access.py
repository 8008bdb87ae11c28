"""API keys, access tokens, and the log of administrative calls."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0005"
down_revision = "submit_0004"
branch_labels = None
depends_on = None

REFUSAL = "the log of administrative calls is only added to"


def upgrade() -> None:
    """Create the tables, and what keeps the log from being changed."""
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("partner", sa.Integer, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("previous_sha256", sa.LargeBinary(32)),
        sa.Column("previous_until", sa.BigInteger),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("rate_limit", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
    )
    op.create_table(
        "access_tokens",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("key", sa.String(12), nullable=False),
        sa.Column("key_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    op.create_table(
        "access_log",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("partner", sa.Integer),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_access_log_partner_number", "access_log", ["partner", "number"])
    heads = op.create_table(
        "access_heads",
        sa.Column("name", sa.String(8), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.bulk_insert(heads, [{"name": name, "number": 0, "hash": bytes(32)} for name in ("keys", "log")])
    _only_added_to()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("access_heads", "access_log", "access_tokens", "access_keys"):
        op.drop_table(table)


def _only_added_to() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER access_log_no_{change.lower()} BEFORE {change} ON access_log "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION access_log_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_log_refuse()"
    )
