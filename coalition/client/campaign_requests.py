"""The routes about campaigns, tiers and badges, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coalition.client.campaign_answers import (
    Badges,
    Campaign,
    Campaigns,
    CampaignTotals,
    Claims,
    MemberCampaigns,
    Referral,
    Tier,
)
from coalition.client.request import Effect, Request, get, post, segment

__all__ = [
    "approve_campaign",
    "badges",
    "campaign",
    "campaign_progress",
    "campaigns",
    "claim_awards",
    "close_campaign",
    "end_campaign",
    "member_campaigns",
    "pause_campaign",
    "propose_campaign",
    "refer_member",
    "resume_campaign",
    "start_campaign",
    "tier",
]


def campaigns() -> Request[Campaigns]:
    """Ask for the campaigns that the partner sponsors or takes part in."""
    return get("/v1/campaigns", Campaigns)


def campaign(number: int) -> Request[Campaign]:
    """Ask for one campaign: terms, versions with their approvals, budget, and what was paid."""
    return get(f"/v1/campaigns/{number}", Campaign)


def campaign_progress(number: int) -> Request[CampaignTotals]:
    """Ask what a campaign came to, without members."""
    return get(f"/v1/campaigns/{number}/progress", CampaignTotals)


def propose_campaign(
    file: Mapping[str, Any] | str,
    *,
    accounts: Sequence[str] | None = None,
    decimals: int | None = None,
    amends: int | None = None,
) -> Request[Campaign]:
    """Put a campaign, or another version of the one that it `amends`, to its sponsors."""
    body = {"file": file, "accounts": accounts, "decimals": decimals, "amends": amends}
    return post("/v1/campaigns", Campaign, Effect.CHANGE, body)


def approve_campaign(number: int, terms_hash: str, *, until: datetime | None = None) -> Request[Campaign]:
    """Agree to exactly the terms of this hash; without `until`, until the campaign opens."""
    body = {"terms_hash": terms_hash, "until": until}
    return post(f"/v1/campaigns/{number}/approvals", Campaign, Effect.CHANGE, body)


def start_campaign(number: int) -> Request[Campaign]:
    """Start the latest version, if the last approval did not."""
    return post(f"/v1/campaigns/{number}/start", Campaign, Effect.CHANGE)


def pause_campaign(number: int) -> Request[Campaign]:
    """Let nothing count until it is resumed, where the terms allow it."""
    return post(f"/v1/campaigns/{number}/pause", Campaign, Effect.CHANGE)


def resume_campaign(number: int) -> Request[Campaign]:
    """Let purchases count again."""
    return post(f"/v1/campaigns/{number}/resume", Campaign, Effect.CHANGE)


def end_campaign(number: int) -> Request[Campaign]:
    """End it after the notice of its terms, where they allow it."""
    return post(f"/v1/campaigns/{number}/end", Campaign, Effect.CHANGE)


def close_campaign(number: int) -> Request[Campaign]:
    """Release what is left of its budget, from 30 days after its end."""
    return post(f"/v1/campaigns/{number}/close", Campaign, Effect.CHANGE)


def refer_member(number: int, member: str, referrer: str) -> Request[Referral]:
    """Say who brought a member that has not bought yet."""
    body = {"member": member, "referrer": referrer}
    return post(f"/v1/campaigns/{number}/referrals", Referral, Effect.CHANGE, body)


def claim_awards(number: int, members: Sequence[str]) -> Request[Claims]:
    """Have up to 100 members paid whose time has come, each once."""
    return post(f"/v1/campaigns/{number}/claims", Claims, Effect.CHANGE, {"members": members})


def member_campaigns(member: str) -> Request[MemberCampaigns]:
    """Ask where a member stands: what is done, what is next, and until when."""
    return get(f"/v1/members/{segment(member)}/campaigns", MemberCampaigns)


def tier(member: str) -> Request[Tier]:
    """Ask for a member's tier, and what is missing to the next."""
    return get(f"/v1/members/{segment(member)}/tier", Tier)


def badges(member: str) -> Request[Badges]:
    """Ask for a member's badges."""
    return get(f"/v1/members/{segment(member)}/badges", Badges)
