"""Many tills wait at once, and do not stop who only asks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from httpx import ASGITransport, AsyncClient

from coalition.api import Context, Readiness, create_app
from coalition.api.streams import EventStreams
from coalition.service import LedgerService
from coalition.service.balances import PastBalances
from coalition.service.bell import Bell
from coalition.service.events import EventFeed
from coalition.service.pending import PendingEarns
from coalition.service.till import TillDesk
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.scheduled import ScheduledEarns
from coalition.submit.till_tokens import TillTokens
from tests.api.conftest import MEMBER, World
from tests.api.fake_batches import FakeBatches
from tests.api.fake_campaigns import FakeCampaigns
from tests.api.fake_previews import FakePreviews
from tests.api.fake_tills import fake_tills
from tests.api.fakes import NOW, FakeTexts

TILLS = 2_000
THREADS_MAX = 40


def test_two_thousand_tills_wait_while_others_read(world: World) -> None:
    service = LedgerService(world.book, world.book, FakeTexts())  # type: ignore[arg-type]
    campaigns: Any = FakeCampaigns()
    keys = IdempotencyKeys(world.outbox)
    events = EventFeed(world.book)  # type: ignore[arg-type]
    tokens = TillTokens(world.outbox)
    service.hide(tokens.hidden)
    scheduled = ScheduledEarns(world.outbox)
    later = PendingEarns(service, scheduled)
    service.reserve(later.conflicts)
    context = Context(
        service=service,
        access=world.access,
        readiness=lambda: Readiness(()),
        clock=lambda: NOW,
        pending=world.book.is_pending,
        campaigns=campaigns,
        previews=FakePreviews(world.book),  # type: ignore[arg-type]
        balances=PastBalances(None, world.book),  # type: ignore[arg-type]
        authoring=campaigns,
        till=TillDesk(None, None, world.book, tokens),  # type: ignore[arg-type]
        later=later,
        idempotency=keys,
        batches=FakeBatches(world.book),  # type: ignore[arg-type]
        events=events,
        streams=EventStreams(service, events, Bell()),
        webhooks=None,  # type: ignore[arg-type]
        tills=fake_tills(service),
    )
    app = create_app(context)
    headers = {"Authorization": f"Bearer {world.access.credentials.issue(1, 'many tills')}"}
    http = AsyncClient(transport=ASGITransport(app), base_url="http://x", headers=headers)

    threads, waiting, read, answers = asyncio.run(_wait_and_read(world, http))

    keys.close()
    tokens.close()
    scheduled.close()
    assert threads <= THREADS_MAX
    assert (waiting, read) == (TILLS, [1_000, 200, True])
    assert answers == [201] * TILLS
    assert world.book.points[MEMBER] == 1_000 + TILLS


async def _wait_and_read(world: World, http: AsyncClient) -> tuple[int, int, list[object], list[int]]:
    """Threads while all waited, how many tills waited while others read, what those read, the status that each till got."""
    world.book.stuck = []
    async with http:
        bodies = [{"member": MEMBER, "receipt": str(number), "spend_minor": 100} for number in range(TILLS)]
        waiting = [asyncio.create_task(http.post("/v1/earn", json=body)) for body in bodies]
        for _ in range(1_000):
            if len(world.book.stuck) == TILLS:
                break
            await asyncio.sleep(0.01)
        threads = threading.active_count()
        read = [
            (await http.get(f"/v1/members/{MEMBER}/balance")).json()["points"],
            (await http.get("/health")).status_code,
            (await http.get("/v1/operations/17")).json()["pending"],
        ]
        still = min(len(world.book.stuck), sum(not one.done() for one in waiting))
        world.book.settle()
        answers = await asyncio.gather(*waiting)
    return threads, still, read, [answer.status_code for answer in answers]
