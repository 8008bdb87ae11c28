"""How far the chain was read: the cursor, and the headers that tell a reorganisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, update

from coalition.chain.deployment import Deployment
from coalition.chain.history import BlockHeader
from coalition.errors import SetupError
from coalition.index.epochs import Epochs
from coalition.index.projection import OWN_ACCOUNT, insert_rows
from coalition.index.stored import hash_of, hash_text
from coalition.index.tables import accounts, blocks, book

__all__ = ["Cursor", "advance", "cursor_of", "epochs_of", "go_back", "known_blocks", "open_book"]

BLOCKS_KEPT = 256  # headers kept of the newest blocks, beside all that have events
_CURSOR = select(book.c.block, book.c.hash, book.c.timestamp, book.c.block_seen)
_CURSOR_LOCKED = _CURSOR.with_for_update()
_FORGET = delete(blocks).where(blocks.c.has_events == 0, blocks.c.number <= bindparam("oldest"))
_ADVANCE = update(book).values({name: bindparam(name) for name in ("block", "hash", "timestamp", "block_seen")})


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last block that was read, whose `hash` is "" before the first one, and the last block seen on the chain."""

    number: int
    hash: str
    timestamp: int
    seen: int


def open_book(connection: Connection, deployment: Deployment) -> None:
    """Begin the read model of a ledger, unless it was begun.

    Raises:
        SetupError: `read_model_foreign` if it is another ledger's.
    """
    known = (
        book.c.chain_id,
        book.c.ledger,
        book.c.first_block,
        book.c.epoch_origin,
        book.c.epoch_length,
        book.c.validity,
    )
    row = connection.execute(select(*known)).first()
    times = (deployment.epoch_origin, deployment.epoch_length, deployment.validity_duration)
    mine = (deployment.chain_id, deployment.ledger, deployment.block, *times)
    if row is None:
        before = deployment.block - 1
        insert_rows(connection, book, [(1, *mine, before, b"", 0, before)])
        insert_rows(connection, accounts, [(OWN_ACCOUNT, deployment.ledger, -1, None)])
    elif tuple(row) != mine:
        raise SetupError(
            f"This read model is of another ledger ({row.ledger} on chain {row.chain_id}, from block "
            f"{row.first_block}). Use another database, or rebuild it.",
            code="read_model_foreign",
        )


def epochs_of(connection: Connection) -> Epochs:
    """Return how the ledger counts time."""
    row = connection.execute(select(book.c.epoch_origin, book.c.epoch_length, book.c.validity)).one()
    return Epochs(*row)


def cursor_of(connection: Connection, lock: bool = False) -> Cursor:
    """Return the cursor; with `lock`, no other writer moves it before the transaction ends.

    Raises:
        SetupError: `read_model_empty` before `open_book`.
    """
    row = connection.execute(_CURSOR_LOCKED if lock else _CURSOR).first()
    if row is None:
        raise SetupError("Nothing was read from the chain yet. Let the follower run.", code="read_model_empty")
    return Cursor(row.block, hash_text(row.hash), row.timestamp, row.block_seen)


def advance(
    connection: Connection, last: BlockHeader, headers: Iterable[BlockHeader], with_events: set[int], seen: int
) -> None:
    """Move the cursor to `last`; keep what `headers` are of blocks with events or of the newest blocks."""
    oldest = seen - BLOCKS_KEPT
    kept = (
        (header.number, hash_of(header.hash), header.timestamp, int(header.number in with_events))
        for header in headers
        if header.number in with_events or header.number > oldest
    )
    insert_rows(connection, blocks, kept)
    connection.execute(_FORGET, {"oldest": oldest})
    moved = {"block": last.number, "hash": hash_of(last.hash), "timestamp": last.timestamp, "block_seen": seen}
    connection.execute(_ADVANCE, moved)


def known_blocks(connection: Connection, below: int, limit: int) -> list[tuple[int, str, int]]:
    """Return number, hash and time of the newest blocks below a number whose headers are kept, newest first."""
    question = select(blocks.c.number, blocks.c.hash, blocks.c.timestamp).where(blocks.c.number < below)
    rows = connection.execute(question.order_by(blocks.c.number.desc()).limit(limit))
    return [(number, hash_text(hash_), timestamp) for number, hash_, timestamp in rows]


def go_back(connection: Connection, ancestor: Cursor) -> None:
    """Move the cursor back to `ancestor` and forget the headers after it."""
    connection.execute(delete(blocks).where(blocks.c.number > ancestor.number))
    connection.execute(
        update(book).values(
            block=ancestor.number,
            hash=hash_of(ancestor.hash),
            timestamp=ancestor.timestamp,
            block_seen=ancestor.seen,
        )
    )
