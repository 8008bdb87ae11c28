"""Rows of the outbox as objects."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as Found

from coalition.ledger.operations import Kind
from coalition.submit.content import from_content
from coalition.submit.submission import Entry, Submission

__all__ = ["Row", "entry_of", "pack", "row_of", "unpack"]

ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A recorded transaction of `size` operations; `kind` is None for one that carries none.

    `ids` are those of the operations that are still in the outbox: all, or none once the transaction was decided. One that
    was `relayed` was signed by the partner: its operations stand in `raw` only.
    """

    hash: str
    key: str
    nonce: int
    slot: int
    partner: int
    kind: Kind | None
    size: int
    ids: array[int]
    raw: bytes
    relayed: bool = False


def pack(ids: array[int]) -> bytes:
    """Ids as `transactions.operations` has them: the lowest byte first, whatever this machine prefers."""
    return struct.pack(f"<{len(ids)}q", *ids)


def unpack(packed: bytes) -> array[int]:
    """Read what `pack` wrote."""
    return array("q", struct.unpack(f"<{len(packed) // ID_BYTES}q", packed))


def entry_of(row: Found[Any]) -> Entry:
    """Read a row of `operations`; nobody waits for it."""
    kind = Kind(row.kind)
    operation = from_content(kind, row.content)
    return Entry(row.id, kind, Submission(row.partner, operation, row.receipt_text, row.not_before), [])


def row_of(row: Found[Any]) -> Row:
    """Read a row of `transactions`."""
    kind = Kind(row.kind) if row.kind else None
    ids = unpack(row.operations)
    return Row(row.hash, row.key, row.nonce, row.slot, row.partner, kind, row.size, ids, row.raw, row.relayed)
