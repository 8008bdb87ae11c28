"""What the service says of campaigns, tiers and previews. Times are Unix seconds, accounts checksummed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from coalition.chain.campaign_reading import Live
from coalition.index.campaigns import CampaignStatus
from coalition.ledger.campaigns.state import CLAIM_SECONDS, Proposed
from coalition.ledger.campaigns.terms import Terms
from coalition.ledger.rules.standing import Standing

__all__ = [
    "Approval",
    "AwardShown",
    "BadgeShown",
    "CampaignShown",
    "LeftOut",
    "LeftOutReason",
    "ProgressShown",
    "PurchasePreview",
    "TierShown",
    "VersionShown",
]


@dataclass(frozen=True, slots=True)
class Approval:
    """What a sponsor said to a version: until when its approval counts, 0 if it gave none."""

    partner: int
    share_bps: int
    until: int

    def counts_at(self, now: int) -> bool:
        """True if a start would find it at a time."""
        return self.until >= now > 0


@dataclass(frozen=True, slots=True)
class VersionShown:
    """One version of a campaign. `fields` are those of its file, as written; empty if the file is not here."""

    proposed: Proposed
    approvals: tuple[Approval, ...]
    name: str
    says: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def terms(self) -> Terms:
        """What the sponsors agree on."""
        return self.proposed.terms

    def missing(self, now: int) -> tuple[int, ...]:
        """Sponsors whose approval is missing or has expired."""
        return tuple(one.partner for one in self.approvals if not one.counts_at(now))


@dataclass(frozen=True, slots=True)
class CampaignShown:
    """A campaign: its versions in order, and how far it is. `kind` is empty for a rule that is not this version's."""

    campaign: int
    kind: str
    versions: tuple[VersionShown, ...]
    live: Live
    now: int

    @property
    def latest(self) -> VersionShown:
        """The version that was proposed last."""
        return self.versions[-1]

    @property
    def counting(self) -> VersionShown:
        """The version that counts, or the latest before any was started."""
        return self.versions[self.live.version - 1] if self.live.version else self.latest

    @property
    def status(self) -> CampaignStatus:
        """Where it is in its life."""
        if not self.live.version:
            return CampaignStatus.PROPOSED
        if self.live.is_closed:
            return CampaignStatus.CLOSED
        if self.now >= self.live.closes_at:
            return CampaignStatus.OVER
        if self.now < self.live.opens_at:
            return CampaignStatus.SCHEDULED
        return CampaignStatus.PAUSED if self.live.is_paused else CampaignStatus.RUNNING

    @property
    def claimable_until(self) -> int:
        """Unix time until which what it promised can be claimed, and from which it can be closed."""
        return self.live.closes_at + CLAIM_SECONDS

    @property
    def partners(self) -> frozenset[int]:
        """Everybody who takes part: sponsors, and where purchases count."""
        terms = self.counting.terms
        return frozenset(terms.partners) | {one.partner for one in terms.sponsors}


@dataclass(frozen=True, slots=True)
class ProgressShown:
    """A member in a campaign: what is done, what is next, and until when. `until` is never later than the campaign's end.

    `joined` is None where nobody has to join.
    """

    campaign: int
    name: str
    kind: str
    status: CampaignStatus
    standing: Standing | None
    until: int
    paid_points: int
    joined: bool | None
    in_tier: bool


@dataclass(frozen=True, slots=True)
class TierShown:
    """A member's tier. `missing` is what the membership year must still bring for the tier above, 0 at the top.

    `unit` is "points" or "minor"; `floor_until` when a paid tier lapses, 0 if there is none.
    """

    tier: int
    name: str
    next_name: str
    qualification: int
    missing: int
    unit: str
    multiplier_bps: int
    floor_until: int


@dataclass(frozen=True, slots=True)
class BadgeShown:
    """A badge that a member has: where its metadata are (empty if nobody said), by which campaign, since when."""

    badge: int
    uri: str
    campaign: int
    since: int


@dataclass(frozen=True, slots=True)
class AwardShown:
    """What one campaign would do: points paid, of those that were due, a badge (0: none), and points for who referred the
    member."""

    campaign: int
    name: str
    points: int
    due_points: int
    badge: int = 0
    referrer_points: int = 0


class LeftOutReason(StrEnum):
    """Why a preview of a purchase does not show all that a campaign pays for."""

    ATTESTED = "attested"
    DRAWN = "drawn"
    KIND_UNKNOWN = "kind_unknown"
    NOT_REFERRED = "not_referred"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A campaign that runs at the partner and pays for something that no preview of a purchase shows."""

    campaign: int
    name: str
    reason: LeftOutReason


@dataclass(frozen=True, slots=True)
class PurchasePreview:
    """What a purchase would bring now. `awarded` is what the chain answers: it comprises tier, campaigns, and what rules that
    are not this version's would pay. `left_out` says what it cannot show."""

    member: str
    spend_minor: int
    currency: str
    points: int
    awarded: int
    tier: int
    tier_name: str
    tier_points: int
    awards: tuple[AwardShown, ...]
    left_out: tuple[LeftOut, ...]
