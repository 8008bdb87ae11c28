"""What the fold of events remembers.

Points are kept by the epoch in which they were earned, in dictionaries without zeros: another form than the contract's
words on purpose, so that the two can check each other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

from coalition.ledger.campaigns.state import CampaignState
from coalition.ledger.chain_word import CHAIN_START
from coalition.ledger.events import Captured, Earned, Position, Redeemed
from coalition.ledger.lots import LOT_COUNT, Lots
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.tier_book import TierBookState
from coalition.ledger.violation import Violation

__all__ = [
    "NOBODY",
    "Account",
    "AccountKey",
    "OpenHold",
    "Partner",
    "PartnerKey",
    "PartnerStatus",
    "PartnerTotals",
    "ReceiptWord",
    "State",
    "Totals",
    "Violation",
]

NOBODY = "0x" + 40 * "0"


class PartnerStatus(IntEnum):
    """Whether a partner may post, numbered as on the chain."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Keys of an account that changed: `current` signs until `effective_from` (Unix seconds; 0: no change)."""

    current: str
    effective_from: int
    next: str


@dataclass(slots=True)
class Account:
    """One account. `head` is the epoch in which it was last written, `lots` its points by epoch, `debt` in points.

    `member_since` is the Unix time in seconds at which it was enrolled, 0 for nobody's.
    """

    head: int = 0
    lots: dict[int, int] = field(default_factory=dict)
    enrolled: bool = False
    member_since: int = 0
    debt: int = 0
    key: AccountKey | None = None


@dataclass(frozen=True, slots=True)
class OpenHold:
    """Points put aside under a receipt until `deadline` (Unix seconds)."""

    member: str
    deadline: int
    lots: Lots


@dataclass(slots=True)
class ReceiptWord:
    """32 neighbouring receipts: a bit each in `used`, and the chain (28 bytes) over the outcomes before `pending`.

    `pending` are the outcomes not hashed yet, each with its epoch: most folds never ask for the chain.
    """

    used: int = 0
    chain: bytes = CHAIN_START
    pending: list[tuple[Earned | Redeemed | Captured, int]] = field(default_factory=list)


@dataclass(slots=True)
class Partner:
    """One partner. Rates in basis points of a point per minor unit, prices in millionths of a minor unit."""

    account: str
    name: str
    currency: str
    status: PartnerStatus
    earn_rate_bps: int
    next_earn_rate_bps: int = 0
    next_earn_rate_from: int = 0
    issue_price_micros: int = 0
    reimbursement_micros: int = 0
    credit_limit_points: int = 0


@dataclass(slots=True)
class PartnerKey:
    """One key of a partner. Times in Unix seconds; `revoked_at` is 0 if it was not revoked."""

    partner: int
    active_from: int
    revoked_at: int = 0


@dataclass(slots=True)
class PartnerTotals:
    """What one partner did so far, in points and minor units of its currency.

    `points_issued` are those of the base rate, `points_awarded` what campaigns gave its purchases beside; `points_redeemed`
    counts redemptions and captures; `points_reversed` and `points_awarded_reversed` are what the reversals were worth of
    either, whether points or a debt paid it; `members` are those with an accepted operation of the partner.
    """

    spend_minor: int = 0
    spend_minor_reversed: int = 0
    points_issued: int = 0
    points_awarded: int = 0
    points_redeemed: int = 0
    points_reversed: int = 0
    points_awarded_reversed: int = 0
    points_refunded: int = 0
    accepted: Counter[Kind] = field(default_factory=Counter)
    rejected: Counter[Rejection] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)

    @property
    def purchases(self) -> int:
        """Accepted earns."""
        return self.accepted[Kind.EARN]


@dataclass(slots=True)
class Totals:
    """Points that came into being (`issued`, `awarded`, `refunded`, `restored`) and went, over the whole coalition.

    `issued` is by base rates, `awarded` by campaigns, to whomever; `reversed` is what reversals took of both, `repaid`
    what later earns paid of the debts that were left, `restored` what had expired under an open hold and came back when
    it ended.
    """

    issued: int = 0
    awarded: int = 0
    refunded: int = 0
    restored: int = 0
    redeemed: int = 0
    reversed: int = 0
    repaid: int = 0
    expired: int = 0

    @property
    def outstanding(self) -> int:
        """Points that must be somewhere: what came into being less what went."""
        return self.issued + self.awarded + self.refunded + self.restored - self.gone

    @property
    def gone(self) -> int:
        """Points that are no more."""
        return self.redeemed + self.reversed + self.repaid + self.expired


@dataclass(slots=True)
class State:
    """Everything that the events tell, folded. `ledger` is the address of the point ledger.

    `campaign_book` is the book that hears of purchases. `supply` is every point outstanding by epoch, expired ones
    included until an event takes them out; `holds`, `corrected` (minor units or points), `closed` (the kind that ended a
    hold) and `awards` (the words of earns that have any) go by partner and receipt; `words` by partner and
    `receipt // 32`. `campaigns` and `tiers` are what their contracts tell; the words of the purchase under way collect in
    `campaigns.pending_awards`, and, for a book that is not ours, in `pending_awards`; its `Earned` takes them over.
    `violations` are contradictions met on the way: the fold goes on.
    """

    ledger: str
    registry: str = NOBODY
    epoch_origin: int = 0
    epoch_length: int = 1
    validity: int = LOT_COUNT
    rotation_delay: int = 0
    recovery_delay: int = 0
    notice_seconds: int = 0
    paused: bool = False
    campaign_book: str = NOBODY
    accounts: dict[str, Account] = field(default_factory=dict)
    supply: dict[int, int] = field(default_factory=dict)
    holds: dict[tuple[int, int], OpenHold] = field(default_factory=dict)
    closed: dict[tuple[int, int], Kind] = field(default_factory=dict)
    words: dict[tuple[int, int], ReceiptWord] = field(default_factory=dict)
    corrected: dict[tuple[int, int], int] = field(default_factory=dict)
    awards: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    pending_awards: list[int] = field(default_factory=list)
    campaigns: CampaignState = field(default_factory=CampaignState)
    tiers: TierBookState = field(default_factory=TierBookState)
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)
    authorizations: set[tuple[str, bytes]] = field(default_factory=set)
    partners: dict[int, Partner] = field(default_factory=dict)
    partner_accounts: set[str] = field(default_factory=set)
    keys: dict[str, PartnerKey] = field(default_factory=dict)
    partner_totals: dict[int, PartnerTotals] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    receipts_counted: int = 0
    last: Position | None = None
    violations: list[Violation] = field(default_factory=list)

    def epoch_at(self, timestamp: int) -> int:
        """The epoch that runs at a Unix time in seconds."""
        return (timestamp - self.epoch_origin) // self.epoch_length

    def is_expired(self, epoch: int, epoch_now: int) -> bool:
        """True if points earned in `epoch` are no longer valid in `epoch_now`."""
        return epoch + self.validity <= epoch_now

    def account(self, address: str) -> Account:
        """The account, made if it was not heard of before."""
        account = self.accounts.get(address)
        if account is None:
            account = self.accounts[address] = Account()
        return account

    def totals_of(self, partner: int) -> PartnerTotals:
        """The partner's totals, made if there were none."""
        totals = self.partner_totals.get(partner)
        if totals is None:
            totals = self.partner_totals[partner] = PartnerTotals()
        return totals
