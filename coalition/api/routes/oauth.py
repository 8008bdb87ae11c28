"""Logging in by client credentials (RFC 6749, 4.4): the client is an API key, taken apart into its id and its secret.

Errors of the standard have the standard's form; whatever else can go wrong (address, rate, database) is a problem as anywhere.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coalition.access import Grant, Scope
from coalition.access.scopes import scopes_of, text_of
from coalition.access.secret_text import join
from coalition.api.access_bodies import MetadataBody, TokenBody, TokenForm, TokenRefusedBody
from coalition.api.bodies import StrictRoute
from coalition.api.context import Context, Ctx
from coalition.api.documents import problems
from coalition.api.render import json_response
from coalition.errors import AccessDenied, CoalitionError, InputError

__all__ = ["SCHEMAS", "TOKEN_PATH", "router"]

TOKEN_PATH = "/oauth/token"
BODY_BYTES_MAX = 8 * 1024
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
STATUS_BY_ERROR = {"invalid_request": 400, "invalid_client": 401, "unsupported_grant_type": 400, "invalid_scope": 400}
SCHEMAS = (TokenForm,)

router = APIRouter(tags=["access"], route_class=StrictRoute)
BODY: dict[str, Any] = {
    "required": True,
    "content": {FORM: {"schema": {"$ref": f"#/components/schemas/{TokenForm.__name__}"}}},
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": TokenBody, "description": "The token. It is not kept, and not shown again."},
    400: {"model": TokenRefusedBody, "description": "The request is wrong."},
    401: {"model": TokenRefusedBody, "description": "The client's id and secret do not count."},
    **problems(403, 429, 500, 503),
}


@router.post(
    TOKEN_PATH,
    summary="Get an access token",
    response_model=None,
    responses=ANSWERS,
    openapi_extra={"requestBody": BODY},
)
async def token(request: Request, context: Ctx) -> Response:
    """Give a token for an API key, good for an hour, and for all of its scopes or those asked for.

    The client's id is the key's id, what stands between `ck_` and the next `_`; its secret is what follows. Send them by HTTP
    Basic, or in the form as `client_id` and `client_secret`. A token ends early with its key, or with the key's secret.
    """
    try:
        body = await _token(request, context)
    except CoalitionError as error:
        if error.code not in STATUS_BY_ERROR:
            raise
        content = json.dumps({"error": error.code, "error_description": error.message})
        headers = NO_STORE | ({"WWW-Authenticate": 'Basic realm="coalition"'} if error.code == "invalid_client" else {})
        return Response(content, STATUS_BY_ERROR[error.code], headers, "application/json")
    return json_response(body, headers=NO_STORE)


@router.get(
    "/.well-known/oauth-authorization-server",
    summary="How are tokens got?",
    response_model=None,
    responses={200: {"model": MetadataBody, "description": "The metadata of RFC 8414."}},
)
async def oauth_metadata(request: Request) -> Response:
    """Where tokens are got and how, for clients that find it out by themselves."""
    issuer = str(request.base_url).rstrip("/")
    return json_response(
        MetadataBody(
            issuer=issuer,
            token_endpoint=issuer + TOKEN_PATH,
            grant_types_supported=["client_credentials"],
            response_types_supported=[],
            scopes_supported=list(Scope),
            token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
        )
    )


async def _token(request: Request, context: Context) -> TokenBody:
    form = await _form(request)
    key = join(*_client(request, form))
    grant = await _granted(context, key)
    grant.check_source(request.client.host if request.client else None)
    context.access.limits.take(grant.credential)
    if "grant_type" not in form:
        raise InputError("grant_type is missing.", code="invalid_request")
    if form["grant_type"] != "client_credentials":
        raise InputError("Only client_credentials are taken.", code="unsupported_grant_type")
    scopes = _scopes(grant, form.get("scope", ""))
    issued, seconds = await context.administer(lambda: context.access.tokens.issue(key, scopes))
    return TokenBody(access_token=issued, token_type="Bearer", expires_in=seconds, scope=text_of(scopes))


async def _form(request: Request) -> Mapping[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise InputError(f"Send the body as {FORM}.", code="invalid_request")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise InputError(f"The body has {BODY_BYTES_MAX} bytes at most.", code="invalid_request")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise InputError("The body is not a form.", code="invalid_request") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError("A parameter comes twice.", code="invalid_request")
    return {name: value for name, value in found.items() if value}


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme and ("client_id" in form or "client_secret" in form):
        raise InputError("Send the client's id and secret in one place only.", code="invalid_request")
    if not scheme:
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, separator, secret = base64.b64decode(given.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        name = separator = secret = ""
    if scheme.lower() != "basic" or not separator:
        raise _no_client()
    return unquote_plus(name), unquote_plus(secret)


async def _granted(context: Context, key: str) -> Grant:
    try:
        return await context.grant_of(key)
    except AccessDenied:
        raise _no_client() from None


def _scopes(grant: Grant, asked: str) -> frozenset[Scope]:
    try:
        wanted = scopes_of(asked.split()) if asked else grant.scopes
    except InputError:
        wanted = frozenset()
    if not wanted or not wanted <= grant.scopes:
        raise InputError(f"The key may do: {text_of(grant.scopes)}.", code="invalid_scope")
    return wanted


def _no_client() -> AccessDenied:
    return AccessDenied(
        "The client is not known, its secret is wrong, or they do not count any more.", code="invalid_client"
    )
