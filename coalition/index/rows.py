"""Events as rows of facts: what each one means for the points of an account, by the epoch in which they were earned."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from coalition.errors import IntegrityError
from coalition.index.accounts import AccountIds
from coalition.index.campaign_rows import HANDLERS as CAMPAIGN_HANDLERS
from coalition.index.campaign_rows import CampaignRows
from coalition.index.epochs import Epochs
from coalition.index.stored import hash_of, lots_word, receipt_key, words_key
from coalition.ledger.campaign_events import CampaignStarted, CampaignTurnedOver
from coalition.ledger.events import (
    Approval,
    AuthorizationCanceled,
    AuthorizationUsed,
    BonusIssued,
    BonusTaken,
    CampaignBookSet,
    Captured,
    DebtRepaid,
    Earned,
    Event,
    Held,
    LotsTransferred,
    MemberEnrolled,
    OperationRejected,
    PointsExpired,
    Position,
    Redeemed,
    Refunded,
    Released,
    Reversed,
    Transfer,
)
from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind
from coalition.ledger.programme_events import FloorSet, ProgrammeAnnounced, TierKeeperSet

__all__ = ["Hold", "Row", "Rows"]

Row = tuple[Any, ...]
Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that is open, as far as its end needs it."""

    account: int
    lots: Lots


@dataclass(slots=True)
class Rows:
    """Rows of one range of whole blocks, by table, made from its events in their order.

    `own` is the number of the ledger's own account, in which held points lie; `holds` are the open holds that the range
    may end, by (partner, receipt); `campaigns` take up what campaigns and tiers tell.
    """

    epochs: Epochs
    own: int
    ids: AccountIds
    holds: dict[tuple[int, int], Hold]
    campaigns: CampaignRows
    operations: list[Row] = field(default_factory=list)
    bonuses: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    enrolled: dict[int, int] = field(default_factory=dict)
    opened: list[Row] = field(default_factory=list)
    closed: list[Row] = field(default_factory=list)
    transfers: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    points: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    expired: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    debts: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    _transaction: tuple[int, str] = (-1, "")
    _first_log: int = 0

    def add(self, events: Iterable[tuple[Position, Event]]) -> None:
        """Take up events, which continue those taken up before."""
        handlers = HANDLERS
        for at, event in events:
            if (at.block, at.transaction) != self._transaction:
                self._turn_to(at)
            handlers.get(type(event), Rows._changed)(self, at, event)

    def _turn_to(self, at: Position) -> None:
        self._transaction = (at.block, at.transaction)
        self._first_log = at.log
        self.ids.block = at.block
        self.campaigns.begin()
        self.transactions.append((at.block, at.log, hash_of(at.transaction)))

    # ---- operations

    def _earned(self, at: Position, event: Earned) -> None:
        account = self.ids[event.member]
        words = self.campaigns.words_of(at, event)
        self.campaigns.tiers.remember(event, words)
        amounts = event.spend_minor, event.points, None
        self._operation(at, event, Kind.EARN, account, *amounts, awarded=event.awarded, awards=words_key(words))
        self.points[at.block, account, self.epochs.at(at.timestamp)] += event.points + event.awarded

    def _redeemed(self, at: Position, event: Redeemed) -> None:
        account = self.ids[event.member]
        self._operation(at, event, Kind.REDEEM, account, 0, event.points, event.lots)
        self._move(at, account, event.lots, -1)

    def _held(self, at: Position, event: Held) -> None:
        account = self.ids[event.member]
        self._operation(at, event, Kind.HOLD, account, 0, event.points, event.lots, event.deadline)
        self._move(at, account, event.lots, -1)
        self._move(at, self.own, event.lots, 1)
        self.holds[event.partner, event.receipt] = Hold(account, event.lots)
        key = (event.partner, receipt_key(event.receipt))
        words = (event.points, lots_word(event.lots), event.deadline, None, 0)
        self.opened.append((*key, at.block, at.log, account, *words))

    def _captured(self, at: Position, event: Captured) -> None:
        account = self.ids[event.member]
        self._operation(at, event, Kind.CAPTURE, account, 0, event.points, event.lots)
        live = self._end_hold(at, event, 0)
        self._move(at, account, live, 1)
        self._move(at, account, event.lots, -1)

    def _released(self, at: Position, event: Released) -> None:
        account = self.ids[event.member]
        self._operation(at, event, Kind.RELEASE, account, 0, event.points, event.lots)
        self._end_hold(at, event, event.points)
        self._move(at, account, event.lots, 1)

    def _reversed(self, at: Position, event: Reversed) -> None:
        account = self.ids[event.member]
        amounts = event.spend_minor, event.points, event.lots, 0, event.original_receipt
        self._operation(at, event, Kind.REVERSE, account, *amounts, awarded=event.awarded)
        self._move(at, account, event.lots, -1)
        self.debts[at.block, account] += event.points + event.awarded - event.lots.total
        self.campaigns.reversed(at, event)

    def _refunded(self, at: Position, event: Refunded) -> None:
        account = self.ids[event.member]
        self._operation(at, event, Kind.REFUND, account, 0, event.points, event.lots, 0, event.original_receipt)
        self._move(at, account, event.lots, 1)

    def _rejected(self, at: Position, event: OperationRejected) -> None:
        self._operation(at, event, event.kind, None, 0, 0, None, code=event.code)

    def _operation(
        self,
        at: Position,
        event: Any,
        kind: Kind,
        account: int | None,
        spend_minor: int,
        points: int,
        lots: Lots | None,
        deadline: int = 0,
        original: int | None = None,
        code: int = 0,
        awarded: int = 0,
        awards: bytes | None = None,
    ) -> None:
        self.operations.append(
            (
                at.block,
                at.log,
                self._first_log,
                event.partner,
                receipt_key(event.receipt),
                int(kind),
                int(code),
                account,
                spend_minor,
                points,
                None if lots is None else lots_word(lots),
                deadline,
                None if original is None else receipt_key(original),
                awarded,
                awards,
            )
        )

    # ---- accounts

    def _enrolled(self, at: Position, event: MemberEnrolled) -> None:
        account = self.ids[event.member]
        self.enrolled[account] = at.block
        self.campaigns.tiers.enrolled(at, account)

    def _bonus_issued(self, at: Position, event: BonusIssued) -> None:
        account = self.ids[event.member]
        self.points[at.block, account, self.epochs.at(at.timestamp)] += event.points
        self.bonuses.append((at.block, at.log, account, event.points))

    def _bonus_taken(self, at: Position, event: BonusTaken) -> None:
        account = self.ids[event.member]
        self._move(at, account, event.lots, -1)
        self.debts[at.block, account] += event.points - event.lots.total
        self.bonuses.append((at.block, at.log, account, -event.points))

    def _repaid(self, at: Position, event: DebtRepaid) -> None:
        account = self.ids[event.member]
        self.points[at.block, account, self.epochs.at(at.timestamp)] -= event.points
        self.debts[at.block, account] -= event.points

    def _transferred(self, at: Position, event: LotsTransferred) -> None:
        sender, recipient = self.ids[event.from_], self.ids[event.to]
        self._move(at, sender, event.lots, -1)
        self._move(at, recipient, event.lots, 1)
        self.transfers.append((at.block, at.log, sender, recipient, event.lots.total, lots_word(event.lots)))

    def _expired(self, at: Position, event: PointsExpired) -> None:
        account = self.ids[event.account]
        for epoch, points in event.lots.by_epoch().items():
            self.points[at.block, account, epoch] -= points
            self.expired[at.block, account, epoch] += points

    # ---- campaigns and tiers

    def _campaign(self, at: Position, event: Event) -> None:
        self.campaigns.add(self._first_log, at, event)

    def _started(self, at: Position, event: CampaignStarted) -> None:
        self.campaigns.started(event)
        self._changed(at, event)

    def _turned_over(self, at: Position, event: CampaignTurnedOver) -> None:
        self.campaigns.turned_over(event)
        self._changed(at, event)

    def _book_set(self, at: Position, event: CampaignBookSet) -> None:
        self.campaigns.tiers.campaign_book = event.book
        self._changed(at, event)

    def _keeper_set(self, at: Position, event: TierKeeperSet) -> None:
        self.campaigns.tiers.keeper = event.campaign_book
        self._changed(at, event)

    def _programme(self, at: Position, event: ProgrammeAnnounced) -> None:
        self.campaigns.tiers.announced(at, event)
        self._changed(at, event)

    def _floor_set(self, at: Position, event: FloorSet) -> None:
        self.campaigns.tiers.floor_set(at, self.ids[event.member], event)
        self._changed(at, event)

    # ---- the rest

    def _changed(self, at: Position, event: Event) -> None:
        details = asdict(event)
        subject = next(iter(details.values()), "")
        text = json.dumps(details, default=_plain)
        self.changes.append((at.block, at.log, type(event).__name__, _subject(subject), text))

    def _ignored(self, at: Position, event: Event) -> None:
        pass

    def _move(self, at: Position, account: int, lots: Lots, sign: int) -> None:
        for epoch, points in lots.by_epoch().items():
            self.points[at.block, account, epoch] += sign * points

    def _end_hold(self, at: Position, event: Captured | Released, points_back: int) -> Lots:
        """Take what is still alive of a hold out of the ledger's own account; the rest expired there."""
        hold = self.holds.pop((event.partner, event.receipt), None)
        if hold is None:
            raise IntegrityError(
                f"Block {at.block} ends a hold of partner {event.partner} that was never made. Rebuild the read model.",
                code="read_model_contradicts",
            )
        live = hold.lots.rolled(self.epochs.at(at.timestamp), self.epochs.validity)
        self._move(at, self.own, live, -1)
        restored = max(0, points_back - live.total)
        self.closed.append((at.block, restored, event.partner, receipt_key(event.receipt)))
        return live


