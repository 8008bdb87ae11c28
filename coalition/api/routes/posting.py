"""What changes the book: earn, redeem, hold, capture, release, reverse, refund.

One rhythm: the answer to the first request is 201, to the same request again 200 with `replayed`; whoever prefers
`respond-async` gets 202 and looks under `Location`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import POSTING
from coalition.api.locations import operation_location
from coalition.api.preferences import Preference, Preferred
from coalition.api.render import json_response, operation_of
from coalition.api.requests import (
    CaptureRequest,
    EarnRequest,
    HoldRequest,
    RedeemRequest,
    RefundRequest,
    ReleaseRequest,
    ReverseRequest,
)
from coalition.api.responses import OperationBody, OperationsBody
from coalition.errors import InputError, OutcomePending
from coalition.service import Answer

__all__ = ["router"]

CLOCK_SLACK_SECONDS = 60
HEADERS: dict[str, Any] = {
    "Idempotent-Replayed": {
        "description": "`true` if this is the first answer, given again.",
        "schema": {"type": "string"},
    }
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": OperationBody, "description": "Counted before: the first answer again.", "headers": HEADERS},
    201: {"model": OperationBody, "description": "Counted now, and confirmed."},
    202: {
        "model": OperationsBody,
        "description": "Recorded and on its way; only after `Prefer: respond-async`.",
        "headers": {"Location": {"description": "Where the outcome will be.", "schema": {"type": "string"}}},
    },
    **POSTING,
}


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(description="Accepted for clients that send it. The receipt already makes a repetition harmless."),
    ] = None,
) -> None:
    return None


class Call:
    """One request that posts: who asks, how long they wait, and where the outcome will be."""

    def __init__(self, request: Request, context: Ctx, partner: Partner, preference: Preferred) -> None:
        self.context: Context = context
        self.partner: int = partner
        self.preference: Preference = preference
        self._root = str(request.scope.get("root_path", ""))

    async def answer(self, receipt: str, post: Callable[[float], Answer]) -> Response:
        """Post, wait as long as preferred, and answer."""

        def work() -> OperationBody:
            answer = post(self.preference.wait_seconds)
            return operation_of(self.context.service, answer.record, answer.receipt, answer.replayed)

        location = operation_location(self._root, receipt)
        try:
            body = await self.context.post(work)
        except OutcomePending as error:
            if not self.preference.asynchronous:
                error.details["location"] = location
                raise
            pending = OperationsBody(receipt=receipt, pending=True, operations=[])
            return json_response(
                pending, 202, {"Location": location, "Preference-Applied": "respond-async", "Retry-After": "1"}
            )
        if body.replayed:
            return json_response(body, 200, {"Idempotent-Replayed": "true", "Content-Location": location})
        return json_response(body, 201, {"Location": location})


Posting = Annotated[Call, Depends(Call)]
router = APIRouter(
    tags=["operations"],
    route_class=StrictRoute,
    dependencies=[Depends(_idempotency_key)],
    default_response_class=Response,
)


def _route(path: str, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return router.post(path, summary=summary, status_code=201, response_model=None, responses=RESPONSES)


@_route("/earn", "Earn points for a purchase")
async def earn(call: Posting, body: EarnRequest) -> Response:
    """Count a purchase. The points follow from the partner's earn rate and are rounded down."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.earn(
            call.partner,
            body.member,
            body.receipt,
            body.spend_minor,
            currency=body.currency,
            enrols=body.enrols,
            occurred_at=_past(call.context, body.occurred_at),
            timeout=timeout,
        ),
    )


@_route("/redeem", "Redeem points")
async def redeem(call: Posting, body: RedeemRequest) -> Response:
    """Take points on the member's signature or allowance, those nearest to their expiry first."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.redeem(
            call.partner,
            body.member,
            body.receipt,
            body.points,
            deadline=body.deadline,
            signature=body.signature or b"",
            occurred_at=_past(call.context, body.occurred_at),
            timeout=timeout,
        ),
    )


@_route("/hold", "Put points aside")
async def hold(call: Posting, body: HoldRequest) -> Response:
    """Put points aside until a deadline; capture or release them later under the same receipt."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.hold(
            call.partner,
            body.member,
            body.receipt,
            body.points,
            deadline=body.deadline,
            signature=body.signature or b"",
            timeout=timeout,
        ),
    )


@_route("/capture", "Redeem points of a hold")
async def capture(call: Posting, body: CaptureRequest) -> Response:
    """Redeem points of an open hold; the rest goes back to the member."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.capture(call.partner, body.receipt, body.points, timeout=timeout),
    )


@_route("/release", "End a hold")
async def release(call: Posting, body: ReleaseRequest) -> Response:
    """Give the points of an open hold back."""
    return await call.answer(
        body.receipt, lambda timeout: call.context.service.release(call.partner, body.receipt, timeout=timeout)
    )


@_route("/reverse", "Take an earn back")
async def reverse(call: Posting, body: ReverseRequest) -> Response:
    """Take back what a purchase earned, in whole or in part: goods were returned."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.reverse(
            call.partner, body.receipt, body.original_receipt, body.spend_minor, timeout=timeout
        ),
    )


@_route("/refund", "Give redeemed points back")
async def refund(call: Posting, body: RefundRequest) -> Response:
    """Give points back into the lots they came from."""
    return await call.answer(
        body.receipt,
        lambda timeout: call.context.service.refund(
            call.partner, body.receipt, body.original_receipt, body.points, timeout=timeout
        ),
    )


def _past(context: Context, occurred_at: int | None) -> int | None:
    """A till's clock may follow the data, but must not drive it: a later time would let everybody's points expire."""
    if occurred_at is not None and occurred_at > context.clock() + CLOCK_SLACK_SECONDS:
        raise InputError(
            "occurred_at lies in the future of the ledger's clock.", code="occurred_at_in_future", field="occurred_at"
        )
    return occurred_at
