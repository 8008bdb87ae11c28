"""Who is let in: a service that has too much to do says so at once, before it has read a body, and one that stops says that.

Whoever waits costs memory; so their number is bounded, and everybody beyond is told when to come again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coalition.api.errors import problem_of
from coalition.errors import Unavailable

__all__ = ["Gate", "Gated"]

REQUESTS_MAX = 4_096
ALWAYS_ANSWERED = "/health"
STATUS_PAGES = frozenset({"/ready"})
CHANGING = frozenset({"DELETE", "PATCH", "POST", "PUT"})


@dataclass
class Gate:
    """At most `requests_max` requests are served at a time; none that changes anything while `is_full` says so."""

    requests_max: int = REQUESTS_MAX
    is_full: Callable[[], bool] = lambda: False
    serving: int = 0
    is_closed: bool = False

    def close(self) -> None:
        """Let nobody in any more."""
        self.is_closed = True

    def objection(self, method: str, path: str) -> Unavailable | None:
        """Why a request is not let in; None if it is."""
        if path == ALWAYS_ANSWERED:
            return None
        if self.is_closed:
            return Unavailable(
                "This process is stopping. Send the same request again: to another node, or later.", code="closed"
            )
        if path in STATUS_PAGES:
            return None
        if self.serving >= self.requests_max:
            return Unavailable(
                f"{self.requests_max} requests are being served here. Nothing of this one was read.", code="overloaded"
            )
        if method in CHANGING and self.is_full():
            return Unavailable("The outbox is full: the chain takes less than comes in.", code="overloaded")
        return None


class Gated:
    """Middleware that asks a `Gate`."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        gate = self._gate
        objection = gate.objection(scope["method"], scope["path"])
        if objection is not None:
            await problem_of(objection)(scope, receive, _closing(send))
            return
        gate.serving += 1
        try:
            await self._app(scope, receive, send)
        finally:
            gate.serving -= 1


def _closing(send: Send) -> Send:
    """The connection ends with this answer: what was sent of a body is not read."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return sending
