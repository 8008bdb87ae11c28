"""What happened to campaigns, as the chain tells it: one class an event of `ICampaignAgreements` and `ICampaignBook`.

Named and ordered as in the ABI. Addresses are checksummed text (EIP-55), hashes and seeds 32 bytes, points and Unix times
in seconds integers. `tests/structure/test_campaign_abi.py` holds these classes against the committed ABI.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.events import Event

__all__ = [
    "AgreementsEvent",
    "Attested",
    "AwardCut",
    "AwardOutdone",
    "AwardTakenBack",
    "Awarded",
    "BadgeAwarded",
    "BadgeTakenBack",
    "CampaignAgreementsOpened",
    "CampaignBookOpened",
    "CampaignClosed",
    "CampaignEnded",
    "CampaignEvent",
    "CampaignPaused",
    "CampaignProposed",
    "CampaignResumed",
    "CampaignStarted",
    "CampaignTurnedOver",
    "CompanionAwarded",
    "CompanionTakenBack",
    "MemberJoined",
    "MemberReferred",
    "OccasionRefused",
    "Progressed",
    "Refusal",
    "RuleDelisted",
    "RuleFailed",
    "RuleListed",
    "SeedCommitted",
    "SeedRevealed",
    "TermsApproved",
]


class Refusal(IntEnum):
    """Why an attestation, a claim or a draw came to nothing, numbered as on the chain."""

    MEMBER_UNKNOWN = 1
    ID_USED = 2
    NOT_OPEN = 3
    NOT_ELIGIBLE = 4


@dataclass(frozen=True, slots=True)
class AgreementsEvent(Event):
    """Base of the events of what the sponsors agree on."""

    contract: ClassVar[str] = "CampaignAgreements"


@dataclass(frozen=True, slots=True)
class CampaignAgreementsOpened(AgreementsEvent):
    registry: str


@dataclass(frozen=True, slots=True)
class CampaignProposed(AgreementsEvent):
    campaign: int
    version: int
    terms_hash: bytes
    by: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class RuleDelisted(AgreementsEvent):
    rule: str


@dataclass(frozen=True, slots=True)
class RuleListed(AgreementsEvent):
    rule: str
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class SeedCommitted(AgreementsEvent):
    campaign: int
    partner: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class TermsApproved(AgreementsEvent):
    campaign: int
    terms_hash: bytes
    partner: int
    approved_until: int


@dataclass(frozen=True, slots=True)
class CampaignEvent(Event):
    """Base of the campaign book's events."""

    contract: ClassVar[str] = "CampaignBook"


@dataclass(frozen=True, slots=True)
class Attested(CampaignEvent):
    campaign: int
    member: str
    action: int
    id: int


@dataclass(frozen=True, slots=True)
class AwardCut(CampaignEvent):
    campaign: int
    member: str
    due_points: int
    paid_points: int


@dataclass(frozen=True, slots=True)
class AwardOutdone(CampaignEvent):
    campaign: int
    member: str
    points: int


@dataclass(frozen=True, slots=True)
class AwardTakenBack(CampaignEvent):
    campaign: int
    member: str
    terms_hash: bytes
    partner: int
    receipt: int
    points: int
    progress: int


@dataclass(frozen=True, slots=True)
class Awarded(CampaignEvent):
    campaign: int
    member: str
    terms_hash: bytes
    partner: int
    receipt: int
    points: int
    progress: int


@dataclass(frozen=True, slots=True)
class BadgeAwarded(CampaignEvent):
    campaign: int
    member: str
    badge: int


@dataclass(frozen=True, slots=True)
class BadgeTakenBack(CampaignEvent):
    campaign: int
    member: str
    badge: int


@dataclass(frozen=True, slots=True)
class CampaignBookOpened(CampaignEvent):
    ledger: str
    agreements: str
    tiers: str
    badges: str


@dataclass(frozen=True, slots=True)
class CampaignClosed(CampaignEvent):
    campaign: int
    paid_points: int
    released_points: int


@dataclass(frozen=True, slots=True)
class CampaignEnded(CampaignEvent):
    campaign: int
    by: int
    closes_at: int


@dataclass(frozen=True, slots=True)
class CampaignPaused(CampaignEvent):
    campaign: int
    by: int


@dataclass(frozen=True, slots=True)
class CampaignResumed(CampaignEvent):
    campaign: int
    by: int


@dataclass(frozen=True, slots=True)
class CampaignStarted(CampaignEvent):
    campaign: int
    version: int
    terms_hash: bytes
    effective_from: int


@dataclass(frozen=True, slots=True)
class CampaignTurnedOver(CampaignEvent):
    campaign: int
    version: int
    terms_hash: bytes


@dataclass(frozen=True, slots=True)
class CompanionAwarded(CampaignEvent):
    campaign: int
    companion: str
    member: str
    terms_hash: bytes
    points: int


@dataclass(frozen=True, slots=True)
class CompanionTakenBack(CampaignEvent):
    campaign: int
    companion: str
    member: str
    points: int


@dataclass(frozen=True, slots=True)
class MemberJoined(CampaignEvent):
    campaign: int
    member: str


@dataclass(frozen=True, slots=True)
class MemberReferred(CampaignEvent):
    campaign: int
    member: str
    referrer: str


@dataclass(frozen=True, slots=True)
class OccasionRefused(CampaignEvent):
    campaign: int
    member: str
    id: int
    reason: Refusal


@dataclass(frozen=True, slots=True)
class Progressed(CampaignEvent):
    campaign: int
    member: str
    progress: int


@dataclass(frozen=True, slots=True)
class RuleFailed(CampaignEvent):
    campaign: int
    member: str
    partner: int
    receipt: int


@dataclass(frozen=True, slots=True)
class SeedRevealed(CampaignEvent):
    campaign: int
    partner: int
    seed: bytes
