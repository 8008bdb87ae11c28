"""A partner's own API keys, and the log of what was administered: for keys with the scope `admin`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from coalition.access.admin_log import PAGE_MAX
from coalition.access.scopes import scopes_of
from coalition.access.secret_text import id_of
from coalition.access.sources import networks_of
from coalition.api.access_bodies import (
    AdminLogBody,
    ApiKeyBody,
    ApiKeysBody,
    ChangeApiKeyRequest,
    IssueApiKeyRequest,
    IssuedApiKeyBody,
    RotateApiKeyRequest,
    admin_log_body,
    api_key_body,
    issued_body,
)
from coalition.api.bodies import StrictRoute
from coalition.api.context import CalledBy, Context, Ctx, Partner
from coalition.api.documents import POSTING, READING
from coalition.api.render import json_response

__all__ = ["router"]

PAGE_DEFAULT = 50
NUMBER_MAX = (1 << 53) - 1
NO_STORE = {"Cache-Control": "no-store"}
KeyId = Annotated[str, Path(description="The key's id: what stands between `ck_` and the next `_`.")]

router = APIRouter(tags=["administration"], route_class=StrictRoute)


def _answers(
    model: type[Any], description: str, errors: dict[int | str, Any], status: int = 200
) -> dict[int | str, Any]:
    return {status: {"model": model, "description": description}, **errors}


@router.get(
    "/api-keys",
    summary="Which keys are there?",
    response_model=None,
    responses=_answers(ApiKeysBody, "The keys.", READING),
)
async def api_keys(context: Ctx, partner: Partner) -> Response:
    """The partner's keys with what they may do, from where, and when they were last used. Never their secrets."""
    found = await context.administer(lambda: context.access.credentials.all(partner))
    return json_response(ApiKeysBody(api_keys=[api_key_body(one) for one in found]))


@router.post(
    "/api-keys",
    summary="Issue a key",
    status_code=201,
    response_model=None,
    responses=_answers(IssuedApiKeyBody, "The key. Its secret is not shown again.", POSTING, 201),
)
async def issue_api_key(request: Request, context: Ctx, caller: CalledBy, body: IssueApiKeyRequest) -> Response:
    """Make a further key of the partner, whose rate limit is that of the key that asks."""

    def work() -> IssuedApiKeyBody:
        key = context.access.credentials.issue(
            caller.partner,
            body.label,
            scopes_of(body.scopes),
            sources=networks_of(body.sources),
            rate_limit=caller.grant.credential.rate_limit,
        )
        return _issued(context, key)

    issued = await context.administer(work)
    request.state.target = issued.key_id
    return json_response(issued, 201, NO_STORE)


@router.post(
    "/api-keys/{key_id}/change",
    summary="Change what a key may do",
    response_model=None,
    responses=_answers(ApiKeyBody, "The key, as it is now.", POSTING),
)
async def change_api_key(context: Ctx, partner: Partner, key_id: KeyId, body: ChangeApiKeyRequest) -> Response:
    """Its scopes and sources, under the same secret: here at once, at other nodes within about a second. Its tokens may do no
    more than the key. Its rate limit is the operator's to change."""

    def work() -> ApiKeyBody:
        sources = None if body.sources is None else networks_of(body.sources)
        scopes = None if body.scopes is None else scopes_of(body.scopes)
        return api_key_body(context.access.credentials.change(key_id, partner, scopes=scopes, sources=sources))

    return json_response(await context.administer(work))


@router.post(
    "/api-keys/{key_id}/rotate",
    summary="Give a key another secret",
    response_model=None,
    responses=_answers(IssuedApiKeyBody, "The key. Its new secret is not shown again.", POSTING),
)
async def rotate_api_key(context: Ctx, partner: Partner, key_id: KeyId, body: RotateApiKeyRequest) -> Response:
    """The present secret, and tokens got with it, count until the overlap's end. Without overlap they end at once."""

    def work() -> IssuedApiKeyBody:
        return _issued(context, context.access.credentials.rotate(key_id, body.overlap_seconds, partner))

    return json_response(await context.administer(work), headers=NO_STORE)


@router.post(
    "/api-keys/{key_id}/revoke",
    summary="Revoke a key",
    response_model=None,
    responses=_answers(ApiKeyBody, "The key, as it is now.", POSTING),
)
async def revoke_api_key(context: Ctx, partner: Partner, key_id: KeyId) -> Response:
    """The key and its tokens are good for nothing any more: here at once, at other nodes within about a second."""
    revoked = await context.administer(lambda: context.access.credentials.revoke(key_id, partner))
    return json_response(api_key_body(revoked))


@router.get(
    "/admin/log",
    summary="What was administered?",
    response_model=None,
    responses=_answers(AdminLogBody, "A page.", READING),
)
async def admin_log(
    request: Request,
    context: Ctx,
    partner: Partner,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Calls a page.")] = PAGE_DEFAULT,
    cursor: Annotated[int | None, Query(ge=1, le=NUMBER_MAX, description="From the `next` of the page before.")] = None,
) -> Response:
    """Administrative calls about the partner: by its keys, and by the operator's commands; those that failed, too."""
    rows = await context.administer(
        lambda: context.access.log.page(partner=partner, before=cursor, limit=limit + 1),
    )
    page, root = rows[:limit], str(request.scope.get("root_path", ""))
    following = f"{root}/v1/admin/log?limit={limit}&cursor={page[-1].number}" if len(rows) > limit else None
    return json_response(admin_log_body(page, following))


def _issued(context: Context, key: str) -> IssuedApiKeyBody:
    found = context.access.credentials.find(id_of(key))
    assert found is not None
    return issued_body(found, key)
