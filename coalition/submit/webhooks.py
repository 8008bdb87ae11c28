"""Webhooks as they are kept beside the outbox, shared by the nodes of one database: what their owners ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, tuple_, update

from coalition.submit.storage import Storage
from coalition.submit.tables import webhook_events, webhooks

__all__ = ["Checkpoint", "Kept", "Standing", "WebhookRow", "WebhookStore", "kept_of", "row_of"]

w, e = webhooks.c, webhook_events.c


class Checkpoint(NamedTuple):
    """The last event up to which everything was delivered or put aside; the block's hash may be empty."""

    event_id: str
    block: int
    log: int
    block_hash: str


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """One webhook. Without `types` it gets all. Secrets are sealed; the previous one counts until a Unix time in seconds.

    `disabled` says why nothing is sent, `failing_since` (Unix s) that nothing arrived since.
    """

    id: str
    partner: int
    url: str
    types: tuple[str, ...]
    secret: bytes
    previous_secret: bytes | None
    previous_until: int
    created_at: int
    disabled: str | None
    failing_since: int | None
    checkpoint: Checkpoint
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that was put aside: it waits for `next_at` (Unix s), or is `dead`; `reason` is why the last attempt failed."""

    block: int
    log: int
    event_id: str
    type: str
    lane: str
    attempts: int
    next_at: int
    dead: bool
    reason: str | None


class Standing(NamedTuple):
    """How many events of a webhook wait, and how many are dead letters."""

    waiting: int
    dead: int


class WebhookStore:
    """What their owners do with webhooks. Everything raises `StorageFull` and `Unavailable` as `Storage` does."""

    def __init__(self, engine: Engine) -> None:
        self._storage = Storage(engine)

    def add(self, row: WebhookRow, most: int) -> WebhookRow | None:
        """Keep a new webhook, and return it, or what is kept under its id; None if the partner has `most` already."""
        with self._storage.transaction() as connection:
            known = _find(connection, row.partner, row.id)
            if known is not None:
                return known
            count = select(func.count()).where(w.partner == row.partner)
            if connection.execute(count).scalar_one() >= most:
                return None
            connection.execute(insert(webhooks), _values(row) | {"lease_until": 0})
            return row

    def of(self, partner: int) -> list[WebhookRow]:
        """Return a partner's webhooks, oldest first."""
        question = select(webhooks).where(w.partner == partner).order_by(w.created_at, w.id)
        with self._storage.transaction() as connection:
            return [row_of(row) for row in connection.execute(question)]

    def find(self, partner: int, webhook: str) -> WebhookRow | None:
        """Return a partner's webhook."""
        with self._storage.transaction() as connection:
            return _find(connection, partner, webhook)

    def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        """Return how many events wait and are dead, by webhook."""
        question = select(e.webhook, func.count(), func.sum(e.dead)).where(e.webhook.in_(ids)).group_by(e.webhook)
        with self._storage.transaction() as connection:
            found = {id_: Standing(count - int(dead), int(dead)) for id_, count, dead in connection.execute(question)}
        return {id_: found.get(id_, Standing(0, 0)) for id_ in ids}

    def remove(self, webhook: str) -> None:
        """Forget a webhook and what was put aside for it."""
        with self._storage.transaction() as connection:
            connection.execute(delete(webhooks).where(w.id == webhook))
            connection.execute(delete(webhook_events).where(e.webhook == webhook))

    def rotate(self, webhook: str, secret: bytes, previous_until: int) -> None:
        """Let another secret count, and the one before until a Unix time in seconds."""
        values = {"previous_secret": w.secret, "secret": secret, "previous_until": previous_until}
        self._change(webhook, lambda connection: values)

    def replay(self, webhook: str, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint, unless it is ahead; what was put aside after it comes again by itself. Not disabled any more."""

        def values(connection: Connection) -> dict[str, Any]:
            known = connection.execute(select(w.block, w.log).where(w.id == webhook)).one()
            place = min(tuple(known), (checkpoint.block, checkpoint.log))
            after = (e.webhook == webhook, tuple_(e.block, e.log) > place)
            connection.execute(delete(webhook_events).where(*after))
            active: dict[str, Any] = {"disabled": None, "failing_since": None}
            return active | (checkpoint._asdict() if place < tuple(known) else {})

        self._change(webhook, values)

    def redrive(self, webhook: str, now: int) -> None:
        """Let everything that was put aside be tried again now, dead letters too, with all attempts before them."""

        def values(connection: Connection) -> dict[str, Any]:
            anew = {"dead": 0, "attempts": 0, "next_at": now}
            connection.execute(update(webhook_events).where(e.webhook == webhook).values(**anew))
            return {"disabled": None, "failing_since": None}

        self._change(webhook, values)

    def dead_letters(self, webhook: str, after: tuple[int, int], limit: int) -> list[Kept]:
        """Return at most `limit` dead letters after a place (block, log), in the order of the chain."""
        question = select(webhook_events).where(e.webhook == webhook, e.dead == 1, tuple_(e.block, e.log) > after)
        with self._storage.transaction() as connection:
            rows = connection.execute(question.order_by(e.block, e.log).limit(limit))
            return [kept_of(row) for row in rows]

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    def _change(self, webhook: str, values: Callable[[Connection], dict[str, Any]]) -> None:
        with self._storage.transaction() as connection:
            # First, so that whoever delivers waits, and finds its checkpoint refused.
            ours = update(webhooks).where(w.id == webhook)
            if connection.execute(ours.values(generation=w.generation + 1)).rowcount == 1:
                connection.execute(ours.values(**values(connection)))


def row_of(row: Any) -> WebhookRow:
    """Return what a row of the table says."""
    return WebhookRow(
        row.id,
        row.partner,
        row.url,
        tuple(row.types.split()),
        row.secret,
        row.previous_secret,
        row.previous_until,
        row.created_at,
        row.disabled,
        row.failing_since,
        Checkpoint(row.event_id, row.block, row.log, row.block_hash),
        row.generation,
    )


def kept_of(row: Any) -> Kept:
    """Return what a row of the table says."""
    return Kept(
        row.block,
        row.log,
        row.event_id,
        row.type,
        row.lane,
        row.attempts,
        row.next_at,
        bool(row.dead),
        row.reason,
    )


def _find(connection: Connection, partner: int, webhook: str) -> WebhookRow | None:
    row = connection.execute(select(webhooks).where(w.id == webhook, w.partner == partner)).first()
    return None if row is None else row_of(row)


def _values(row: WebhookRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "partner": row.partner,
        "url": row.url,
        "types": " ".join(row.types),
        "secret": row.secret,
        "previous_secret": row.previous_secret,
        "previous_until": row.previous_until,
        "created_at": row.created_at,
        "disabled": row.disabled,
        "failing_since": row.failing_since,
        "generation": row.generation,
    } | row.checkpoint._asdict()
