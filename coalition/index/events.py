"""What happened to a partner, in the order of the chain: its operations, and what campaigns did with its purchases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, literal, select, text, tuple_

from coalition.index import book
from coalition.index.awards import a, award_of, award_rows
from coalition.index.records import o, operation_of, operation_rows
from coalition.index.stored import hash_text, portions
from coalition.index.tables import blocks, transactions
from coalition.ledger.award_records import AwardKind, AwardRecord
from coalition.ledger.records import OperationRecord

__all__ = [
    "LAST_LOG",
    "EventRow",
    "Place",
    "TransactionRow",
    "block_hash",
    "events_after",
    "events_at",
    "transactions_of",
]

LAST_LOG = (1 << 62) - 1
"""A log after every other one of its block."""

AWARDS_TOLD = (int(AwardKind.AWARD), int(AwardKind.TAKEN_BACK))
OF_A_PARTNER = text("awards.partner <> 0")  # written out, so that the index of those is used
Record: TypeAlias = OperationRecord | AwardRecord


class EventRow(NamedTuple):
    """What happened, the first log of its transaction, and the hash of its block."""

    record: Record
    first_log: int
    block_hash: str


class Place(NamedTuple):
    """A place on the chain, after an event or, with `LAST_LOG`, after a whole block. Without `block_hash`, any such block."""

    block: int
    log: int
    block_hash: str = ""


class TransactionRow(NamedTuple):
    """A transaction of a block."""

    first_log: int
    hash: str


def events_after(connection: Connection, partner: int, after: Place, depth: int, limit: int) -> list[EventRow] | None:
    """See `Queries.events_after`."""
    cursor = book.cursor_of(connection)
    head = cursor.number
    if after.block > head:  # not read again yet, or the chain that replaced it is shorter
        is_gone = head == cursor.seen and after.block_hash != ""
        return None if is_gone else []
    if _is_replaced(connection, after):
        return None
    place, last = tuple_(literal(after.block), literal(after.log)), head - depth
    ours: ColumnElement[bool] = (tuple_(o.block, o.log) > place) & (o.block <= last)
    paid: ColumnElement[bool] = (tuple_(a.block, a.log) > place) & (a.block <= last)
    return _found(connection, partner, ours, paid, limit)


def events_at(connection: Connection, partner: int, places: Sequence[tuple[int, int]]) -> list[EventRow]:
    """Return the events of a partner at these places (block, log), oldest first; those that are not there are left out."""
    found: list[EventRow] = []
    for some in portions(sorted(places)):
        here, there = tuple_(o.block, o.log).in_(some), tuple_(a.block, a.log).in_(some)
        found += _found(connection, partner, here, there, len(some))
    return found


def block_hash(connection: Connection, block: int) -> str | None:
    """Return the hash of a block; None where it is not kept: no events, and not one of the newest."""
    found = connection.execute(select(blocks.c.hash).where(blocks.c.number == block)).scalar()
    return None if found is None else hash_text(found)


def transactions_of(connection: Connection, block: int) -> list[TransactionRow]:
    """Return the transactions of a block that told anything."""
    question = select(transactions.c.first_log, transactions.c.hash).where(transactions.c.block == block)
    return [TransactionRow(first_log, hash_text(hash_)) for first_log, hash_ in connection.execute(question)]


def _is_replaced(connection: Connection, place: Place) -> bool:
    known = block_hash(connection, place.block)
    if known is None:  # a block without events is forgotten after a while
        return place.log != LAST_LOG and place.block_hash != ""
    return place.block_hash not in ("", known)


def _found(
    connection: Connection, partner: int, ours: ColumnElement[bool], paid: ColumnElement[bool], limit: int
) -> list[EventRow]:
    operations = operation_rows().add_columns(o.first_log, blocks.c.hash).where(o.partner == partner, ours)
    awards = award_rows().add_columns(a.first_log, blocks.c.hash)
    awards = awards.where(a.partner == partner, OF_A_PARTNER, a.kind.in_(AWARDS_TOLD), paid)
    found = [
        *_rows(operation_of, connection.execute(operations.order_by(o.block, o.log).limit(limit))),
        *_rows(award_of, connection.execute(awards.order_by(a.block, a.log).limit(limit))),
    ]
    found.sort(key=lambda row: (row.record.block, row.record.log))
    return found[:limit]


def _rows(record_of: Any, rows: Any) -> Iterator[EventRow]:
    return (EventRow(record_of(row), row[-2], hash_text(row[-1])) for row in rows)
