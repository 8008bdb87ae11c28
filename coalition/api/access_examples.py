"""The examples of the OpenAPI document about keys, tokens and the log of administration."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ADMIN_LOG",
    "API_KEY",
    "CHANGE",
    "ISSUE",
    "ISSUED",
    "METADATA",
    "ROTATE",
    "TOKEN",
    "TOKEN_REFUSED",
    "TOKEN_REQUEST",
]

TOKEN_REQUEST = {"grant_type": "client_credentials", "scope": "earn read"}
TOKEN: dict[str, Any] = {
    "access_token": "ct_0IvNNQ2WLHJSZQNYMq0RAUsV5g4wD0vNHCkPZ8F6jXx1QzZcA",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "earn read",
}
TOKEN_REFUSED = {"error": "invalid_scope", "error_description": "The key may do: earn redeem read."}
METADATA: dict[str, Any] = {
    "issuer": "https://ledger.example.com",
    "token_endpoint": "https://ledger.example.com/oauth/token",
    "grant_types_supported": ["client_credentials"],
    "response_types_supported": [],
    "scopes_supported": ["earn", "redeem", "read", "admin"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
}
ISSUE: dict[str, Any] = {"label": "till 7", "scopes": ["earn", "redeem", "read"], "sources": ["192.0.2.0/24"]}
CHANGE: dict[str, Any] = {"scopes": ["earn", "read"], "sources": []}
ROTATE = {"overlap_seconds": 86_400}
API_KEY: dict[str, Any] = {
    "key_id": "W1GrU54LexvQ",
    "label": "till 7",
    "scopes": ["earn", "redeem", "read"],
    "sources": ["192.0.2.0/24"],
    "created_at": "2026-03-01T12:00:00Z",
    "last_used_at": "2026-03-02T08:00:00Z",
}
ISSUED: dict[str, Any] = {name: value for name, value in API_KEY.items() if name != "last_used_at"} | {
    "api_key": "ck_W1GrU54LexvQ_0IvNNQ2WLHJSZQNYMq0RAUsV5g4wD0vNHCkPZ8F6jXx1QzZcA",
}
ADMIN_LOG: dict[str, Any] = {
    "calls": [
        {
            "number": 12,
            "at": "2026-03-01T12:00:00Z",
            "actor": "W1GrU54LexvQ",
            "action": "POST /v1/campaigns/3/pause",
            "target": "3",
            "outcome": "done",
            "source": "192.0.2.17",
        }
    ],
    "next": "/v1/admin/log?limit=1&cursor=12",
}
