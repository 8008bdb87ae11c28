"""Transactions that a partner signed itself, and that are only relayed."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0004"
down_revision = "submit_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; nothing that is there was relayed."""
    mark = sa.Column("relayed", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("submit_transactions", mark)


def downgrade() -> None:
    """Take the mark away."""
    with op.batch_alter_table("submit_transactions") as batch:
        batch.drop_column("relayed")
