"""Every request is noted: its route, who asked, what came of it, and how long it took."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coalition.telemetry import Telemetry

__all__ = ["Observing"]


class Observing:
    """Middleware that tells `Telemetry` of each request, and the client its `X-Request-Id`, by which the log knows it.

    The id is made here: one that a client chose might say who somebody is.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 0, time.perf_counter()
        with self._telemetry.serving(scope["headers"]) as seen:

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", seen.request_id.encode())]
                await send(message)

            try:
                await self._app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "name", None)
                self._telemetry.answered(seen, route, status, time.perf_counter() - began)
