"""What is sent and answered about keys, tokens and the log of administration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coalition.access import AdminRow, Credential
from coalition.access.credentials import OVERLAP_SECONDS_MAX
from coalition.access.scopes import TILL_SCOPES, text_of
from coalition.api import access_examples as examples
from coalition.api.requests import strict
from coalition.api.responses import Time
from coalition.api.times import rfc3339

__all__ = [
    "AdminLogBody",
    "ApiKeyBody",
    "ApiKeysBody",
    "ChangeApiKeyRequest",
    "IssueApiKeyRequest",
    "IssuedApiKeyBody",
    "MetadataBody",
    "RotateApiKeyRequest",
    "TokenBody",
    "TokenForm",
    "TokenRefusedBody",
    "admin_log_body",
    "api_key_body",
    "issued_body",
]

ScopeName = Literal["earn", "redeem", "read", "admin"]
TILL: list[ScopeName] = ["earn", "redeem", "read"]
assert text_of(TILL_SCOPES).split() == TILL


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class TokenForm(BaseModel):
    """A client that asks for an access token (RFC 6749, 4.4.2). Its id and secret may stand in the body or in HTTP Basic."""

    model_config = _shown(examples.TOKEN_REQUEST)

    grant_type: Literal["client_credentials"]
    scope: str = Field(default="", description="Scopes with spaces between; left out, all that the key has.")
    client_id: str = Field(default="", description="The key's id: what stands between `ck_` and the next `_`.")
    client_secret: str = Field(default="", description="What follows the id and its `_`.")


class TokenBody(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    model_config = _shown(examples.TOKEN)

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.")
    scope: str


class TokenRefusedBody(BaseModel):
    """Why there is no token (RFC 6749, 5.2)."""

    model_config = _shown(examples.TOKEN_REFUSED)

    error: Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]
    error_description: str


class MetadataBody(BaseModel):
    """Where tokens are, and how to ask for them (RFC 8414)."""

    model_config = _shown(examples.METADATA)

    issuer: str
    token_endpoint: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]


class IssueApiKeyRequest(BaseModel):
    """A key to issue."""

    model_config = strict(examples.ISSUE)

    label: Annotated[str, Field(description="What it is for, 1 to 80 printable characters.")]
    scopes: list[ScopeName] = Field(default=TILL, description="What it may do.")
    sources: list[str] = Field(
        default=[], description="Networks (CIDR) from which it may be used; none: from anywhere."
    )


class ChangeApiKeyRequest(BaseModel):
    """What is to change of a key; what is left out stays as it is."""

    model_config = strict(examples.CHANGE)

    scopes: list[ScopeName] | None = Field(default=None, description="What it may do from now on.")
    sources: list[str] | None = Field(
        default=None, description="Networks (CIDR) from which it may be used; an empty list: from anywhere."
    )


class RotateApiKeyRequest(BaseModel):
    """A key to give another secret."""

    model_config = strict(examples.ROTATE)

    overlap_seconds: int = Field(
        default=86_400,
        description="How long the present secret counts beside the new one.",
        json_schema_extra={"minimum": 0, "maximum": OVERLAP_SECONDS_MAX},
    )


class ApiKeyBody(BaseModel):
    """A key, without its secret."""

    model_config = _shown(examples.API_KEY)

    key_id: str
    label: str
    scopes: list[ScopeName]
    sources: list[str]
    rate_limit: str | None = Field(default=None, description="Of its own; null: that of the service.")
    created_at: Time
    last_used_at: Time | None = Field(default=None, description="The beginning of the hour.")
    previous_until: Time | None = Field(
        default=None, description="Until when the secret before the present one counts, or counted."
    )
    revoked_at: Time | None = None


class IssuedApiKeyBody(ApiKeyBody):
    """A key with its secret, which is not shown again."""

    model_config = _shown(examples.ISSUED)

    api_key: str


class ApiKeysBody(BaseModel):
    """The partner's keys, the oldest first."""

    model_config = _shown({"api_keys": [examples.API_KEY]})

    api_keys: list[ApiKeyBody]


class AdminCallBody(BaseModel):
    """One administrative call."""

    number: int = Field(description="Of all calls of the coalition, one after another.")
    at: Time
    actor: str = Field(description="The id of the key, or `cli` where the operator ran a command.")
    action: str = Field(description="The route, or the command.")
    target: str
    outcome: str = Field(description="`done`, or the code of the error; `begun` where nothing else is known.")
    source: str = Field(description="The address that it came from; empty for a command.")


class AdminLogBody(BaseModel):
    """Administrative calls about the partner, newest first."""

    model_config = _shown(examples.ADMIN_LOG)

    calls: list[AdminCallBody]
    next: str | None = Field(description="Address of the next page; null at the end.")


def api_key_body(found: Credential) -> ApiKeyBody:
    """Return a key as it is shown."""
    return ApiKeyBody(**_key_fields(found))


def issued_body(found: Credential, api_key: str) -> IssuedApiKeyBody:
    """Return a key as it is shown once."""
    return IssuedApiKeyBody(**_key_fields(found), api_key=api_key)


def admin_log_body(rows: list[AdminRow], following: str | None) -> AdminLogBody:
    """Return a page of the log."""
    calls = [
        AdminCallBody(
            number=row.number,
            at=rfc3339(row.at),
            actor="cli" if row.actor.startswith("cli") else row.actor,
            action=row.action,
            target=row.target,
            outcome=row.outcome,
            source=row.source,
        )
        for row in rows
    ]
    return AdminLogBody(calls=calls, next=following)


def _key_fields(found: Credential) -> dict[str, Any]:
    return {
        "key_id": found.id,
        "label": found.label,
        "scopes": text_of(found.scopes).split(),
        "sources": list(map(str, found.sources)),
        "rate_limit": found.rate_limit,
        "created_at": rfc3339(found.created_at),
        "last_used_at": _time(found.last_used_at),
        "previous_until": _time(found.previous_until),
        "revoked_at": _time(found.revoked_at),
    }


def _time(unix: int | None) -> str | None:
    return None if unix is None else rfc3339(unix)
