"""Three shops of a street with API keys, on the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx import Response

from coalition.access import Access
from coalition.access.scopes import ALL_SCOPES
from coalition.api import Context, Readiness, create_app
from coalition.api.streams import EventStreams
from coalition.service.balances import PastBalances
from coalition.service.bell import Bell
from coalition.service.campaign_authoring import CampaignAuthoring
from coalition.service.events import EventFeed
from coalition.service.pending import PendingEarns
from coalition.service.till import TillDesk
from coalition.submit import migrate
from coalition.submit.idempotency import IdempotencyKeys
from coalition.submit.scheduled import ScheduledEarns
from coalition.submit.till_tokens import TillTokens
from tests.api.openapi import Contract
from tests.service.coalition import DAY, START, Coalition, Ground, coalition_on, day

__all__ = ["FILE", "Counter", "Street", "hash_of", "street_on"]

FILE: dict[str, Any] = {
    "campaign": "Two of three",
    "says": "Visit two of our three shops and get 300 points.",
    "kind": "quest",
    "opens": day(7),
    "closes": day(14),
    "partners": ["bakery", "cafe"],
    "sponsors": {"bakery": "60 %", "cafe": "40 %"},
    "budget": 10_000,
    "terms": {"visits": 2, "award": "300 points"},
    "pause": "allowed",
    "early end": "1 day",
}


@dataclass
class Counter:
    """A shop's client."""

    http: TestClient
    key: str

    def post(self, path: str, body: Any = None) -> Response:
        return self.http.post(f"/v1{path}", json=body, headers={"Authorization": f"Bearer {self.key}"})

    def get(self, path: str) -> Response:
        return self.http.get(f"/v1{path}", headers={"Authorization": f"Bearer {self.key}"})


@dataclass
class Street:
    """Three shops and what they share."""

    coalition: Coalition
    bakery: Counter
    cafe: Counter
    florist: Counter

    def proposed(self, **changes: Any) -> Any:
        answer = self.bakery.post("/campaigns", {"file": FILE | changes})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def running(self, **changes: Any) -> int:
        body = self.proposed(**changes)
        for shop in (self.bakery, self.cafe):
            approved = shop.post(f"/campaigns/{body['campaign']}/approvals", {"terms_hash": hash_of(body)})
            assert approved.status_code == 200, approved.text
        self.coalition.go_to(START + 7 * DAY)
        return int(body["campaign"])


def hash_of(body: Any) -> str:
    return str(body["versions"][-1]["terms_hash"])


@contextmanager
def street_on(ground: Ground, folder: Path) -> Iterator[Street]:
    with coalition_on(ground, folder) as coalition:
        outbox = sa.create_engine(f"sqlite:///{folder / 'idempotency.db'}")
        migrate(outbox)
        access = Access(outbox)
        keys = IdempotencyKeys(outbox)
        tokens = TillTokens(outbox)
        scheduled = ScheduledEarns(outbox)
        unused: Any = None
        events = EventFeed(coalition.queries)
        coalition.service.hide(tokens.hidden)
        later = PendingEarns(coalition.service, scheduled)
        coalition.service.reserve(later.conflicts)
        context = Context(
            service=coalition.service,
            access=access,
            readiness=lambda: Readiness(()),
            clock=coalition.now,
            pending=lambda partner, receipt: False,
            campaigns=coalition.members,
            previews=coalition.previews(),
            balances=PastBalances(coalition.rpc, coalition.queries),
            till=TillDesk(coalition.rpc, coalition.deployment, coalition.queries, tokens),
            later=later,
            authoring=CampaignAuthoring(coalition.campaigns, coalition.queries),
            idempotency=keys,
            batches=unused,
            events=events,
            streams=EventStreams(coalition.service, events, Bell()),
            webhooks=unused,
            tills=unused,
        )
        app = create_app(context)
        with TestClient(app) as client:
            client.event_hooks["response"] = [Contract(app.openapi()).check]
            counters = [Counter(client, access.credentials.issue(number, "till", ALL_SCOPES)) for number in (1, 2, 3)]
            yield Street(coalition, *counters)
        access.close()
        keys.close()
        tokens.close()
        scheduled.close()
        outbox.dispose()
