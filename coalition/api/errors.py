"""Exceptions as answers: RFC 9457 problems, by one table.

| exception | status |
|---|---|
| `ReceiptConflict` | 409, with `differences` |
| `NotFound` | 404 |
| `InputError` | 422, with `errors` where fields are wrong; 400, 405, 406, 408, 413, 415 where no field can be named |
| `Refused` | 422 with the code of the rejection; 409 for `receipt_used`; 503 with `Retry-After` for `ledger_paused` |
| `AccessDenied` | 403; 401 where the credential is missing, unknown, expired or revoked; with `WWW-Authenticate` (RFC 6750) |
| `Unavailable`: `OutcomePending`, `StorageFull`, `ChainUnavailable`, … | 503 with `Retry-After`; 429 for too many |
| `SetupError`, `contract_missing` | 503 `chain_unavailable`: it was there at the start, so the node is restoring its chain |
| anything else | 500 `internal_error`, with the id under which the log tells more |

An outcome that is still open is 202 only for those who asked for `respond-async`. Others must not take it for a success,
and a client that repeats a 503 as clients do joins the operation that is on its way. While the ledger is paused nothing is wrong
with a request either: the same one will do when it goes on.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from coalition.api.times import rfc3339
from coalition.errors import (
    AccessDenied,
    ChainUnavailable,
    CoalitionError,
    InputError,
    NotFound,
    ReceiptConflict,
    Refused,
    SetupError,
    Unavailable,
)
from coalition.ledger.operations import Kind
from coalition.telemetry import seen

__all__ = [
    "STATUS_BY_CODE",
    "STATUS_BY_TYPE",
    "document_of",
    "handle_errors",
    "problem",
    "problem_of",
    "unexpected",
    "with_quota",
]

STATUS_BY_TYPE: tuple[tuple[type[CoalitionError], int], ...] = (
    (ReceiptConflict, 409),
    (NotFound, 404),
    (InputError, 422),
    (Refused, 422),
    (AccessDenied, 403),
    (Unavailable, 503),
)
STATUS_BY_CODE = {
    "body_malformed": 400,
    "body_stalled": 408,
    "body_too_large": 413,
    "content_type_unsupported": 415,
    "credential_expired": 401,
    "credential_invalid": 401,
    "credential_missing": 401,
    "credential_revoked": 401,
    "format_unsupported": 406,
    "idempotency_key_in_use": 409,
    "idempotency_key_invalid": 400,
    "ledger_paused": 503,
    "method_not_allowed": 405,
    "nonce_used": 409,
    "operations_too_many": 413,
    "rate_limited": 429,
    "receipt_used": 409,
    "rotation_unfinished": 409,
    "route_unknown": 404,
    "token_guesses_too_many": 429,
    "token_proof_used": 409,
    "tokens_too_many": 429,
}
CODE_BY_STATUS = {status: code for code, status in STATUS_BY_CODE.items() if status in (404, 405)}
KINDS = frozenset(kind.name.lower() for kind in Kind)
RETRY_SECONDS = 5
RETRY_SECONDS_BY_CODE = {
    "closed": 1,
    "ledger_paused": 60,
    "outcome_pending": 1,
    "overloaded": 2,
    "token_guesses_too_many": 60,
    "tokens_too_many": 60,
}
WORDS_BY_CODE = {
    "chain_unavailable": "The chain's node does not answer now. Send the same request again later.",
    "database_locked": "The database is busy. Send the same request again later.",
    "database_unavailable": "The database does not answer now. Send the same request again later.",
    "storage_full": "Nothing can be written down now, so nothing was signed. The operator has to make room.",
    "storage_unavailable": "The outbox does not answer now. Send the same request again later.",
}
"""What clients are told where an error's own words name this ledger's machines. Those go to the log."""
FIELDS_SHOWN_MAX = 20
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JAVASCRIPT_SAFE = 1 << 53
RESERVED = frozenset({"type", "title", "status", "detail", "code", "instance"})

logger = logging.getLogger("coalition.api")


def problem(
    status: int,
    code: str,
    detail: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as an answer; `details` become members of it beside the standard ones."""
    return _answer(_document(status, code, detail, details or {}), headers)


