"""Which request a partner's Idempotency-Key stands for."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0003"
down_revision = "submit_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "submit_idempotency_keys",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("busy_until", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_submit_idempotency_keys_expires_at", "submit_idempotency_keys", ["expires_at"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("submit_idempotency_keys")
