"""A stream of events that goes on over lost connections. As `course`, it neither sends nor waits: the clients do."""

from __future__ import annotations

import json
from typing import Any

import httpx

from coalition.client.course import Course, Outcome, Patience
from coalition.client.errors import ApiError
from coalition.client.event_answers import Event
from coalition.client.reading import read
from coalition.client.request import Request

__all__ = ["EventStream"]

SILENCE_SECONDS_MAX = 45.0  # the service says something every 15 s


class EventStream:
    """The connections of one stream, one after another; `last_id` is how far it was read."""

    def __init__(self, after: str | None, patience: Patience) -> None:
        self.last_id = after
        self._patience = patience
        self._course = self._new_course()
        self._fields: dict[str, str] = {}

    def attempt(self) -> dict[str, Any]:
        """Return what the next connection sends, as httpx takes it."""
        self._fields.clear()
        sent = self._course.attempt()
        headers = {"Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        connect = sent["timeout"].connect
        return sent | {"headers": headers, "timeout": httpx.Timeout(SILENCE_SECONDS_MAX, connect=connect)}

    def opened(self) -> None:
        """The service answered: count failures anew."""
        self._course = self._new_course()

    def line(self, line: str) -> Event | None:
        """Take a line of the stream; return the event that it ends, if there is one.

        Raises:
            ApiError: `answer_malformed`.
        """
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")  # each is one line here
            return None
        fields, self._fields = self._fields, {}
        event = self._event(fields["data"]) if "data" in fields else None
        self.last_id = fields.get("id", self.last_id)
        return event

    def after(self, outcome: Outcome | None) -> float:
        """Return the seconds to wait before the next connection, after an error or, with None, the end of one.

        Raises:
            ApiError: the service refused, or could not be reached until the deadline.
        """
        if outcome is None:
            return 0.0
        pause = self._course.after(outcome)
        assert pause is not None  # an answer that is no stream is none
        return pause

    def _event(self, data: str) -> Event:
        try:
            return read(Event, json.loads(data))
        except ValueError as error:
            raise ApiError(f"An event that is none: {error}", code="answer_malformed") from None

    def _new_course(self) -> Course[Event]:
        return Course(Request("GET", "/v1/events/stream", Event), self._patience)
