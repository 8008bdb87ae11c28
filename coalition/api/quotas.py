"""How the OpenAPI document says what an answer tells of a key's rate limit, and when to come again."""

from __future__ import annotations

from typing import Any

__all__ = ["describe_quotas"]

UNAUTHORIZED = "401"
LATER = ("202", "429", "503")
SHOWING = ("operation", "batch")
"""Routes that tell what is on its way, with 200."""
QUOTA: dict[str, dict[str, Any]] = {
    "RateLimit-Limit": {"description": "Calls in a window.", "schema": {"type": "integer"}, "example": 600},
    "RateLimit-Remaining": {
        "description": "Calls left in this window, after this request; in a bulk, before its lines.",
        "schema": {"type": "integer"},
        "example": 599,
    },
    "RateLimit-Reset": {
        "description": "Seconds to the end of this window.",
        "schema": {"type": "integer"},
        "example": 12,
    },
    "RateLimit-Policy": {
        "description": "The limit, and the window in seconds.",
        "schema": {"type": "string"},
        "example": "600;w=60",
    },
}
"""Only where the key has a limit: it is known once the key is, so not in answers to who has none."""
RETRY_AFTER = {
    "description": "Seconds after which to ask again, or to send the same request again.",
    "schema": {"type": "integer"},
    "example": 1,
}


def describe_quotas(document: dict[str, Any]) -> None:
    """Name for each answer the fields of its head that tell of limits."""
    document["components"]["headers"] = QUOTA | {"Retry-After": RETRY_AFTER}
    for methods in document["paths"].values():
        for operation in methods.values():
            answers = operation["responses"]
            for status, answer in answers.items():
                names = list(QUOTA) if operation.get("security") and status != UNAUTHORIZED else []
                is_later = status in LATER or (status == "200" and operation["operationId"] in SHOWING)
                names += ["Retry-After"] if is_later else []
                told = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
                if told:
                    answers[status] = answer | {"headers": answer.get("headers", {}) | told}
