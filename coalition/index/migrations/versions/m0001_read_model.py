"""The read model"s first tables.

Revision 0001. Written once and left alone: `coalition.index.tables` says what the tables mean.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "accounts",
    "blocks",
    "book",
    "changes",
    "debt_entries",
    "debts",
    "entries",
    "expirations",
    "holds",
    "lots",
    "operations",
    "partner_members",
    "supply",
    "tallies",
    "transactions",
    "transfers",
)


def key(name: str, kind: type[Any] = sa.BigInteger) -> sa.Column[Any]:
    return sa.Column(name, kind(), autoincrement=False, nullable=False)


def amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        key("id"),
        sa.Column("address", sa.Text(), nullable=False),
        amount("block"),
        sa.Column("enrolled_block", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address"),
        sqlite_with_rowid=False,
    )
    index("ix_accounts_block", "accounts", "block")
    op.create_table(
        "blocks",
        key("number"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        amount("timestamp"),
        sa.Column("has_events", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_with_rowid=False,
    )
    index("ix_blocks_without_events", "blocks", "number", where="has_events = 0")
    op.create_table(
        "book",
        key("id", sa.SmallInteger),
        amount("chain_id"),
        sa.Column("ledger", sa.Text(), nullable=False),
        amount("first_block"),
        amount("epoch_origin"),
        amount("epoch_length"),
        amount("validity"),
        amount("block"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        amount("timestamp"),
        amount("block_seen"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "changes",
        key("block"),
        key("log"),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    index("ix_changes_event", "changes", "event", "subject", "block", "log")
    op.create_table(
        "debt_entries",
        key("block"),
        key("account"),
        amount("points"),
        sa.PrimaryKeyConstraint("block", "account"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "debts", key("account"), amount("points"), sa.PrimaryKeyConstraint("account"), sqlite_with_rowid=False
    )
    op.create_table(
        "entries",
        key("block"),
        key("account"),
        key("epoch"),
        amount("points"),
        sa.PrimaryKeyConstraint("block", "account", "epoch"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expirations",
        key("block"),
        key("account"),
        key("epoch"),
        amount("points"),
        sa.PrimaryKeyConstraint("block", "account", "epoch"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "holds",
        key("partner"),
        key("receipt", sa.LargeBinary),
        amount("block"),
        amount("log"),
        amount("account"),
        amount("points"),
        sa.Column("lots", sa.LargeBinary(), nullable=False),
        amount("deadline"),
        sa.Column("closed_block", sa.BigInteger(), nullable=True),
        amount("points_restored"),
        sa.PrimaryKeyConstraint("partner", "receipt"),
        sqlite_with_rowid=False,
    )
    index("ix_holds_block", "holds", "block")
    index("ix_holds_closed", "holds", "closed_block")
    index("ix_holds_open", "holds", "account", where="closed_block IS NULL")
    index("ix_holds_restored", "holds", "points_restored", where="points_restored > 0")
    op.create_table(
        "lots",
        key("account"),
        key("epoch"),
        amount("points"),
        sa.PrimaryKeyConstraint("account", "epoch"),
        sqlite_with_rowid=False,
    )
    index("ix_lots_empty", "lots", "account", where="points = 0")
    op.create_table(
        "operations",
        key("block"),
        key("log"),
        amount("first_log"),
        amount("partner"),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=True),
        amount("spend_minor"),
        amount("points"),
        sa.Column("lots", sa.LargeBinary(), nullable=True),
        amount("deadline"),
        sa.Column("original", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    index("ix_operations_account", "operations", "account", "block", "log")
    index("ix_operations_kind", "operations", "kind", "partner", "block", "log", where="kind <> 1")
    index("ix_operations_original", "operations", "partner", "original", where="original IS NOT NULL")
    index("ix_operations_partner", "operations", "partner", "block", "log")
    index("ix_operations_rejected", "operations", "partner", "block", "log", where="code <> 0")
    index("ux_operations_receipt", "operations", "partner", "receipt", "kind", where="code = 0", unique=True)
    op.create_table(
        "partner_members",
        key("partner"),
        key("account"),
        amount("purchases"),
        amount("points"),
        sa.PrimaryKeyConstraint("partner", "account"),
        sqlite_with_rowid=False,
    )
    index("ix_partner_members_account", "partner_members", "account")
    index("ix_partner_members_empty", "partner_members", "partner", where="purchases = 0")
    op.create_table(
        "supply",
        key("epoch"),
        amount("points"),
        amount("points_expired"),
        sa.PrimaryKeyConstraint("epoch"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tallies",
        key("partner"),
        key("kind", sa.SmallInteger),
        key("code", sa.SmallInteger),
        amount("operations"),
        amount("points"),
        sa.PrimaryKeyConstraint("partner", "kind", "code"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transactions",
        key("block"),
        key("first_log"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "first_log"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transfers",
        key("block"),
        key("log"),
        amount("sender"),
        amount("recipient"),
        amount("points"),
        sa.Column("lots", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log"),
        sqlite_with_rowid=False,
    )
    index("ix_transfers_recipient", "transfers", "recipient", "block", "log")
    index("ix_transfers_sender", "transfers", "sender", "block", "log")


def downgrade() -> None:
    """Drop the tables: the follower fills them again."""
    for table in TABLES:
        op.drop_table(table)
