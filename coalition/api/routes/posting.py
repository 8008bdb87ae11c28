"""What changes the book: earn, redeem, hold, capture, release, reverse, refund.

One rhythm: the answer to the first request is 201, to the same request again 200 with `replayed`; whoever prefers
`respond-async` gets 202 and looks under `Location`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials

from coalition.api.asking import OperationRequest, asked_of, followed
from coalition.api.bodies import DirectRoute
from coalition.api.context import Context, bearer, caller_of, context_of
from coalition.api.documents import POSTING
from coalition.api.idempotency import REPLAYED, REPLAYED_HEADER, IdempotencyKey, check_key, held
from coalition.api.locations import operation_location
from coalition.api.preferences import Prefer, Preference, preference_of
from coalition.api.render import json_response
from coalition.api.requests import (
    CaptureRequest,
    EarnRequest,
    HoldRequest,
    RedeemRequest,
    RefundRequest,
    ReleaseRequest,
    ReverseRequest,
)
from coalition.api.responses import OperationBody, OperationsBody, operation_body, pending_body
from coalition.errors import OutcomePending
from coalition.service.asked import Asked
from coalition.service.till import is_told_by_token
from coalition.telemetry import seen

__all__ = ["PostingRoute", "router"]

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": OperationBody, "description": "Counted before: the first answer again.", "headers": REPLAYED_HEADER},
    201: {"model": OperationBody, "description": "Counted now, and confirmed."},
    202: {
        "model": OperationsBody,
        "description": "Recorded and on its way; only after `Prefer: respond-async`.",
        "headers": {"Location": {"description": "Where the outcome will be.", "schema": {"type": "string"}}},
    },
    **POSTING,
}


class Call:
    """One request that posts: who asks, how long they wait, and where the outcome will be."""

    def __init__(
        self, request: Request, context: Context, partner: int, preference: Preference, idempotency_key: str | None
    ) -> None:
        self.context = context
        self.idempotency_key = idempotency_key
        self._path = request.url.path
        self.partner = partner
        self.preference = preference
        self._root = str(request.scope.get("root_path", ""))

    async def answer(self, body: OperationRequest) -> Response:
        """Post, wait as long as preferred, and answer."""
        receipt, service = body.receipt, self.context.service
        location = operation_location(self._root, receipt)
        trail = seen().trace

        def ask() -> Asked:
            account_of = self.context.till.tokens.account
            return followed(asked_of(service.asking, self.partner, body, self.context.clock, account_of), trail)

        try:
            async with held(self.context, self.partner, self.idempotency_key, self._path, body):
                if isinstance(body, ReverseRequest) or (
                    isinstance(body, EarnRequest) and body.pending_until is not None
                ):
                    waits = await self.context.read(lambda: self._waits(ask()))
                    if waits is not None:
                        return self._told(waits, location)
                asked, answer = await self.context.posted(ask, self.preference.wait_seconds)
        except OutcomePending as error:
            if not self.preference.asynchronous:
                raise OutcomePending(error.message, **error.details | {"location": location}) from None
            pending = OperationsBody(receipt=receipt, pending=True, operations=[])
            return json_response(
                pending, 202, {"Location": location, "Preference-Applied": "respond-async", "Retry-After": "1"}
            )
        currency = service.partners.find(self.partner).currency
        by_token = await self._told_by_token(asked, answer.replayed)
        counted = operation_body(answer.record, receipt, asked.original_receipt, currency, answer.replayed, by_token)
        return self._told(counted, location)

    def _waits(self, asked: Asked) -> OperationBody | None:
        """A purchase that earns later, or a reversal of one before that; None if it is to be posted."""
        found = self.context.later.take(asked)
        if found is None:
            return None
        service, tokens = self.context.service, self.context.till.tokens
        by_token = is_told_by_token(asked, tokens.hidden(self.partner, asked.receipts), replayed=found.replayed)
        currency = service.partners.find(self.partner).currency
        return pending_body(found, currency, by_token=by_token, replayed=found.replayed)

    def _told(self, counted: OperationBody, location: str) -> Response:
        if counted.replayed:
            return json_response(counted, 200, REPLAYED | {"Content-Location": location})
        return json_response(counted, 201, {"Location": location})

    async def _told_by_token(self, asked: Asked, replayed: bool) -> bool:
        if asked.by_token or not (replayed or asked.names_receipt):
            return asked.by_token  # the account, if the answer tells one, came with the request
        tokens, named = self.context.till.tokens, asked.receipts
        hidden = await self.context.read(lambda: tokens.hidden(self.partner, named))
        return is_told_by_token(asked, hidden, replayed=replayed)


async def call_of(request: Request, credential: HTTPAuthorizationCredentials | None) -> Call:
    """Return who asks, and how."""
    context = await context_of(request)
    caller = await caller_of(request, context, credential)
    key = request.headers.get("idempotency-key")
    if key is not None:
        check_key(key)
    return Call(request, context, caller.partner, preference_of(request, context.wait_seconds), key)


async def _call(
    request: Request,
    credential: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    prefer: Prefer = None,
    idempotency_key: IdempotencyKey = None,
) -> Call:
    """What the OpenAPI document says of it. What is no coroutine, FastAPI calls in a thread."""
    return await call_of(request, credential)


Posting = Annotated[Call, Depends(_call)]


class PostingRoute(DirectRoute):
    """See the base class."""

    async def called(self, request: Request) -> Call:
        """As in the base class."""
        return await call_of(request, await bearer(request))


router = APIRouter(
    tags=["operations"],
    route_class=PostingRoute,
    default_response_class=Response,
)


def _route(path: str, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return router.post(path, summary=summary, status_code=201, response_model=None, responses=RESPONSES)


@_route("/earn", "Earn points for a purchase")
async def earn(call: Posting, body: EarnRequest) -> Response:
    """Count a purchase. The points follow from the partner's earn rate and are rounded down.

    With `pending_until` it is written down and earns then; the answer has `status` `pending`.
    """
    return await call.answer(body)


@_route("/redeem", "Redeem points")
async def redeem(call: Posting, body: RedeemRequest) -> Response:
    """Take points on the member's signature or allowance, those nearest to their expiry first."""
    return await call.answer(body)


@_route("/hold", "Put points aside")
async def hold(call: Posting, body: HoldRequest) -> Response:
    """Put points aside until a deadline; capture or release them later under the same receipt."""
    return await call.answer(body)


@_route("/capture", "Redeem points of a hold")
async def capture(call: Posting, body: CaptureRequest) -> Response:
    """Redeem points of an open hold; the rest goes back to the member."""
    return await call.answer(body)


@_route("/release", "End a hold")
async def release(call: Posting, body: ReleaseRequest) -> Response:
    """Give the points of an open hold back."""
    return await call.answer(body)


@_route("/reverse", "Take an earn back")
async def reverse(call: Posting, body: ReverseRequest) -> Response:
    """Take back what a purchase earned, in whole or in part: goods were returned.

    A purchase that is still pending is reduced, or cancelled if nothing is left; the answer has `status` `pending`.
    """
    return await call.answer(body)


@_route("/refund", "Give redeemed points back")
async def refund(call: Posting, body: RefundRequest) -> Response:
    """Give points back into the lots they came from."""
    return await call.answer(body)
