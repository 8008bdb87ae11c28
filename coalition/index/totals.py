"""Sums: balances, holds, and what partners and the coalition issued, redeemed and owe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, exists, func, select, true

from coalition.index import tables
from coalition.index.book import epochs_of
from coalition.index.database import Question, reading
from coalition.index.epochs import Epochs
from coalition.index.holds import HoldRow, hold_rows
from coalition.index.projection import OWN_ACCOUNT
from coalition.index.stored import portions
from coalition.ledger.operations import Kind, Rejection

__all__ = [
    "Balance",
    "LotRow",
    "PartnerTotals",
    "Tally",
    "Totals",
    "balance_of",
    "balance_question",
    "enrolled",
    "issued_by_member",
    "partner_totals",
    "tallied",
    "totals_at",
    "totals_of",
]

t = tables.tallies.c
accounts = tables.accounts
Tally = dict[Kind, tuple[int, int, int]]
TallyRow = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class LotRow:
    """Points that were earned in one epoch. They count until `expires_at`, in Unix seconds."""

    epoch: int
    points: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has at a time.

    `points` is the sum of `lots`, nearest to expiry first; `held` points, put aside in open holds and not expired, are
    not among them; `debt` will be paid by later earns.
    """

    account: str
    member: bool
    points: int
    lots: tuple[LotRow, ...]
    held: int
    debt: int


