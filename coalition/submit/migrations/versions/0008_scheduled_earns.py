"""Purchases that earn later, and what was taken back of them before."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0008"
down_revision = "submit_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "submit_scheduled_earns",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt", sa.LargeBinary(32), primary_key=True),
        sa.Column("receipt_text", sa.Text, nullable=False),
        sa.Column("member", sa.String(42), nullable=False),
        sa.Column("spend_minor", sa.BigInteger, nullable=False),
        sa.Column("enrols", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("taken_minor", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("claimed_until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_submit_scheduled_earns_due", "submit_scheduled_earns", ["state", "due_at"])
    op.create_index("ix_submit_scheduled_earns_member", "submit_scheduled_earns", ["member", "state"])
    op.create_table(
        "submit_reductions",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt", sa.LargeBinary(32), primary_key=True),
        sa.Column("receipt_text", sa.Text, nullable=False),
        sa.Column("original", sa.LargeBinary(32), nullable=False),
        sa.Column("spend_minor", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("submit_reductions")
    op.drop_table("submit_scheduled_earns")
