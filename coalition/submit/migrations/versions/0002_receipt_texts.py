"""The partners' own texts of receipts."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0002"
down_revision = "submit_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "submit_receipts",
        sa.Column("partner", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt", sa.LargeBinary(32), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("submit_receipts")
