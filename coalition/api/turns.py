"""Who is served first: whoever only asks. What changes the book waits its turn, a few requests in each round of the event loop.

When a block confirms two thousand purchases, their tills send the next two thousand. Nobody who looks up a balance meanwhile
should stand behind all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Turns"]

POSTS_IN_A_ROUND = 1


class Turns:
    """Middleware: requests that are no GET begin in order of arrival, `POSTS_IN_A_ROUND` in each round of the event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] == "http" and scope["method"] != "GET":
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(min(POSTS_IN_A_ROUND, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._next, loop)
