"""Batches that a partner signs with a key of its own: the coalition relays what it cannot forge."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from coalition.api.batch_bodies import BatchBody, BatchRequest, KeyBody, KeysBody
from coalition.api.bodies import StrictRoute
from coalition.api.context import CalledBy, Context, Ctx, Partner
from coalition.api.documents import POSTING, READING
from coalition.api.locations import batch_location
from coalition.api.preferences import Preferred
from coalition.api.render import json_response, operations_of
from coalition.api.scopes import scope_of_kind
from coalition.api.times import rfc3339
from coalition.errors import OutcomePending
from coalition.ledger.operations import Kind
from coalition.service.batches import BatchAnswer

__all__ = ["router"]


class BatchRoute(StrictRoute):
    """Takes a body with the largest transaction that nodes take, and 500 receipts."""

    body_bytes_max = 512 * 1024


router = APIRouter(tags=["signed batches"], route_class=BatchRoute, default_response_class=Response)
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": BatchBody, "description": "Decided before: the first answer again."},
    201: {"model": BatchBody, "description": "Decided now, and confirmed; each operation on its own."},
    202: {
        "model": BatchBody,
        "description": "Recorded and on its way; only after `Prefer: respond-async`.",
        "headers": {"Location": {"description": "Where the outcome will be.", "schema": {"type": "string"}}},
    },
    **POSTING,
}
ONE: dict[int | str, dict[str, Any]] = {200: {"model": BatchBody, "description": "What is known."}, **READING}
KEYS: dict[int | str, dict[str, Any]] = {200: {"model": KeysBody, "description": "The keys."}, **READING}


@router.post("/batches", summary="Relay a signed batch", status_code=201, response_model=None, responses=ANSWERS)
async def relay(
    request: Request, context: Ctx, caller: CalledBy, preference: Preferred, body: BatchRequest
) -> Response:
    """Write down a transaction that the partner signed itself, send it as it is, and answer with what the ledger decided.

    The key is the partner's alone, so nobody here can forge, change or repeat what it signed. The same transaction again gets
    the same answer. Nonces are the partner's to give, one after another from `GET /v1/partner/keys`: up to 64 may wait for one
    before them, which nobody here fills in. It needs the scope of its kind. What would surely be refused as a whole is refused
    before anything is recorded.
    """
    location = batch_location(str(request.scope.get("root_path", "")), "")

    def allowed(kind: Kind) -> None:
        caller.grant.demand(scope_of_kind(kind.name.lower()))

    def work() -> BatchBody:
        answer = context.batches.hand_in(
            caller.partner, body.transaction, body.receipts, preference.wait_seconds, allowed
        )
        return _body(context, answer, answer.replayed)

    try:
        decided = await context.relay(caller.partner, work)
    except OutcomePending as error:
        transaction = str(error.details["transaction"])
        location += transaction
        if not preference.asynchronous:
            raise OutcomePending(error.message, **error.details | {"location": location}) from None
        pending = BatchBody(transaction=transaction, pending=True, operations=[])
        headers = {"Location": location, "Preference-Applied": "respond-async", "Retry-After": "1"}
        return json_response(pending, 202, headers)
    return json_response(decided, 200 if decided.replayed else 201, {"Location": location + decided.transaction})


@router.get("/batches/{transaction}", summary="What became of a signed batch", response_model=None, responses=ONE)
async def batch(
    context: Ctx,
    partner: Partner,
    transaction: Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="The hash of the transaction.")],
) -> Response:
    """The outcomes of the operations of a transaction of this partner, or that it is on its way."""

    def work() -> BatchBody:
        try:
            return _body(context, context.batches.look_up(partner, transaction))
        except OutcomePending:
            return BatchBody(transaction=transaction, pending=True, operations=[])

    body = await context.read(work)
    return json_response(body, headers={"Retry-After": "1"} if body.pending else None)


@router.get("/partner/keys", summary="Which keys sign for me?", response_model=None, responses=KEYS)
async def keys(context: Ctx, partner: Partner) -> Response:
    """The partner's signing keys, and what else it takes to sign a batch: the chain's id and the ledger's address."""
    return json_response(await context.read(lambda: _keys(context, partner)))


def _keys(context: Context, partner: int) -> KeysBody:
    context.service.partners.find(partner)
    deployment = context.batches.deployment
    found = []
    for one in context.batches.keys(partner):
        shown: dict[str, Any] = {"key": one.key, "active_from": rfc3339(one.active_from), "revoked": one.is_revoked}
        if one.next_nonce is None:
            shown["signs"] = "coalition"
        else:
            shown |= {"signs": "partner", "next_nonce": one.next_nonce}
        found.append(KeyBody(**shown))
    return KeysBody(chain_id=deployment.chain_id, ledger=deployment.ledger, keys=found)


def _body(context: Context, answer: BatchAnswer, replayed: bool | None = None) -> BatchBody:
    fields: dict[str, Any] = {
        "transaction": answer.transaction,
        "key": answer.key,
        "nonce": answer.nonce,
        "pending": False,
        "operations": operations_of(context.service, answer.records),
    }
    return BatchBody(**fields if replayed is None else fields | {"replayed": replayed})
