"""What partners do with their webhooks."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from coalition.errors import InputError, NotFound, SetupError
from coalition.index.events import Place
from coalition.service.events import EVENT_TYPES, START, EventFeed, end_id
from coalition.service.sealing import Seal
from coalition.service.webhook_sender import Reply, Sender, Target
from coalition.service.webhook_targets import Reach, check_url
from coalition.submit.webhooks import Checkpoint, Kept, Standing, WebhookRow, WebhookStore

__all__ = ["OVERLAP_SECONDS_MAX", "WebhookService", "WebhookShown"]

WEBHOOKS_OF_PARTNER_MAX = 20
SECRET_BYTES = 32
ID_DIGITS = 24
SECRET_PREFIX = "whsec_"
OVERLAP_SECONDS_MAX = 7 * 86_400


class WebhookShown(NamedTuple):
    """A webhook and how it stands. `secret` is told once: when it was made; and again to a repetition (`replayed`)."""

    row: WebhookRow
    standing: Standing
    secret: str | None = None
    replayed: bool = False


class WebhookService:
    """Webhooks of partners; a partner finds its own only. `clock` tells Unix seconds.

    Every method that takes an id raises:
        NotFound: `webhook_unknown`.
    """

    def __init__(
        self,
        store: WebhookStore,
        feed: EventFeed,
        seal: Seal,
        reach: Reach,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._feed = feed
        self._seal = seal
        self._reach = reach
        self._clock = clock
        self._sender = Sender(reach, clock)
        self._changed: Callable[[], None] = lambda: None

    def now(self) -> int:
        """Return the time in Unix seconds."""
        return int(self._clock())

    def watch(self, changed: Callable[[], None]) -> None:
        """Have `changed` called when there is something else to deliver."""
        self._changed = changed

    def add(
        self, partner: int, url: str, types: Sequence[str] = (), idempotency_key: str | None = None
    ) -> WebhookShown:
        """Send the partner's events, of these types or of all, to an address, from now on. As long as the webhook is there, the
        key stands for it.

        Raises:
            InputError: `webhook_url_invalid`, `webhook_url_forbidden`, `event_type_unknown`, `webhooks_too_many`,
                `idempotency_key_reused`.
        """
        check_url(url, self._reach)
        unknown = sorted(set(types) - set(EVENT_TYPES))
        if unknown:
            raise InputError(
                f"There is no type {unknown[0][:80]!r}. Known: {', '.join(EVENT_TYPES)}.", code="event_type_unknown"
            )
        known_by = secrets.token_hex() if idempotency_key is None else f"{partner} {idempotency_key}"
        id_, secret, now = f"wh_{_digest(known_by)}", secrets.token_bytes(SECRET_BYTES), self.now()
        row = WebhookRow(
            id_,
            partner,
            url,
            tuple(one for one in EVENT_TYPES if one in types),
            self._seal.close(secret, id_),
            None,
            0,
            now,
            None,
            None,
            self._checkpoint(partner, self._feed.newest()),
        )
        kept = self._store.add(row, WEBHOOKS_OF_PARTNER_MAX)
        if kept is None:
            raise InputError(
                f"A partner has {WEBHOOKS_OF_PARTNER_MAX} webhooks at most. Remove one.", code="webhooks_too_many"
            )
        if kept is not row:
            if (kept.url, kept.types) != (row.url, row.types):
                raise InputError(
                    "This Idempotency-Key made another webhook. Make a new key for each.", code="idempotency_key_reused"
                )
            return self._again(kept, self._seal.open(kept.secret, id_))
        self._changed()
        return WebhookShown(row, Standing(0, 0), _text_of(secret))

    def of(self, partner: int) -> list[WebhookShown]:
        """Return the partner's webhooks, oldest first."""
        rows = self._store.of(partner)
        standings = self._store.standings([row.id for row in rows])
        return [WebhookShown(row, standings[row.id]) for row in rows]

    def find(self, partner: int, webhook: str) -> WebhookShown:
        """Return one."""
        row = self._row(partner, webhook)
        return WebhookShown(row, self._store.standings([row.id])[row.id])

    def remove(self, partner: int, webhook: str) -> WebhookShown:
        """Send nothing more, and forget it; return what it was."""
        shown = self.find(partner, webhook)
        self._store.remove(webhook)
        self._changed()
        return shown

    def rotate(
        self, partner: int, webhook: str, overlap_seconds: int, idempotency_key: str | None = None
    ) -> WebhookShown:
        """Sign with a new secret; for `overlap_seconds` with the present one beside it. A key makes the same secret each time, and
        does nothing while that one signs.
        """
        row = self._row(partner, webhook)
        secret = secrets.token_bytes(SECRET_BYTES)
        if idempotency_key is not None:
            secret = self._seal.derived(f"{row.id} {idempotency_key}")
            if self._signs_with(row, secret):
                return self._again(row, secret)
        self._store.rotate(row.id, self._seal.close(secret, row.id), self.now() + overlap_seconds)
        self._changed()
        return self.find(partner, webhook)._replace(secret=_text_of(secret))

    def replay(self, partner: int, webhook: str, after: str | None = None, since: int | None = None) -> WebhookShown:
        """Send again what came after an event (by its id, or `start`), or since a time (Unix s); with neither, go on where it
        stopped. A place that lies ahead changes nothing. What was disabled is not any more.

        Raises:
            InputError: `event_id_invalid`.
            Unavailable: `events_behind`.
        """
        row = self._row(partner, webhook)
        checkpoint = row.checkpoint
        if after is not None:
            place = START if after == "start" else self._feed.place_of(partner, after)
            checkpoint = self._checkpoint(partner, place)
        elif since is not None:
            checkpoint = self._checkpoint(partner, self._feed.since(since))
        self._store.replay(row.id, checkpoint)
        self._changed()
        return self.find(partner, webhook)

    def dead_letters(self, partner: int, webhook: str, after: str | None, limit: int) -> list[Kept]:
        """Return dead letters in the order of the chain, after the event with an id."""
        row = self._row(partner, webhook)
        place = START if after is None else self._feed.place_of(partner, after)
        return self._store.dead_letters(row.id, (place.block, place.log), limit)

    def redrive(self, partner: int, webhook: str) -> WebhookShown:
        """Try everything that was put aside now: dead letters, and what waits for its next attempt."""
        row = self._row(partner, webhook)
        self._store.redrive(row.id, self.now())
        self._changed()
        return self.find(partner, webhook)

    async def test(self, row: WebhookRow, event_id: str, text: str) -> Reply:
        """Send one event that is none, now and once; return what the receiver did."""
        async with self._sender.connection() as connection:
            return await connection.send(self.target_of(row), event_id, text)

    def target_of(self, row: WebhookRow) -> Target:
        """Return where a webhook's events go, and what signs them.

        Raises:
            SetupError: `seal_broken`.
        """
        previous = None if row.previous_secret is None else self._seal.open(row.previous_secret, row.id)
        return Target(row.url, self._seal.open(row.secret, row.id), previous, row.previous_until)

    def _again(self, row: WebhookRow, secret: bytes) -> WebhookShown:
        return WebhookShown(row, self._store.standings([row.id])[row.id], _text_of(secret), replayed=True)

    def _signs_with(self, row: WebhookRow, secret: bytes) -> bool:
        try:
            return self._seal.open(row.secret, row.id) == secret
        except SetupError:  # sealed with a key that is lost: to rotate is what helps
            return False

    def _row(self, partner: int, webhook: str) -> WebhookRow:
        row = self._store.find(partner, webhook)
        if row is None:
            raise NotFound("There is no such webhook.", code="webhook_unknown")
        return row

    def _checkpoint(self, partner: int, place: Place) -> Checkpoint:
        here = self._feed.at(partner, [(place.block, place.log)])
        return Checkpoint(here[0].id if here else end_id(partner, place), *place)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def _text_of(secret: bytes) -> str:
    return SECRET_PREFIX + base64.b64encode(secret).decode()
