"""What a partner did in a period: a statement, or a file of its operations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse

from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx, Partner
from coalition.api.documents import READING, problems
from coalition.api.periods import Period, Since, Until
from coalition.api.render import json_response
from coalition.api.responses import KindName, TotalsBody
from coalition.api.statement_bodies import CampaignAwardsBody, StatementBody
from coalition.api.times import rfc3339
from coalition.errors import InputError
from coalition.ledger.operations import Kind
from coalition.service.checks import check_address
from coalition.service.exports import Chosen, export

__all__ = ["router"]

TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
router = APIRouter(tags=["partner"], route_class=StrictRoute)
STATEMENT: dict[int | str, dict[str, Any]] = {
    200: {"model": StatementBody, "description": "The statement."},
    **READING,
}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, oldest operation first.",
        "content": {
            TYPES["csv"]: {"schema": {"type": "string"}},
            TYPES["parquet"]: {"schema": {"type": "string", "contentMediaType": TYPES["parquet"]}},
        },
    },
    **problems(406),
    **READING,
}


@router.get("/partner/statement", summary="What came in a period?", response_model=None, responses=STATEMENT)
async def statement(context: Ctx, partner: Partner, period: Period) -> Response:
    """A partner's totals before a period, in it and after it, counted to the last block that was read.

    For every sum `opening` + `period` = `closing`, and a period opens as the one before it closed. Points that expire are nobody's
    redemption: a member's points carry no partner, so expiry is in the coalition's totals and in no partner's statement.
    """
    return json_response(await context.read(lambda: _statement(context, partner, *period)))


@router.get("/export", summary="Operations as a file", response_model=None, responses=FILE)
async def exported(
    context: Ctx,
    partner: Partner,
    format: Annotated[
        Literal["csv", "parquet"] | None, Query(description="Counts before `Accept`; without both, CSV.")
    ] = None,
    member: Annotated[str | None, Query(description="Only operations with this account.")] = None,
    kind: Annotated[KindName | None, Query(description="Only operations of this kind.")] = None,
    status: Annotated[
        Literal["accepted", "refused"] | None, Query(description="Only what was accepted, or refused.")
    ] = None,
    since: Since = None,
    until: Until = None,
    accept: Annotated[str | None, Header(description="`text/csv` or `application/vnd.apache.parquet`.")] = None,
) -> Response:
    """The partner's operations as CSV or Parquet, streamed while they are read, up to the last block read at the start.

    Columns: partner, receipt, kind, status, code, member, spend_minor, currency, points, points_awarded, deadline,
    original_receipt, confirmed_at, block, transaction. Amounts are whole numbers.
    """
    form = format or _accepted(accept)
    chosen = Chosen(
        None if member is None else check_address(member),
        None if kind is None else Kind[kind.upper()],
        None if status is None else status == "accepted",
        since,
        until,
    )
    await context.read(lambda: context.service.partners.find(partner))
    headers = {"Content-Type": TYPES[form], "Content-Disposition": f'attachment; filename="operations.{form}"'}
    return StreamingResponse(export(context.service, partner, chosen, form), headers=headers)


def _accepted(accept: str | None) -> str:
    """The format that an `Accept` header asks for: the first of it that there is."""
    wanted = [one.partition(";")[0].strip().lower() for one in (accept or "*/*").split(",")]
    for one in wanted:
        if one in ("*/*", "text/*"):
            return "csv"
        for form, media_type in TYPES.items():
            if one == media_type:
                return form
    raise InputError(f"There are {' and '.join(TYPES.values())}.", code="format_unsupported")


def _statement(context: Context, partner: int, since: int | None, until: int | None) -> StatementBody:
    row = context.service.partners.find(partner)
    head = context.service.queries.head()
    found = context.service.queries.statement(partner, since, until)
    campaigns = context.campaigns.campaigns
    awards = [
        CampaignAwardsBody(
            campaign=one.campaign,
            name=campaigns.show(one.campaign).counting.name,
            points_awarded=one.points_awarded,
            points_awarded_reversed=one.points_awarded_reversed,
        )
        for one in found.awards
    ]
    period = found.period
    return StatementBody(
        partner=partner,
        currency=row.currency,
        since=None if since is None else rfc3339(since),
        until=None if until is None else rfc3339(until),
        final=until is not None and until <= head.timestamp,
        block=head.number,
        opening=TotalsBody.model_validate(found.opening, from_attributes=True),
        period=TotalsBody.model_validate(period, from_attributes=True),
        closing=TotalsBody.model_validate(found.closing, from_attributes=True),
        operations={kind.name.lower(): count for kind, count in found.operations.items()},
        awards=awards,
        points_awarded_by_tiers=period.points_awarded - sum(one.points_awarded for one in awards),
        points_awarded_reversed_by_tiers=period.points_awarded_reversed
        - sum(one.points_awarded_reversed for one in awards),
    )
