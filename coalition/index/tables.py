"""Tables of the read model.

Facts are kept as the chain told them, by block and log; sums over them are kept beside, in `DERIVED`, so that questions
are quick. Amounts are 64 bit integers, receipts 32 bytes big-endian, lots the word of the chain in 32 bytes, award words
32 bytes each one after another, addresses checksummed text that stands once, in `accounts`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, SmallInteger, Table, Text, text

__all__ = [
    "accounts",
    "awards",
    "badges",
    "blocks",
    "bonuses",
    "book",
    "campaign_members",
    "changes",
    "debt_entries",
    "debts",
    "entries",
    "expirations",
    "holds",
    "lots",
    "metadata",
    "operations",
    "participants",
    "partner_members",
    "supply",
    "tallies",
    "tier_states",
    "transactions",
    "transfers",
]

metadata = MetaData()


def key(name: str, kind: Any = BigInteger) -> Column[Any]:
    """A column of the primary key; its value always comes from the chain."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def amount(name: str, **options: Any) -> Column[Any]:
    """A whole number that is always there."""
    return Column(name, BigInteger, nullable=False, **options)


def table(name: str, *content: Any) -> Table:
    """A table that is stored in the order of its key."""
    return Table(name, metadata, *content, sqlite_with_rowid=False)


def partial(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    """An index of those rows only that meet `condition`."""
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


# ---- which ledger this is, and how far it was read: one row
book = table(
    "book",
    key("id", SmallInteger),
    amount("chain_id"),
    Column("ledger", Text, nullable=False),
    amount("first_block"),
    amount("epoch_origin"),
    amount("epoch_length"),
    amount("validity"),
    amount("block"),
    Column("hash", LargeBinary, nullable=False),
    amount("timestamp"),
    amount("block_seen"),
)

# ---- facts
blocks = table(
    "blocks",
    key("number"),
    Column("hash", LargeBinary, nullable=False),
    amount("timestamp"),
    Column("has_events", SmallInteger, nullable=False),
    partial("ix_blocks_without_events", "has_events = 0", "number"),
)
transactions = table("transactions", key("block"), key("first_log"), Column("hash", LargeBinary, nullable=False))
accounts = table(
    "accounts",
    key("id"),
    Column("address", Text, nullable=False, unique=True),
    amount("block"),
    Column("enrolled_block", BigInteger),
    Index("ix_accounts_block", "block"),
)
operations = table(
    "operations",
    key("block"),
    key("log"),
    amount("first_log"),
    amount("partner"),
    Column("receipt", LargeBinary, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("account", BigInteger),
    amount("spend_minor"),
    amount("points"),
    Column("lots", LargeBinary),
    amount("deadline"),
    Column("original", LargeBinary),
    amount("awarded"),
    Column("awards", LargeBinary),
    partial("ux_operations_receipt", "code = 0", "partner", "receipt", "kind", unique=True),
    partial("ix_operations_original", "original IS NOT NULL", "partner", "original"),
    partial("ix_operations_rejected", "code <> 0", "partner", "block", "log"),
    partial("ix_operations_kind", "kind <> 1", "kind", "partner", "block", "log"),
    Index("ix_operations_partner", "partner", "block", "log"),
    partial("ix_operations_awards", "awards IS NOT NULL", "partner", "receipt"),
    Index("ix_operations_account", "account", "block", "log"),
)
# what campaigns gave (or took, below 0) with another member's purchase, or with none
bonuses = table(
    "bonuses",
    key("block"),
    key("log"),
    amount("account"),
    amount("points"),
    Index("ix_bonuses_points", "points"),
)
entries = table("entries", key("block"), key("account"), key("epoch"), amount("points"))
debt_entries = table("debt_entries", key("block"), key("account"), amount("points"))
expirations = table("expirations", key("block"), key("account"), key("epoch"), amount("points"))
holds = table(
    "holds",
    key("partner"),
    key("receipt", LargeBinary),
    amount("block"),
    amount("log"),
    amount("account"),
    amount("points"),
    Column("lots", LargeBinary, nullable=False),
    amount("deadline"),
    Column("closed_block", BigInteger),
    amount("points_restored"),
    partial("ix_holds_open", "closed_block IS NULL", "account"),
    partial("ix_holds_restored", "points_restored > 0", "points_restored"),
    Index("ix_holds_block", "block"),
    Index("ix_holds_closed", "closed_block"),
)
transfers = table(
    "transfers",
    key("block"),
    key("log"),
    amount("sender"),
    amount("recipient"),
    amount("points"),
    Column("lots", LargeBinary, nullable=False),
    Index("ix_transfers_sender", "sender", "block", "log"),
    Index("ix_transfers_recipient", "recipient", "block", "log"),
)
changes = table(
    "changes",
    key("block"),
    key("log"),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("ix_changes_event", "event", "subject", "block", "log"),
)

# what campaigns did: `kind` is an `AwardKind`; points without a sign; `other` is whose purchase a companion's award came with
awards = table(
    "awards",
    key("block"),
    key("log"),
    amount("first_log"),
    amount("campaign"),
    amount("account"),
    Column("kind", SmallInteger, nullable=False),
    amount("partner"),
    Column("receipt", LargeBinary, nullable=False),
    amount("points"),
    Column("progress", LargeBinary),
    Column("terms_hash", LargeBinary),
    Column("other", BigInteger),
    Index("ix_awards_account", "account", "campaign", "block", "log"),
    Index("ix_awards_campaign", "campaign", "block", "log"),
    partial("ix_awards_partner", "partner <> 0", "partner", "block", "log"),
)
participants = table(
    "participants",
    key("block"),
    key("log"),
    amount("campaign"),
    amount("account"),
    Column("referrer", BigInteger),
    Index("ix_participants_account", "account", "campaign"),
    Index("ix_participants_campaign", "campaign"),
)
badges = table(
    "badges",
    key("block"),
    key("log"),
    amount("campaign"),
    amount("account"),
    amount("badge"),
    Column("given", SmallInteger, nullable=False),
    Index("ix_badges_account", "account", "badge", "block", "log"),
)
# how a member's tier stood after the purchases of a block
tier_states = table(
    "tier_states",
    key("account"),
    key("block"),
    Column("word", LargeBinary, nullable=False),
    Index("ix_tier_states_block", "block"),
)

# ---- sums over the facts, moved by `derive` and by nothing else
lots = table("lots", key("account"), key("epoch"), amount("points"), partial("ix_lots_empty", "points = 0", "account"))
supply = table("supply", key("epoch"), amount("points"), amount("points_expired"))
debts = table("debts", key("account"), amount("points"))
tallies = table(
    "tallies",
    key("partner"),
    key("kind", SmallInteger),
    key("code", SmallInteger),
    amount("operations"),
    amount("points"),
    amount("awarded"),
)
partner_members = table(
    "partner_members",
    key("partner"),
    key("account"),
    amount("purchases"),
    amount("points"),
    partial("ix_partner_members_empty", "purchases = 0", "partner"),
    Index("ix_partner_members_account", "account"),
)
campaign_members = table(
    "campaign_members",
    key("campaign"),
    key("account"),
    amount("entries"),
    amount("awards"),
    amount("points"),
    partial("ix_campaign_members_empty", "entries = 0", "campaign"),
    Index("ix_campaign_members_account", "account"),
)
