"""Events into tables, set by set, and out of them again when blocks are rolled back.

Independent of the fold in `ledger.state`: the audit compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, tuple_, update

from coalition.index import derive, tables
from coalition.index.accounts import AccountIds, account_ids
from coalition.index.campaign_rows import CampaignRows
from coalition.index.campaigns import live_versions
from coalition.index.database import mark
from coalition.index.epochs import Epochs
from coalition.index.rows import Hold, Row, Rows
from coalition.index.stored import lots_of, portions, receipt_key, receipt_of
from coalition.index.tier_rows import tier_rows
from coalition.ledger.campaign_events import CampaignEvent
from coalition.ledger.events import Captured, Event, Position, Released

__all__ = ["OWN_ACCOUNT", "insert_rows", "project", "roll_back"]

OWN_ACCOUNT = 0  # number of the ledger's own account, in which held points lie
FACTS = (
    tables.operations,
    tables.bonuses,
    tables.awards,
    tables.participants,
    tables.badges,
    tables.tier_states,
    tables.transactions,
    tables.entries,
    tables.debt_entries,
    tables.expirations,
    tables.holds,
    tables.transfers,
    tables.changes,
    tables.accounts,
)
CLOSE_HOLD = "UPDATE holds SET closed_block = {0}, points_restored = {0} WHERE partner = {0} AND receipt = {0}"


def project(
    connection: Connection, epochs: Epochs, events: Sequence[tuple[Position, Event]], first: int, last: int
) -> None:
    """Write what `events` mean, which are all those of blocks `first` to `last`, in their order."""
    if not events:
        return
    ids = account_ids(connection, events)
    rows = Rows(epochs, OWN_ACCOUNT, ids, _open_holds(connection, events), _campaigns(connection, events, ids))
    rows.add(events)
    derive.add(connection, first, last, _write(connection, rows))


def roll_back(connection: Connection, ancestor: int, last: int) -> None:
    """Forget everything after the block `ancestor`, up to `last`, which was read last."""
    derive.take_away(connection, ancestor + 1, last)
    for table in FACTS:
        connection.execute(table.delete().where(table.c.block > ancestor))
    holds, accounts = tables.holds, tables.accounts
    connection.execute(
        update(holds).where(holds.c.closed_block > ancestor).values(closed_block=None, points_restored=0)
    )
    connection.execute(update(accounts).where(accounts.c.enrolled_block > ancestor).values(enrolled_block=None))


def insert_rows(connection: Connection, table: Table, rows: Iterable[Row]) -> int:
    """Insert rows of all columns in their order, and return how many: the driver's own way, several times as fast as one with
    names.
    """
    many = list(rows)
    if many:
        marks = ", ".join([mark(connection)] * len(table.columns))
        names = ", ".join(table.columns.keys())
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", many)
    return len(many)


def _write(connection: Connection, rows: Rows) -> set[Table]:
    """Return the tables of facts that got any."""
    written = set()
    for table, facts in (
        (tables.operations, rows.operations),
        (tables.bonuses, rows.bonuses),
        (tables.awards, rows.campaigns.awards),
        (tables.participants, rows.campaigns.participants),
        (tables.badges, rows.campaigns.badges),
        (tables.tier_states, rows.campaigns.tiers.rows),
        (tables.transactions, rows.transactions),
        (tables.entries, _sums(rows.points)),
        (tables.expirations, _sums(rows.expired)),
        (tables.debt_entries, _sums(rows.debts)),
        (tables.holds, rows.opened),
        (tables.transfers, rows.transfers),
        (tables.changes, rows.changes),
        (tables.accounts, _new_accounts(rows)),
    ):
        if insert_rows(connection, table, facts):
            written.add(table)
    if rows.closed:
        connection.exec_driver_sql(CLOSE_HOLD.format(mark(connection)), rows.closed)
    for number, block in rows.enrolled.items():
        if number not in rows.ids.first_seen:
            accounts = tables.accounts
            connection.execute(update(accounts).where(accounts.c.id == number).values(enrolled_block=block))
    return written


def _sums(points: dict[Any, int]) -> Iterable[Row]:
    return ((*key, total) for key, total in points.items() if total)


def _new_accounts(rows: Rows) -> Iterable[Row]:
    return (
        (number, address, block, rows.enrolled.get(number)) for number, (address, block) in rows.ids.first_seen.items()
    )


def _campaigns(connection: Connection, events: Sequence[tuple[Position, Event]], ids: AccountIds) -> CampaignRows:
    told = any(isinstance(event, CampaignEvent) for _, event in events)
    return CampaignRows(ids, tier_rows(connection, events, ids), live_versions(connection) if told else {})


def _open_holds(connection: Connection, events: Sequence[tuple[Position, Event]]) -> dict[tuple[int, int], Hold]:
    table = tables.holds
    wanted = [
        (event.partner, receipt_key(event.receipt)) for _, event in events if isinstance(event, (Captured, Released))
    ]
    holds: dict[tuple[int, int], Hold] = {}
    for some in portions(wanted):
        found = connection.execute(
            select(table.c.partner, table.c.receipt, table.c.account, table.c.lots).where(
                tuple_(table.c.partner, table.c.receipt).in_(some), table.c.closed_block.is_(None)
            )
        )
        for partner, receipt, account, lots in found:
            holds[partner, receipt_of(receipt)] = Hold(account, lots_of(lots))
    return holds
