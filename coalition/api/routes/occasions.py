"""What campaigns pay for beside purchases, as far as a partner may say or ask it: who was brought, and what is due."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Ctx, Partner
from coalition.api.documents import POSTING
from coalition.api.occasion_bodies import ClaimRequest, ClaimsBody, ReferralBody, ReferralRequest, claims_body
from coalition.api.render import json_response
from coalition.api.routes.campaigns import Number, answers, seen
from coalition.service.checks import check_address

__all__ = ["router"]

router = APIRouter(prefix="/campaigns/{campaign}", tags=["campaigns"], route_class=StrictRoute)


@router.post(
    "/referrals",
    summary="Who brought a new member?",
    status_code=201,
    response_model=None,
    responses=answers(ReferralBody, "It is on the chain.", POSTING, 201),
)
async def refer(context: Ctx, partner: Partner, campaign: Number, body: ReferralRequest) -> Response:
    """Say, with the partner's key, who brought a member that has not bought yet. Both are paid at its first purchase."""

    def work() -> ReferralBody:
        seen(context, partner, campaign)
        member, referrer = check_address(body.member), check_address(body.referrer, "referrer")
        context.campaigns.refer(campaign, partner, member, referrer)
        return ReferralBody(campaign=campaign, member=member, referrer=referrer)

    return json_response(await context.post(work), 201)


@router.post(
    "/claims",
    summary="Ask for what is due",
    response_model=None,
    responses=answers(ClaimsBody, "What came of it.", POSTING),
)
async def claim(context: Ctx, partner: Partner, campaign: Number, body: ClaimRequest) -> Response:
    """Have members paid whose time has come: a dividend, a bonus for enrolment or an anniversary. Each once; asking is free."""

    def work() -> ClaimsBody:
        seen(context, partner, campaign)
        members = list(dict.fromkeys(check_address(one, "members") for one in body.members))
        return claims_body(campaign, context.campaigns.claim(campaign, members))

    return json_response(await context.post(work))
