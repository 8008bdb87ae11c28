"""Operations as they were decided, read from the tables."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, bindparam, func, literal, select, tuple_

from coalition.chain.keccak import keccak
from coalition.errors import InputError
from coalition.index.book import epochs_of
from coalition.index.past import blocks_between
from coalition.index.stored import hash_text, lots_of, portions, receipt_key, receipt_of, words_of
from coalition.index.tables import accounts, blocks, operations, transactions
from coalition.ledger.chain_word import awards_hash
from coalition.ledger.lots import Lots
from coalition.ledger.operations import RECEIPT_BITS, Kind, Outcome, Rejection
from coalition.ledger.records import OperationRecord

__all__ = [
    "LIMIT_MAX",
    "Original",
    "Page",
    "PartnerReceipt",
    "all_awards",
    "awards_between",
    "corrected",
    "counted_between",
    "cursor_at",
    "highest_between",
    "history_page",
    "number_of",
    "operation_of",
    "operation_rows",
    "original_of",
    "place_of",
    "records_after",
    "records_in_order",
    "records_under",
]

LIMIT_MAX = 1_000
OWN_COLUMNS = 15
PROVED = (Kind.EARN, Kind.REDEEM, Kind.CAPTURE)
KINDS = {int(kind): kind for kind in Kind}
CODES = {0: None} | {int(code): code for code in Rejection}

PartnerReceipt: TypeAlias = tuple[int, int]
"""Number of a partner, and of one of its receipts."""

o = operations.c


class Original(NamedTuple):
    """What a correction has to prove: the outcome, all outcomes of its word in order, and its place among them.

    `awards` are the words whose hash is in the outcome.
    """

    outcome: Outcome
    outcomes: list[Outcome]
    position: int
    awards: tuple[int, ...] = ()


class Page(NamedTuple):
    """Some records, newest first. `cursor` continues after them; None if there are no more."""

    items: list[OperationRecord]
    cursor: str | None


def records_under(
    connection: Connection, places: Iterable[PartnerReceipt]
) -> dict[PartnerReceipt, list[OperationRecord]]:
    """Return accepted records by partner and receipt, oldest first: one, or a hold and its end."""
    found: dict[PartnerReceipt, list[OperationRecord]] = {}
    wanted = set(places)
    for some in portions(sorted(wanted)):
        named = {"partners": list({place[0] for place in some}), "receipts": [receipt_key(place[1]) for place in some]}
        for record in map(operation_of, connection.execute(_under(), named)):
            if (record.partner, record.receipt) in wanted:
                found.setdefault((record.partner, record.receipt), []).append(record)
    for records in found.values():
        records.sort(key=lambda record: (record.block, record.log))
    return found


@cache
def _under() -> Select[Any]:
    """Made once: every purchase asks it, and to put it together costs more than to answer it."""
    return operation_rows().where(
        o.code == 0,
        o.partner.in_(bindparam("partners", expanding=True)),
        o.receipt.in_(bindparam("receipts", expanding=True)),
    )


def counted_between(connection: Connection, partner: int, first: int, last: int, limit: int) -> list[int]:
    """Return receipts from `first` to `last` that counted, lowest first, at most `limit`."""
    question = select(o.receipt).where(
        o.code == 0, o.partner == partner, o.receipt.between(receipt_key(first), receipt_key(last))
    )
    found = connection.execute(question.distinct().order_by(o.receipt).limit(limit)).scalars()
    return [receipt_of(receipt) for receipt in found]


def highest_between(connection: Connection, partner: int, first: int, last: int) -> int | None:
    """Return the highest receipt from `first` to `last` that counted; None if none did."""
    question = select(o.receipt).where(
        o.code == 0, o.partner == partner, o.receipt.between(receipt_key(first), receipt_key(last))
    )
    # not max(): PostgreSQL has none of bytes
    highest = connection.execute(question.order_by(o.receipt.desc()).limit(1)).scalar()
    return None if highest is None else receipt_of(highest)


def original_of(connection: Connection, partner: int, receipt: int) -> Original | None:
    """Return what a correction of an earn, redemption or capture has to prove."""
    first = receipt // RECEIPT_BITS * RECEIPT_BITS
    question = operation_rows().where(
        o.code == 0,
        o.partner == partner,
        o.receipt.between(receipt_key(first), receipt_key(first + RECEIPT_BITS - 1)),
        o.kind.in_([int(kind) for kind in PROVED]),
    )
    epochs = epochs_of(connection)
    word = sorted(_read(connection, question), key=lambda record: (record.block, record.log))
    words = awards_between(connection, partner, first, first + RECEIPT_BITS - 1)
    outcomes = [_outcome(record, epochs.at(record.timestamp), words.get(record.receipt, ())) for record in word]
    for position, outcome in enumerate(outcomes):
        if outcome.receipt == receipt:
            return Original(outcome, outcomes, position, words.get(receipt, ()))
    return None


def awards_between(connection: Connection, partner: int, first: int, last: int) -> dict[int, tuple[int, ...]]:
    """Return the award words of a partner's earns by receipt, from `first` to `last`, of those that have any."""
    question = select(o.receipt, o.awards).where(
        o.awards.is_not(None), o.partner == partner, o.receipt.between(receipt_key(first), receipt_key(last))
    )
    return {receipt_of(receipt): words_of(words) for receipt, words in connection.execute(question)}