def document_of(error: BaseException) -> dict[str, Any]:
    """Return the problem document that tells an error; one that is not the client's becomes `internal_error`."""
    if isinstance(error, SetupError) and error.code == "contract_missing":
        error = ChainUnavailable(error.message)
    status = next((status for kind, status in STATUS_BY_TYPE if isinstance(error, kind)), None)
    if status is None or not isinstance(error, CoalitionError):
        return _unexpected(error)
    status = STATUS_BY_CODE.get(error.code, status)
    if error.code in WORDS_BY_CODE:
        logger.warning("%s: %s", error.code, error.message)
        return _document(status, error.code, WORDS_BY_CODE[error.code], {})
    return _document(status, error.code, error.message, error.details)


def problem_of(error: CoalitionError) -> Response:
    """Return the answer that tells an error; see `document_of`."""
    document = document_of(error)
    status, headers = document["status"], {}
    if status == HTTPStatus.UNAUTHORIZED:
        fault = "" if error.code == "credential_missing" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="coalition"{fault}'
    if error.code == "scope_missing":
        headers["WWW-Authenticate"] = (
            f'Bearer realm="coalition", error="insufficient_scope", scope="{error.details["scope"]}"'
        )
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        seconds = RETRY_SECONDS_BY_CODE.get(error.code, RETRY_SECONDS)
        headers["Retry-After"] = str(error.details.get("retry_after_seconds", seconds))
    return _answer(document, headers)


def unexpected(error: BaseException) -> Response:
    """Log an error that nobody expected, and return a problem that says nothing but where to look it up."""
    return _answer(_unexpected(error))


def with_quota(request: Request, response: Response) -> Response:
    """Return an answer with what is left to the caller's key, if that has a limit (`RateLimit-…`)."""
    response.headers.update(getattr(request.state, "quota", {}))
    return response


def handle_errors(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(CoalitionError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _routing)


def _document(status: int, code: str, detail: str, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": f"/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    } | {name: _plain(value, name) for name, value in details.items() if name not in RESERVED}


def _unexpected(error: BaseException) -> dict[str, Any]:
    error_id = secrets.token_hex(8)
    logger.error("internal error %s", error_id, exc_info=error)
    return _document(
        500,
        "internal_error",
        "Something went wrong here. Ask the operator, and name the error_id. The operation may still count: "
        "look it up, or send it again with the same receipt.",
        {"error_id": error_id},
    )


def _answer(document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    seen().codes[document["code"]] += 1
    return Response(json.dumps(document), document["status"], headers, "application/problem+json")


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, CoalitionError)
    return with_quota(request, problem_of(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": _field(one["loc"]), "message": str(one["msg"])} for one in error.errors()[:FIELDS_SHOWN_MAX]]
    named = "; ".join(f"{one['field']}: {one['message']}" for one in errors)
    return with_quota(request, problem(422, "input_invalid", named, {"errors": errors}))


async def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODE_BY_STATUS.get(error.status_code)
    if code is None:  # the framework refuses nothing else: bodies are read before it sees them
        return unexpected(error)
    detail = {
        "route_unknown": "There is nothing under this address. /docs lists what there is.",
        "method_not_allowed": f"This address does not take {request.method}. /docs lists what it takes.",
    }[code]
    headers = dict(error.headers or {})
    if code == "method_not_allowed":
        headers["Allow"] = _methods(request)
    return problem(error.status_code, code, detail, headers=headers)


def _methods(request: Request) -> str:
    """All methods that the address takes: the framework names those of the first route only."""

    def takes(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)

    return ", ".join(filter(takes, METHODS))


def _field(location: tuple[int | str, ...]) -> str:
    """The field's name without the part of the request that holds it, cut short: the client may have chosen it."""
    names = [str(part) for part in location if part not in ("body", "query", "path", "header")]
    if len(names) > 1 and names[0] in KINDS:  # which form of the body was read, as its `kind` says
        names = names[1:]
    return ".".join(names)[:80] or "body"


def _plain(value: Any, name: str) -> Any:
    """The value as JSON can carry it: a number that JavaScript would round becomes text, a deadline RFC 3339."""
    if isinstance(value, Mapping):
        inner = ("recorded", "requested")
        return {str(part): _plain(of_it, name if part in inner else str(part)) for part, of_it in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, name) for part in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if name in ("deadline", "pending_until"):
            return rfc3339(value)
        return int(value) if abs(value) < JAVASCRIPT_SAFE else hex(value)
    return str(value)
