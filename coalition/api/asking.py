"""Bodies of requests as what the service is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
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
from coalition.ledger.ids import receipt_number
from coalition.service.asked import Asked, Asking
from coalition.submit.till_tokens import TokenRequest
from coalition.submit.trail import Trail

__all__ = ["AccountOf", "OperationRequest", "asked_of", "followed"]

CLOCK_SLACK_SECONDS = 60
OperationRequest: TypeAlias = (
    EarnRequest | RedeemRequest | HoldRequest | CaptureRequest | ReleaseRequest | ReverseRequest | RefundRequest
)
AccountOf: TypeAlias = Callable[[int, str, TokenRequest], str]
"""Whose a till token is: partner, token, the request that it comes with."""


def asked_of(
    asking: Asking, partner: int, body: OperationRequest, clock: Callable[[], int], account_of: AccountOf
) -> Asked:
    """Return what `partner` asks for; `clock` tells the ledger's time in Unix seconds, `account_of` whose a till token is.

    Raises:
        InputError: an amount, an account, a receipt, … is wrong.
    """
    if not isinstance(body, EarnRequest | RedeemRequest | HoldRequest):
        return _of_receipt(asking, partner, body)
    if (body.member is None) == (body.token is None):
        message = "Give member, or token in its place."
        raise InputError(message, errors=[{"field": "member", "message": message}])
    if body.token is not None:
        account = account_of(partner, body.token, TokenRequest(receipt_number(body.receipt), _content(body)))
        return replace(_of_member(asking, partner, body, account, clock), by_token=True)
    assert body.member is not None
    return _of_member(asking, partner, body, body.member, clock)


def followed(asked: Asked, trail: Trail | None) -> Asked:
    """Return what is asked for with who is told its way, if somebody traces it."""
    return asked if trail is None else replace(asked, trail=trail)


def _of_member(
    asking: Asking, partner: int, body: EarnRequest | RedeemRequest | HoldRequest, member: str, clock: Callable[[], int]
) -> Asked:
    match body:
        case EarnRequest():
            asked = asking.earn(
                partner,
                member,
                body.receipt,
                body.spend_minor,
                currency=body.currency,
                enrols=body.enrols,
                occurred_at=_past(body.occurred_at, clock),
            )
            return replace(asked, pending_until=body.pending_until)
        case RedeemRequest():
            return asking.redeem(
                partner,
                member,
                body.receipt,
                body.points,
                deadline=body.deadline,
                signature=body.signature or b"",
                occurred_at=_past(body.occurred_at, clock),
            )
        case HoldRequest():
            signature = body.signature or b""
            return asking.hold(partner, member, body.receipt, body.points, deadline=body.deadline, signature=signature)


def _of_receipt(
    asking: Asking, partner: int, body: CaptureRequest | ReleaseRequest | ReverseRequest | RefundRequest
) -> Asked:
    match body:
        case CaptureRequest():
            return asking.capture(partner, body.receipt, body.points)
        case ReleaseRequest():
            return asking.release(partner, body.receipt)
        case ReverseRequest():
            return asking.reverse(partner, body.receipt, body.original_receipt, body.spend_minor)
        case RefundRequest():
            return asking.refund(partner, body.receipt, body.original_receipt, body.points)


def _content(body: OperationRequest) -> bytes:
    """What is asked for: a retry may bring another signature, but nothing else."""
    asked = body.model_dump(exclude={"kind", "signature", "occurred_at", "token"})
    return hashlib.sha256(
        json.dumps([type(body).__name__.removesuffix("Line").removesuffix("Request"), asked]).encode()
    ).digest()


def _past(occurred_at: int | None, clock: Callable[[], int]) -> int | None:
    """A till's clock may follow the data, but must not drive it: a later time would let everybody's points expire."""
    if occurred_at is not None and occurred_at > clock() + CLOCK_SLACK_SECONDS:
        raise InputError(
            "occurred_at lies in the future of the ledger's clock.", code="occurred_at_in_future", field="occurred_at"
        )
    return occurred_at
