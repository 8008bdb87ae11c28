"""Two nodes of the service on one PostgreSQL: the same receipts sent to both at once count once, and webhooks outlive either."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from coalition.client import Client
from coalition.client.webhooks import verify
from coalition.submit.tables import webhooks
from tests import postgres
from tests.cli.process import TIMEOUT, coalition, spawn, up, wait_until
from tests.webhooks.receiver import Came, receiving

pytestmark = pytest.mark.skipif(
    postgres.binaries() is None, reason="PostgreSQL is not installed (Debian: apt-get install postgresql)"
)
pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
LONE, LINES, SPEND_MINOR = 15, 200, 100


MEMBERS, EVENTS_BEFORE, EVENTS_AFTER = 5, 80, 20


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("two nodes") / "home"
    coalition(found, "deploy")
    return found


def ran(home: Path, database: str, *arguments: object) -> Any:
    """A command on that database, and what it printed."""
    out, err = spawn(home, *arguments, "--json", COALITION_DATABASE_URL=database).communicate(timeout=TIMEOUT)
    assert out, err
    return json.loads(out.splitlines()[-1])


def earn(receipt: str) -> dict[str, Any]:
    return {"member": MEMBER, "receipt": receipt, "spend_minor": SPEND_MINOR, "enrols": True}


def key_of(home: Path, database: str, partner: str, *scopes: str) -> str:
    """A partner that is new, and a key for it."""
    coalition(home, "partner", "add", partner, "--earn-rate-bps", 10_000)
    options = [word for scope in scopes for word in ("--scope", scope)]
    return str(ran(home, database, "api-key", "issue", partner, *options)["api_key"])


def test_the_same_receipts_at_both_nodes_at_once(home: Path, database: str) -> None:
    key = key_of(home, database, "bakery")
    with ExitStack() as stack:
        nodes = [stack.enter_context(up(home, COALITION_DATABASE_URL=database)) for _ in range(2)]
        headers = {"Authorization": f"Bearer {key}"}
        tills = [stack.enter_context(httpx.Client(base_url=node.url, headers=headers, timeout=90)) for node in nodes]
        threads = stack.enter_context(ThreadPoolExecutor(16))

        lone = [
            threads.submit(till.post, "/v1/earn", json=earn(f"lone-{number}"))
            for number in range(LONE)
            for till in (*tills, *tills)
        ]
        answers = [one.result() for one in lone]
        assert {answer.status_code for answer in answers} <= {200, 201}, Counter(a.text for a in answers)
        by_receipt: dict[str, set[str]] = {}
        for answer in answers:
            by_receipt.setdefault(answer.json()["receipt"], set()).add(answer.json()["transaction"])
        assert len(by_receipt) == LONE and all(len(transactions) == 1 for transactions in by_receipt.values())

        lines = [{"kind": "earn", **earn(f"line-{number}")} for number in range(LINES)]
        bulks = [threads.submit(till.post, "/v1/operations", json=lines) for till in tills]
        summaries = [bulk.result().json()["summary"] for bulk in bulks]
        assert all(one["accepted"] + one["replayed"] == LINES for one in summaries), summaries

        for till in tills:
            totals = till.get("/v1/partner/totals").json()
            assert (totals["purchases"], totals["points_issued"]) == (LONE + LINES, (LONE + LINES) * SPEND_MINOR)
            assert till.get(f"/v1/members/{MEMBER}/balance").json()["points"] == (LONE + LINES) * SPEND_MINOR
    assert ran(home, database, "audit")["verdict"] == "match"


@pytest.mark.deep
def test_webhooks_come_although_a_node_is_killed(home: Path, database: str) -> None:
    """Each node delivers one of two webhooks; the one that is left takes the other over when its lease lapses."""
    key = key_of(home, database, "cafe", "earn", "read", "admin")
    secrets: dict[str, str] = {}

    def slowly(came: Came) -> int:
        time.sleep(0.05)
        verify(came.body, came.headers, secrets[came.path])  # what it raises breaks the connection: nothing is taken
        return 204

    def earn_at(url: str, first: int, last: int) -> None:
        members = (f"0x{at % MEMBERS + 1:040x}" for at in range(first, last))
        lines = [{"kind": "earn", **earn(f"told-{at}"), "member": one} for at, one in enumerate(members, first)]
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.post(f"{url}/v1/operations", json=lines, headers=headers, timeout=TIMEOUT)
        assert answer.json()["summary"]["accepted"] == last - first

    with ExitStack() as stack:
        engine = sa.create_engine(database)
        stack.callback(engine.dispose)
        receiver = stack.enter_context(receiving(behaves=slowly))
        nodes = [stack.enter_context(up(home, COALITION_DATABASE_URL=database)) for _ in range(2)]
        dying, living = (stack.enter_context(Client(node.url, key)) for node in nodes)
        for path in ("/one", "/two"):
            secrets[path] = dying.add_webhook(receiver.url.replace("/hook", path)).secret

        def delivering() -> set[str | None]:
            with engine.connect() as connection:
                return set(connection.execute(sa.select(webhooks.c.lease_node)).scalars())

        wait_until(lambda: len(delivering() - {None}) == 2, TIMEOUT)
        earn_at(nodes[1].url, 0, EVENTS_BEFORE)
        receiver.wait(lambda: len(receiver.taken()) > EVENTS_BEFORE // 2)
        nodes[0].process.kill()
        nodes[0].process.communicate()
        earn_at(nodes[1].url, EVENTS_BEFORE, EVENTS_BEFORE + EVENTS_AFTER)

        page = living.events_page(limit=500)
        listed = [event.id for event in page.events]
        assert len(listed) == EVENTS_BEFORE + EVENTS_AFTER and not page.more

        def all_told() -> bool:
            told = {(one.path, one.id) for one in receiver.taken()}
            return told >= {(path, id_) for path in secrets for id_ in listed}

        receiver.wait(all_told, TIMEOUT)
        assert len(delivering()) == 1, "one node delivers both"
    arrived: dict[tuple[str, str], list[str]] = defaultdict(list)
    for came in receiver.taken():
        lane = arrived[came.path, came.member]
        if came.id not in lane:
            lane.append(came.id)
    assert len(arrived) == 2 * MEMBERS
    for lane in arrived.values():
        assert lane == sorted(lane, key=listed.index), "nobody hears a later one first"
