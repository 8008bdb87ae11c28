"""Campaigns: what there is, what a partner signs for, and where a member stands.

A partner sees the campaigns that it sponsors or takes part in, and signs with its own key only. Members are never listed; where
one stands may be asked by account, for the campaigns that the partner sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.campaign_bodies import (
    ApprovalRequest,
    BadgesBody,
    CampaignBody,
    CampaignsBody,
    CampaignTotalsBody,
    MemberCampaignsBody,
    ProposalRequest,
    TierBody,
    badges_body,
    campaign_body,
    member_campaigns_body,
    tier_body,
    totals_body,
)
from coalition.api.context import Context, Ctx, Partner, partner_of
from coalition.api.documents import POSTING, READING
from coalition.api.render import json_response
from coalition.errors import NotFound
from coalition.service.campaign_answers import CampaignShown
from coalition.service.campaign_files import written_out
from coalition.service.checks import check_address

__all__ = ["Number", "answers", "router", "seen"]

CAMPAIGN_MAX = (1 << 32) - 1
Number = Annotated[int, Path(ge=1, le=CAMPAIGN_MAX, description="The campaign's number.")]
Account = Annotated[str, Path(description="The member's account, 0x and 40 hexadecimal digits.")]

router = APIRouter(route_class=StrictRoute)


def answers(
    model: type[Any], description: str, errors: dict[int | str, Any], status: int = 200
) -> dict[int | str, Any]:
    """Return how a route's answers are described: the model of the good one, and the errors."""
    return {status: {"model": model, "description": description}, **errors}


ONE = answers(CampaignBody, "The campaign.", READING)
CHANGED = answers(CampaignBody, "The campaign, as it is now.", POSTING)
PROPOSED = answers(CampaignBody, "The campaign, with the version that was proposed.", POSTING, 201)


@router.get(
    "/campaigns",
    summary="Which campaigns are there?",
    tags=["campaigns"],
    response_model=None,
    responses=answers(CampaignsBody, "The campaigns.", READING),
)
async def campaigns(context: Ctx, partner: Partner) -> Response:
    """The campaigns that the partner sponsors or takes part in, in the order in which they were proposed."""
    found = await context.read(lambda: _seen_by(context, partner))
    return json_response(CampaignsBody(campaigns=[campaign_body(one) for one in found]))


