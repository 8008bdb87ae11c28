"""What partners send and get about campaigns, tiers and previews. Times are RFC 3339 in UTC, amounts whole numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from coalition.api import campaign_examples as examples
from coalition.api.requests import Time as GivenTime
from coalition.api.requests import strict
from coalition.api.responses import Time
from coalition.api.times import rfc3339
from coalition.errors import InputError
from coalition.index.campaigns import CampaignTotals
from coalition.ledger.campaigns.terms import NEVER_EARLY, Terms
from coalition.service.campaign_answers import (
    BadgeShown,
    CampaignShown,
    ProgressShown,
    PurchasePreview,
    TierShown,
    VersionShown,
)

__all__ = [
    "Amends",
    "ApprovalRequest",
    "BadgesBody",
    "CampaignBody",
    "CampaignTotalsBody",
    "CampaignsBody",
    "FileRequest",
    "MemberCampaignsBody",
    "ProposalRequest",
    "PurchaseBody",
    "TermsBody",
    "TierBody",
    "badges_body",
    "campaign_body",
    "member_campaigns_body",
    "purchase_body",
    "shown_as",
    "terms_body",
    "tier_body",
    "totals_body",
]

HASH_PATTERN = "^0x[0-9a-fA-F]{64}$"
ACCOUNTS_MAX = 1_400
Amends = Annotated[
    int | None,
    Field(description="The campaign of which this is another version.", json_schema_extra={"minimum": 1}),
]
StatusName = Literal["proposed", "scheduled", "running", "paused", "over", "closed"]


def _hash(value: Any) -> bytes:
    digits = value[2:] if isinstance(value, str) and value.startswith("0x") else ""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise InputError("terms_hash: 0x and 64 hexadecimal digits.", code="hash_malformed", field="terms_hash")
    return found


def shown_as(example: dict[str, Any]) -> ConfigDict:
    """How an answer is shown in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class FileRequest(BaseModel):
    """A campaign's file, and how its amounts are read."""

    file: dict[str, Any] | str = Field(
        description="The campaign's file: its text in YAML or JSON, or its fields as an object; see docs/campaigns.md."
    )
    accounts: list[str] | None = Field(
        default=None,
        description="The accounts that may take part, where the file names a `segment`. Only the root of their tree is published.",
        json_schema_extra={"maxItems": ACCOUNTS_MAX},
    )
    decimals: Annotated[int, Field(ge=0, le=4)] | None = Field(
        default=None, description="Decimals of amounts in the file; left out: those of the partners' currency."
    )


class ProposalRequest(FileRequest):
    """A campaign to put to its sponsors, of which the partner is one."""

    model_config = strict(examples.PROPOSAL)

    amends: Amends = None


class ApprovalRequest(BaseModel):
    """Agreement to exactly the terms of one hash."""

    model_config = strict(examples.APPROVAL)

    terms_hash: Annotated[
        bytes,
        BeforeValidator(_hash),
        WithJsonSchema({"type": "string", "pattern": HASH_PATTERN}),
        Field(description="Hash of the terms, as a version of the campaign has it."),
    ]
    until: GivenTime | None = Field(
        default=None, description="Until when the approval lets the campaign start; left out: until it opens."
    )


class SponsorBody(BaseModel):
    """Who pays, and how much of each award."""

    partner: int
    share_bps: int


class ApprovalBody(SponsorBody):
    """What a sponsor said."""

    approved_until: Time | None = Field(description="Until when its approval counts; null if it gave none.")


class TermsBody(BaseModel):
    """What the sponsors agree on, as the chain has it: from this anybody can compute the hash."""

    rule: str
    rule_terms: list[str] = Field(description="Words, in hexadecimal.")
    sponsors: list[SponsorBody]
    partners: list[int]
    budget_points: int
    member_cap_points: int = Field(description="0 for no cap.")
    opens_at: Time
    closes_at: Time
    tier_mask: int
    segment: str
    group: int
    opt_in: bool
    takes_back_whole: bool
    draws: bool
    pausable: bool
    end_notice_seconds: int | None = Field(description="Null if no sponsor alone may end it.")
    attestor: str
    document: str = Field(description="Keccak-256 of the campaign's file.")


class VersionBody(BaseModel):
    """One version of a campaign."""

    version: int
    terms_hash: str
    proposed_by: int = Field(description="Number of the partner.")
    approvals: list[ApprovalBody]
    terms: TermsBody


