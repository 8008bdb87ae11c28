"""What partners send and get about webhooks."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from coalition.api import event_examples as examples
from coalition.api.event_bodies import EventBody, EventDataBody
from coalition.api.requests import Time as GivenTime
from coalition.api.requests import strict
from coalition.api.responses import Time, shown
from coalition.api.times import rfc3339
from coalition.service.webhook_sender import Reply
from coalition.service.webhooks import OVERLAP_SECONDS_MAX, WebhookShown
from coalition.submit.webhooks import Kept

__all__ = [
    "DeadLetterPage",
    "ReplayRequest",
    "RotationRequest",
    "WebhookBody",
    "WebhookRequest",
    "WebhookSecretBody",
    "WebhookTrialBody",
    "WebhooksBody",
    "dead_letter_page",
    "trial_body",
    "trial_event",
    "webhook_body",
    "webhook_secret_body",
]

TYPES_MAX = 50
HOUR = 3_600


class WebhookRequest(BaseModel):
    """Where events are to go."""

    model_config = strict(examples.WEBHOOK_REQUEST)

    url: str = Field(description="https:// and a public host, of 2,048 characters at most.")
    types: list[str] = Field(
        default_factory=list, max_length=TYPES_MAX, description="Only events of these types; left out or empty: all."
    )


class RotationRequest(BaseModel):
    """How long the secret before goes on signing."""

    model_config = strict(examples.ROTATION_REQUEST)

    overlap_hours: int = Field(
        default=24, ge=0, le=OVERLAP_SECONDS_MAX // HOUR, description="0 if the secret before is known to others."
    )


class ReplayRequest(BaseModel):
    """From where on events are sent again; with neither, the webhook goes on where it stopped."""

    model_config = strict(examples.REPLAY_REQUEST)

    after: str | None = Field(
        default=None, max_length=100, description="The id of the event after which to begin, or `start`."
    )
    since: GivenTime | None = Field(default=None, description="Or the time from which on.")


class WebhookBody(BaseModel):
    """A webhook, and how it stands."""

    model_config = shown(examples.WEBHOOK)

    id: str
    url: str
    types: list[str] = Field(description="Empty for all.")
    status: Literal["active", "disabled"]
    reason: str | None = Field(
        default=None, description="Why it is disabled: `gone` (the receiver answered 410), or `failing` for five days."
    )
    created_at: Time
    failing_since: Time | None = Field(default=None, description="Nothing arrived since.")
    checkpoint: str = Field(description="Everything up to this event was delivered, or is counted below.")
    waiting: int = Field(description="Events that wait for their next attempt, or for those before them.")
    dead_letters: int = Field(description="Events that were given up.")
    previous_secret_until: Time | None = Field(default=None, description="Until then two secrets sign.")


class WebhookSecretBody(BaseModel):
    """A webhook with its new secret."""

    model_config = shown(examples.WEBHOOK_SECRET)

    webhook: WebhookBody
    secret: str = Field(description="`whsec_` and Base64, shown this once: what verifies the signatures.")


class WebhooksBody(BaseModel):
    """The partner's webhooks, oldest first."""

    model_config = shown(examples.WEBHOOKS)

    webhooks: list[WebhookBody]


class WebhookTrialBody(BaseModel):
    """What the receiver did with a test."""

    model_config = shown(examples.WEBHOOK_TRIAL)

    event_id: str
    delivered: bool
    status: int | None = Field(default=None, description="What it answered.")
    reason: str | None = Field(default=None, description="Why it was not delivered.")


class DeadLetterBody(BaseModel):
    """An event that was given up."""

    event_id: str
    type: str
    attempts: int
    reason: str | None = Field(default=None, description="Why the last attempt failed.")


class DeadLetterPage(BaseModel):
    """Events that were given up, in the order of the chain."""

    model_config = shown(examples.DEAD_LETTERS)

    dead_letters: list[DeadLetterBody]
    more: bool = Field(description="True if there are more: ask for those after the last event_id.")


def webhook_body(found: WebhookShown, now: int) -> WebhookBody:
    """Return a webhook as its partner sees it at a Unix time in seconds."""
    row = found.row
    fields = {
        "reason": row.disabled,
        "failing_since": None if row.failing_since is None else rfc3339(row.failing_since),
        "previous_secret_until": rfc3339(row.previous_until) if now < row.previous_until else None,
    }
    return WebhookBody(
        id=row.id,
        url=row.url,
        types=list(row.types),
        status="active" if row.disabled is None else "disabled",
        created_at=rfc3339(row.created_at),
        checkpoint=row.checkpoint.event_id,
        waiting=found.standing.waiting,
        dead_letters=found.standing.dead,
        **{name: value for name, value in fields.items() if value is not None},
    )


def webhook_secret_body(found: WebhookShown, now: int) -> WebhookSecretBody:
    """Return a webhook whose secret was just made."""
    assert found.secret is not None
    return WebhookSecretBody(webhook=webhook_body(found, now), secret=found.secret)


def dead_letter_page(found: list[Kept], limit: int) -> DeadLetterPage:
    """Return a page of at most `limit`."""
    letters = [
        DeadLetterBody(event_id=one.event_id, type=one.type, attempts=one.attempts, reason=one.reason)
        for one in found[:limit]
    ]
    return DeadLetterPage(dead_letters=letters, more=len(found) > limit)


def trial_event(event_id: str, now: int) -> str:
    """Return the event that a test sends, as JSON."""
    data = EventDataBody()
    body = EventBody(id=event_id, type="webhook.test", version=1, timestamp=rfc3339(now), data=data)
    return body.model_dump_json(exclude_unset=True)


def trial_body(event_id: str, reply: Reply) -> WebhookTrialBody:
    """Return what a test came to."""
    fields = {"event_id": event_id, "delivered": reply.delivered, "status": reply.status, "reason": reply.reason}
    return WebhookTrialBody.model_validate({name: value for name, value in fields.items() if value is not None})
