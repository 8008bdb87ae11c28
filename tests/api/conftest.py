"""The application over a book in memory, and two partners with API keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response

from coalition.access import Access, CredentialStore
from coalition.access.scopes import ALL_SCOPES
from coalition.api import Check, Context, Readiness, create_app
from coalition.api.streams import EventStreams
from coalition.service import LedgerService
from coalition.service.balances import PastBalances
from coalition.service.bell import Bell
from coalition.service.events import EventFeed
from coalition.service.pending import PendingEarns
from coalition.service.sealing import Seal
from coalition.service.till import TillDesk
from coalition.service.webhook_targets import Reach
from coalition.service.webhooks import WebhookService
from coalition.submit import migrate
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.scheduled import ScheduledEarns
from coalition.submit.tables import access_heads, access_keys, access_tokens, idempotency_keys, webhook_events, webhooks
from coalition.submit.till_tokens import TillTokens
from coalition.submit.webhooks import WebhookStore
from tests.api.fake_batches import FakeBatches
from tests.api.fake_campaigns import FakeCampaigns
from tests.api.fake_previews import FakePreviews
from tests.api.fake_tills import fake_tills
from tests.api.fakes import NOW, FakeBook, FakeTexts
from tests.api.openapi import Contract
from tests.api.street import Street, street_on
from tests.service.coalition import Ground, ground_in

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
STRANGER = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
DEADLINE = "2026-03-01T12:15:00Z"


@dataclass
class Till:
    """A partner's till: a client that sends the partner's key."""

    http: TestClient
    key: str

    def post(self, path: str, body: Any, **headers: str) -> Response:
        return self.http.post(path, json=body, headers=self.headers | headers)

    def get(self, path: str, **headers: str) -> Response:
        return self.http.get(path, headers=self.headers | headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def earn(self, receipt: str = "R-1", spend_minor: int = 10_000, **more: Any) -> Response:
        return self.post("/v1/earn", {"member": MEMBER, "receipt": receipt, "spend_minor": spend_minor} | more)

    def redeem(self, receipt: str = "R-2", points: int = 5, **more: Any) -> Response:
        return self.post(
            "/v1/redeem", {"member": MEMBER, "receipt": receipt, "points": points, "deadline": DEADLINE} | more
        )

    def hold(self, receipt: str = "H-1", points: int = 5, **more: Any) -> Response:
        return self.post(
            "/v1/hold", {"member": MEMBER, "receipt": receipt, "points": points, "deadline": DEADLINE} | more
        )


@dataclass
class Clock:
    """Unix seconds, as a test sets them."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """One application for all tests: to build its routes takes longer than most of them."""

    book: FakeBook
    texts: FakeTexts
    access: Access
    clock: Clock
    readiness: dict[str, Any]
    http: TestClient
    outbox: sa.Engine
    batches: FakeBatches


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    book, texts, readiness = FakeBook(), FakeTexts(), dict[str, Any]()
    clock = Clock()
    # The fakes below have what the routes ask for, not the types: `tests/service` and `test_server.py` use the real parts.
    service = LedgerService(book, book, texts)  # type: ignore[arg-type]
    campaigns, batches = FakeCampaigns(), FakeBatches(book)
    outbox = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('api') / 'outbox.db'}")
    events = EventFeed(book)  # type: ignore[arg-type]
    migrate(outbox)
    access = Access(outbox, clock=clock)
    tokens = TillTokens(outbox)
    service.hide(tokens.hidden)
    keys, store = IdempotencyKeys(outbox), WebhookStore(outbox)
    service_of_webhooks = WebhookService(store, events, Seal(bytes(32)), Reach.LOOPBACK)
    scheduled = ScheduledEarns(outbox)
    later = PendingEarns(service, scheduled)
    service.reserve(later.conflicts)
    context = Context(
        service=service,
        access=access,
        readiness=lambda: Readiness(readiness["checks"]),
        clock=lambda: NOW,
        pending=book.is_pending,
        campaigns=campaigns,  # type: ignore[arg-type]
        previews=FakePreviews(book),  # type: ignore[arg-type]
        balances=PastBalances(None, book),  # type: ignore[arg-type]
        authoring=campaigns,  # type: ignore[arg-type]
        till=TillDesk(None, None, book, tokens),  # type: ignore[arg-type]
        later=later,
        idempotency=keys,
        batches=batches,  # type: ignore[arg-type]
        events=events,
        streams=EventStreams(service, events, Bell(), seconds=0.2),
        webhooks=service_of_webhooks,
        tills=fake_tills(service),
        wait_seconds=0.2,
    )
    app = create_app(context)
    with TestClient(app, follow_redirects=False) as client:
        client.event_hooks["response"] = [Contract(app.openapi()).check]
        yield World(book, texts, access, clock, readiness, client, outbox, batches)
    access.close()
    keys.close()
    tokens.close()
    store.close()
    scheduled.close()
    outbox.dispose()


@pytest.fixture(autouse=True)
def fresh(world: World) -> None:
    """Each test starts from one member with 1,000 points."""
    world.book.__init__(points={MEMBER: 1_000})  # type: ignore[misc]
    world.texts.by_number.clear()
    world.batches.clear()
    with world.outbox.begin() as connection:
        for table in (idempotency_keys, access_keys, access_tokens, webhooks, webhook_events):
            connection.execute(sa.delete(table))
        changed = sa.update(access_heads).where(access_heads.c.name == "keys")
        connection.execute(changed.values(number=access_heads.c.number + 1))
    world.clock.now = NOW
    world.access.credentials.look()
    world.readiness["checks"] = (Check("chain", True), Check("outbox", True))


@pytest.fixture
def book(world: World) -> FakeBook:
    return world.book


@pytest.fixture
def access(world: World) -> Access:
    return world.access


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture
def credentials(world: World) -> CredentialStore:
    return world.access.credentials


@pytest.fixture
def readiness(world: World) -> dict[str, Any]:
    return world.readiness


@pytest.fixture
def http(world: World) -> TestClient:
    return world.http


@pytest.fixture
def till(http: TestClient, credentials: CredentialStore) -> Till:
    return Till(http, credentials.issue(1, "till 7", ALL_SCOPES))


@pytest.fixture
def other_till(http: TestClient, credentials: CredentialStore) -> Till:
    return Till(http, credentials.issue(2, "market stall", ALL_SCOPES))


def code_of(response: Response, status: int) -> str:
    """The code of a problem, after a look at its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"] == f"/errors/{body['code']}"
    assert body["title"] and body["detail"]
    assert "Traceback" not in response.text
    return str(body["code"])


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return ground_in(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def street(ground: Ground, tmp_path: Path) -> Iterator[Street]:
    with street_on(ground, tmp_path) as made:
        yield made
