"""Till tokens, which receipts came with one, and how often a number was guessed."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0006"
down_revision = "submit_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "submit_till_tokens",
        sa.Column("qr_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("number_hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("proof_hash", sa.LargeBinary(32), unique=True),
        sa.Column("member", sa.String(42), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_submit_till_tokens_expires_at", "submit_till_tokens", ["expires_at"])
    op.create_index("ix_submit_till_tokens_member", "submit_till_tokens", ["member"])
    op.create_table(
        "submit_token_receipts",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt", sa.LargeBinary(32), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("member", sa.String(42), nullable=False),
    )
    op.create_table(
        "submit_token_guesses",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("minute", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("submit_token_guesses", "submit_token_receipts", "submit_till_tokens"):
        op.drop_table(table)
