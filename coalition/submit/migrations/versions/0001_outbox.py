"""Operations and transactions of the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "submit_operations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("partner", sa.Integer, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("receipt_text", sa.Text, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "submit_transactions",
        sa.Column("hash", sa.String(66), primary_key=True),
        sa.Column("key", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("partner", sa.Integer, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("operations", sa.LargeBinary, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("settled_block", sa.BigInteger),
        sa.UniqueConstraint("key", "nonce", name="uq_submit_transactions_key_nonce"),
    )
    op.create_index("ix_submit_transactions_slot_settled", "submit_transactions", ["slot", "settled_block"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("submit_transactions")
    op.drop_table("submit_operations")
