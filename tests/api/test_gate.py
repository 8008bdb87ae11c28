"""Too much is put off at once: with a code, with `Retry-After`, before a body is read, and without memory that grows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from coalition.api.context import BULKS_MAX, Context
from coalition.api.gate import Gate
from tests.api.conftest import MEMBER, Till, World, code_of
from tests.api.fakes import FakeBook

BODY = {"member": MEMBER, "receipt": "R-1", "spend_minor": 100}


@pytest.fixture
def context(world: World) -> Context:
    found: Context = world.http.app.state.context  # type: ignore[attr-defined]
    return found


@pytest.fixture
def gate(context: Context) -> Iterator[Gate]:
    found = context.gate
    before = vars(found).copy()
    yield found
    vars(found).update(before)


def test_a_full_outbox_takes_no_more_and_goes_on_reading(till: Till, gate: Gate, book: FakeBook) -> None:
    gate.is_full = lambda: True
    for path, body in (("/v1/earn", BODY), ("/v1/operations", [])):
        answer = till.post(path, body)
        assert code_of(answer, 503) == "overloaded"
        assert answer.headers["retry-after"] == "2" and answer.headers["connection"] == "close"
    assert book.records == []
    assert till.get(f"/v1/members/{MEMBER}/balance").json()["points"] == 1_000
    gate.is_full = lambda: False
    assert till.earn().status_code == 201


def test_no_more_requests_than_memory_is_meant_for(world: World, till: Till, gate: Gate, book: FakeBook) -> None:
    gate.requests_max = 3
    headers = {"Authorization": f"Bearer {till.key}"}

    async def run() -> list[Any]:
        book.stuck = []
        async with AsyncClient(transport=ASGITransport(world.http.app), base_url="http://x", headers=headers) as http:  # type: ignore[arg-type]
            waiting = [asyncio.create_task(http.post("/v1/earn", json=BODY | {"receipt": str(at)})) for at in range(3)]
            while len(book.stuck) < 3:
                await asyncio.sleep(0.01)
            beyond = [await http.post("/v1/earn", json=BODY), await http.get("/v1/partner")]
            alive = [await http.get("/health"), await http.get("/ready")]
            book.settle()
            return [*beyond, *alive, *await asyncio.gather(*waiting)]

    one, two, health, ready, *waited = asyncio.run(run())

    for answer in (one, two):
        assert code_of(answer, 503) == "overloaded" and answer.headers["retry-after"] == "2"
    assert (health.status_code, ready.status_code) == (200, 200)
    assert [answer.status_code for answer in waited] == [201] * 3
    assert gate.serving == 0
    assert till.earn(receipt="after").status_code == 201


def test_a_service_that_stops_says_so(till: Till, gate: Gate, book: FakeBook) -> None:
    gate.close()
    for answer in (till.earn(), till.get("/v1/partner"), till.get("/ready")):
        assert code_of(answer, 503) == "closed"
        assert answer.headers["retry-after"] == "1" and answer.headers["connection"] == "close"
    assert till.get("/health").status_code == 200
    assert book.records == []


def test_bulks_beyond_what_fits_into_memory(till: Till, context: Context, book: FakeBook) -> None:
    context.all_bulks.total_tokens = 0
    try:
        answer = till.post("/v1/operations", [{"kind": "earn", **BODY}])
    finally:
        context.all_bulks.total_tokens = BULKS_MAX
    assert code_of(answer, 503) == "overloaded" and answer.headers["retry-after"] == "2"
    assert book.records == []
    assert till.post("/v1/operations", [{"kind": "earn", **BODY}]).json()["summary"]["accepted"] == 1
