"""What happened to tiers and badges, as the chain tells it: one class an event, named and ordered as in the ABI.

Addresses are checksummed text (EIP-55), amounts are integers. `tests/structure/test_programme_abi.py` holds these classes
against the committed ABI. Events that the standard asks for but a badge never has (`Approval`, `ApprovalForAll`,
`Unlocked`) have no class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from coalition.ledger.events import Event
from coalition.ledger.tiers import Programme

__all__ = [
    "BadgeBookEvent",
    "BadgeDefined",
    "BadgeGranterSet",
    "FloorSet",
    "Locked",
    "ProgrammeAnnounced",
    "TierBookEvent",
    "TierBookOpened",
    "TierChanged",
    "TierKeeperSet",
    "Transfer",
]


@dataclass(frozen=True, slots=True)
class TierBookEvent(Event):
    """Base of the tier book's events."""

    contract: ClassVar[str] = "TierBook"


@dataclass(frozen=True, slots=True)
class TierBookOpened(TierBookEvent):
    notice_seconds: int


@dataclass(frozen=True, slots=True)
class TierKeeperSet(TierBookEvent):
    campaign_book: str


@dataclass(frozen=True, slots=True)
class ProgrammeAnnounced(TierBookEvent):
    version: int
    effective_from: int
    programme: Programme


@dataclass(frozen=True, slots=True)
class TierChanged(TierBookEvent):
    member: str
    from_: int
    to: int


@dataclass(frozen=True, slots=True)
class FloorSet(TierBookEvent):
    member: str
    tier: int
    until: int


@dataclass(frozen=True, slots=True)
class BadgeBookEvent(Event):
    """Base of the badge book's events."""

    contract: ClassVar[str] = "BadgeBook"


@dataclass(frozen=True, slots=True)
class BadgeGranterSet(BadgeBookEvent):
    campaign_book: str


@dataclass(frozen=True, slots=True)
class BadgeDefined(BadgeBookEvent):
    badge: int
    uri: str


@dataclass(frozen=True, slots=True)
class Transfer(BadgeBookEvent):
    """A badge was granted (from the zero address) or withdrawn (to it)."""

    from_: str
    to: str
    token_id: int


@dataclass(frozen=True, slots=True)
class Locked(BadgeBookEvent):
    token_id: int
