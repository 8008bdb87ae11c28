"""What became of a partner's operations. A partner sees its own, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import READING
from coalition.api.locations import history_location
from coalition.api.periods import Since, Until
from coalition.api.render import json_response, operation_of, operations_of
from coalition.api.responses import KindName, OperationPage, OperationsBody, pending_body
from coalition.api.times import rfc3339
from coalition.errors import NotFound
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Kind
from coalition.ledger.records import OperationRecord
from coalition.service.checks import check_address
from coalition.service.pending import PendingEarn, PendingReversal
from coalition.service.till import came_by_token

__all__ = ["router"]

PAGE_DEFAULT = 50
PAGE_MAX = 200
REFUSALS_SEARCHED = 500
Outcome = Literal["accepted", "refused"]

router = APIRouter(prefix="/operations", tags=["operations"], route_class=StrictRoute)
HISTORY: dict[int | str, dict[str, Any]] = {200: {"model": OperationPage, "description": "A page."}, **READING}
ONE: dict[int | str, dict[str, Any]] = {200: {"model": OperationsBody, "description": "What is known."}, **READING}


@router.get("", summary="History, newest first", response_model=None, responses=HISTORY)
async def history(
    request: Request,
    context: Ctx,
    partner: Partner,
    member: Annotated[str | None, Query(description="Only operations with this account.")] = None,
    kind: Annotated[KindName | None, Query(description="Only operations of this kind.")] = None,
    status: Annotated[Outcome | None, Query(description="Only what was accepted, or refused.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Operations a page.")] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=100, description="From the `next` of the page before.")] = None,
) -> Response:
    """The partner's operations. Follow `next` to the end; what is new in between comes before the first page."""

    def work() -> OperationPage:
        account = None if member is None else check_address(member)
        page = context.service.queries.history(
            account=account,
            partner=partner,
            kind=None if kind is None else Kind[kind.upper()],
            accepted=None if status is None else status == "accepted",
            cursor=cursor,
            limit=limit,
            since=since,
            until=until,
        )
        filters = {"member": account, "kind": kind, "status": status, "limit": limit, "cursor": page.cursor}
        filters |= {name: rfc3339(at) for name, at in (("since", since), ("until", until)) if at is not None}
        following = None if page.cursor is None else history_location(_root(request), filters)
        return OperationPage(
            operations=operations_of(context.service, _told(context, account, page.items)), next=following
        )

    body = await context.read(work)
    headers = {} if body.next is None else {"Link": f'<{body.next}>; rel="next"'}
    return json_response(body, headers=headers)


@router.get("/{receipt:path}", summary="What became of a receipt", response_model=None, responses=ONE)
async def operation(
    context: Ctx,
    partner: Partner,
    receipt: Annotated[str, Path(description="The partner's receipt, percent-encoded (a slash as %2F).")],
) -> Response:
    """What was accepted under a receipt; if nothing was, whether it is on its way, or why it was refused last.

    404 means that nothing counted: the same request can be sent again.
    """
    body = await context.read(lambda: _operation(context, partner, receipt))
    return json_response(body, headers={"Retry-After": "1"} if body.pending and not body.operations else None)


def _told(context: Context, account: str | None, records: Sequence[OperationRecord]) -> Sequence[OperationRecord]:
    """Of one account's operations those that did not come by a token: which account that was is not told in this way either."""
    if account is None:
        return records
    hidden = came_by_token(context.service.hidden, records)
    return [record for record in records if (record.block, record.log) not in hidden]


def _operation(context: Context, partner: int, receipt: str) -> OperationsBody:
    service = context.service
    number = receipt_number(receipt)
    waiting = context.later.find(partner, number)
    if waiting is not None:
        return _waiting(context, partner, receipt, number, waiting)
    # In this order: an outcome leaves the outbox only after the read model has it.
    pending = context.pending(partner, number)
    try:
        found = [operation_of(service, answer.record, answer.receipt) for answer in service.operation(partner, receipt)]
    except NotFound as error:
        if error.code != "operation_unknown":
            raise
        refused = None if pending else _last_refusal(context, partner, number)
        if refused is None and not pending:
            raise
        found = [] if refused is None else [operation_of(service, refused, receipt)]
    return OperationsBody(receipt=receipt, pending=pending, operations=found)


def _waiting(
    context: Context, partner: int, receipt: str, number: int, found: PendingEarn | PendingReversal
) -> OperationsBody:
    """A purchase that is not on the chain, or what was taken back of it before."""
    earn = found.scheduled if isinstance(found, PendingEarn) else found.earn
    by_token = bool(context.till.tokens.hidden(partner, [number, earn.receipt]))
    body = pending_body(found, context.service.partners.find(partner).currency, by_token=by_token)
    return OperationsBody(receipt=receipt, pending=body.status == "pending", operations=[body])


def _last_refusal(context: Context, partner: int, receipt: int) -> OperationRecord | None:
    """Looked for among the partner's latest refusals: an older one helps nobody who waits for an outcome."""
    page = context.service.queries.history(partner=partner, accepted=False, limit=REFUSALS_SEARCHED)
    return next((record for record in page.items if record.receipt == receipt), None)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
