"""How routes describe their errors in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from coalition.api.examples import problem_example
from coalition.api.responses import ProblemBody

__all__ = ["BULK", "POSTING", "READING", "problems", "readiness_problem"]

Responses = dict[int | str, dict[str, Any]]

EXAMPLES: dict[int, tuple[str, tuple[dict[str, Any], ...]]] = {
    400: (
        "The body is no JSON, or ambiguous.",
        (problem_example(400, "body_malformed", "The body gives 'points' twice in one object."),),
    ),
    401: (
        "No API key or token, or none that counts.",
        (
            problem_example(401, "credential_missing", "Send Authorization: Bearer and the partner's API key."),
            problem_example(401, "credential_invalid", "This API key or access token is not valid here."),
            problem_example(401, "credential_expired", "This API key was rotated. Use its new secret."),
            problem_example(401, "credential_revoked", "This API key was revoked. Ask for a new one."),
        ),
    ),
    403: (
        "The partner, the key or the address may not do this.",
        (
            problem_example(403, "partner_not_active", "The partner is suspended."),
            problem_example(403, "scope_missing", "This needs the scope redeem.", scope="redeem"),
            problem_example(403, "source_not_allowed", "This API key may not be used from this address."),
        ),
    ),
    404: (
        "There is no such thing, or it is another partner's.",
        (problem_example(404, "operation_unknown", "Nothing was accepted under receipt 'till-7-000099'."),),
    ),
    406: (
        "There is no such format.",
        (problem_example(406, "format_unsupported", "There are text/csv and application/vnd.apache.parquet."),),
    ),
    408: (
        "The body stopped coming.",
        (problem_example(408, "body_stalled", "Nothing came for 30 s, and the body is not over."),),
    ),
    409: (
        "The receipt was used before, with other content; or the request is being answered.",
        (
            problem_example(
                409,
                "receipt_conflict",
                "This receipt was used before with other content (spend_minor).",
                differences={"spend_minor": {"recorded": 1999, "requested": 2099}},
            ),
            problem_example(409, "idempotency_key_in_use", "The request with this Idempotency-Key is being answered."),
        ),
    ),
    413: (
        "The body is too large.",
        (
            problem_example(413, "body_too_large", "A body has 65536 bytes at most.", body_bytes_max=65536),
            problem_example(
                413, "operations_too_many", "A request has 10000 operations at most.", operations_max=10000
            ),
        ),
    ),
    415: (
        "The body is not announced as JSON.",
        (problem_example(415, "content_type_unsupported", "Send the body as Content-Type: application/json."),),
    ),
    422: (
        "The request is wrong, or the ledger refused it.",
        (
            problem_example(422, "balance_too_low", "The member has too few points.", kind="redeem"),
            problem_example(422, "amount_too_large", "spend_minor must be below 2^48.", field="spend_minor"),
            problem_example(
                422,
                "input_invalid",
                "points: Input should be a valid integer",
                errors=[{"field": "points", "message": "Input should be a valid integer"}],
            ),
        ),
    ),
    429: (
        "The key has made all the calls of this window: go on after `Retry-After` seconds.",
        (problem_example(429, "rate_limited", "This API key may make 600 calls in 60 s.", retry_after_seconds=41),),
    ),
    500: (
        "A fault of this service.",
        (problem_example(500, "internal_error", "Something went wrong here.", error_id="9f1c2ab34de56f70"),),
    ),
    503: (
        "Try again after `Retry-After` seconds, with the same receipt.",
        (
            problem_example(503, "outcome_pending", "Recorded, but not confirmed within 30 s."),
            problem_example(503, "chain_unavailable", "The node does not answer."),
            problem_example(503, "overloaded", "The outbox is full: the chain takes less than comes in."),
        ),
    ),
}


def problems(*statuses: int) -> Responses:
    """Return the OpenAPI responses of these error statuses."""
    return {status: _response(*EXAMPLES[status]) for status in statuses}


def readiness_problem() -> Responses:
    """Return the OpenAPI response of a service that is not ready."""
    example = problem_example(
        503,
        "not_ready",
        "Not ready: chain.",
        checks=[{"name": "chain", "ok": False, "detail": "the node does not answer"}],
    )
    return {503: _response("Operations cannot be taken now.", (example,))}


def _response(description: str, examples: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    shown = {example["code"]: {"value": example} for example in examples}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": SCHEMA}, "examples": shown}},
    }


SCHEMA = f"#/components/schemas/{ProblemBody.__name__}"
POSTING = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
BULK = problems(400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
READING = problems(401, 403, 404, 422, 429, 500, 503)
