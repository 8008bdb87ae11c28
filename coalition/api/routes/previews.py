"""What an operation would do, before anybody posts it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from coalition.api.asking import asked_of
from coalition.api.bodies import StrictRoute
from coalition.api.bulk_bodies import BulkLine
from coalition.api.campaign_bodies import purchase_body
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import POSTING
from coalition.api.preview_bodies import PreviewBody, preview_body
from coalition.api.render import json_response
from coalition.errors import ReceiptConflict
from coalition.ledger.operations import Kind
from coalition.service.till import is_told_by_token

__all__ = ["router"]

router = APIRouter(tags=["operations"], route_class=StrictRoute)
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": PreviewBody, "description": "What would become of it."},
    **POSTING,
}


@router.post("/preview", summary="What would this operation do?", response_model=None, responses=RESPONSES)
async def preview(context: Ctx, partner: Partner, body: BulkLine) -> Response:
    """Ask what an operation would do if it were posted now: the points, the lots, the awards, or the problem.

    The body is that of the operation with its `kind`, as a line of `POST /v1/operations`. The contracts themselves decide it, on
    the ledger's last block; nothing is written, signed or sent, and the receipt stays as it was. A request that is wrong in form is
    answered with its error; what the ledger would refuse is a preview with `status` `refused` and the `problem`.
    """
    return json_response(await context.read(lambda: _preview(context, partner, body)))


def _preview(context: Context, partner: int, body: BulkLine) -> PreviewBody:
    service = context.service
    tokens = context.till.tokens
    # a preview binds no token to the receipt
    asked = asked_of(service.asking, partner, body.root, context.clock, lambda at, token, _: tokens.account(at, token))
    found = context.previews.preview(asked)
    hidden = tokens.hidden(partner, asked.receipts)
    try:
        by_token = is_told_by_token(asked, hidden, replayed=found.replayed)
    except ReceiptConflict as conflict:
        found, by_token = replace(found, record=None, replayed=False, problem=conflict), False
    purchase = None
    if asked.kind == Kind.EARN and found.problem is None and not found.replayed:
        member, spend_minor = asked.content["member"], asked.content["spend_minor"]
        purchase = purchase_body(context.campaigns.preview(partner, member, spend_minor))
    return preview_body(asked, found, service.partners.find(partner).currency, purchase, by_token)
