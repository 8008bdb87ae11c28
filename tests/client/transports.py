"""Lines that fail on the way to a real service, or stand for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

Trouble = Callable[[int], httpx.Response | type[httpx.TransportError] | None]
"""What happens to the answer of the n-th attempt, counted from 0: `None` lets it through."""


class Line(httpx.HTTPTransport):
    """Hands each request to the service, whose answer may then be lost or exchanged. `bodies` is what was sent."""

    def __init__(self, trouble: Trouble, *, reaches: bool = True) -> None:
        super().__init__()
        self.trouble, self.reaches = trouble, reaches
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        attempt = len(self.bodies)
        self.bodies.append(request.content)
        found = self.trouble(attempt)
        if found is None or self.reaches:
            response = super().handle_request(request)
            response.read()
        return settle(found, request, response if found is None else None)


class AsyncLine(httpx.AsyncHTTPTransport):
    """As `Line`; without a service, it answers after a turn of the loop."""

    def __init__(self, trouble: Trouble, *, reaches: bool = True) -> None:
        super().__init__()
        self.trouble, self.reaches = trouble, reaches
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempt = len(self.bodies)
        self.bodies.append(request.content)
        found = self.trouble(attempt)
        if found is None or self.reaches:
            response = await super().handle_async_request(request)
            await response.aread()
        await asyncio.sleep(0)
        return settle(found, request, response if found is None else None)


def settle(
    found: httpx.Response | type[httpx.TransportError] | None, request: httpx.Request, response: httpx.Response | None
) -> httpx.Response:
    """Give the answer that the client gets to see."""
    if found is None:
        assert response is not None
        return response
    if isinstance(found, httpx.Response):
        return found
    raise found("lost", request=request)


def first(times: int, what: httpx.Response | type[httpx.TransportError]) -> Trouble:
    """Return the trouble of the first `times` attempts."""
    return lambda attempt: what if attempt < times else None


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    """Return what the service says when it refuses."""
    body = {"type": f"/errors/{code}", "title": code, "status": status, "detail": "So it is.", "code": code, "more": 1}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"} | headers)
