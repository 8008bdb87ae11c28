"""What is kept of a key, and what a presented secret amounts to."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from coalition.access.scopes import Scope
from coalition.access.sources import Network, is_from
from coalition.errors import AccessDenied

__all__ = ["Credential", "Grant"]

NO_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class Credential:
    """A key without its secret. Times in Unix seconds.

    `sha256` is the hash of the secret that counts, `previous_sha256` that of the one before, which counts until
    `previous_until`. No `sources`: from anywhere. `rate_limit` as in `600/minute` or `unlimited`; None: the node's default.
    `last_used_at` is the beginning of the hour.
    """

    id: str
    partner: int
    label: str
    sha256: bytes
    scopes: frozenset[Scope]
    created_at: int
    previous_sha256: bytes | None = None
    previous_until: int | None = None
    sources: tuple[Network, ...] = ()
    rate_limit: str | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None

    def holds(self, digest: bytes) -> bool:
        """True if this is the hash of one of its secrets, whether that still counts or not; both are always compared."""
        is_current = hmac.compare_digest(digest, self.sha256)
        is_previous = hmac.compare_digest(digest, self.previous_sha256 or NO_SECRET)
        return is_current or is_previous

    def check(self, digest: bytes, now: int) -> None:
        """Fail if the secret of this hash, which is one of its own, does not count now.

        Raises:
            AccessDenied: `credential_revoked` or `credential_expired`.
        """
        if self.revoked_at is not None:
            raise AccessDenied("This API key was revoked. Ask for a new one.", code="credential_revoked")
        if digest != self.sha256 and now >= (self.previous_until or 0):
            raise AccessDenied("This API key was rotated. Use its new secret.", code="credential_expired")


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a request speaks for: a key, and what it may do with this secret, which is less where a token says so."""

    credential: Credential
    scopes: frozenset[Scope]

    def demand(self, scope: Scope) -> None:
        """Fail if this scope is missing.

        Raises:
            AccessDenied: `scope_missing`, naming it.
        """
        if scope not in self.scopes:
            raise AccessDenied(f"This needs the scope {scope}.", code="scope_missing", scope=str(scope))

    def check_source(self, address: str | None) -> None:
        """Fail if the key may not be used from this address.

        Raises:
            AccessDenied: `source_not_allowed`.
        """
        if self.credential.sources and not is_from(address, self.credential.sources):
            raise AccessDenied("This API key may not be used from this address.", code="source_not_allowed")
