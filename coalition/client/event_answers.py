"""What happened to the partner, as listed, streamed, and sent to webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from coalition.client.answers import Operation

__all__ = [
    "DeadLetter",
    "DeadLetters",
    "Event",
    "EventAward",
    "EventData",
    "EventPage",
    "Webhook",
    "WebhookSecret",
    "WebhookTrial",
    "Webhooks",
]


@dataclass(frozen=True, slots=True)
class EventAward:
    """What a campaign gave with a purchase of the partner, or took back with its reversal, whose `receipt` this is."""

    campaign: int
    receipt: str
    points: int
    confirmed_at: datetime
    block: int
    transaction: str
    member: str | None = None


@dataclass(frozen=True, slots=True)
class EventData:
    """What happened: one of these, as the event's type says."""

    operation: Operation | None = None
    award: EventAward | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event, with the same `id` wherever and however often it is told."""

    id: str
    type: str
    version: int
    timestamp: datetime
    data: EventData


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, oldest first; `more` says that there are more by now."""

    events: tuple[Event, ...]
    more: bool
    next: str

    @property
    def after(self) -> str:
        """What to ask for next, now or later. Only this is taken from `next`, as in `OperationPage.cursor`."""
        return parse_qs(urlsplit(self.next).query).get("after", ["start"])[0]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook and how it stands. No `types` means all; everything up to `checkpoint` was delivered, waits, or was given up.

    `reason` says why it is `disabled`, `failing_since` that nothing arrived since.
    """

    id: str
    url: str
    types: tuple[str, ...]
    status: str
    created_at: datetime
    checkpoint: str
    waiting: int
    dead_letters: int
    reason: str | None = None
    failing_since: datetime | None = None
    previous_secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A webhook, and its secret, which is told this once and not shown by `repr`."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The partner's webhooks, oldest first."""

    webhooks: tuple[Webhook, ...]


@dataclass(frozen=True, slots=True)
class WebhookTrial:
    """What the receiver did with a test; `reason` says why it was not delivered."""

    event_id: str
    delivered: bool
    status: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up, and why its last attempt failed."""

    event_id: str
    type: str
    attempts: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Events that were given up, in order; if there are `more`, ask for those after the last."""

    dead_letters: tuple[DeadLetter, ...]
    more: bool
