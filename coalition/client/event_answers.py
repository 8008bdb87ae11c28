"""What happened to the partner, as listed, streamed, and sent to webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from coalition.client.answers import Operation

__all__ = ["Event", "EventAward", "EventData", "EventPage"]


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
