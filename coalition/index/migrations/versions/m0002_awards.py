"""What campaigns award, and the words that a reversal has to prove.

Revision 0002. Written once and left alone: `coalition.index.tables` says what the tables mean.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WITH_AWARDS = sa.text("awards IS NOT NULL")


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "bonuses",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bonuses_points", "bonuses", ["points"])
    op.add_column("operations", sa.Column("awarded", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("operations", sa.Column("awards", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_operations_awards",
        "operations",
        ["partner", "receipt"],
        sqlite_where=WITH_AWARDS,
        postgresql_where=WITH_AWARDS,
    )
    op.add_column("tallies", sa.Column("awarded", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("tallies", "awarded")
    op.drop_index("ix_operations_awards", "operations")
    op.drop_column("operations", "awards")
    op.drop_column("operations", "awarded")
    op.drop_table("bonuses")
