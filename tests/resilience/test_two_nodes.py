"""Two nodes of the service on one PostgreSQL: the same receipts sent to both at once count once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.process import TIMEOUT, coalition, spawn, up
from tests.submit import postgres

pytestmark = pytest.mark.skipif(
    postgres.binaries() is None, reason="PostgreSQL is not installed (Debian: apt-get install postgresql)"
)
pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")

MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
LONE, LINES, SPEND_MINOR = 15, 200, 100


@pytest.fixture
def database() -> Iterator[str]:
    with postgres.running() as url:
        yield url


def ran(home: Path, database: str, *arguments: object) -> Any:
    """A command on that database, and what it printed."""
    out, err = spawn(home, *arguments, "--json", COALITION_DATABASE_URL=database).communicate(timeout=TIMEOUT)
    assert out, err
    return json.loads(out.splitlines()[-1])


def earn(receipt: str) -> dict[str, Any]:
    return {"member": MEMBER, "receipt": receipt, "spend_minor": SPEND_MINOR, "enrols": True}


def test_the_same_receipts_at_both_nodes_at_once(tmp_path: Path, database: str) -> None:
    home = tmp_path / "home"
    coalition(home, "deploy")
    coalition(home, "partner", "add", "bakery", "--earn-rate-bps", 10_000)
    key = ran(home, database, "api-key", "issue", "bakery", "--label", "till")["api_key"]
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
