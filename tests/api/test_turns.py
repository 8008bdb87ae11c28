"""Whoever only asks is not behind a thousand who post."""

from __future__ import annotations

import asyncio
from typing import Any

from coalition.api.turns import Turns

POSTS = 200


def test_a_read_passes_the_posts_that_came_before_it_and_posts_keep_their_order() -> None:
    begun: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        begun.append(scope["path"])

    async def work() -> None:
        turns: Any = Turns(app)
        posts = [_request(turns, "POST", str(number)) for number in range(POSTS)]
        await asyncio.sleep(0)
        posts[50].cancel()
        await _request(turns, "GET", "balance")
        place = begun.index("balance")
        await asyncio.wait_for(asyncio.gather(*posts, return_exceptions=True), 20)
        assert place < POSTS // 10
        begun.remove("balance")
        assert begun == [str(number) for number in range(POSTS) if number != 50]
        await asyncio.wait_for(_request(turns, "POST", "later"), 20)
        assert begun[-1] == "later"

    asyncio.run(work())


def _request(app: Any, method: str, path: str) -> asyncio.Task[None]:
    return asyncio.ensure_future(app({"type": "http", "method": method, "path": path}, None, None))