@dataclass(frozen=True, slots=True)
class PartnerTotals:
    """What one partner posted, accepted operations only unless said otherwise.

    `points_issued` are those of the base rate, `points_awarded` what campaigns gave its purchases beside, and so for
    reversals. `points_outstanding` = issued + awarded - reversed - awarded_reversed - redeemed + refunded is the partner's
    contribution to what is outstanding, before expiry and without what campaigns gave to others than the purchaser; it is
    below 0 where members spend what they earned elsewhere. `members` have a purchase or more.
    """

    partner: int
    members: int
    purchases: int
    redemptions: int
    points_issued: int
    points_awarded: int
    points_redeemed: int
    points_refunded: int
    points_reversed: int
    points_awarded_reversed: int
    points_outstanding: int
    rejected: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole coalition at a time.

    `points_outstanding`, held ones included, = issued + awarded + refunded + restored - redeemed - (reversed +
    awarded_reversed - debts) - expired. Awards count to whomever they went.
    Restored are points that had expired in a hold and came back with its release.
    """

    members: int
    purchases: int
    redemptions: int
    points_issued: int
    points_awarded: int
    points_redeemed: int
    points_reversed: int
    points_awarded_reversed: int
    points_refunded: int
    points_restored: int
    points_expired: int
    points_outstanding: int
    points_held: int
    debts: int


def balance_of(engine: Engine, question: Question, account: str, timestamp: int) -> Balance:
    """See `Queries.balance`; `question` is `balance_question` for this engine."""
    holds: Sequence[HoldRow] = ()
    rows = question.rows(address=account)
    if rows and rows[0].has_holds:
        with reading(engine) as connection:  # both answers are of one moment
            rows = connection.execute(balance_question(), {"address": account}).all()
            holds = hold_rows(connection, account=account)
    if not rows:
        return Balance(account, False, 0, (), 0, 0)
    first = rows[0]
    epochs = Epochs(first.epoch_origin, first.epoch_length, first.validity)
    expired = epochs.expired_until(timestamp)
    live = tuple(
        LotRow(row.epoch, row.points, epochs.expires_at(row.epoch))
        for row in rows
        if row.epoch is not None and row.epoch > expired
    )
    held = sum(hold.lots.rolled(epochs.at(timestamp), epochs.validity).total for hold in holds)
    return Balance(account, bool(first.is_member), sum(lot.points for lot in live), live, held, first.debt)


@cache
def balance_question() -> Select[Any]:
    """A row for each lot of `address`; one if there is none. One question, since it is asked while purchases come in: each further
    one would wait for its turn again.
    """
    book, lots, debts, holds = tables.book, tables.lots, tables.debts, tables.holds
    of_account = accounts.join(book, true()).outerjoin(debts, debts.c.account == accounts.c.id)
    return (
        select(
            accounts.c.enrolled_block.is_not(None).label("is_member"),
            func.coalesce(debts.c.points, 0).label("debt"),
            exists().where(holds.c.account == accounts.c.id, holds.c.closed_block.is_(None)).label("has_holds"),
            book.c.epoch_origin,
            book.c.epoch_length,
            book.c.validity,
            lots.c.epoch,
            lots.c.points,
        )
        .select_from(of_account.outerjoin(lots, lots.c.account == accounts.c.id))
        .where(accounts.c.address == bindparam("address"))
        .order_by(lots.c.epoch)
    )


def enrolled(connection: Connection, candidates: Sequence[str]) -> set[str]:
    """Return those of `candidates` that are members."""
    found: set[str] = set()
    for some in portions(candidates):
        question = select(accounts.c.address).where(accounts.c.address.in_(some))
        found |= set(connection.execute(question.where(accounts.c.enrolled_block.is_not(None))).scalars())
    return found


def partner_totals(connection: Connection, partner: int | None) -> list[PartnerTotals]:
    """See `Queries.partner_totals`."""
    m, c = tables.partner_members.c, tables.changes.c
    joined = connection.execute(select(c.subject).where(c.event == "PartnerAdded")).scalars()
    wanted = sorted(int(number) for number in joined) if partner is None else [partner]
    rows: dict[int, list[TallyRow]] = {number: [] for number in wanted}
    question = select(t.partner, t.kind, t.code, t.operations, t.points, t.awarded).where(t.partner.in_(wanted))
    for partner_, *row in connection.execute(question):
        rows[partner_].append(tuple(row))
    counts = select(m.partner, func.count()).where(m.partner.in_(wanted)).group_by(m.partner)
    members = dict(connection.execute(counts).tuples().all())
    return [totals_of(number, members.get(number, 0), *tallied(rows[number])) for number in wanted]


def tallied(rows: Iterable[TallyRow]) -> tuple[Tally, dict[str, int]]:
    """Return what was accepted, by kind: operations, points, awarded points; and how many were refused, by code."""
    tally: Tally = {}
    rejected: dict[str, int] = {}
    for kind, code, operations, points, awarded in sorted(rows, key=lambda row: row[1]):
        if code == 0:
            tally[Kind(kind)] = operations, points, awarded
        else:
            name = Rejection(code).code
            rejected[name] = rejected.get(name, 0) + operations
    return tally, rejected


def totals_at(connection: Connection, timestamp: int) -> Totals:
    """See `Queries.totals`."""
    sums = func.sum(t.operations), func.sum(t.points), func.sum(t.awarded)
    question = select(t.kind, *sums).where(t.code == 0).group_by(t.kind)
    tally = {Kind(kind): (int(n), int(points), int(extra)) for kind, n, points, extra in connection.execute(question)}
    bonus = tables.bonuses.c.points
    given, taken = connection.execute(
        select(func.sum(bonus).filter(bonus > 0), func.sum(bonus).filter(bonus < 0))
    ).one()
    supply, holds = tables.supply.c, tables.holds.c
    expired_until = epochs_of(connection).expired_until(timestamp)
    lapsed = supply.epoch <= expired_until
    outstanding, overdue, expired = connection.execute(
        select(
            func.sum(supply.points).filter(~lapsed),
            func.sum(supply.points).filter(lapsed),
            func.sum(supply.points_expired),
        )
    ).one()
    restored = select(func.sum(holds.points_restored)).where(holds.points_restored > 0)
    lots = tables.lots.c
    held = select(func.sum(lots.points)).where(lots.account == OWN_ACCOUNT, lots.epoch > expired_until)
    enrolled = select(func.count()).select_from(accounts).where(accounts.c.enrolled_block.is_not(None))
    return Totals(
        members=connection.execute(enrolled).scalar_one(),
        purchases=_count(tally, Kind.EARN),
        redemptions=_count(tally, Kind.REDEEM, Kind.CAPTURE),
        points_issued=_points(tally, Kind.EARN),
        points_awarded=_awarded(tally, Kind.EARN) + int(given or 0),
        points_redeemed=_points(tally, Kind.REDEEM, Kind.CAPTURE),
        points_reversed=_points(tally, Kind.REVERSE),
        points_awarded_reversed=_awarded(tally, Kind.REVERSE) - int(taken or 0),
        points_refunded=_points(tally, Kind.REFUND),
        points_restored=int(connection.execute(restored).scalar() or 0),
        points_expired=int(overdue or 0) + int(expired or 0),
        points_outstanding=int(outstanding or 0),
        points_held=int(connection.execute(held).scalar() or 0),
        debts=int(connection.execute(select(func.sum(tables.debts.c.points))).scalar() or 0),
    )


def issued_by_member(connection: Connection) -> dict[str, int]:
    """See `Queries.issued_by_member`."""
    m = tables.partner_members.c
    question = select(accounts.c.address, func.sum(m.points)).join_from(
        tables.partner_members, accounts, accounts.c.id == m.account
    )
    return {address: int(points) for address, points in connection.execute(question.group_by(accounts.c.address))}


def _count(tally: Tally, *kinds: Kind) -> int:
    return sum(tally[kind][0] for kind in kinds if kind in tally)


def _points(tally: Tally, *kinds: Kind) -> int:
    return sum(tally[kind][1] for kind in kinds if kind in tally)


def _awarded(tally: Tally, kind: Kind) -> int:
    return tally[kind][2] if kind in tally else 0


def totals_of(partner: int, members: int, tally: Tally, rejected: dict[str, int]) -> PartnerTotals:
    """Return the totals that a tally comes to."""
    issued, reversed_ = _points(tally, Kind.EARN), _points(tally, Kind.REVERSE)
    awarded, awarded_reversed = _awarded(tally, Kind.EARN), _awarded(tally, Kind.REVERSE)
    redeemed, refunded = _points(tally, Kind.REDEEM, Kind.CAPTURE), _points(tally, Kind.REFUND)
    return PartnerTotals(
        partner=partner,
        members=members,
        purchases=_count(tally, Kind.EARN),
        redemptions=_count(tally, Kind.REDEEM, Kind.CAPTURE),
        points_issued=issued,
        points_awarded=awarded,
        points_redeemed=redeemed,
        points_refunded=refunded,
        points_reversed=reversed_,
        points_awarded_reversed=awarded_reversed,
        points_outstanding=issued + awarded - reversed_ - awarded_reversed - redeemed + refunded,
        rejected=rejected,
    )
