"""The client and a real service: contracts, database, sockets; the line between them fails on purpose."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import httpx
import pytest

from coalition.client import ApiError, AsyncClient, Client, OutcomeUnknown, Patience
from coalition.errors import ChainUnavailable
from tests.api.conftest import MEMBER, STRANGER
from tests.api.stack import Stack
from tests.client.conftest import QUICK, counted
from tests.client.transports import AsyncLine, Line, first, problem


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_purchase_whose_answer_is_lost_counts_once(stack: Stack, error: type[httpx.TransportError]) -> None:
    receipt = f"lost-{error.__name__}"
    line = Line(first(2, error))
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
        before = till.balance(MEMBER).points
        line.bodies.clear()
        answer = till.earn(MEMBER, receipt, 1_000)

        assert (answer.points, answer.replayed) == (10, True)
        assert len(line.bodies) == 3 and len(set(line.bodies)) == 1
        assert till.balance(MEMBER).points == before + 10
    assert counted(stack, receipt) == 1


def test_a_purchase_whose_answer_is_lost_counts_once_without_threads(stack: Stack) -> None:
    async def main() -> None:
        line = AsyncLine(first(2, httpx.ReadError))
        async with AsyncClient(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
            answer = await till.earn(MEMBER, "lost-async", 1_000)
        assert answer.replayed
        assert len(line.bodies) == 3 and len(set(line.bodies)) == 1

    asyncio.run(main())
    assert counted(stack, "lost-async") == 1


def test_a_webhook_whose_answer_is_lost_is_there_once_with_the_secret_that_is_told(stack: Stack) -> None:
    line = Line(first(2, httpx.ReadError))
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
        made = till.add_webhook("https://shop.example/hook", types=["redeem.accepted"])
        assert till.webhooks().webhooks == (made.webhook,)
        line.bodies.clear()
        rotated = till.rotate_webhook(made.webhook.id)
        assert len(line.bodies) == 3 and rotated.secret != made.secret
        assert till.remove_webhook(made.webhook.id).id == made.webhook.id


def test_a_purchase_that_ends_unknown_can_be_asked_for_again(stack: Stack, client: Client) -> None:
    patience = Patience(deadline_seconds=1, first_pause_seconds=0.5)
    with (
        Client(stack.url, stack.keys[1], patience=patience, transport=Line(first(99, httpx.ReadError))) as till,
        pytest.raises(OutcomeUnknown, match="safe") as raised,
    ):
        till.earn(MEMBER, "unknown", 500)
    assert (raised.value.code, raised.value.receipt) == ("outcome_unknown", "unknown")

    assert client.operation("unknown").operations[0].points == 5
    assert client.earn(MEMBER, "unknown", 500).replayed
    assert counted(stack, "unknown") == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(stack: Stack, status: int) -> None:
    line = Line(first(1, problem(status, "busy", **{"Retry-After": "1"})), reaches=False)
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
        started = time.monotonic()
        answer = till.earn(MEMBER, f"after-{status}", 300)

    assert time.monotonic() - started >= 1
    assert (answer.points, answer.replayed, len(line.bodies)) == (3, False, 2)


def test_a_chain_that_takes_nothing_is_told_of_in_time(
    stack: Stack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, away = stack.rpc.batch, [True]

    def batch(calls: list[tuple[str, list[Any]]]) -> list[Any]:
        if away and calls[0][0] == "eth_sendRawTransaction":
            raise ChainUnavailable("The node is away.")
        return take(calls)

    monkeypatch.setattr(stack.rpc, "batch", batch)
    patience = Patience(deadline_seconds=3)
    with (
        Client(stack.url, stack.keys[1], patience=patience) as till,
        pytest.raises(OutcomeUnknown) as raised,
    ):
        till.earn(MEMBER, "slow", 100)
    assert (raised.value.status, raised.value.code) == (503, "outcome_pending")
    assert client.operation("slow").pending
    away.clear()

    assert client.earn(MEMBER, "slow", 100).points == 1
    assert counted(stack, "slow") == 1


def test_nobody_answers(stack: Stack) -> None:
    patience = Patience(deadline_seconds=3, attempt_seconds=0.4, first_pause_seconds=0.01)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "ck_1_x", patience=patience) as till,
    ):
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown, match=r"ReadTimeout, \d+ attempts"):
            till.earn(MEMBER, "silence", 100)
        assert 0.5 < time.monotonic() - started < 20
        with pytest.raises(ApiError) as asked:
            till.me()
    assert (type(asked.value), asked.value.code) == (ApiError, "service_unreachable")


def test_refusals_have_their_code_and_are_not_repeated(stack: Stack) -> None:
    line = Line(first(0, httpx.ReadError))
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
        till.earn(MEMBER, "twice", 100)
        line.bodies.clear()
        with pytest.raises(ApiError) as conflict:
            till.earn(MEMBER, "twice", 200)
        with pytest.raises(ApiError) as stranger:
            till.balance(STRANGER)
        assert len(line.bodies) == 2

    assert (conflict.value.status, conflict.value.code) == (409, "receipt_conflict")
    assert conflict.value.why == {"differences": {"spend_minor": {"recorded": 100, "requested": 200}}}
    assert (type(stranger.value), stranger.value.code) == (ApiError, "member_unknown")


def test_history_comes_whole_over_many_pages(stack: Stack) -> None:
    with Client(stack.url, stack.keys[2], patience=QUICK, transport=(line := Line(first(0, httpx.ReadError)))) as till:
        for number in range(7):
            till.earn(MEMBER, f"page-{number}", 1_000)
        line.bodies.clear()
        seen = []
        for operation in till.history(kind="earn", limit=3):
            seen.append(operation.receipt)
            if len(seen) == 2:
                till.earn(MEMBER, "in between", 1_000)  # is newer than the first page

        assert seen == [f"page-{number}" for number in reversed(range(7))]
        assert len(line.bodies) == 3 + 1
        page = till.history_page(limit=2)
        assert [one.receipt for one in page.operations] == ["in between", "page-6"]
        assert [one.receipt for one in till.history_page(limit=1, cursor=page.cursor).operations] == ["page-5"]


def test_history_stops_where_the_reader_does(stack: Stack, client: Client) -> None:
    for number in range(3):
        client.earn(MEMBER, f"stop-{number}", 100)
    with Client(stack.url, stack.keys[1], transport=(line := Line(first(0, httpx.ReadError)))) as till:
        assert next(till.history(limit=2)).receipt == "stop-2"
        assert len(line.bodies) == 1


def test_parallel_posts_count_once_each(stack: Stack, client: Client) -> None:
    before = client.balance(MEMBER).points

    async def main() -> list[str]:
        async with AsyncClient(stack.url, stack.keys[1], patience=QUICK) as till:
            # Every receipt is sent twice at the same time.
            answers = await asyncio.gather(*(till.earn(MEMBER, f"rush-{n // 2}", 100) for n in range(80)))
            assert {one.points for one in answers} == {1}
            found = till.history(kind="earn", status="accepted", limit=30)
            return [one.receipt async for one in found if one.receipt.startswith("rush-")]

    assert sorted(asyncio.run(main())) == sorted(f"rush-{number}" for number in range(40))
    assert client.balance(MEMBER).points == before + 40


@pytest.mark.parametrize(
    "receipt",
    ["41", "a/b", "a/../b", "a//b", "a%2Fb", ".", "..", "ein Bon", "Beleg-é", "100%", "🧾", "?a=b#c", "a+b&c"],
)
def test_any_receipt(client: Client, receipt: str) -> None:
    client.earn(MEMBER, receipt, 100)

    assert [one.receipt for one in client.operation(receipt).operations] == [receipt]


def test_a_wrong_key_is_refused_and_not_shown(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = "ck_deadbeef_" + "s3cret" * 5
    with Client(stack.url, key, patience=QUICK) as till, pytest.raises(ApiError) as raised:
        till.earn(MEMBER, "no", 100)

    assert (raised.value.status, raised.value.code) == (401, "credential_invalid")
    shown = [
        repr(till),
        str(vars(till)),
        str(vars(vars(till)["_http"])),
        repr(raised.value),
        str(raised.value),
        json.dumps(dict(raised.value.why)),
    ]
    assert [text for text in [*shown, caplog.text] if "s3cret" in text] == []


def test_readiness_and_totals(client: Client, stack: Stack) -> None:
    assert client.health().status == "ok"
    assert {check.name: check.ok for check in client.ready().checks} == {"chain": True, "index": True}
    assert client.totals().partner == client.me().partner == 1


def test_campaigns_are_asked_for(client: Client) -> None:
    client.earn(MEMBER, "for campaigns", 100)
    assert client.campaigns().campaigns == ()
    assert client.member_campaigns(MEMBER).campaigns == ()
    assert client.badges(MEMBER).badges == ()
    with pytest.raises(ApiError) as raised:
        client.campaign(7)
    assert (raised.value.status, raised.value.code) == (404, "campaign_unknown")


def test_a_paused_ledger_is_not_waited_for_beyond_the_deadline(stack: Stack, client: Client) -> None:
    """The last test of this module: to unpause takes the notice period."""
    stack.admin.pause()
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown) as raised:
        client.earn(MEMBER, "paused", 100)

    assert (raised.value.status, raised.value.code) == (503, "ledger_paused")
    assert time.monotonic() - started < 20
