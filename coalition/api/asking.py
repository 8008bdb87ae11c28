"""Bodies of requests as what the service is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from coalition.api.requests import (
    CaptureRequest,
    EarnRequest,
    HoldRequest,
    RedeemRequest,
    RefundRequest,
    ReleaseRequest,
    ReverseRequest,
)
from coalition.errors import InputError
from coalition.service.asked import Asked, Asking

__all__ = ["OperationRequest", "asked_of"]

CLOCK_SLACK_SECONDS = 60
OperationRequest: TypeAlias = (
    EarnRequest | RedeemRequest | HoldRequest | CaptureRequest | ReleaseRequest | ReverseRequest | RefundRequest
)


def asked_of(  # noqa: PLR0911
    asking: Asking, partner: int, body: OperationRequest, clock: Callable[[], int]
) -> Asked:
    """Return what `partner` asks for; `clock` tells the ledger's time in Unix seconds.

    Raises:
        InputError: an amount, an account, a receipt, … is wrong.
    """
    match body:
        case EarnRequest():
            return asking.earn(
                partner,
                body.member,
                body.receipt,
                body.spend_minor,
                currency=body.currency,
                enrols=body.enrols,
                occurred_at=_past(body.occurred_at, clock),
            )
        case RedeemRequest():
            return asking.redeem(
                partner,
                body.member,
                body.receipt,
                body.points,
                deadline=body.deadline,
                signature=body.signature or b"",
                occurred_at=_past(body.occurred_at, clock),
            )
        case HoldRequest():
            signature = body.signature or b""
            return asking.hold(
                partner, body.member, body.receipt, body.points, deadline=body.deadline, signature=signature
            )
        case CaptureRequest():
            return asking.capture(partner, body.receipt, body.points)
        case ReleaseRequest():
            return asking.release(partner, body.receipt)
        case ReverseRequest():
            return asking.reverse(partner, body.receipt, body.original_receipt, body.spend_minor)
        case RefundRequest():
            return asking.refund(partner, body.receipt, body.original_receipt, body.points)


def _past(occurred_at: int | None, clock: Callable[[], int]) -> int | None:
    """A till's clock may follow the data, but must not drive it: a later time would let everybody's points expire."""
    if occurred_at is not None and occurred_at > clock() + CLOCK_SLACK_SECONDS:
        raise InputError(
            "occurred_at lies in the future of the ledger's clock.", code="occurred_at_in_future", field="occurred_at"
        )
    return occurred_at
