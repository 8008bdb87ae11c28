"""All that decides whether a call is let in, as one part."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from coalition.access.admin_log import AdminLog
from coalition.access.credentials import CredentialStore
from coalition.access.imported import import_file
from coalition.access.limiting import RateLimits
from coalition.access.records import Grant
from coalition.access.secret_text import is_token
from coalition.access.tokens import TokenStore
from coalition.errors import AccessDenied
from coalition.submit.storage import Storage

__all__ = ["Access"]


class Access:
    """Keys, tokens and log in the database of `engine`, which its nodes share; calls are counted in this process.

    `rate_limit` is that of keys without one of their own, `clock` tells Unix seconds.
    """

    def __init__(
        self, engine: Engine, *, rate_limit: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._storage = Storage(engine)
        self.credentials = CredentialStore(self._storage, clock)
        self.tokens = TokenStore(self._storage, self.credentials, clock)
        self.limits = RateLimits(rate_limit, clock)
        self.log = AdminLog(self._storage, clock)

    def known(self, text: str) -> Grant | None:
        """Return what a key or token grants, by what is in memory; None if that does not settle it.

        Raises:
            AccessDenied: `credential_revoked` or `credential_expired`, to those only who have the secret.
        """
        if is_token(text):
            return self.tokens.seen(text)
        holder = self.credentials.holder_of(text)
        return None if holder is None else Grant(holder, holder.scopes)

    def looked_up(self, text: str) -> Grant:
        """Return what a key or token grants, after a look at the database. Blocks.

        Every text that grants nothing leads here, whatever is wrong with it, and costs the same.

        Raises:
            AccessDenied: `credential_invalid`; or as `known`.
            Unavailable: the database does not answer.
        """
        self.credentials.look()
        grant = self.known(text) or self.tokens.ask(text)
        if grant is None:
            raise AccessDenied("This API key or access token is not valid here.", code="credential_invalid")
        return grant

    def still_counts(self, grant: Grant) -> bool:
        """True if the key of an earlier grant may still do all that it granted, for whoever is answered for long. Blocks."""
        self.credentials.look_if_stale()
        found = self.credentials.find(grant.credential.id)
        return found is not None and found.revoked_at is None and grant.scopes <= found.scopes

    def import_file(self, path: Path) -> int:
        """Take over the keys of a file of earlier versions; see `imported`."""
        return import_file(self._storage, path)

    def close(self) -> None:
        """Close the database."""
        self._storage.close()