class CampaignBody(BaseModel):
    """A campaign: what it promises, what was agreed, and how far it is."""

    model_config = shown_as(examples.CAMPAIGN)

    campaign: int
    name: str
    says: str
    kind: str = Field(description="Empty for a rule that is not one of this version's kinds.")
    status: StatusName
    version: int | None = Field(description="The version that counts; null before the start.")
    opens_at: Time
    closes_at: Time = Field(description="An early end considered.")
    budget_points: int
    paid_points: int = Field(description="Less what was taken back.")
    fields: dict[str, str] = Field(
        description="The file's fields as people read them; empty if the file is not kept here."
    )
    versions: list[VersionBody]


class CampaignsBody(BaseModel):
    """Campaigns that the partner sponsors or takes part in."""

    campaigns: list[CampaignBody]


class CampaignTotalsBody(BaseModel):
    """What a campaign came to, as of the last block that was read. It names no members."""

    model_config = shown_as(examples.TOTALS)

    campaign: int
    status: StatusName
    budget_points: int
    paid_points: int
    members_reached: int
    members_joined: int = Field(description="Of campaigns in which members have to join.")
    awards: int


class MemberCampaignBody(BaseModel):
    """A member in one campaign."""

    campaign: int
    name: str
    kind: str
    status: StatusName
    done: int | None = Field(description="Of `needed`, in `unit`; null for a kind that is not known here.")
    needed: int | None
    unit: str | None = Field(description="`minor` are minor units of spend.")
    next_award_points: int | None = Field(description="What the next award is worth; 0 if none is to come.")
    completed: int | None = Field(description="Awards that stand.")
    until: Time = Field(description="When something of this is lost, at the latest the campaign's end.")
    paid_points: int
    joined: bool | None = Field(description="Null where nobody has to join.")
    in_tier: bool = Field(description="False if the member's tier may not take part.")


class MemberCampaignsBody(BaseModel):
    """Where a member stands: what is done, what is next, and until when."""

    model_config = shown_as(examples.MEMBER_CAMPAIGNS)

    member: str
    campaigns: list[MemberCampaignBody]


class TierBody(BaseModel):
    """A member's tier now, and what is missing to the next."""

    model_config = shown_as(examples.TIER)

    member: str
    tier: int = Field(description="From 0, the lowest.")
    name: str
    multiplier_bps: int = Field(description="What a purchase earns, in basis points of its base points.")
    qualification: int = Field(description="What the membership year has brought, in `unit`.")
    unit: Literal["points", "minor"]
    next: str | None = Field(description="Name of the tier above; null at the top.")
    missing: int = Field(description="What the membership year must still bring for it; 0 at the top.")
    paid_until: Time | None = Field(description="When a paid tier lapses.")


class BadgeBody(BaseModel):
    """A badge that a member has."""

    badge: int
    uri: str = Field(description="Where its metadata are; empty if nobody said.")
    campaign: int
    since: Time


class BadgesBody(BaseModel):
    """A member's badges, by number."""

    model_config = shown_as(examples.BADGES)

    member: str
    badges: list[BadgeBody]


class AwardBody(BaseModel):
    """What one campaign would do."""

    campaign: int
    name: str
    points: int
    due_points: int = Field(description="More than `points` where budget or cap do not allow all.")
    badge: int | None = None
    referrer_points: int = Field(description="For the member who referred this one; not part of `awarded`.")


class LeftOutBody(BaseModel):
    """A campaign that runs here and pays for something that no preview of a purchase shows."""

    campaign: int
    name: str
    reason: Literal["attested", "drawn", "kind_unknown", "not_referred"] = Field(
        description=(
            "`attested`: what an authorised key says that members did counts, too. `drawn`: prizes are drawn at the end. "
            "`kind_unknown`: what it pays is in `awarded`, but not in `awards`. `not_referred`: it pays for members who were "
            "referred, and nobody referred this one."
        )
    )


class PurchaseBody(BaseModel):
    """What tier and campaigns add to a purchase. Nothing was counted."""

    tier: int
    tier_name: str
    tier_points: int = Field(description="Of `awarded`, by the tier.")
    awards: list[AwardBody]
    left_out: list[LeftOutBody] = Field(description="What this preview does not show.")


