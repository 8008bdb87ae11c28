"""What an account holds.

Any partner may look at the account that a member shows at its till, since the till must say what can be spent; what the
member did elsewhere stays with those who were there (`operations.py`).
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response

from coalition.api.bodies import Handler, StrictRoute
from coalition.api.context import Ctx, bearer, caller_of, context_of, partner_of
from coalition.api.documents import READING
from coalition.api.render import JSON, json_of
from coalition.api.requests import Time
from coalition.api.responses import BalanceBody, LotBody
from coalition.api.times import rfc3339
from coalition.errors import InputError, NotFound
from coalition.index.totals import Balance
from coalition.service.checks import check_address

__all__ = ["balance_body", "router"]


class BalanceRoute(StrictRoute):
    """A question without parameters goes straight to the handler, as an operation does with `DirectRoute`."""

    def handler(self) -> Handler:
        """As in the base class."""
        by_parameters = super().handler()

        async def handle(request: Request) -> Response:
            if request.scope["query_string"]:
                return await by_parameters(request)
            context = await context_of(request)
            await caller_of(request, context, await bearer(request))
            known = request.headers.get("if-none-match")
            response: Response = await self.endpoint(context, request.path_params["member"], if_none_match=known)
            return response

        return handle


router = APIRouter(prefix="/members", tags=["members"], route_class=BalanceRoute, dependencies=[Depends(partner_of)])
ETAG: dict[str, Any] = {
    "ETag": {"description": "Changes when anything in the body does.", "schema": {"type": "string"}}
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": BalanceBody, "description": "What the account holds, or held.", "headers": ETAG},
    304: {"description": "Nothing changed since the ETag in If-None-Match."},
    **READING,
}


@router.get("/{member}/balance", summary="Points and their expiry", response_model=None, responses=RESPONSES)
async def balance(
    context: Ctx,
    member: Annotated[str, Path(description="The member's account, 0x and 40 hexadecimal digits.")],
    at: Annotated[Time | None, Query(description="What it held then (RFC 3339); not in the ledger's future.")] = None,
    block: Annotated[int | None, Query(ge=0, description="What it held after this block, at the block's time.")] = None,
    if_none_match: Annotated[str | None, Header(description="The ETag of an earlier answer.")] = None,
) -> Response:
    """What an account holds at the ledger's time, the lot that expires first in front; or what it held in the past.

    A past balance is worked out from the ledger's events, and is what the contract said then.
    """
    if at is not None and block is not None:
        raise InputError("Give at or block, not both.", field="block")
    past = at is not None or block is not None
    if past:
        body = await context.read(lambda: _past(context, member, at, block))
    else:
        body = await context.glance(lambda: _balance(context, member))
    content = json_of(body)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=JSON)


def _balance(context: Ctx, member: str) -> BalanceBody:
    account = check_address(member)
    found = context.service.queries.balance(account, context.clock())
    return balance_body(found, member=account, pending=context.later.points_of(account))


def _past(context: Ctx, member: str, at: int | None, block: int | None) -> BalanceBody:
    account = check_address(member)
    if block is not None:
        found = context.balances.after(account, block)
    else:
        assert at is not None
        found = context.balances.at(account, at)
    return balance_body(found.balance, member=account, at=rfc3339(found.timestamp), block=found.block)


def balance_body(found: Balance, **more: Any) -> BalanceBody:
    """Return a balance, without the account.

    Raises:
        NotFound: `member_unknown`.
    """
    if not found.member:
        raise NotFound("There is no member with this account.", code="member_unknown")
    return BalanceBody(
        points=found.points,
        held=found.held,
        debt=found.debt,
        lots=[LotBody(epoch=lot.epoch, points=lot.points, expires_at=rfc3339(lot.expires_at)) for lot in found.lots],
        **more,
    )


def _matches(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    offered = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in offered or tag in offered
