"""The read model at a past time: which blocks belong to it, and what an account had then."""

from __future__ import annotations

from sqlalchemy import Connection, func, or_, select

from coalition.index import tables
from coalition.index.book import epochs_of
from coalition.index.holds import hold_of_row, hold_question
from coalition.index.tables import blocks
from coalition.index.totals import Balance, LotRow

__all__ = ["balance_at", "block_until", "blocks_between", "time_of"]


def block_until(connection: Connection, timestamp: int) -> int:
    """Return the last block with a header here whose Unix time is not after `timestamp`; -1 if all are after it.

    Blocks with events all have one. Times rise with numbers, so few headers are looked at, by the primary key.
    """
    low, high = -1, connection.execute(select(func.max(blocks.c.number))).scalar()
    high = -1 if high is None else int(high)
    found = -1
    while low < high:
        middle = (low + high + 1) // 2
        question = select(blocks.c.number, blocks.c.timestamp).where(blocks.c.number <= middle)
        row = connection.execute(question.order_by(blocks.c.number.desc()).limit(1)).first()
        if row is None:
            low = middle
        elif row.timestamp <= timestamp:
            found, low = row.number, middle
        else:
            high = row.number - 1
    return found


def blocks_between(connection: Connection, since: int | None, until: int | None) -> tuple[int, int | None]:
    """Return the first and last block that may have a time from `since` (included) to `until` (not included), in Unix seconds.

    None is no bound.
    """
    first = 0 if since is None else block_until(connection, since - 1) + 1
    return first, None if until is None else block_until(connection, until - 1)


def time_of(connection: Connection, block: int) -> int | None:
    """Return the Unix time of a block, None if its header is not here: it has no events, and is not of the newest."""
    question = select(blocks.c.timestamp).where(blocks.c.number == block)
    found = connection.execute(question).scalar()
    return None if found is None else int(found)


def balance_at(connection: Connection, account: str, block: int, timestamp: int) -> Balance:
    """Return what an account had after `block`, at a Unix time that is not before that block's and not after the next one's."""
    accounts, entries, debts, holds = tables.accounts.c, tables.entries.c, tables.debt_entries.c, tables.holds.c
    row = connection.execute(select(accounts.id, accounts.enrolled_block).where(accounts.address == account)).first()
    if row is None or row.enrolled_block is None or row.enrolled_block > block:
        return Balance(account, False, 0, (), 0, 0)
    epochs = epochs_of(connection)
    found = connection.execute(
        select(entries.epoch, func.sum(entries.points))
        .where(entries.account == row.id, entries.block <= block, entries.epoch > epochs.expired_until(timestamp))
        .group_by(entries.epoch)
        .order_by(entries.epoch)
    )
    live = tuple(LotRow(epoch, int(points), epochs.expires_at(epoch)) for epoch, points in found if points)
    owed = select(func.sum(debts.points)).where(debts.account == row.id, debts.block <= block)
    open_then = hold_question().where(
        holds.account == row.id, holds.block <= block, or_(holds.closed_block.is_(None), holds.closed_block > block)
    )
    return Balance(
        account,
        True,
        sum(lot.points for lot in live),
        live,
        sum(
            hold_of_row(hold).lots.rolled(epochs.at(timestamp), epochs.validity).total
            for hold in connection.execute(open_then)
        ),
        int(connection.execute(owed).scalar() or 0),
    )