def campaign_body(shown: CampaignShown) -> CampaignBody:
    """Return a campaign as partners see it."""
    terms, live = shown.counting.terms, shown.live
    return CampaignBody(
        campaign=shown.campaign,
        name=shown.counting.name,
        says=shown.counting.says,
        kind=shown.kind,
        status=shown.status.value,
        version=live.version or None,
        opens_at=rfc3339(terms.opens_at),
        closes_at=rfc3339(live.closes_at or terms.closes_at),
        budget_points=terms.budget_points,
        paid_points=live.paid_points,
        fields=dict(shown.counting.fields),
        versions=[_version(one) for one in shown.versions],
    )


def totals_body(shown: CampaignShown, totals: CampaignTotals) -> CampaignTotalsBody:
    """Return what a campaign came to."""
    return CampaignTotalsBody(
        campaign=shown.campaign,
        status=shown.status.value,
        budget_points=shown.counting.terms.budget_points,
        paid_points=shown.live.paid_points,
        members_reached=totals.members_reached,
        members_joined=totals.members_joined,
        awards=totals.awards,
    )


def member_campaigns_body(member: str, found: list[ProgressShown]) -> MemberCampaignsBody:
    """Return where a member stands."""
    return MemberCampaignsBody(member=member, campaigns=[_member_campaign(one) for one in found])


def tier_body(member: str, found: TierShown) -> TierBody:
    """Return a member's tier."""
    return TierBody(
        member=member,
        tier=found.tier,
        name=found.name,
        multiplier_bps=found.multiplier_bps,
        qualification=found.qualification,
        unit="minor" if found.unit == "minor" else "points",
        next=found.next_name or None,
        missing=found.missing,
        paid_until=rfc3339(found.floor_until) if found.floor_until else None,
    )


def badges_body(member: str, found: list[BadgeShown]) -> BadgesBody:
    """Return a member's badges."""
    badges = [BadgeBody(badge=one.badge, uri=one.uri, campaign=one.campaign, since=rfc3339(one.since)) for one in found]
    return BadgesBody(member=member, badges=badges)


def purchase_body(found: PurchasePreview) -> PurchaseBody:
    """Return what tier and campaigns add to a purchase."""
    return PurchaseBody(
        tier=found.tier,
        tier_name=found.tier_name,
        tier_points=found.tier_points,
        awards=[
            AwardBody(
                campaign=one.campaign,
                name=one.name,
                points=one.points,
                due_points=one.due_points,
                badge=one.badge or None,
                referrer_points=one.referrer_points,
            )
            for one in found.awards
        ],
        left_out=[LeftOutBody(campaign=one.campaign, name=one.name, reason=one.reason.value) for one in found.left_out],
    )


def _version(one: VersionShown) -> VersionBody:
    approvals = [
        ApprovalBody(
            partner=given.partner,
            share_bps=given.share_bps,
            approved_until=rfc3339(given.until) if given.until else None,
        )
        for given in one.approvals
    ]
    return VersionBody(
        version=one.proposed.version,
        terms_hash="0x" + one.proposed.terms_hash.hex(),
        proposed_by=one.proposed.by,
        approvals=approvals,
        terms=terms_body(one.terms),
    )


def terms_body(terms: Terms) -> TermsBody:
    """Return terms as the chain has them."""
    return TermsBody(
        rule=terms.rule,
        rule_terms=[hex(word) for word in terms.rule_terms],
        sponsors=[SponsorBody(partner=one.partner, share_bps=one.share_bps) for one in terms.sponsors],
        partners=list(terms.partners),
        budget_points=terms.budget_points,
        member_cap_points=terms.member_cap_points,
        opens_at=rfc3339(terms.opens_at),
        closes_at=rfc3339(terms.closes_at),
        tier_mask=terms.tier_mask,
        segment="0x" + terms.segment.hex(),
        group=terms.group,
        opt_in=terms.opt_in,
        takes_back_whole=terms.takes_back_whole,
        draws=terms.draws,
        pausable=terms.pausable,
        end_notice_seconds=None if terms.end_notice_seconds == NEVER_EARLY else terms.end_notice_seconds,
        attestor=terms.attestor,
        document="0x" + terms.document.hex(),
    )


def _member_campaign(one: ProgressShown) -> MemberCampaignBody:
    standing = one.standing
    return MemberCampaignBody(
        campaign=one.campaign,
        name=one.name,
        kind=one.kind,
        status=one.status.value,
        done=standing.done if standing else None,
        needed=standing.needed if standing else None,
        unit=standing.unit if standing else None,
        next_award_points=standing.next_award_points if standing else None,
        completed=standing.completed if standing else None,
        until=rfc3339(one.until),
        paid_points=one.paid_points,
        joined=one.joined,
        in_tier=one.in_tier,
    )
