"""API keys of partners in the database of the outbox: shown once, kept as hashes, shared by its nodes.

Each node has all keys in memory, and looks at most once a second whether they changed: one small query. So a valid key costs no
query, and a revoked one is refused within about a second everywhere; at once where it was revoked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from coalition.access.limiting import SERVICE, checked_limit
from coalition.access.records import Credential
from coalition.access.scopes import TILL_SCOPES, Scope, scopes_of, text_of
from coalition.access.secret_text import digest, id_of, new_id, new_key
from coalition.access.sources import Network, networks_of
from coalition.errors import InputError, NotFound, Unavailable
from coalition.submit.storage import Storage
from coalition.submit.tables import access_heads, access_keys

__all__ = ["LOOK_SECONDS", "OVERLAP_SECONDS_MAX", "CredentialStore"]

LOOK_SECONDS = 1.0
AHEAD_SECONDS = 0.5
OVERLAP_SECONDS_MAX = 90 * 86_400
HOUR = 3_600
LABEL_MAX = 80
NOBODY = Credential("", 0, "", bytes(32), frozenset(), 0)
k = access_keys.c


class CredentialStore:
    """The keys, with a copy in memory. `clock` tells Unix seconds."""

    def __init__(self, storage: Storage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._version = -1
        self._by_id: Mapping[str, Credential] = {}
        self._used: dict[str, int] = {}
        self._to_write: dict[str, int] = {}

    def issue(
        self,
        partner: int,
        label: str,
        scopes: Iterable[Scope] = TILL_SCOPES,
        *,
        sources: Iterable[Network] = (),
        rate_limit: str | None = None,
    ) -> str:
        """Make a key for a partner and return it. It is not kept: this is the only time it is seen.

        Raises:
            InputError: `label_invalid` if the label is not 1 to 80 printable characters; `scope_invalid`;
                `rate_limit_invalid`.
            StorageFull, Unavailable: it could not be written down.
        """
        if not 0 < len(label) <= LABEL_MAX or not label.isprintable():
            raise InputError(f"A label has 1 to {LABEL_MAX} printable characters.", code="label_invalid", field="label")
        key_id = new_id()
        key = new_key(key_id)
        row = {
            "id": key_id,
            "partner": partner,
            "label": label,
            "sha256": digest(key),
            "scopes": text_of(scopes_of(scopes)),
            "sources": " ".join(map(str, sources)),
            "rate_limit": checked_limit(rate_limit),
            "created_at": self._now(),
        }
        with self._storage.transaction() as connection:
            connection.execute(insert(access_keys).values(row))
            changed(connection)
        self.look()
        return key

    def rotate(self, key_id: str, overlap_seconds: int, partner: int | None = None) -> str:
        """Give a key another secret and return the whole key; the one before counts for `overlap_seconds` more.

        Raises:
            NotFound: `credential_unknown`: there is no such key, it is not of `partner`, or it was revoked.
            InputError: `overlap_invalid`; `rotation_unfinished` while the secret before the present one counts, unless there
                is to be no overlap.
            StorageFull, Unavailable: it could not be written down.
        """
        if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
            raise InputError(
                f"An overlap has 0 to {OVERLAP_SECONDS_MAX} seconds.", code="overlap_invalid", field="overlap_seconds"
            )
        key, now = new_key(key_id), self._now()
        with self._storage.transaction() as connection:
            found = _found(connection, key_id, partner)
            _check_alive(found)
            if overlap_seconds and found.previous_until is not None and now < found.previous_until:
                raise InputError(
                    "The secret before the present one still counts. Wait for its end, or rotate without overlap.",
                    code="rotation_unfinished",
                )
            values = {
                "sha256": digest(key),
                "previous_sha256": found.sha256,
                "previous_until": now + overlap_seconds,
            }
            connection.execute(update(access_keys).where(k.id == key_id).values(values))
            changed(connection)
        self.look()
        return key

    def change(
        self,
        key_id: str,
        partner: int | None = None,
        *,
        scopes: Iterable[Scope] | None = None,
        sources: Iterable[Network] | None = None,
        rate_limit: str | None = None,
    ) -> Credential:
        """Change what a key may do, from where (no `sources`: from anywhere), or how often (`service`: as the service says).

        What is None stays as it is. The key's tokens may do no more than the key.

        Raises:
            NotFound: `credential_unknown`: there is no such key, it is not of `partner`, or it was revoked.
            InputError: `scope_invalid`; `rate_limit_invalid`.
            StorageFull, Unavailable: it could not be written down.
        """
        values: dict[str, str | None] = {}
        if scopes is not None:
            values["scopes"] = text_of(scopes_of(scopes))
        if sources is not None:
            values["sources"] = " ".join(map(str, sources))
        if rate_limit is not None:
            values["rate_limit"] = None if rate_limit == SERVICE else checked_limit(rate_limit)
        with self._storage.transaction() as connection:
            _check_alive(_found(connection, key_id, partner))
            if values:
                connection.execute(update(access_keys).where(k.id == key_id).values(values))
                changed(connection)
        self.look()
        return self._by_id[key_id]

    def revoke(self, key_id: str, partner: int | None = None) -> Credential:
        """Make a key and its tokens useless from now on; once revoked, it stays so from the first time.

        Raises:
            NotFound: `credential_unknown`: there is no such key, or it is not of `partner`.
            StorageFull, Unavailable: it could not be written down.
        """
        with self._storage.transaction() as connection:
            _found(connection, key_id, partner)
            first = update(access_keys).where(k.id == key_id, k.revoked_at.is_(None))
            if connection.execute(first.values(revoked_at=self._now())).rowcount:
                changed(connection)
        self.look()
        return self._by_id[key_id]

    def all(self, partner: int | None = None) -> list[Credential]:
        """Return the keys of one partner, or all, the oldest first, as they are now."""
        self.look()
        with self._storage.reading() as connection:
            rows = connection.execute(select(access_keys).order_by(k.created_at, k.id)).all()
        return [_credential(row) for row in rows if partner in (None, row.partner)]

    @property
    def is_stale(self) -> bool:
        """True if what is in memory does not count any more before somebody looked."""
        return abs(self._clock() - self._looked_at) >= LOOK_SECONDS

    @property
    def is_ageing(self) -> bool:
        """True if it is time to look, so that nobody will have to wait for it."""
        return abs(self._clock() - self._looked_at) >= AHEAD_SECONDS

    def look_if_stale(self) -> None:
        """Look, if it has to be."""
        if self.is_stale:
            self.look()

    def look(self) -> None:
        """Read the keys again if they changed, and write down which were used. Blocks.

        Raises:
            Unavailable: the keys in memory are as they were, and will be stale.
        """
        with self._lock:
            now = self._clock()
            self._write_down()
            with self._storage.reading() as connection:
                version = connection.execute(
                    select(access_heads.c.number).where(access_heads.c.name == "keys")
                ).scalar_one()
                if version != self._version:
                    rows = connection.execute(select(access_keys)).all()
                    self._by_id = {row.id: _credential(row) for row in rows}
                    self._version = version
            self._looked_at = now

    def find(self, key_id: str) -> Credential | None:
        """Return a key that is in memory."""
        return self._by_id.get(key_id)

    def holder_of(self, text: str) -> Credential | None:
        """Return the key in memory whose secret a text is, if it counts now. Wrong ones cost the same as right ones.

        Raises:
            AccessDenied: `credential_revoked` or `credential_expired`, to those only who have the secret.
        """
        hashed = digest(text)
        found = self._by_id.get(id_of(text), NOBODY)
        if not found.holds(hashed):
            return None
        found.check(hashed, self._now())
        self.used(found)
        return found

    def used(self, found: Credential) -> None:
        """Note that a key was used in this hour."""
        hour = self._now() // HOUR * HOUR
        if self._used.get(found.id, found.last_used_at) != hour:
            self._used[found.id] = self._to_write[found.id] = hour

    def _write_down(self) -> None:
        if not self._to_write:
            return
        written, self._to_write = self._to_write, {}
        with suppress(Unavailable), self._storage.transaction() as connection:  # nobody is refused for want of this
            for key_id, hour in list(written.items()):
                later = or_(k.last_used_at.is_(None), k.last_used_at < hour)
                connection.execute(update(access_keys).where(k.id == key_id, later).values(last_used_at=hour))

    def _now(self) -> int:
        return int(self._clock())


def changed(connection: Connection) -> None:
    """Tell all nodes, when this transaction ends, to read the keys again."""
    heads = access_heads.c
    connection.execute(update(access_heads).where(heads.name == "keys").values(number=heads.number + 1))


def _found(connection: Connection, key_id: str, partner: int | None) -> Any:
    row = connection.execute(select(access_keys).where(k.id == key_id).with_for_update()).one_or_none()
    if row is None or partner not in (None, row.partner):
        raise NotFound("There is no key of that id.", code="credential_unknown")
    return row


def _check_alive(row: Any) -> None:
    if row.revoked_at is not None:
        raise NotFound("This key was revoked. Issue another.", code="credential_unknown")


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        id=row.id,
        partner=row.partner,
        label=row.label,
        sha256=bytes(row.sha256),
        scopes=scopes_of(row.scopes.split()),
        created_at=row.created_at,
        previous_sha256=None if row.previous_sha256 is None else bytes(row.previous_sha256),
        previous_until=row.previous_until,
        sources=networks_of(row.sources.split()),
        rate_limit=row.rate_limit,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
