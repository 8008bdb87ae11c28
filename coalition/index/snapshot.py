"""The whole read model as of one block, for whoever compares it with something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, select

from coalition.index import tables
from coalition.index.awards import BadgeRow, ProgressRow, all_badges, all_progress, all_tiers, awards_in_order
from coalition.index.book import cursor_of
from coalition.index.campaigns import CampaignRow, campaign_rows
from coalition.index.holds import HoldRow, hold_rows
from coalition.index.projection import OWN_ACCOUNT
from coalition.index.records import all_awards, records_in_order
from coalition.index.stored import receipt_of
from coalition.index.totals import PartnerTotals, partner_totals
from coalition.ledger.award_records import AwardRecord
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from coalition.ledger.tiers import TierState

__all__ = ["Snapshot"]

Points = dict[str, dict[int, int]]


class Snapshot:
    """What the read model holds, on a connection that sees one moment of it. Points are by account and epoch.

    Points that expired are among them until an event took them out.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        cursor = cursor_of(connection)
        self.block = cursor.number
        self.block_hash = cursor.hash
        self.timestamp = cursor.timestamp

    def records(self) -> Iterator[OperationRecord]:
        """Yield every operation, accepted or rejected, in the order of the chain."""
        return records_in_order(self._connection, self.block)

    def award_records(self) -> Iterator[AwardRecord]:
        """Yield everything that campaigns did for members, in the order of the chain."""
        return awards_in_order(self._connection, self.block)

    def campaigns(self) -> list[CampaignRow]:
        """Return all campaigns as of the block."""
        return campaign_rows(self._connection, self.timestamp)

    def progress(self) -> Iterator[ProgressRow]:
        """Yield every member's standing in every campaign."""
        return all_progress(self._connection)

    def badges(self) -> Iterator[BadgeRow]:
        """Yield every badge that a member has."""
        return all_badges(self._connection)

    def tiers(self) -> dict[str, TierState]:
        """Return how members' tiers stood after their latest purchases."""
        return all_tiers(self._connection)

    def lots(self) -> Points:
        """Return the balances that are kept."""
        lots = tables.lots.c
        return self._points(
            select(tables.accounts.c.address, lots.epoch, lots.points).join_from(
                tables.lots, tables.accounts, tables.accounts.c.id == lots.account
            )
        )

    def entries(self) -> Points:
        """Return the balances that the single entries add up to."""
        entries, accounts = tables.entries.c, tables.accounts.c
        sums = select(entries.account, entries.epoch, func.sum(entries.points).label("points"))
        inner = sums.group_by(entries.account, entries.epoch).subquery()
        return self._points(
            select(accounts.address, inner.c.epoch, inner.c.points).join_from(
                inner, tables.accounts, accounts.id == inner.c.account
            )
        )

    def entries_of(self, account: str) -> list[tuple[int, int, int]]:
        """Return (block, epoch, points moved) of one account in the order of the chain."""
        entries, accounts = tables.entries.c, tables.accounts.c
        question = (
            select(entries.block, entries.epoch, entries.points)
            .join_from(tables.entries, tables.accounts, accounts.id == entries.account)
            .where(accounts.address == account)
            .order_by(entries.block, entries.epoch)
        )
        return [(block, epoch, points) for block, epoch, points in self._connection.execute(question)]

    def supply(self) -> dict[int, int]:
        """Return points outstanding by epoch."""
        supply = tables.supply.c
        rows = self._connection.execute(select(supply.epoch, supply.points).where(supply.points != 0))
        return dict(rows.tuples().all())

    def debts(self) -> dict[str, int]:
        """Return debts by account, of those that have one."""
        question = select(tables.accounts.c.address, tables.debts.c.points).join_from(
            tables.debts, tables.accounts, tables.accounts.c.id == tables.debts.c.account
        )
        return dict(self._connection.execute(question).tuples().all())

    def members(self) -> set[str]:
        """Return all members."""
        accounts = tables.accounts.c
        question = select(accounts.address).where(accounts.enrolled_block.is_not(None), accounts.id != OWN_ACCOUNT)
        return set(self._connection.execute(question).scalars())

    def open_holds(self) -> dict[tuple[int, int], HoldRow]:
        """Return the open holds by partner and receipt."""
        return {(hold.partner, hold.receipt): hold for hold in hold_rows(self._connection)}

    def corrected(self) -> dict[tuple[int, int], int]:
        """Return how much was taken back, by partner and receipt of the original."""
        o = tables.operations.c
        question = (
            select(
                o.partner,
                o.original,
                func.sum(o.spend_minor) + func.coalesce(func.sum(o.points).filter(o.kind == int(Kind.REFUND)), 0),
            )
            .where(o.original.is_not(None), o.code == 0)
            .group_by(o.partner, o.original)
        )
        rows = self._connection.execute(question)
        return {(partner, receipt_of(original)): int(amount) for partner, original, amount in rows}

    def awards(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """Return the award words of the earns that have any, by partner and receipt."""
        return all_awards(self._connection)

    def partner_totals(self) -> dict[int, PartnerTotals]:
        """Return the totals of every partner."""
        return {row.partner: row for row in partner_totals(self._connection, None)}

    def _points(self, question: Select[Any]) -> Points:
        found: Points = {}
        for address, epoch, points in self._connection.execute(question):
            if points:
                found.setdefault(address, {})[epoch] = int(points)
        return found