def all_awards(connection: Connection) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the award words of all earns that have any, by partner and receipt."""
    question = select(o.partner, o.receipt, o.awards).where(o.awards.is_not(None))
    return {(partner, receipt_of(receipt)): words_of(words) for partner, receipt, words in connection.execute(question)}


def corrected(connection: Connection, partner: int, receipt: int) -> int:
    """Return how much of an original was taken back: minor units of an earn, points of a redemption or capture."""
    question = select(func.sum(o.spend_minor), func.sum(o.points).filter(o.kind == int(Kind.REFUND))).where(
        o.partner == partner, o.original == receipt_key(receipt), o.code == 0
    )
    spend_minor, points = connection.execute(question).one()
    return int(spend_minor or 0) + int(points or 0)


def history_page(
    connection: Connection,
    account: str | None,
    partner: int | None,
    kind: Kind | None,
    accepted: bool | None,
    cursor: str | None,
    limit: int,
    since: int | None = None,
    until: int | None = None,
) -> Page:
    """See `Queries.history`."""
    if not 0 < limit <= LIMIT_MAX:
        raise InputError(f"A page has 1 to {LIMIT_MAX} operations, not {limit}.", code="limit_invalid")
    question = _chosen(connection, account, partner, kind, accepted, since, until)
    if cursor is not None:
        block, log = place_of(cursor)
        question = question.where(tuple_(o.block, o.log) < tuple_(literal(block), literal(log)))
    question = question.order_by(o.block.desc(), o.log.desc()).limit(limit + 1)
    items = list(_read(connection, question))
    more = len(items) > limit
    del items[limit:]
    return Page(items, cursor_at(items[-1].block, items[-1].log) if more else None)


def records_after(
    connection: Connection,
    place: tuple[int, int],
    last_block: int,
    limit: int,
    account: str | None,
    partner: int | None,
    kind: Kind | None,
    accepted: bool | None,
    since: int | None,
    until: int | None,
) -> list[OperationRecord]:
    """See `Queries.operations_after`."""
    question = _chosen(connection, account, partner, kind, accepted, since, until)
    after = tuple_(o.block, o.log) > tuple_(literal(place[0]), literal(place[1]))
    return list(_read(connection, question.where(after, o.block <= last_block).order_by(o.block, o.log).limit(limit)))


def _chosen(
    connection: Connection,
    account: str | None,
    partner: int | None,
    kind: Kind | None,
    accepted: bool | None,
    since: int | None,
    until: int | None,
) -> Select[Any]:
    """The question for the records that match every filter given."""
    question = operation_rows()
    if account is not None:
        question = question.where(o.account == number_of(connection, account))
    if partner is not None:
        question = question.where(o.partner == partner)
    if kind is not None:
        question = question.where(o.kind == int(kind))
        if kind != Kind.EARN:
            question = question.where(o.kind != 1)  # what an index for rare kinds asks for
    if accepted is not None:
        question = question.where(o.code == 0 if accepted else o.code != 0)
    first, last = blocks_between(connection, since, until)
    if first:
        question = question.where(o.block >= first)
    return question if last is None else question.where(o.block <= last)


def records_in_order(connection: Connection, last_block: int) -> Iterator[OperationRecord]:
    """Yield all records up to `last_block` in the order of the chain, accepted and rejected."""
    question = operation_rows().where(o.block <= last_block).order_by(o.block, o.log)
    return _read(connection.execution_options(yield_per=5_000), question)


def operation_rows() -> Select[Any]:
    """Ask for operations, for `operation_of`."""
    return (
        select(
            o.partner,
            o.receipt,
            o.kind,
            func.coalesce(accounts.c.address, ""),
            o.spend_minor,
            o.points,
            o.lots,
            o.deadline,
            o.original,
            o.code,
            o.block,
            o.log,
            blocks.c.timestamp,
            transactions.c.hash,
            o.awarded,
        )
        .join_from(operations, blocks, blocks.c.number == o.block)
        .join(transactions, (transactions.c.block == o.block) & (transactions.c.first_log == o.first_log))
        .join(accounts, accounts.c.id == o.account, isouter=True)
    )


def _read(connection: Connection, question: Select[Any]) -> Iterator[OperationRecord]:
    rows: Iterable[Any] = connection.execute(question)
    return map(operation_of, rows)


def operation_of(row: Any) -> OperationRecord:
    """Return what a row of `operation_rows` tells; columns beside its own are passed over."""
    (
        partner,
        receipt,
        kind,
        member,
        spend,
        points,
        lots,
        deadline,
        original,
        code,
        block,
        log,
        at,
        hash_,
        awarded,
    ) = row[:OWN_COLUMNS]
    return OperationRecord(
        partner,
        receipt_of(receipt),
        KINDS[kind],
        member,
        spend,
        points,
        None if lots is None else lots_of(lots),
        deadline,
        None if original is None else receipt_of(original),
        CODES[code],
        block,
        log,
        at,
        hash_text(hash_),
        awarded,
    )


def _outcome(record: OperationRecord, epoch: int, words: Sequence[int]) -> Outcome:
    lots = record.lots or Lots.single(epoch, record.points + record.awarded)
    fields = record.kind, record.member, record.receipt, record.spend_minor, record.points
    return Outcome(*fields, lots, awards_hash(words, keccak))


def number_of(connection: Connection, account: str) -> int:
    """Return the number of an account; -1 for one that was never seen."""
    number = connection.execute(select(accounts.c.id).where(accounts.c.address == account)).scalar()
    return -1 if number is None else int(number)


def cursor_at(block: int, log: int) -> str:
    """Return a cursor that continues after the entry of that block and log."""
    return base64.urlsafe_b64encode(f"{block}.{log}".encode()).rstrip(b"=").decode()


def place_of(cursor: str) -> tuple[int, int]:
    """Return block and log after which a page ended. Raises `InputError` (`cursor_invalid`) if no page gave it."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        block, log = text.split(".")
        place = int(block), int(log)
    except (binascii.Error, ValueError):
        place = (-1, -1)
    if not all(0 <= number < 1 << 62 for number in place):
        raise InputError("This cursor is not one that a page gave.", code="cursor_invalid")
    return place