@router.get("/campaigns/{campaign}", summary="What was agreed?", tags=["campaigns"], response_model=None, responses=ONE)
async def campaign(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Terms, versions with their approvals, budget, and what was paid."""
    return json_response(campaign_body(await context.read(lambda: seen(context, partner, campaign))))


@router.post(
    "/campaigns",
    summary="Propose a campaign",
    tags=["campaigns"],
    status_code=201,
    response_model=None,
    responses=PROPOSED,
)
async def propose(request: Request, context: Ctx, partner: Partner, body: ProposalRequest) -> Response:
    """Put a campaign, or another version of one, to its sponsors, of which the partner is one."""

    def work() -> CampaignShown:
        service = context.campaigns.campaigns
        if body.amends is not None:
            seen(context, partner, body.amends)
        with written_out(body.file, body.accounts) as path:
            if body.amends is None:
                return service.propose(path, partner, body.decimals)
            return service.amend(body.amends, path, partner, body.decimals)[0]

    shown = await context.post(work)
    request.state.target = str(shown.campaign)
    location = f"{request.scope.get('root_path', '')}/v1/campaigns/{shown.campaign}"
    return json_response(campaign_body(shown), 201, {"Location": location})


@router.post(
    "/campaigns/{campaign}/approvals",
    summary="Approve terms",
    tags=["campaigns"],
    response_model=None,
    responses=CHANGED,
)
async def approve(context: Ctx, partner: Partner, campaign: Number, body: ApprovalRequest) -> Response:
    """Agree to exactly the terms of this hash. Whoever approves last starts the campaign with it."""

    def work() -> CampaignShown:
        known = seen(context, partner, campaign)
        version = next((one for one in known.versions if one.proposed.terms_hash == body.terms_hash), None)
        if version is None:
            raise NotFound(f"No version of campaign {campaign} has these terms.", code="terms_unknown")
        return context.campaigns.campaigns.approve(
            campaign, partner, until=body.until, version=version.proposed.version
        )

    return json_response(campaign_body(await context.post(work)))


@router.post(
    "/campaigns/{campaign}/start", summary="Start it", tags=["campaigns"], response_model=None, responses=CHANGED
)
async def start(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Start the latest version, if the last approval did not; one that was started already stays so."""
    return await _changed(context, partner, campaign, lambda: context.campaigns.campaigns.start(campaign))


@router.post(
    "/campaigns/{campaign}/pause", summary="Pause it", tags=["campaigns"], response_model=None, responses=CHANGED
)
async def pause(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Let nothing count until it is resumed, where the terms allow it."""
    return await _changed(context, partner, campaign, lambda: context.campaigns.campaigns.pause(campaign, partner))


@router.post(
    "/campaigns/{campaign}/resume", summary="Resume it", tags=["campaigns"], response_model=None, responses=CHANGED
)
async def resume(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Let purchases count again."""
    return await _changed(context, partner, campaign, lambda: context.campaigns.campaigns.resume(campaign, partner))


@router.post(
    "/campaigns/{campaign}/end", summary="End it early", tags=["campaigns"], response_model=None, responses=CHANGED
)
async def end(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """End it after the notice of its terms, where they allow it. What was earned is still paid."""
    return await _changed(context, partner, campaign, lambda: context.campaigns.campaigns.end(campaign, partner))


@router.post(
    "/campaigns/{campaign}/close",
    summary="Release the rest of its budget",
    tags=["campaigns"],
    response_model=None,
    responses=CHANGED,
)
async def close(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Release what is left of the budget, from 30 days after the end. Nothing can be claimed any more."""
    return await _changed(context, partner, campaign, lambda: context.campaigns.campaigns.close(campaign))


@router.get(
    "/campaigns/{campaign}/progress",
    summary="What did it come to?",
    tags=["campaigns"],
    response_model=None,
    responses=answers(CampaignTotalsBody, "The totals.", READING),
)
async def progress(context: Ctx, partner: Partner, campaign: Number) -> Response:
    """Totals, without members, as of the last block that was read."""

    def work() -> CampaignTotalsBody:
        return totals_body(seen(context, partner, campaign), context.campaigns.totals(campaign))

    return json_response(await context.read(work))


@router.get(
    "/members/{member}/campaigns",
    summary="Where does a member stand?",
    tags=["members"],
    response_model=None,
    responses=answers(MemberCampaignsBody, "Where the member stands.", READING),
)
async def member_campaigns(context: Ctx, partner: Partner, member: Account) -> Response:
    """What is done, what is next, and until when, in the campaigns that the partner sponsors or takes part in; as of the last
    block that was read."""

    def work() -> MemberCampaignsBody:
        account = check_address(member)
        return member_campaigns_body(account, context.campaigns.progress(account, partner=partner))

    return json_response(await context.read(work))


@router.get(
    "/members/{member}/tier",
    summary="Which tier is it?",
    tags=["members"],
    response_model=None,
    responses=answers(TierBody, "The member's tier.", READING),
    dependencies=[Depends(partner_of)],
)
async def tier(context: Ctx, member: Account) -> Response:
    """A member's tier now, and what is missing to the next."""
    account = check_address(member)
    return json_response(tier_body(account, await context.read(lambda: context.campaigns.tier(account))))


@router.get(
    "/members/{member}/badges",
    summary="Which badges are there?",
    tags=["members"],
    response_model=None,
    responses=answers(BadgesBody, "The member's badges.", READING),
    dependencies=[Depends(partner_of)],
)
async def badges(context: Ctx, member: Account) -> Response:
    """A member's badges, by number."""
    account = check_address(member)
    return json_response(badges_body(account, await context.read(lambda: context.campaigns.badges(account))))


async def _changed(context: Context, partner: int, campaign: int, change: Callable[[], CampaignShown]) -> Response:
    def work() -> CampaignShown:
        seen(context, partner, campaign)
        return change()

    return json_response(campaign_body(await context.post(work)))


def _seen_by(context: Context, partner: int) -> list[CampaignShown]:
    return [one for one in context.campaigns.campaigns.all() if partner in one.partners]


def seen(context: Context, partner: int, campaign: int) -> CampaignShown:
    """The campaign, if the partner sponsors it or takes part; for others there is none."""
    shown = context.campaigns.campaigns.show(campaign)
    if partner not in shown.partners:
        raise NotFound(f"There is no campaign {campaign}.", code="campaign_unknown")
    return shown