def _subject(value: object) -> str:
    return _plain(value) if isinstance(value, bytes) else str(value)


def _plain(value: bytes) -> str:
    return "0x" + value.hex()


HANDLERS: dict[type[Event], Callable[[Rows, Position, Any], None]] = {
    **dict.fromkeys(CAMPAIGN_HANDLERS, Rows._campaign),
    CampaignBookSet: Rows._book_set,
    CampaignStarted: Rows._started,
    CampaignTurnedOver: Rows._turned_over,
    FloorSet: Rows._floor_set,
    ProgrammeAnnounced: Rows._programme,
    TierKeeperSet: Rows._keeper_set,
    BonusIssued: Rows._bonus_issued,
    BonusTaken: Rows._bonus_taken,
    Earned: Rows._earned,
    Redeemed: Rows._redeemed,
    Held: Rows._held,
    Captured: Rows._captured,
    Released: Rows._released,
    Reversed: Rows._reversed,
    Refunded: Rows._refunded,
    OperationRejected: Rows._rejected,
    MemberEnrolled: Rows._enrolled,
    DebtRepaid: Rows._repaid,
    LotsTransferred: Rows._transferred,
    PointsExpired: Rows._expired,
    Transfer: Rows._ignored,
    Approval: Rows._ignored,
    AuthorizationUsed: Rows._ignored,
    AuthorizationCanceled: Rows._ignored,
}
