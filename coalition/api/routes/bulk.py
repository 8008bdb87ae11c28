"""Many operations in one request, each decided alone."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coalition.api.bodies import StrictRoute
from coalition.api.bulk import JSON, NDJSON, BulkAnswer, check_head
from coalition.api.bulk_bodies import BulkBody, BulkLine, BulkRequest, BulkStreamBody
from coalition.api.context import CalledBy, Ctx
from coalition.api.documents import BULK

__all__ = ["router"]

router = APIRouter(tags=["operations"], route_class=StrictRoute)
BODY: dict[str, Any] = {
    "required": True,
    "content": {
        JSON: {"schema": {"$ref": f"#/components/schemas/{BulkRequest.__name__}"}},
        NDJSON: {"schema": {"$ref": f"#/components/schemas/{BulkLine.__name__}"}},
    },
}
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Every line has its outcome, in the order of the request, and the summary ends it.",
        "content": {
            JSON: {"schema": {"$ref": f"#/components/schemas/{BulkBody.__name__}"}},
            NDJSON: {"schema": {"$ref": f"#/components/schemas/{BulkStreamBody.__name__}"}},
        },
    },
    **BULK,
}


@router.post(
    "/operations",
    summary="Post many operations",
    response_model=None,
    response_class=Response,
    responses=ANSWER,
    openapi_extra={"requestBody": BODY},
)
async def bulk(request: Request, context: Ctx, caller: CalledBy) -> Response:
    """Post up to 10,000 operations (8 MiB), each decided alone: one bad line never stops the others.

    As `application/json`, an array: it is read whole and checked to be one before anything of it is taken. As
    `application/x-ndjson`, one operation a line: lines are taken as they arrive, answered as they are decided, and what lies
    beyond the limits is not looked at; the last line of the answer says so, and everything before it counted as it was
    answered. The answer has the form of the request. Lines that name the same receipt, and corrections and their originals,
    are decided in order; of others none is promised. Each line needs the scope of its kind, and counts as a call. After a broken
    connection send everything again: each counts once.
    """
    media_type = check_head(request)
    row = await context.read(lambda: context.service.partners.find(caller.partner))
    return BulkAnswer(request, context, caller, row.currency, media_type)
