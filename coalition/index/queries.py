"""Questions to the read model. Each answer is of one moment, and as of the block that `head` names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, select

from coalition.index import awards, book, campaigns, events, partners, past, records, standings, totals
from coalition.index.awards import AwardPage, BadgeRow, ProgrammeRow, ProgressRow, TierRow
from coalition.index.campaigns import ApprovalRow, CampaignRow, CampaignStatus, CampaignTotals, VersionRow
from coalition.index.database import Question, reading
from coalition.index.events import EventRow, Place, TransactionRow
from coalition.index.holds import HoldRow, hold_rows
from coalition.index.partners import PartnerKeyRow, PartnerRow
from coalition.index.records import Original, Page, PartnerReceipt
from coalition.index.snapshot import Snapshot
from coalition.index.standings import MemberStandings
from coalition.index.statements import Statement, statement_of
from coalition.index.tables import accounts
from coalition.index.totals import Balance, LotRow, PartnerTotals, Totals
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord

__all__ = [
    "ApprovalRow",
    "AwardPage",
    "BadgeRow",
    "Balance",
    "CampaignRow",
    "CampaignStatus",
    "CampaignTotals",
    "EventRow",
    "Head",
    "HoldRow",
    "LotRow",
    "MemberStandings",
    "Original",
    "Page",
    "PartnerKeyRow",
    "PartnerRow",
    "PartnerTotals",
    "Place",
    "ProgrammeRow",
    "ProgressRow",
    "Queries",
    "Statement",
    "TierRow",
    "Totals",
    "TransactionRow",
    "VersionRow",
]


@dataclass(frozen=True, slots=True)
class Head:
    """The last block in the read model, and how many blocks of the chain it was behind when it last wrote."""

    number: int
    hash: str
    timestamp: int
    blocks_behind: int


class Queries:
    """Answers from the read model. Safe for use from several threads; never waits for the follower.

    Accounts are checksummed addresses, receipts are numbers, times are Unix seconds.

    Every method raises `Unavailable` if the database does not answer and `SetupError` (`database_not_migrated`,
    `read_model_empty`) if there is no read model yet.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._balance = Question(engine, totals.balance_question())

    def head(self) -> Head:
        """Return how far the read model is."""
        with reading(self._engine) as connection:
            cursor = book.cursor_of(connection)
        return Head(cursor.number, cursor.hash, cursor.timestamp, max(0, cursor.seen - cursor.number))

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """All of the read model as of one block, for an audit."""
        with reading(self._engine) as connection:
            yield Snapshot(connection)

    def operation(self, partner: int, receipt: int, kind: Kind | None = None) -> OperationRecord | None:
        """Return the accepted operation that counted a receipt, or that of `kind` under it (the end of a hold)."""
        records_ = self.operations_of(partner, receipt)
        return next((record for record in records_ if kind is None or record.kind == kind), None)

    def operations_of(self, partner: int, receipt: int) -> list[OperationRecord]:
        """Return the accepted operations under a receipt, oldest first: one, or a hold and its end."""
        with reading(self._engine) as connection:
            return records.records_under(connection, [(partner, receipt)]).get((partner, receipt), [])

    def operations(self, partner: int, receipts: Sequence[int]) -> dict[int, OperationRecord]:
        """Return the accepted operations that counted these receipts, by receipt; the others are left out."""
        found = self.operations_under((partner, receipt) for receipt in receipts)
        return {receipt: records_[0] for (_, receipt), records_ in found.items()}

    def operations_under(self, places: Iterable[PartnerReceipt]) -> dict[PartnerReceipt, list[OperationRecord]]:
        """As `operations_of` for many, by partner and receipt; those that nothing counted are left out."""
        with reading(self._engine) as connection:
            return records.records_under(connection, places)

    def original(self, partner: int, receipt: int) -> Original | None:
        """Return what a correction has to prove: (outcome, all outcomes of its word in order, its place among them, its
        award words).

        None if no earn, redemption or capture was accepted under the receipt.
        """
        with reading(self._engine) as connection:
            return records.original_of(connection, partner, receipt)

    def counted_between(self, partner: int, first: int, last: int, limit: int) -> tuple[list[int], int | None]:
        """Return receipts from `first` to `last` that counted, lowest first, at most `limit`; and the highest of all of them."""
        with reading(self._engine) as connection:
            some = records.counted_between(connection, partner, first, last, limit)
            return some, records.highest_between(connection, partner, first, last)

    def corrected(self, partner: int, receipt: int) -> int:
        """Return how much of an original was taken back: minor units of an earn, points of a redemption or capture."""
        with reading(self._engine) as connection:
            return records.corrected(connection, partner, receipt)

    def history(
        self,
        account: str | None = None,
        partner: int | None = None,
        kind: Kind | None = None,
        accepted: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
        since: int | None = None,
        until: int | None = None,
    ) -> Page:
        """Return operations, newest first, of those that match every filter given.

        Those decided from `since` (included) to `until` (not included), in Unix seconds. `cursor` is that of the page before:
        operations that come meanwhile neither repeat nor hide any. A rejection names no account, so it is found by partner only.

        Raises:
            InputError: `limit_invalid` (1 to 1,000), `cursor_invalid`.
        """
        with reading(self._engine) as connection:
            return records.history_page(connection, account, partner, kind, accepted, cursor, limit, since, until)

    def operations_after(
        self,
        place: tuple[int, int],
        last_block: int,
        limit: int,
        account: str | None = None,
        partner: int | None = None,
        kind: Kind | None = None,
        accepted: bool | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[OperationRecord]:
        """Return the first `limit` operations after a place (block, log) up to a block, oldest first; filters as `history`."""
        with reading(self._engine) as connection:
            return records.records_after(
                connection, place, last_block, limit, account, partner, kind, accepted, since, until
            )

    def events_after(self, partner: int, after: Place, depth: int, limit: int) -> list[EventRow] | None:
        """Return at most `limit` events of a partner after a place, oldest first, of blocks that `depth` others follow.

        None if the block of the place is no longer part of the chain.
        """
        with reading(self._engine) as connection:
            return events.events_after(connection, partner, after, depth, limit)

    def events_at(self, partner: int, places: Sequence[tuple[int, int]]) -> list[EventRow]:
        """Return the events of a partner at these places (block, log), oldest first; some may be there no more."""
        with reading(self._engine) as connection:
            return events.events_at(connection, partner, places)

    def block_hash(self, block: int) -> str | None:
        """Return the hash of a block; None where it is not kept: without events, and not one of the newest."""
        with reading(self._engine) as connection:
            return events.block_hash(connection, block)

    def block_before(self, timestamp: int) -> int:
        """Return the newest block, of those kept, whose time (Unix s) is before `timestamp`; -1 if there is none."""
        with reading(self._engine) as connection:
            return past.block_until(connection, timestamp - 1)

    def transactions_of(self, block: int) -> list[TransactionRow]:
        """Return the transactions of a block that told anything."""
        with reading(self._engine) as connection:
            return events.transactions_of(connection, block)

    def balance(self, account: str, timestamp: int) -> Balance:
        """Return what an account has at a time not before that of the head; zeros for one that was never seen."""
        return totals.balance_of(self._engine, self._balance, account, timestamp)

    def balance_at(self, account: str, timestamp: int) -> tuple[Balance, int]:
        """Return what an account had at a Unix time not after that of the head, and the last block until then."""
        with reading(self._engine) as connection:
            block = past.block_until(connection, timestamp)
            return past.balance_at(connection, account, block, timestamp), block

    def balance_after(self, account: str, block: int, timestamp: int) -> Balance:
        """Return what an account had after a block, whose Unix time is `timestamp`."""
        with reading(self._engine) as connection:
            return past.balance_at(connection, account, block, timestamp)

    def time_of(self, block: int) -> int | None:
        """Return the Unix time of a block; None if the read model has not kept it, since nothing happened in it."""
        with reading(self._engine) as connection:
            return past.time_of(connection, block)

    def is_member(self, account: str) -> bool:
        """True if the account was enrolled."""
        question = select(accounts.c.enrolled_block).where(accounts.c.address == account)
        with reading(self._engine) as connection:
            return connection.execute(question).scalar() is not None

    def members(self, candidates: Sequence[str]) -> set[str]:
        """Return those of `candidates` that were enrolled."""
        with reading(self._engine) as connection:
            return totals.enrolled(connection, candidates)

    def hold(self, partner: int, receipt: int) -> HoldRow | None:
        """Return the hold under a partner's receipt, open or not."""
        with reading(self._engine) as connection:
            return next(iter(hold_rows(connection, partner=partner, receipt=receipt)), None)

    def open_holds(self, account: str | None = None) -> list[HoldRow]:
        """Return the holds that are open (of one account), oldest first."""
        with reading(self._engine) as connection:
            return hold_rows(connection, account=account)

    def partners(self) -> list[PartnerRow]:
        """Return all partners in the order in which they joined, with the rates that count at the head."""
        with reading(self._engine) as connection:
            return partners.partner_rows(connection, book.cursor_of(connection).timestamp)

    def paused(self) -> bool:
        """True while the ledger takes no operations."""
        with reading(self._engine) as connection:
            return partners.is_paused(connection)

    def partner_totals(self, partner: int | None = None) -> list[PartnerTotals]:
        """Return the totals of one partner, or of all in the order of their numbers."""
        with reading(self._engine) as connection:
            return totals.partner_totals(connection, partner)

    def statement(self, partner: int, since: int | None, until: int | None) -> Statement:
        """Return what a partner did from `since` (included) to `until` (not included), in Unix seconds; None is no bound."""
        with reading(self._engine) as connection:
            return statement_of(connection, partner, since, until)

    def totals(self, timestamp: int | None = None) -> Totals:
        """Return the coalition's totals, with what has expired by a time (default: that of the head; not before it)."""
        with reading(self._engine) as connection:
            at = book.cursor_of(connection).timestamp if timestamp is None else timestamp
            return totals.totals_at(connection, at)

    def issued_by_member(self) -> dict[str, int]:
        """Return points issued by account, of every account with an accepted purchase; reversals are not taken off."""
        with reading(self._engine) as connection:
            return totals.issued_by_member(connection)

    def issued_by_partner(self) -> dict[int, int]:
        """Return points issued by partner, of every partner; reversals are not taken off."""
        return {row.partner: row.points_issued for row in self.partner_totals()}

    def campaigns(self) -> list[CampaignRow]:
        """Return all campaigns as of the head, in the order of their numbers."""
        with reading(self._engine) as connection:
            return campaigns.campaign_rows(connection, book.cursor_of(connection).timestamp)

    def campaign(self, campaign: int) -> CampaignRow | None:
        """Return a campaign as of the head; None if it was never proposed."""
        with reading(self._engine) as connection:
            found = campaigns.campaign_rows(connection, book.cursor_of(connection).timestamp, campaign)
        return found[0] if found else None

    def versions(self, campaign: int) -> list[VersionRow]:
        """Return all versions of a campaign's terms with their approvals, in order."""
        with reading(self._engine) as connection:
            return campaigns.version_rows(connection, campaign)

    def rules(self) -> list[str]:
        """Return the addresses of the kinds that may be proposed, in the order in which they were listed."""
        with reading(self._engine) as connection:
            return campaigns.rules_listed(connection)

    def campaign_totals(self, campaign: int) -> CampaignTotals:
        """Return what a campaign came to; zeros for one that is not known."""
        with reading(self._engine) as connection:
            return campaigns.totals_of(connection, campaign)

    def taking_part(self, campaign: int) -> list[str]:
        """Return the accounts for which something counted in a campaign, in their order."""
        with reading(self._engine) as connection:
            return awards.taking_part(connection, campaign)

    def progress_of(self, member: str) -> list[ProgressRow]:
        """Return a member's standing in every campaign in which it has one, by the campaign's number."""
        with reading(self._engine) as connection:
            return awards.progress_of(connection, member)

    def standings(self, member: str) -> MemberStandings | None:
        """Return where a member stands in every campaign that was started, and its tier, as of the head; None for no member."""
        with reading(self._engine) as connection:
            return standings.standings_of(connection, member)

    def awards_of(self, member: str, limit: int = 50, cursor: str | None = None) -> AwardPage:
        """Return what campaigns did for a member, newest first; progress alone is left out.

        `cursor` is that of the page before. Raises as `history`.
        """
        with reading(self._engine) as connection:
            return awards.award_page(connection, member, None, cursor, limit)

    def awards_in(
        self, campaign: int, member: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> AwardPage:
        """Return what a campaign did (for one member), newest first; as `awards_of`."""
        with reading(self._engine) as connection:
            return awards.award_page(connection, member, campaign, cursor, limit)

    def badges_of(self, member: str) -> list[BadgeRow]:
        """Return the badges that a member has, by number."""
        with reading(self._engine) as connection:
            return awards.badges_of(connection, member)

    def programmes(self) -> list[ProgrammeRow]:
        """Return the programmes of tiers by version, without those that were replaced before they counted."""
        with reading(self._engine) as connection:
            return awards.programme_rows(connection)

    def tier(self, member: str, timestamp: int) -> TierRow | None:
        """Return a member's tier at a time not before that of the head; None without a programme, or for no member."""
        with reading(self._engine) as connection:
            return awards.tier_of(connection, member, timestamp)
