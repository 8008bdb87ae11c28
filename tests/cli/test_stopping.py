"""A service that is told to stop: who waits hears what came of it, within a bound, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.process import TIMEOUT, Served, coalition, left_running, up, wait_until

STOP_SECONDS = 2
MEMBER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stopping") / "home"
    coalition(home, "deploy")
    coalition(home, "partner", "add", "bakery", "--earn-rate-bps", 10_000)
    return home


@pytest.fixture(scope="module")
def key(home: Path) -> str:
    return str(coalition(home, "api-key", "issue", "bakery", "--label", "till", "--json").json["api_key"])


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    with up(home, COALITION_STOP_SECONDS=str(STOP_SECONDS)) as running:
        yield running


def earn(receipt: str) -> dict[str, Any]:
    return {"member": MEMBER, "receipt": receipt, "spend_minor": 100, "enrols": True}


def client(served: Served, key: str) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def test_what_is_under_way_gets_its_answer(home: Path, served: Served, key: str) -> None:
    lines = [{"kind": "earn", **earn(f"bulk-{number}")} for number in range(5_000)]
    with client(served, key) as till, ThreadPoolExecutor() as threads:
        assert till.post("/v1/earn", json=earn("first")).status_code == 201
        bulk = threads.submit(till.post, "/v1/operations", json=lines)
        outbox = home / "outbox.db-wal"
        size = outbox.stat().st_size
        wait_until(lambda: outbox.stat().st_size != size or bulk.done())
        served.process.send_signal(signal.SIGTERM)
        summary = bulk.result().json()["summary"]
    served.process.communicate(timeout=TIMEOUT)

    assert served.process.returncode == 0
    assert left_running(home) == []
    assert (summary["lines"], summary["refused"]) == (5_000, 0)
    with up(home) as again, client(again, key) as till:
        repeated = till.post("/v1/operations", json=lines).json()["summary"]
        assert repeated["replayed"] >= summary["accepted"]
        assert repeated["replayed"] + repeated["accepted"] == 5_000
        assert till.get("/v1/partner/totals").json()["purchases"] == 5_001


def test_who_waits_for_a_chain_that_stands_still_is_told_in_time(home: Path, served: Served, key: str) -> None:
    chain = [int(line.split()[0]) for line in left_running(home) if "keeper" in line or "anvil" in line]
    with client(served, key) as till, client(served, key) as other, ThreadPoolExecutor() as threads:
        assert other.get("/v1/partner").status_code == 200
        for process in chain:
            os.kill(process, signal.SIGSTOP)
        try:
            waiting = threads.submit(till.post, "/v1/earn", json=earn("late"))
            time.sleep(1)
            assert not waiting.done()
            began = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            answer = waiting.result()
            took = time.monotonic() - began
        finally:
            for process in chain:
                os.kill(process, signal.SIGCONT)
    _, err = served.process.communicate(timeout=TIMEOUT)

    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_pending"), answer.text
    assert answer.headers["retry-after"] == "1"
    assert STOP_SECONDS - 0.5 < took < STOP_SECONDS + 20
    assert served.process.returncode == 0, err
    with up(home) as again, client(again, key) as till:
        found = till.post("/v1/earn", json=earn("late"))
        assert (found.status_code, found.json()["points"]) in ((200, 100), (201, 100))
        assert till.get("/v1/operations/late").json()["pending"] is False
