"""The routes about events and webhooks, as pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from coalition.client.event_answers import DeadLetters, EventPage, Webhook, Webhooks, WebhookSecret, WebhookTrial
from coalition.client.request import Effect, Request, get, post, segment, time_text

__all__ = [
    "add_webhook",
    "dead_letters",
    "events_page",
    "redrive_webhook",
    "remove_webhook",
    "replay_webhook",
    "rotate_webhook",
    "test_webhook",
    "webhook",
    "webhooks",
]


def events_page(
    *, after: str | None = None, since: datetime | None = None, limit: int | None = None
) -> Request[EventPage]:
    """Ask for a page of what happened, oldest first: after the event with an id, since a time, or all there is."""
    return get(
        "/v1/events",
        EventPage,
        {"after": after, "since": None if since is None else time_text(since), "limit": limit},
    )


def add_webhook(url: str, *, types: Sequence[str] | None = None) -> Request[WebhookSecret]:
    """Have events sent to an address from now on, of some types or all. Keep the secret: it is told this once."""
    body = {"url": url, "types": None if types is None else list(types)}
    return _keyed(post("/v1/webhooks", WebhookSecret, Effect.KEY, body))


def webhooks() -> Request[Webhooks]:
    """Ask for the partner's webhooks, and how they stand."""
    return get("/v1/webhooks", Webhooks)


def webhook(webhook: str) -> Request[Webhook]:
    """Ask how a webhook stands."""
    return get(f"/v1/webhooks/{segment(webhook)}", Webhook)


def remove_webhook(webhook: str) -> Request[Webhook]:
    """Have nothing more sent, and the webhook forgotten."""
    return replace(get(f"/v1/webhooks/{segment(webhook)}", Webhook), method="DELETE", effect=Effect.CHANGE)


def rotate_webhook(webhook: str, *, overlap_hours: int | None = None) -> Request[WebhookSecret]:
    """Have a new secret sign, and the one before beside it for the overlap, a day if nothing else is said."""
    body = {"overlap_hours": overlap_hours}
    return _keyed(post(f"/v1/webhooks/{segment(webhook)}/rotate", WebhookSecret, Effect.KEY, body))


def replay_webhook(webhook: str, *, after: str | None = None, since: datetime | None = None) -> Request[Webhook]:
    """Have events sent again: after the one with an id (or `"start"`), since a time, or else from where it was disabled."""
    body = {"after": after, "since": since}
    return post(f"/v1/webhooks/{segment(webhook)}/replay", Webhook, Effect.CHANGE, body)


def test_webhook(webhook: str) -> Request[WebhookTrial]:
    """Have one event of type `webhook.test` sent now, and ask what the receiver did."""
    return post(f"/v1/webhooks/{segment(webhook)}/test", WebhookTrial, Effect.CHANGE)


def dead_letters(webhook: str, *, after: str | None = None, limit: int | None = None) -> Request[DeadLetters]:
    """Ask for events that were given up; `after` is the last `event_id` of the page before."""
    return get(f"/v1/webhooks/{segment(webhook)}/dead-letters", DeadLetters, {"after": after, "limit": limit})


def redrive_webhook(webhook: str) -> Request[Webhook]:
    """Have everything that was given up or waits tried again now."""
    return post(f"/v1/webhooks/{segment(webhook)}/redrive", Webhook, Effect.CHANGE)


def _keyed(request: Request[WebhookSecret]) -> Request[WebhookSecret]:
    """With a key of its own, by which the service knows it if it is sent again."""
    return replace(request, idempotency_key=str(uuid4()))
