"""What happened, as the chain tells it: one class an event, named and ordered as in the ABI.

Addresses are checksummed text (EIP-55), amounts are integers. `tests/structure/test_abi.py` holds these classes against
the committed ABI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from coalition.ledger.lots import Lots
from coalition.ledger.operations import Kind, Rejection

__all__ = [
    "Approval",
    "AuthorizationCanceled",
    "AuthorizationUsed",
    "BonusIssued",
    "BonusTaken",
    "CampaignBookSet",
    "Captured",
    "DebtRepaid",
    "EarnRateAnnounced",
    "Earned",
    "Event",
    "Held",
    "KeyChangeAnnounced",
    "KeyChangeCancelled",
    "LedgerOpened",
    "LotsTransferred",
    "MemberEnrolled",
    "OperationRejected",
    "PartnerAdded",
    "PartnerKeyAdded",
    "PartnerKeyRevoked",
    "PartnerReinstated",
    "PartnerSuspended",
    "PartnerTermsSet",
    "Paused",
    "PointsExpired",
    "Position",
    "Redeemed",
    "Refunded",
    "RegistryOpened",
    "Released",
    "Reversed",
    "Transfer",
    "Unpaused",
]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an event stands: block number, index of its log in the block, and the block's Unix time in seconds."""

    block: int
    log: int
    timestamp: int
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    contract: ClassVar[str] = "PointLedger"


@dataclass(frozen=True, slots=True)
class LedgerOpened(Event):
    registry: str
    epoch_origin: int
    epoch_length: int
    validity_duration: int
    rotation_delay: int
    recovery_delay: int


@dataclass(frozen=True, slots=True)
class MemberEnrolled(Event):
    member: str


@dataclass(frozen=True, slots=True)
class Earned(Event):
    partner: int
    member: str
    receipt: int
    spend_minor: int
    points: int
    awarded: int = 0


@dataclass(frozen=True, slots=True)
class BonusIssued(Event):
    member: str
    points: int


@dataclass(frozen=True, slots=True)
class BonusTaken(Event):
    member: str
    points: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class DebtRepaid(Event):
    member: str
    points: int


@dataclass(frozen=True, slots=True)
class Redeemed(Event):
    partner: int
    member: str
    receipt: int
    points: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class Held(Event):
    partner: int
    member: str
    receipt: int
    points: int
    lots: Lots
    deadline: int


@dataclass(frozen=True, slots=True)
class Captured(Event):
    partner: int
    member: str
    receipt: int
    points: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class Released(Event):
    partner: int
    member: str
    receipt: int
    points: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class Reversed(Event):
    partner: int
    member: str
    receipt: int
    original_receipt: int
    spend_minor: int
    points: int
    lots: Lots
    awarded: int = 0


@dataclass(frozen=True, slots=True)
class Refunded(Event):
    partner: int
    member: str
    receipt: int
    original_receipt: int
    points: int
    lots: Lots


@dataclass(frozen=True, slots=True)
class LotsTransferred(Event):
    from_: str
    to: str
    lots: Lots


@dataclass(frozen=True, slots=True)
class PointsExpired(Event):
    account: str
    lots: Lots


@dataclass(frozen=True, slots=True)
class OperationRejected(Event):
    partner: int
    receipt: int
    kind: Kind
    code: Rejection


@dataclass(frozen=True, slots=True)
class Transfer(Event):
    from_: str
    to: str
    value: int


@dataclass(frozen=True, slots=True)
class Approval(Event):
    owner: str
    spender: str
    value: int


@dataclass(frozen=True, slots=True)
class AuthorizationUsed(Event):
    authorizer: str
    nonce: bytes


@dataclass(frozen=True, slots=True)
class AuthorizationCanceled(Event):
    authorizer: str
    nonce: bytes


@dataclass(frozen=True, slots=True)
class KeyChangeAnnounced(Event):
    account: str
    next: str
    effective_from: int
    recovery: bool


@dataclass(frozen=True, slots=True)
class KeyChangeCancelled(Event):
    account: str


@dataclass(frozen=True, slots=True)
class CampaignBookSet(Event):
    book: str


@dataclass(frozen=True, slots=True)
class Paused(Event):
    by: str


@dataclass(frozen=True, slots=True)
class Unpaused(Event):
    by: str


@dataclass(frozen=True, slots=True)
class RegistryEvent(Event):
    """Base of the partner registry's events."""

    contract: ClassVar[str] = "PartnerRegistry"


@dataclass(frozen=True, slots=True)
class RegistryOpened(RegistryEvent):
    notice_seconds: int


@dataclass(frozen=True, slots=True)
class PartnerAdded(RegistryEvent):
    partner: int
    account: str
    name: str
    currency: str
    earn_rate_bps: int


@dataclass(frozen=True, slots=True)
class PartnerSuspended(RegistryEvent):
    partner: int


@dataclass(frozen=True, slots=True)
class PartnerReinstated(RegistryEvent):
    partner: int


@dataclass(frozen=True, slots=True)
class PartnerKeyAdded(RegistryEvent):
    partner: int
    key: str
    active_from: int


@dataclass(frozen=True, slots=True)
class PartnerKeyRevoked(RegistryEvent):
    partner: int
    key: str


@dataclass(frozen=True, slots=True)
class EarnRateAnnounced(RegistryEvent):
    partner: int
    earn_rate_bps: int
    effective_from: int


@dataclass(frozen=True, slots=True)
class PartnerTermsSet(RegistryEvent):
    partner: int
    issue_price_micros: int
    reimbursement_micros: int
    credit_limit_points: int
