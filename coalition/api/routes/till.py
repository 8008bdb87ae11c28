"""Till tokens: a member gets one with its key, and a till uses it in place of the account."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import POSTING, problems
from coalition.api.render import json_response
from coalition.api.requests import TillTokenRequest, TokenBalanceRequest
from coalition.api.responses import BalanceBody, TillTokenBody
from coalition.api.routes.members import balance_body
from coalition.api.times import rfc3339

__all__ = ["router"]

router = APIRouter(tags=["members"], route_class=StrictRoute)
TOKEN: dict[int | str, dict[str, Any]] = {
    201: {"model": TillTokenBody, "description": "The token, told this once."},
    **problems(400, 403, 404, 409, 413, 415, 422, 429, 500, 503),
}
BALANCE: dict[int | str, dict[str, Any]] = {
    200: {"model": BalanceBody, "description": "What the member holds now, without its account."},
    **POSTING,
}


@router.post(
    "/members/{member}/till-tokens",
    summary="A token to show at a till",
    status_code=201,
    response_model=None,
    responses=TOKEN,
)
async def till_token(
    context: Ctx,
    member: Annotated[str, Path(description="The member's account, 0x and 40 hexadecimal digits.")],
    body: TillTokenRequest,
) -> Response:
    """For the member's wallet, which proves with the account's key that it may ask: it needs no API key.

    The token counts for five minutes. A till sends it as `token` in place of `member`, and does not learn the account. Each
    signature gets one token; if the answer was lost, sign again.
    """
    issued = await context.read(lambda: context.till.issue(member, body.deadline, body.signature))
    shown = TillTokenBody(qr=issued.qr, number=issued.number, expires_at=rfc3339(issued.expires_at))
    return json_response(shown, 201, {"Cache-Control": "no-store"})


@router.post("/till-tokens/balance", summary="Points of whoever shows a token", response_model=None, responses=BALANCE)
async def token_balance(context: Ctx, partner: Partner, body: TokenBalanceRequest) -> Response:
    """What the member who shows a till token holds now. The token stays in the body: addresses are written into logs."""
    return json_response(
        await context.read(lambda: _balance(context, partner, body.token)), headers={"Cache-Control": "no-store"}
    )


def _balance(context: Context, partner: int, token: str) -> BalanceBody:
    account = context.till.tokens.account(partner, token)
    found = context.service.queries.balance(account, context.clock())
    return balance_body(found, pending=context.later.points_of(account))
