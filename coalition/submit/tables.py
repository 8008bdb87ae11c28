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
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

__all__ = [
    "FILLER",
    "SLOT_SHIFT",
    "access_heads",
    "access_keys",
    "access_log",
    "access_tokens",
    "idempotency_keys",
    "metadata",
    "operations",
    "receipts",
    "reductions",
    "scheduled_earns",
    "till_tokens",
    "token_guesses",
    "token_receipts",
    "transactions",
    "webhook_events",
    "webhook_nodes",
    "webhooks",
]

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

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("partner", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("previous_sha256", LargeBinary(32)),
    Column("previous_until", BigInteger),
    Column("scopes", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("rate_limit", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
)
"""API keys. Scopes and sources are words with spaces between; times are Unix seconds."""

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("key", String(12), nullable=False),
    Column("key_sha256", LargeBinary(32), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_access_tokens_expires_at", "expires_at"),
)
"""Access tokens, by their hashes; `key_sha256` is that of the key's secret that they were asked for with."""

access_log = Table(
    "access_log",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("partner", Integer),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("begun", BigInteger),
    Index("ix_access_log_partner_number", "partner", "number"),
    Index("ix_access_log_begun", "begun", unique=True),
)
"""Administrative calls, numbered from 1: a row before each takes effect, and one with its outcome, whose `begun` is the number of
the first. A row's hash covers the row before; triggers refuse changes and deletions.
"""

access_heads = Table(
    "access_heads",
    metadata,
    Column("name", String(8), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
"""`keys`: how often keys changed. `log`: number and hash of the last row of the log."""

till_tokens = Table(
    "submit_till_tokens",
    metadata,
    Column("qr_hash", LargeBinary(32), primary_key=True),
    Column("number_hash", LargeBinary(32), nullable=False, unique=True),
    Column("proof_hash", LargeBinary(32), unique=True),
    Column("member", String(42), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_submit_till_tokens_expires_at", "expires_at"),
    Index("ix_submit_till_tokens_member", "member"),
)
"""Tokens that members show at tills: SHA-256 of their two forms, and of the signature that asked for one. A row goes when it
expires, in Unix seconds of this machine.
"""

token_receipts = Table(
    "submit_token_receipts",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("receipt", LargeBinary(32), primary_key=True),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("request", LargeBinary(32), nullable=False),
    Column("member", String(42), nullable=False),
)
"""Receipts that came with a token: SHA-256 of the form that was shown, and of what was asked for; and the account, which the
partner is not told.
"""

token_guesses = Table(
    "submit_token_guesses",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("failures", Integer, nullable=False),
)
"""Numbers that stood for no token, by partner and minute (Unix time divided by 60). Older minutes go."""
webhooks = Table(
    "submit_webhooks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("partner", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    Column("previous_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled", String(16)),
    Column("failing_since", BigInteger),
    Column("event_id", Text, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("log", BigInteger, nullable=False),
    Column("block_hash", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("lease_node", String(40)),
    Column("lease_until", BigInteger, nullable=False),
    Index("ix_submit_webhooks_partner", "partner"),
)
"""Where events go. `types` are separated by spaces, all of them if there is none; secrets are sealed. Times in Unix seconds of this
machine. `event_id`, `block`, `log` and `block_hash` are the checkpoint: every event up to it was delivered, or is in
`webhook_events`. Whoever delivers holds the lease; `generation` goes up when a checkpoint is set by others.
"""

webhook_events = Table(
    "submit_webhook_events",
    metadata,
    Column("webhook", String(40), primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("log", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("dead", SmallInteger, nullable=False),
    Column("reason", Text),
)
"""Events before a webhook's checkpoint that were not delivered: they wait for `next_at`, or for those before them in their lane;
those that are `dead` wait for somebody to ask.
"""

webhook_nodes = Table(
    "submit_webhook_nodes",
    metadata,
    Column("node", String(40), primary_key=True),
    Column("until", BigInteger, nullable=False),
)
"""Nodes that deliver, so that each takes its share."""

scheduled_earns = Table(
    "submit_scheduled_earns",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("receipt", LargeBinary(32), primary_key=True),
    Column("receipt_text", Text, nullable=False),
    Column("member", String(42), nullable=False),
    Column("spend_minor", BigInteger, nullable=False),
    Column("enrols", Boolean, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("taken_minor", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("code", String(40), nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Index("ix_submit_scheduled_earns_due", "state", "due_at"),
    Index("ix_submit_scheduled_earns_member", "member", "state"),
)
"""Purchases that earn from `due_at` on. Times in Unix seconds of this machine; until `claimed_until` one node posts it."""

reductions = Table(
    "submit_reductions",
    metadata,
    Column("partner", Integer, primary_key=True, autoincrement=False),
    Column("receipt", LargeBinary(32), primary_key=True),
    Column("receipt_text", Text, nullable=False),
    Column("original", LargeBinary(32), nullable=False),
    Column("spend_minor", BigInteger, nullable=False),
)
"""Reversals of scheduled purchases before they counted, by the reversals' receipts."""
