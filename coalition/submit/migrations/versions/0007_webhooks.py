"""Webhooks: where events go, how far they went, and what is put aside."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0007"
down_revision = "submit_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "submit_webhooks",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("partner", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("types", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("previous_secret", sa.LargeBinary),
        sa.Column("previous_until", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("disabled", sa.String(16)),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("log", sa.BigInteger, nullable=False),
        sa.Column("block_hash", sa.Text, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("lease_node", sa.String(40)),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_submit_webhooks_partner", "submit_webhooks", ["partner"])
    op.create_table(
        "submit_webhook_events",
        sa.Column("webhook", sa.String(40), primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("log", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("dead", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "submit_webhook_nodes",
        sa.Column("node", sa.String(40), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("submit_webhook_nodes", "submit_webhook_events", "submit_webhooks"):
        op.drop_table(table)
