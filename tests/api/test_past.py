"""Past balances, periods of the history, statements and files over HTTP, on the contracts."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from coalition.api.periods import month_of
from coalition.chain import views
from coalition.chain.deployment import Deployment
from coalition.client import ApiError, Client, requests
from coalition.errors import InputError
from coalition.ledger.operations import Kind
from coalition.service import exports
from coalition.service.exports import Chosen, export
from tests.api.conftest import MEMBER, STRANGER, Till, code_of
from tests.api.stack import START, Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("past")) as found:
        found.allow(1, 1_000)
        yield found


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.keys[1]) as found:
        yield found


@pytest.fixture(scope="module")
def blocks(stack: Stack, client: Client) -> list[int]:
    """The blocks in which a year of one member is: purchases that expire, holds, a correction, something refused."""
    found = [client.earn(MEMBER, "p-0", 50_000).block]
    for number in range(1, 6):
        later(stack, 80 * 86_400)
        found.append(client.earn(MEMBER, f"p-{number}", 10_000).block)
    deadline = datetime.fromtimestamp(now(stack) + 86_400, UTC)
    client.hold(MEMBER, "h-1", 30, deadline=deadline)
    found.append(client.reverse("back-1", "p-4", spend_minor=5_000).block)
    found.append(client.capture("h-1", 10).block)
    with pytest.raises(ApiError):
        client.redeem(MEMBER, "r-much", 5_000, deadline=deadline)
    return found


def now(stack: Stack) -> int:
    return int(stack.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)


def later(stack: Stack, seconds: int) -> None:
    stack.rpc.call("evm_setNextBlockTimestamp", [now(stack) + seconds])
    stack.rpc.call("evm_mine", [])
    head = int(stack.rpc.call("eth_blockNumber", []), 16)
    while stack.queries.head().number < head:
        time.sleep(0.01)


def balance_of(stack: Stack, block: int) -> int:
    deployment: Deployment = stack.deployment
    return views.read(stack.rpc, views.balance_of(deployment, MEMBER), block)


def when(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_past_balance_is_that_of_the_contract(stack: Stack, client: Client, blocks: list[int]) -> None:
    # also blocks in which nothing happened but that time passed
    told = {block: client.balance(MEMBER, block=block) for one in blocks for block in (one - 1, one)}
    assert {block: found.points for block, found in told.items()} == {block: balance_of(stack, block) for block in told}
    assert len({found.points for found in told.values()}) > 5
    last = told[blocks[-1]]
    assert (last.block, last.held) == (blocks[-1], 0)
    assert told[blocks[-2]].held == 30

    first = told[blocks[0]]
    expiry = first.lots[0].expires_at
    assert first.at is not None
    shortly = client.balance(MEMBER, at=when(int(expiry.timestamp()) - 1))
    after = client.balance(MEMBER, at=expiry)
    assert shortly.points - after.points == 600 and shortly.lots[0].expires_at == expiry
    assert client.balance(MEMBER, at=first.at).lots == first.lots


def test_moments_that_cannot_be_asked_for(stack: Stack, client: Client, blocks: list[int]) -> None:
    head = stack.queries.head()
    for query in ({"at": when(head.timestamp + 1)}, {"block": head.number + 1}):
        with pytest.raises(ApiError) as raised:
            client.balance(MEMBER, **query)  # type: ignore[arg-type]
        assert (raised.value.status, raised.value.code) == (422, "moment_in_future")
    with pytest.raises(ApiError) as raised:
        client.balance(MEMBER, at=when(START - 86_400))
    assert raised.value.code == "member_unknown", "there was no ledger yet"


def test_the_history_of_a_period_goes_on_where_it_was_while_others_post(client: Client, blocks: list[int]) -> None:
    whole = list(client.history())
    middle = whole[4].confirmed_at
    seen = []
    for number, operation in enumerate(client.history(until=middle, limit=2)):
        seen.append(operation.receipt)
        client.earn(MEMBER, f"meanwhile-{number}", 100)
    assert seen == [one.receipt for one in whole if one.confirmed_at < middle]
    since = [one.receipt for one in client.history(since=middle, status="accepted") if "meanwhile" not in one.receipt]
    assert since == [one.receipt for one in whole if one.confirmed_at >= middle and one.status == "accepted"]


def test_statements_of_months_tie_to_the_totals(stack: Stack, client: Client, blocks: list[int]) -> None:
    first, last = when(START), when(now(stack))
    months = [
        f"{year}-{month:02}"
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if (first.year, first.month) <= (year, month) <= (last.year, last.month)
    ]
    before = None
    for month in months:
        found = client.statement(month=month)
        for name in ("purchases", "points_issued", "points_redeemed", "points_reversed", "points_outstanding"):
            assert getattr(found.opening, name) + getattr(found.period, name) == getattr(found.closing, name)
        assert before in (None, found.opening)
        assert found.final == (month != months[-1])
        before = found.closing
    assert before == client.totals() == client.statement().closing
    assert client.statement().operations["earn"] == client.totals().purchases
    assert client.statement().period.rejected == {"balance_too_low": 1}


def file(stack: Stack, query: str = "", **headers: str) -> httpx.Response:
    headers["Authorization"] = f"Bearer {stack.keys[1]}"
    return httpx.get(f"{stack.url}/v1/export{query}", headers=headers, timeout=60)


def test_a_file_holds_every_operation(
    stack: Stack, client: Client, blocks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 3)
    monkeypatch.setattr(exports, "GROUP_PAGES", 2)
    shown = list(client.history())[::-1]
    answer = file(stack)
    assert answer.headers["content-type"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["receipt"] for row in rows] == [one.receipt for one in shown]
    columnar = pq.read_table(io.BytesIO(file(stack, "?format=parquet").content))
    assert columnar.schema.equals(exports.SCHEMA)
    assert file(stack, Accept="application/vnd.apache.parquet").content[:4] == b"PAR1"
    for row, same, one in zip(rows, columnar.to_pylist(), shown, strict=True):
        assert {name: "" if value is None else cell(value) for name, value in same.items()} == row
        assert (same["kind"], same["status"], same["code"]) == (one.kind, one.status, one.code)
        assert (same["points"], same["spend_minor"], same["member"]) == (one.points, one.spend_minor, one.member)
        assert (same["original_receipt"], same["block"]) == (one.original_receipt, one.block)
    assert sum(row["points"] for row in columnar.to_pylist() if row["kind"] == "earn") == client.totals().points_issued
    refused = file(stack, "?status=refused").text.splitlines()
    assert len(refused) == 2 and "balance_too_low" in refused[1]
    assert file(stack, f"?member={STRANGER}").text.splitlines() == [",".join(exports.SCHEMA.names)]
    assert pq.read_table(io.BytesIO(file(stack, f"?format=parquet&member={STRANGER}").content)).num_rows == 0


def cell(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def test_a_file_comes_in_pieces(stack: Stack, blocks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read ahead: a page is asked for when the piece before it was taken."""
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    monkeypatch.setattr(exports, "GROUP_PAGES", 1)
    asked = []
    ask = stack.queries.operations_after
    monkeypatch.setattr(stack.queries, "operations_after", lambda *args, **more: asked.append(1) or ask(*args, **more))
    for form in ("csv", "parquet"):
        asked.clear()
        pieces = export(stack.service, 1, Chosen(kind=Kind.EARN, accepted=True), form)
        assert next(pieces) and len(asked) == 1
        assert next(pieces) and len(asked) == 2


