"""What the service answers about campaigns, tiers, badges and what they add to purchases. Units and times as in `answers.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "Approval",
    "Award",
    "Badge",
    "Badges",
    "Campaign",
    "CampaignTotals",
    "Campaigns",
    "Claims",
    "LeftOut",
    "MemberCampaign",
    "MemberCampaigns",
    "PurchasePreview",
    "Referral",
    "Sponsor",
    "Terms",
    "Tier",
    "Version",
]


@dataclass(frozen=True, slots=True)
class Sponsor:
    """Who pays, and how much of each award, in basis points."""

    partner: int
    share_bps: int


@dataclass(frozen=True, slots=True)
class Approval:
    """What a sponsor said: until when its approval counts, `None` if it gave none."""

    partner: int
    share_bps: int
    approved_until: datetime | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What the sponsors agree on, as the chain has it. Words, hashes and accounts are hexadecimal text.

    `member_cap_points` is 0 for no cap; `end_notice_seconds` is `None` if no sponsor alone may end the campaign.
    """

    rule: str
    rule_terms: tuple[str, ...]
    sponsors: tuple[Sponsor, ...]
    partners: tuple[int, ...]
    budget_points: int
    member_cap_points: int
    opens_at: datetime
    closes_at: datetime
    tier_mask: int
    segment: str
    group: int
    opt_in: bool
    takes_back_whole: bool
    draws: bool
    pausable: bool
    end_notice_seconds: int | None
    attestor: str
    document: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a campaign, and who approved it."""

    version: int
    terms_hash: str
    proposed_by: int
    approvals: tuple[Approval, ...]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign: what it promises, what was agreed, and how far it is. `version` is the one that counts, once it started."""

    campaign: int
    name: str
    says: str
    kind: str
    status: str
    version: int | None
    opens_at: datetime
    closes_at: datetime
    budget_points: int
    paid_points: int
    fields: Mapping[str, str]
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns that the partner sponsors or takes part in."""

    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class CampaignTotals:
    """What a campaign came to. It names no members."""

    campaign: int
    status: str
    budget_points: int
    paid_points: int
    members_reached: int
    members_joined: int
    awards: int


@dataclass(frozen=True, slots=True)
class MemberCampaign:
    """A member in one campaign: `done` of `needed` in `unit`, all `None` for a kind that the service does not know."""

    campaign: int
    name: str
    kind: str
    status: str
    done: int | None
    needed: int | None
    unit: str | None
    next_award_points: int | None
    completed: int | None
    until: datetime
    paid_points: int
    joined: bool | None
    in_tier: bool


@dataclass(frozen=True, slots=True)
class MemberCampaigns:
    """Where a member stands."""

    member: str
    campaigns: tuple[MemberCampaign, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """A member's tier now; `next` and `missing` are what is above it, in `unit`."""

    member: str
    tier: int
    name: str
    multiplier_bps: int
    qualification: int
    unit: str
    next: str | None
    missing: int
    paid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge that a member has."""

    badge: int
    uri: str
    campaign: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Badges:
    """A member's badges, by number."""

    member: str
    badges: tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class Award:
    """What one campaign would do: `due_points` is more than `points` where budget or cap do not allow all."""

    campaign: int
    name: str
    points: int
    due_points: int
    referrer_points: int
    badge: int | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A campaign that runs here and pays for something that no preview of a purchase shows."""

    campaign: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class PurchasePreview:
    """What tier and campaigns add to a purchase. `tier_points` are among `awarded`."""

    tier: int
    tier_name: str
    tier_points: int
    awards: tuple[Award, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Referral:
    """Who brought a new member, as the chain has it now."""

    campaign: int
    member: str
    referrer: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What came of claims, by account: points paid, or why not."""

    campaign: int
    points: int
    awarded: Mapping[str, int]
    refused: Mapping[str, str]
