"""Administrative calls are in the log before they take effect; the row of an outcome names the row of the beginning."""

import sqlalchemy as sa
from alembic import op

revision = "submit_0009"
down_revision = "submit_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Rows of before have none, and their hashes stay as they are."""
    op.add_column("access_log", sa.Column("begun", sa.BigInteger))
    op.create_index("ix_access_log_begun", "access_log", ["begun"], unique=True)


def downgrade() -> None:
    """Drop the column."""
    op.drop_index("ix_access_log_begun", "access_log")
    op.drop_column("access_log", "begun")
