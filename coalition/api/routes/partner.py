"""The partner whose API key asks: who it is here, and its totals."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import READING
from coalition.api.render import json_response
from coalition.api.responses import PartnerBody, TotalsBody

__all__ = ["router"]

router = APIRouter(prefix="/partner", tags=["partner"], route_class=StrictRoute)
TOTALS: dict[int | str, dict[str, Any]] = {200: {"model": TotalsBody, "description": "The totals."}, **READING}
ME: dict[int | str, dict[str, Any]] = {200: {"model": PartnerBody, "description": "The partner."}, **READING}


@router.get("", summary="Who am I here?", response_model=None, responses=ME)
async def me(context: Ctx, partner: Partner) -> Response:
    """The partner that the API key speaks for, and what it earns at."""
    return json_response(await context.read(lambda: _me(context, partner)))


@router.get("/totals", summary="What did I issue and redeem?", response_model=None, responses=TOTALS)
async def totals(context: Ctx, partner: Partner) -> Response:
    """The partner's totals since it joined, as of the last block that was read."""
    return json_response(await context.read(lambda: _totals(context, partner)))


def _totals(context: Context, partner: int) -> TotalsBody:
    context.service.partners.find(partner)
    (found,) = context.service.queries.partner_totals(partner)
    return TotalsBody.model_validate(found, from_attributes=True)


def _me(context: Context, partner: int) -> PartnerBody:
    context.service.partners.all()
    row = context.service.partners.find(partner).at(context.clock())
    return PartnerBody(
        partner=row.partner,
        name=row.name,
        currency=row.currency,
        earn_rate_bps=row.earn_rate_bps,
        status="active" if row.active else "suspended",
    )
