"""The outbox: operations whose outcome is not known, and the transactions that carry them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = ["FILLER", "SLOT_SHIFT", "idempotency_keys", "metadata", "operations", "receipts", "transactions"]

FILLER = 0
"""`transactions.kind` of a transaction that only uses a nonce up."""

SLOT_SHIFT = 48
"""An operation's `id` is the slot of the process that took it in, above 48 bits that count."""

metadata = MetaData()

operations = Table(
    "submit_operations",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("partner", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("receipt_text", Text, nullable=False),
    Column("not_before", BigInteger),
    Column("content", LargeBinary, nullable=False),
)
"""Operations that were taken in. A row goes when its outcome is known."""

transactions = Table(
    "submit_transactions",
    metadata,
    Column("hash", String(66), primary_key=True),
    Column("key", String(42), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("partner", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("operations", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("settled_block", BigInteger),
    Column("relayed", Boolean, nullable=False),
    UniqueConstraint("key", "nonce", name="uq_submit_transactions_key_nonce"),
    Index("ix_submit_transactions_slot_settled", "slot", "settled_block"),
)
"""Signed transactions, written before they are sent.

`operations` are the ids of the `size` operations that a transaction carries, 8 bytes each, little-endian; empty once they
are decided. `settled_block` is the block that decided them. A row goes when that block is durable. `relayed` are those that a
partner signed itself: `operations` is empty, and they are never signed again here.
"""

receipts = Table(
    "submit_receipts",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("receipt", LargeBinary(32), primary_key=True),
    Column("text", Text, nullable=False),
)
"""Texts of receipts whose number does not tell them. Kept for display; the chain knows the numbers only."""

idempotency_keys = Table(
    "submit_idempotency_keys",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("request", LargeBinary(32), nullable=False),
    Column("busy_until", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_submit_idempotency_keys_expires_at", "expires_at"),
)
"""What a partner's idempotency key stands for: SHA-256 of the key and of the request. Times in Unix seconds of this machine;
`busy_until` is 0 when the request is answered.
"""
