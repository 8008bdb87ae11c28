"""The routes about events, as pure functions."""

from __future__ import annotations

from datetime import datetime

from coalition.client.event_answers import EventPage
from coalition.client.request import Request, get, time_text

__all__ = ["events_page"]


def events_page(
    *, after: str | None = None, since: datetime | None = None, limit: int | None = None
) -> Request[EventPage]:
    """Ask for a page of what happened, oldest first: after the event with an id, since a time, or all there is."""
    return get(
        "/v1/events",
        EventPage,
        {"after": after, "since": None if since is None else time_text(since), "limit": limit},
    )
