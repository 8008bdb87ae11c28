"""Awards with a partner's purchases, in order.

Revision 0004. Written once and left alone: `coalition.index.tables` says what the tables mean.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_PARTNERS = sa.text("partner <> 0")


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_awards_partner",
        "awards",
        ["partner", "block", "log"],
        sqlite_where=OF_PARTNERS,
        postgresql_where=OF_PARTNERS,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_awards_partner", "awards")
