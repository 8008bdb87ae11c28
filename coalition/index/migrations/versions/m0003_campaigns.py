"""Campaigns, badges and tiers.

Revision 0003. Written once and left alone: `coalition.index.tables` says what the tables mean.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("awards", "badges", "campaign_members", "participants", "tier_states")


def key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "awards",
        key("block"),
        key("log"),
        amount("first_log"),
        amount("campaign"),
        amount("account"),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        amount("partner"),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        amount("points"),
        sa.Column("progress", sa.LargeBinary(), nullable=True),
        sa.Column("terms_hash", sa.LargeBinary(), nullable=True),
        sa.Column("other", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_awards_account", "awards", ["account", "campaign", "block", "log"])
    op.create_index("ix_awards_campaign", "awards", ["campaign", "block", "log"])
    op.create_table(
        "participants",
        key("block"),
        key("log"),
        amount("campaign"),
        amount("account"),
        sa.Column("referrer", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_participants_account", "participants", ["account", "campaign"])
    op.create_index("ix_participants_campaign", "participants", ["campaign"])
    op.create_table(
        "badges",
        key("block"),
        key("log"),
        amount("campaign"),
        amount("account"),
        amount("badge"),
        sa.Column("given", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_badges_account", "badges", ["account", "badge", "block", "log"])
    op.create_table(
        "tier_states",
        key("account"),
        key("block"),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "block"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tier_states_block", "tier_states", ["block"])
    op.create_table(
        "campaign_members",
        key("campaign"),
        key("account"),
        amount("entries"),
        amount("awards"),
        amount("points"),
        sa.PrimaryKeyConstraint("campaign", "account"),
        sqlite_with_rowid=False,
    )
    empty = sa.text("entries = 0")
    op.create_index(
        "ix_campaign_members_empty", "campaign_members", ["campaign"], sqlite_where=empty, postgresql_where=empty
    )
    op.create_index("ix_campaign_members_account", "campaign_members", ["account"])


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)
