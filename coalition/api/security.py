"""How the OpenAPI document says what a request has to prove: a key or token, and one scope."""

from __future__ import annotations

from typing import Any

from coalition.access import Scope
from coalition.api.routes.oauth import TOKEN_PATH
from coalition.api.scopes import demanded_scope

__all__ = ["describe_security"]

MEANING = {
    Scope.EARN: "Earn and reverse, referrals and claims.",
    Scope.REDEEM: "Redeem, hold, capture, release, refund.",
    Scope.READ: "Ask.",
    Scope.ADMIN: "Campaigns, webhooks, API keys, the log of administration.",
}
OAUTH = {
    "type": "oauth2",
    "description": "An access token, got for an API key.",
    "flows": {
        "clientCredentials": {
            "tokenUrl": TOKEN_PATH,
            "scopes": {str(scope): meaning for scope, meaning in MEANING.items()},
        }
    },
}


def describe_security(document: dict[str, Any]) -> None:
    """Name for each operation that needs a key the scope that it demands; either scheme will do."""
    document["components"]["securitySchemes"]["oauth2"] = OAUTH
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if operation.get("security"):
                scope = demanded_scope(operation["operationId"], {method.upper()})
                needed = [] if scope is None else [str(scope)]
                operation["security"] = [{"apiKey": needed}, {"oauth2": needed}]
