"""Access tokens (RFC 6749, 4.4): opaque, kept as hashes beside the keys, good for an hour.

A token is as good as the secret that it was asked for with: it ends with that secret's overlap, and with its key. What it
carries never changes, so a node asks the database once for each token.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from coalition.access.credentials import CredentialStore
from coalition.access.records import Grant
from coalition.access.scopes import Scope, scopes_of, text_of
from coalition.access.secret_text import digest, new_token
from coalition.errors import AccessDenied
from coalition.submit.storage import Storage
from coalition.submit.tables import access_tokens

__all__ = ["TOKEN_SECONDS", "TokenStore"]

TOKEN_SECONDS = 3_600
KEPT_SECONDS = 86_400
IN_MEMORY_MAX = 50_000
t = access_tokens.c


@dataclass(frozen=True, slots=True)
class _Token:
    key: str
    key_sha256: bytes
    scopes: frozenset[Scope]
    expires_at: int


class TokenStore:
    """The tokens of `credentials`, shared by the nodes of one database. `clock` tells Unix seconds."""

    def __init__(self, storage: Storage, credentials: CredentialStore, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._credentials = credentials
        self._clock = clock
        self._seen: dict[bytes, _Token] = {}

    def issue(self, key: str, scopes: frozenset[Scope]) -> tuple[str, int]:
        """Make a token for the holder of `key`, whose whole text this is; return it, and for how many seconds it is good.

        Raises:
            StorageFull, Unavailable: it could not be written down.
        """
        token, hashed, now = new_token(), digest(key), int(self._clock())
        holder = self._credentials.holder_of(key)
        assert holder is not None, "who asks was found to hold the key"
        ends_at = now + TOKEN_SECONDS
        if hashed != holder.sha256:
            ends_at = min(ends_at, holder.previous_until or now)
        row = {
            "sha256": digest(token),
            "key": holder.id,
            "key_sha256": hashed,
            "scopes": text_of(scopes),
            "expires_at": ends_at,
        }
        with self._storage.transaction() as connection:
            connection.execute(delete(access_tokens).where(t.expires_at <= now - KEPT_SECONDS))
            connection.execute(insert(access_tokens).values(row))
        return token, ends_at - now

    def seen(self, text: str) -> Grant | None:
        """Return what a token grants, as far as this node has seen it; None if the database has to be asked.

        Raises:
            AccessDenied: `credential_expired` or `credential_revoked`.
        """
        return self._grant(self._seen.get(digest(text)))

    def ask(self, text: str) -> Grant | None:
        """Ask the database what a token grants; None if it is not known. Blocks. Raises as `seen`."""
        hashed = digest(text)
        with self._storage.reading() as connection:
            row = connection.execute(select(access_tokens).where(t.sha256 == hashed)).one_or_none()
        if row is None:
            return None
        if len(self._seen) >= IN_MEMORY_MAX:
            self._seen = {}
        found = _Token(row.key, bytes(row.key_sha256), scopes_of(row.scopes.split()), row.expires_at)
        self._seen[hashed] = found
        return self._grant(found)

    def _grant(self, token: _Token | None) -> Grant | None:
        credential = self._credentials.find(token.key) if token is not None else None
        if token is None or credential is None:
            return None
        now = int(self._clock())
        if not credential.holds(token.key_sha256):
            raise AccessDenied("The secret behind this token was replaced.", code="credential_expired")
        credential.check(token.key_sha256, now)
        if now >= token.expires_at:
            raise AccessDenied("This access token has expired. Ask for another.", code="credential_expired")
        self._credentials.used(credential)
        return Grant(credential, token.scopes & credential.scopes)