def test_formats_that_there_are(till: Till) -> None:
    assert code_of(till.get("/v1/export", Accept="application/json"), 406) == "format_unsupported"
    assert code_of(till.get("/v1/export?format=xlsx"), 422) == "input_invalid"
    for accept in ("*/*", "application/json, text/*;q=0.5", "TEXT/CSV"):
        assert till.get("/v1/export", Accept=accept).headers["content-type"] == "text/csv"
    wanted = till.get("/v1/export?format=csv", Accept="application/vnd.apache.parquet")
    assert wanted.headers["content-type"] == "text/csv", "format counts before Accept"


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13",
        "month=2026-3",
        "month=0000-01",
        "month=9999-12",
        "month=2026-03&since=2026-03-01T00:00:00Z",
        "since=2026-03-01",
        "since=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z",
    ],
)
def test_periods_that_are_none(till: Till, query: str) -> None:
    assert code_of(till.get(f"/v1/partner/statement?{query}"), 422) == "input_invalid"


def test_one_moment_at_a_time(till: Till) -> None:
    both = f"/v1/members/{MEMBER}/balance?at=2026-03-01T00:00:00Z&block=1"
    assert code_of(till.get(both), 422) == "input_invalid"
    assert code_of(till.get(f"/v1/members/{MEMBER}/balance?block=-1"), 422) == "input_invalid"


def test_months_are_of_utc() -> None:
    assert [when(edge).isoformat() for edge in month_of("2026-12")] == [
        "2026-12-01T00:00:00+00:00",
        "2027-01-01T00:00:00+00:00",
    ]
    with pytest.raises(InputError):
        month_of("december")


def test_the_client_wants_times_with_an_offset() -> None:
    with pytest.raises(ValueError, match="time zone"):
        requests.balance(MEMBER, at=datetime(2026, 3, 1))
