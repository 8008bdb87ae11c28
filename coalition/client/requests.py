"""The routes about operations, members, the partner and the service itself, as pure functions.

`docs/client.md` shows them; the service's `/docs` tells every field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from coalition.client.answers import (
    Balance,
    Batch,
    Health,
    Keys,
    Operation,
    OperationPage,
    Operations,
    Partner,
    Preview,
    Readiness,
    Statement,
    TillToken,
    Totals,
)
from coalition.client.request import Effect, Request, get, line_of, post, segment, time_text

__all__ = [
    "balance",
    "batch",
    "capture",
    "earn",
    "health",
    "history_page",
    "hold",
    "keys",
    "me",
    "operation",
    "preview",
    "ready",
    "redeem",
    "refund",
    "relay_batch",
    "release",
    "reverse",
    "statement",
    "till_token",
    "token_balance",
    "totals",
]

Kind = Literal["earn", "redeem", "hold", "capture", "release", "reverse", "refund"]
Status = Literal["accepted", "refused"]


def earn(
    member: str | None,
    receipt: str,
    spend_minor: int,
    *,
    token: str | None = None,
    currency: str | None = None,
    enrols: bool | None = None,
    occurred_at: datetime | None = None,
    pending_until: datetime | None = None,
) -> Request[Operation]:
    """Count a purchase of `spend_minor` minor units. `enrols` makes an unknown account a member's first.

    With a till `token`, `member` is `None`. With `pending_until` it earns then, and a reversal before that reduces it.
    """
    body = {
        "member": member,
        "token": token,
        "receipt": receipt,
        "spend_minor": spend_minor,
        "currency": currency,
        "enrols": enrols,
        "occurred_at": occurred_at,
        "pending_until": pending_until,
    }
    return post("/v1/earn", Operation, Effect.RECEIPT, body)


def redeem(
    member: str | None,
    receipt: str,
    points: int,
    *,
    deadline: datetime,
    token: str | None = None,
    signature: bytes | None = None,
    occurred_at: datetime | None = None,
) -> Request[Operation]:
    """Take points on the member's signature; without one, within the allowance that the member gave this partner.

    With a till `token`, `member` is `None`.
    """
    body = {
        "member": member,
        "token": token,
        "receipt": receipt,
        "points": points,
        "deadline": deadline,
        "signature": signature,
        "occurred_at": occurred_at,
    }
    return post("/v1/redeem", Operation, Effect.RECEIPT, body)


def hold(
    member: str | None,
    receipt: str,
    points: int,
    *,
    deadline: datetime,
    token: str | None = None,
    signature: bytes | None = None,
) -> Request[Operation]:
    """Put points aside until `deadline`; capture or release them later under the same receipt.

    With a till `token`, `member` is `None`.
    """
    body = {
        "member": member,
        "token": token,
        "receipt": receipt,
        "points": points,
        "deadline": deadline,
        "signature": signature,
    }
    return post("/v1/hold", Operation, Effect.RECEIPT, body)


def capture(receipt: str, points: int) -> Request[Operation]:
    """Redeem points of the hold under `receipt`; the rest goes back to the member."""
    return post("/v1/capture", Operation, Effect.RECEIPT, {"receipt": receipt, "points": points})


def release(receipt: str) -> Request[Operation]:
    """Give the points of the hold under `receipt` back."""
    return post("/v1/release", Operation, Effect.RECEIPT, {"receipt": receipt})


def reverse(receipt: str, original_receipt: str, *, spend_minor: int | None = None) -> Request[Operation]:
    """Take back what a purchase earned; without `spend_minor`, all that is left of it."""
    body = {"receipt": receipt, "original_receipt": original_receipt, "spend_minor": spend_minor}
    return post("/v1/reverse", Operation, Effect.RECEIPT, body)


def refund(receipt: str, original_receipt: str, *, points: int | None = None) -> Request[Operation]:
    """Give redeemed points back; without `points`, all that is left of them."""
    body = {"receipt": receipt, "original_receipt": original_receipt, "points": points}
    return post("/v1/refund", Operation, Effect.RECEIPT, body)


def preview(operation: Request[Operation]) -> Request[Preview]:
    """Ask what an operation would do if it were posted now. It is what the function here returns that is named like its method.

    Nothing counts, and the receipt stays as it was. `problem` says why it would be refused.
    """
    return Request("POST", "/v1/preview", Preview, content=line_of(operation))


def relay_batch(transaction: bytes, *, receipts: Sequence[str] | None = None) -> Request[Batch]:
    """Hand in a batch that the partner signed itself (`signing.sign_batch`); `receipts` are their texts, in order."""
    given = None if receipts is None else list(receipts)
    return post("/v1/batches", Batch, Effect.RECEIPT, {"transaction": transaction, "receipts": given})


def batch(transaction: str) -> Request[Batch]:
    """Ask what became of a signed batch, by the hash of its transaction."""
    return get(f"/v1/batches/{segment(transaction)}", Batch)


def keys() -> Request[Keys]:
    """Ask which keys sign for the partner, and what else it takes to sign."""
    return get("/v1/partner/keys", Keys)


def operation(receipt: str) -> Request[Operations]:
    """Ask what became of a receipt. The code `operation_unknown` means that nothing counted."""
    return get(f"/v1/operations/{segment(receipt)}", Operations)


def history_page(
    *,
    member: str | None = None,
    kind: Kind | None = None,
    status: Status | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Request[OperationPage]:
    """Ask for one page of the partner's operations, newest first; `cursor` is that of the page before.

    Those decided from `since` (included) to `until` (not included).
    """
    query = {"member": member, "kind": kind, "status": status, "limit": limit, "cursor": cursor}
    query |= {"since": _time(since), "until": _time(until)}
    return get("/v1/operations", OperationPage, query)


def balance(member: str, *, at: datetime | None = None, block: int | None = None) -> Request[Balance]:
    """Ask what an account holds, or held at a past time or after a past block."""
    return get(f"/v1/members/{segment(member)}/balance", Balance, {"at": _time(at), "block": block})


def token_balance(token: str) -> Request[Balance]:
    """Ask what the member who shows this till token holds. The account is not told."""
    return post("/v1/till-tokens/balance", Balance, Effect.NOTHING, {"token": token})


def till_token(member: str, *, deadline: datetime, signature: bytes) -> Request[TillToken]:
    """Get a till token, as the member's wallet does: `signature` is EIP-712 over `TillToken(address member,uint256 deadline)`."""
    body = {"deadline": deadline, "signature": signature}
    return post(f"/v1/members/{segment(member)}/till-tokens", TillToken, Effect.CHANGE, body)


def me() -> Request[Partner]:
    """Ask which partner the API key speaks for."""
    return get("/v1/partner", Partner)


def totals() -> Request[Totals]:
    """Ask what the partner issued and redeemed."""
    return get("/v1/partner/totals", Totals)


def statement(
    *, month: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> Request[Statement]:
    """Ask what came in a period: a `month` such as 2026-03 (UTC), or from `since` (included) to `until` (not included)."""
    query = {"month": month, "since": _time(since), "until": _time(until)}
    return get("/v1/partner/statement", Statement, query)


def health() -> Request[Health]:
    """Ask whether the process lives. It is asked once."""
    return replace(get("/health", Health), patient=False)


def ready() -> Request[Readiness]:
    """Ask whether operations can be taken. It is asked once; if not, the code is `not_ready`, and `why` has the checks."""
    return replace(get("/ready", Readiness), patient=False)


def _time(time: datetime | None) -> str | None:
    return None if time is None else time_text(time)
