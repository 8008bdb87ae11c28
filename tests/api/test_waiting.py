"""Many tills wait at once, and do not stop who only asks."""

from __future__ import annotations

import asyncio

from httpx import ASGITransport, AsyncClient

from coalition.api import Readiness, create_app
from coalition.service import LedgerService
from tests.api.conftest import MEMBER, World
from tests.api.fakes import NOW, FakeTexts

TILLS = 300


def test_hundreds_of_tills_wait_while_others_read(world: World) -> None:
    service = LedgerService(world.book, world.book, FakeTexts())  # type: ignore[arg-type]
    app = create_app(service, world.credentials, lambda: Readiness(()), lambda: NOW, world.book.is_pending)
    headers = {"Authorization": f"Bearer {world.credentials.issue(1, 'many tills')}"}
    asyncio.run(_wait_and_read(world, AsyncClient(transport=ASGITransport(app), base_url="http://x", headers=headers)))


async def _wait_and_read(world: World, http: AsyncClient) -> None:
    world.book.stuck = []
    async with http:
        bodies = [{"member": MEMBER, "receipt": str(number), "spend_minor": 100} for number in range(TILLS)]
        waiting = [asyncio.create_task(http.post("/v1/earn", json=body)) for body in bodies]
        for _ in range(1_000):
            if len(world.book.stuck) == TILLS:
                break
            await asyncio.sleep(0.01)
        assert len(world.book.stuck) == TILLS
        assert not any(one.done() for one in waiting)
        assert (await http.get(f"/v1/members/{MEMBER}/balance")).json()["points"] == 1_000
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/v1/operations/17")).json()["pending"] is True
        world.book.settle()
        answers = await asyncio.gather(*waiting)
    assert {answer.status_code for answer in answers} == {201}
    assert world.book.points[MEMBER] == 1_000 + TILLS
