"""Idempotency keys: which request a partner's key stands for (draft-ietf-httpapi-idempotency-key-header).

Receipts already make a repetition harmless. A key adds what they cannot see: that a client sends another request, with another
receipt, where it means to repeat one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, delete, select, text, update

from coalition.errors import InputError
from coalition.submit.storage import Storage
from coalition.submit.tables import idempotency_keys

__all__ = ["KEY_SECONDS", "IdempotencyKeys"]

KEY_SECONDS = 86_400
BUSY_SECONDS_MAX = 120
_ADD = text(
    f"INSERT INTO {idempotency_keys.name} (partner, key_hash, request, busy_until, expires_at) "
    "VALUES (:partner, :key_hash, :request, :busy_until, :expires_at) ON CONFLICT DO NOTHING"
)
k = idempotency_keys.c


class IdempotencyKeys:
    """Keys beside the outbox, for a day each; shared by the nodes of one database. `clock` tells Unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._storage = Storage(engine)
        self._clock = clock

    @contextmanager
    def held(self, partner: int, key: str, request: bytes) -> Iterator[None]:
        """Have `key` stand for `request` (a hash, 32 bytes) of a partner, and be in use until the block ends.

        Raises:
            InputError: `idempotency_key_reused` if it stands for another request; `idempotency_key_in_use` if that request is
                being answered.
            StorageFull, Unavailable: nothing is known about the key.
        """
        key_hash = hashlib.sha256(key.encode()).digest()
        ours = (k.partner == partner, k.key_hash == key_hash)
        self._take(partner, key_hash, request)
        try:
            yield
        finally:
            with self._storage.transaction() as connection:
                connection.execute(update(idempotency_keys).where(*ours).values(busy_until=0))

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    def _take(self, partner: int, key_hash: bytes, request: bytes) -> None:
        now = int(self._clock())
        ours = (k.partner == partner, k.key_hash == key_hash)
        row = {"partner": partner, "key_hash": key_hash, "request": request}
        until = {"busy_until": now + BUSY_SECONDS_MAX, "expires_at": now + KEY_SECONDS}
        with self._storage.transaction() as connection:
            connection.execute(delete(idempotency_keys).where(k.expires_at <= now))
            if connection.execute(_ADD, row | until).rowcount == 1:
                return
            known = connection.execute(select(k.request).where(*ours)).scalar_one()
            if known != request:
                raise InputError(
                    "This Idempotency-Key was used for another request. Make a new one for each.",
                    code="idempotency_key_reused",
                )
            free = update(idempotency_keys).where(*ours, k.busy_until <= now).values(busy_until=until["busy_until"])
            if connection.execute(free).rowcount != 1:
                raise InputError(
                    "The request with this Idempotency-Key is being answered. Send it again a little later.",
                    code="idempotency_key_in_use",
                )
