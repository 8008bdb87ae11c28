"""Writing campaigns: a file to begin with, a check, a trial on the past, and the files that were agreed. Nothing changes.

A trial counts purchases at the calling partner alone. Whoever writes the terms could make them about one member, and read from
the totals what that member bought elsewhere.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from coalition.api.authoring_bodies import (
    CampaignFileBody,
    CheckBody,
    CheckRequest,
    SimulationBody,
    SimulationRequest,
    TemplateBody,
    check_body,
    file_body,
    simulation_body,
)
from coalition.api.bodies import StrictRoute
from coalition.api.context import Ctx, Partner
from coalition.api.documents import POSTING, READING
from coalition.api.render import json_response
from coalition.api.routes.campaigns import Number, answers, seen
from coalition.campaigns.simulate import PastAction, PastInvitation
from coalition.service.campaign_authoring import TEMPLATE_KINDS
from coalition.service.campaign_files import written_out
from coalition.service.checks import check_address

__all__ = ["router"]

VERSION_MAX = (1 << 16) - 1
Kind = Annotated[
    str, Path(description="A kind of campaign, or `tiers`.", json_schema_extra={"enum": list(TEMPLATE_KINDS)})
]
Version = Annotated[int, Path(ge=1, le=VERSION_MAX, description="The version of the campaign.")]

router = APIRouter(prefix="/campaigns", tags=["campaigns"], route_class=StrictRoute)


@router.get(
    "/templates/{kind}",
    summary="A file to begin with",
    response_model=None,
    responses=answers(TemplateBody, "The template.", READING),
)
async def template(context: Ctx, partner: Partner, kind: Kind) -> Response:
    """A campaign's file with every field of its kind and a remark at each, for the partner and another; it checks as it is."""
    text = await context.read(lambda: context.authoring.template(kind, partner))
    return json_response(TemplateBody(kind=kind, text=text))


@router.post(
    "/check",
    summary="What is wrong with a file?",
    response_model=None,
    responses=answers(CheckBody, "What was found.", POSTING),
)
async def check(context: Ctx, partner: Partner, body: CheckRequest) -> Response:
    """Everything that is wrong, at once, with line and field; if nothing is, what the file compiles to, and what it changes."""

    def work() -> CheckBody:
        if body.amends is not None:
            seen(context, partner, body.amends)
        with written_out(body.file, body.accounts) as path:
            return check_body(context.authoring.check(path, decimals=body.decimals, amends=body.amends))

    return json_response(await context.read(work))


@router.post(
    "/simulate",
    summary="What would it have cost?",
    response_model=None,
    responses=answers(SimulationBody, "What the campaign would have done.", POSTING),
)
async def simulate(context: Ctx, partner: Partner, body: SimulationRequest) -> Response:
    """Try a file on the partner's own latest 50,000 purchases, before anybody approves it: cost, members reached, distribution.

    Purchases at other partners are never looked at. Long trials take seconds: one at a time is computed.
    """

    def work() -> SimulationBody:
        actions = [PastAction(one.occurred_at, check_address(one.member), one.action) for one in body.actions]
        invitations = [
            PastInvitation(one.occurred_at, check_address(one.member), check_address(one.referrer, "referrer"))
            for one in body.invitations
        ]
        with written_out(body.file, body.accounts) as path:
            found = context.authoring.simulate(
                path,
                partner,
                decimals=body.decimals,
                actions=actions,
                invitations=invitations,
                shifts=body.shift,
            )
        return simulation_body(found)

    return json_response(await context.try_out(partner, work))


@router.get(
    "/{campaign}/versions/{version}/file",
    summary="Which file was agreed?",
    response_model=None,
    responses=answers(CampaignFileBody, "The file.", READING),
)
async def file(context: Ctx, partner: Partner, campaign: Number, version: Version) -> Response:
    """The text that a version of a campaign was made of, and what it changes against the version before."""

    def work() -> CampaignFileBody:
        seen(context, partner, campaign)
        return file_body(context.authoring.file_of(campaign, version))

    return json_response(await context.read(work))
