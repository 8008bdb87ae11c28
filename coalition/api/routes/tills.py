"""Tills, and the vouchers that they signed while they had no line."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import CalledBy, Caller, Context, Ctx, Partner
from coalition.api.documents import BULK, READING
from coalition.api.errors import document_of
from coalition.api.locations import gaps_location
from coalition.api.preferences import Preferred
from coalition.api.render import json_response
from coalition.api.responses import ProblemBody, operation_body
from coalition.api.scopes import scope_of_kind
from coalition.api.till_bodies import (
    EarnVoucher,
    RangeBody,
    RedeemVoucher,
    TillBody,
    TillsBody,
    TillVouchersBody,
    VoucherLineBody,
    VouchersBody,
    VouchersRequest,
    voucher_of,
)
from coalition.api.times import rfc3339
from coalition.errors import CoalitionError
from coalition.ledger.ids import TILL_MAX, VOUCHER_MAX
from coalition.service import Answer

__all__ = ["router"]

GAPS_MAX = 1_000
GAPS_DEFAULT = 100


class VouchersRoute(StrictRoute):
    """Takes a body with as many vouchers as a request may have."""

    body_bytes_max = 512 * 1024


router = APIRouter(tags=["tills"], route_class=VouchersRoute, default_response_class=Response)
HANDED_IN: dict[int | str, dict[str, Any]] = {
    200: {"model": VouchersBody, "description": "Every voucher has its outcome, in the order of the request."},
    **BULK,
}
TILLS: dict[int | str, dict[str, Any]] = {200: {"model": TillsBody, "description": "The tills."}, **READING}
GAPS: dict[int | str, dict[str, Any]] = {200: {"model": TillVouchersBody, "description": "A page."}, **READING}


@router.post("/vouchers", summary="Hand in vouchers of tills", response_model=None, responses=HANDED_IN)
async def vouchers(context: Ctx, caller: CalledBy, preference: Preferred, body: VouchersRequest) -> Response:
    """Count what tills signed while they had no line: up to 500 vouchers, in any order, each decided alone.

    A voucher counts once, whoever hands it in by whichever route and node: its receipt is `voucher:TILL:NUMBER`. Handed in
    again, it gets the first answer again, marked `replayed`. Only the partner of the till may hand its vouchers in. A voucher
    is counted at the time at which it is handed in, with the rates and campaigns of then. Each needs the scope of its kind, and
    counts as a call.
    """

    def work() -> VouchersBody:
        outcomes = [_barred(context, caller, one) for one in body.vouchers]
        allowed = [one for one, barred in zip(body.vouchers, outcomes, strict=True) if barred is None]
        signed = [voucher_of(caller.partner, one) for one in allowed]
        told = iter(context.tills.hand_in(caller.partner, signed, preference.wait_seconds))
        currency = context.service.partners.find(caller.partner).currency
        lines = []
        for one, barred in zip(body.vouchers, outcomes, strict=True):
            outcome = barred or next(told)
            fields: dict[str, Any] = {"till": one.till, "number": one.number}
            if isinstance(outcome, Answer):
                fields["operation"] = operation_body(outcome.record, outcome.receipt, None, currency, outcome.replayed)
            else:
                fields["problem"] = ProblemBody(**document_of(outcome))
            lines.append(VoucherLineBody(**fields))
        return VouchersBody(vouchers=lines)

    return json_response(await context.relay(caller.partner, work))


@router.get("/tills", summary="Which tills sign for me?", response_model=None, responses=TILLS)
async def tills(context: Ctx, partner: Partner) -> Response:
    """Every key that ever signed for a till of the partner, and what else it takes to sign a voucher."""
    return json_response(await context.read(lambda: _tills(context, partner)))


@router.get("/tills/{till}/gaps", summary="Which vouchers are missing?", response_model=None, responses=GAPS)
async def gaps(
    request: Request,
    context: Ctx,
    partner: Partner,
    till: Annotated[int, Path(ge=1, le=TILL_MAX, description="The partner's number of the till.")],
    start: Annotated[int, Query(ge=1, le=VOUCHER_MAX, description="The first number to look at.")] = 1,
    limit: Annotated[int, Query(ge=1, le=GAPS_MAX, description="Gaps a page.")] = GAPS_DEFAULT,
) -> Response:
    """The numbers of a till's vouchers that counted, as ranges, and the gaps between them. Follow `next` to the end.

    A page may end before it has `limit` gaps: it looks at some 20,000 vouchers. What counts meanwhile closes gaps.
    """
    found = await context.read(lambda: context.tills.vouchers(partner, till, start, limit))
    root = str(request.scope.get("root_path", ""))
    body = TillVouchersBody(
        till=till,
        highest=found.highest,
        accepted=[RangeBody(first=one.first, last=one.last) for one in found.accepted],
        gaps=[RangeBody(first=one.first, last=one.last) for one in found.gaps],
        next=None if found.next is None else gaps_location(root, till, found.next, limit),
    )
    return json_response(body, headers={} if body.next is None else {"Link": f'<{body.next}>; rel="next"'})


def _barred(context: Context, caller: Caller, one: EarnVoucher | RedeemVoucher) -> CoalitionError | None:
    """Why the key that calls may not hand a voucher in now; None if it may."""
    try:
        context.access.limits.take(caller.grant.credential)
        caller.grant.demand(scope_of_kind(one.kind))
    except CoalitionError as error:
        return error
    return None


def _tills(context: Context, partner: int) -> TillsBody:
    found = []
    for one in context.tills.tills(partner):
        shown: dict[str, Any] = {"till": one.till, "key": one.key, "active_from": rfc3339(one.active_from)}
        if one.revoked_at:
            shown["revoked_at"] = rfc3339(one.revoked_at)
        found.append(TillBody(**shown))
    deployment = context.tills.deployment
    return TillsBody(chain_id=deployment.chain_id, till_registry=deployment.till_registry, tills=found)
