"""Holds, open and closed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, select

from coalition.index import tables
from coalition.index.stored import lots_of, receipt_key, receipt_of
from coalition.index.tables import accounts
from coalition.ledger.lots import Lots

__all__ = ["HoldRow", "hold_of_row", "hold_question", "hold_rows"]

HoldColumns = tuple[int, bytes, str, int, bytes, int, int | None]


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold. `deadline` in Unix seconds; `open` until it is captured or released."""

    partner: int
    receipt: int
    member: str
    points: int
    lots: Lots
    deadline: int
    open: bool


def hold_rows(
    connection: Connection, *, account: str | None = None, partner: int | None = None, receipt: int | None = None
) -> list[HoldRow]:
    """Return the hold under a partner's receipt, or the open holds (of one account)."""
    h = tables.holds.c
    question = hold_question()
    if partner is not None and receipt is not None:
        question = question.where(h.partner == partner, h.receipt == receipt_key(receipt))
    else:
        question = question.where(h.closed_block.is_(None))
    if account is not None:
        question = question.where(accounts.c.address == account)
    return [hold_of_row(row) for row in connection.execute(question.order_by(h.block, h.log))]


def hold_question() -> Select[HoldColumns]:
    """Return the question for holds, of which the caller says which."""
    h = tables.holds.c
    return select(h.partner, h.receipt, accounts.c.address, h.points, h.lots, h.deadline, h.closed_block).join_from(
        tables.holds, accounts, accounts.c.id == h.account
    )


def hold_of_row(row: Row[HoldColumns]) -> HoldRow:
    """Return the hold in an answer to `hold_question`."""
    return HoldRow(row[0], receipt_of(row[1]), row[2], row[3], lots_of(row[4]), row[5], row[6] is None)
