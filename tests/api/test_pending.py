"""Purchases that earn when their return window ends: durable at once, shown, reduced, posted once, in conflict with all else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coalition.client import ApiError, Client, Patience, requests
from coalition.client.request import Request
from coalition.errors import ChainUnavailable
from coalition.service.pending import PendingEarns, PendingPoster
from coalition.submit.scheduled import CLAIM_SECONDS, ScheduledEarns
from tests.api.conftest import MEMBER, STRANGER
from tests.api.stack import Stack, running
from tests.api.test_till import token

DUE = datetime.now(UTC).replace(microsecond=0) + timedelta(days=14)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("pending"), start=int(time.time())) as found:
        yield found


@pytest.fixture
def till(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.keys[1]) as found:
        yield found


@pytest.fixture
def at(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let it be another time for what waits."""
    return lambda when: monkeypatch.setattr(stack.later.store, "clock", when.timestamp)


def text(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def code(till: Client, request: Request[Any]) -> tuple[str, Any]:
    with pytest.raises(ApiError) as raised:
        till.send(request)
    return raised.value.code, raised.value.why.get("differences")


def test_a_purchase_waits_is_shown_and_earns_when_it_is_due(stack: Stack, till: Client, at: Any) -> None:
    before = till.balance(MEMBER)
    first = till.earn(MEMBER, "p-1", 10_000, pending_until=DUE)
    assert (first.status, first.points, first.pending_until, first.block, first.replayed) == (
        "pending",
        100,
        DUE,
        None,
        False,
    )
    again = till.earn(MEMBER, "p-1", 10_000, pending_until=DUE)
    assert (again.replayed, again.status) == (True, "pending")
    shown = till.operation("p-1")
    assert shown.pending and shown.operations[0].status == "pending"
    after = till.balance(MEMBER)
    assert (after.points, after.pending) == (before.points, (before.pending or 0) + 100)
    assert stack.later.post_due() == 0, "it is not due"

    at(DUE)
    assert stack.later.post_due() == 1
    counted = till.operation("p-1")
    assert not counted.pending
    assert (counted.operations[0].status, counted.operations[0].points) == ("accepted", 100)
    now = till.balance(MEMBER)
    assert (now.points, now.pending) == (before.points + 100, before.pending)
    late = till.earn(MEMBER, "p-1", 10_000, pending_until=DUE)
    assert late.replayed and stack.later.post_due() == 0


def test_a_reversal_before_it_is_due_reduces_and_then_cancels_it(stack: Stack, till: Client, at: Any) -> None:
    issued = till.totals().points_issued
    till.earn(MEMBER, "r-1", 10_000, pending_until=DUE)
    back = till.reverse("r-1-back", "r-1", spend_minor=4_000)
    assert (back.status, back.spend_minor, back.points, back.original_receipt) == ("pending", 4_000, 40, "r-1")
    assert till.reverse("r-1-back", "r-1", spend_minor=4_000).replayed
    assert till.operation("r-1").operations[0].reversed_minor == 4_000
    assert till.operation("r-1-back").operations[0].kind == "reverse"
    assert code(till, requests.reverse("r-1-more", "r-1", spend_minor=6_001))[0] == "original_exceeded"

    till.earn(MEMBER, "r-2", 3_000, pending_until=DUE)
    till.reverse("r-2-back", "r-2")
    assert till.operation("r-2").operations[0].status == "cancelled"
    assert code(till, requests.reverse("r-2-more", "r-2"))[0] == "original_exceeded"

    at(DUE)
    assert stack.later.post_due() == 1
    assert till.totals().points_issued == issued + 60
    assert till.operation("r-1").operations[0].spend_minor == 6_000
    assert till.earn(MEMBER, "r-1", 10_000, pending_until=DUE).replayed, (
        "the first request again, though less was counted"
    )
    assert till.reverse("r-1-back", "r-1", spend_minor=4_000).replayed
    after = till.reverse("r-1-late", "r-1", spend_minor=1_000)
    assert (after.status, after.points) == ("accepted", 10), "from now on the chain knows it"


def test_a_receipt_that_waits_is_in_conflict_with_all_else(stack: Stack, till: Client) -> None:
    till.earn(MEMBER, "c-1", 10_000, pending_until=DUE)
    till.earn(MEMBER, "c-2", 10_000, pending_until=DUE)
    till.reverse("c-1-back", "c-1", spend_minor=100)
    till.earn(MEMBER, "c-posted", 100)
    later = DUE + timedelta(days=1)
    until = {"recorded": text(DUE)}
    withheld = {"recorded": "withheld", "requested": "withheld"}
    expected: list[tuple[Request[Any], Any]] = [
        (requests.earn(MEMBER, "c-1", 10_000), {"pending_until": until | {"requested": None}}),
        (
            requests.earn(MEMBER, "c-1", 10_000, pending_until=later),
            {"pending_until": until | {"requested": text(later)}},
        ),
        (
            requests.earn(MEMBER, "c-1", 9_000, pending_until=DUE),
            {"spend_minor": {"recorded": 10_000, "requested": 9_000}},
        ),
        (requests.earn(STRANGER, "c-1", 10_000, pending_until=DUE), {"member": withheld}),
        (requests.release("c-1"), None),
        (requests.earn(MEMBER, "c-1-back", 100), None),
        (
            requests.reverse("c-1-back", "c-2", spend_minor=100),
            {"original_receipt": {"recorded": "c-1", "requested": "c-2"}},
        ),
        (requests.reverse("c-1-back", "c-1", spend_minor=101), {"spend_minor": {"recorded": 100, "requested": 101}}),
        (requests.reverse("c-posted", "c-1"), None),
        (requests.reverse("c-2", "c-1"), None),
        (
            requests.earn(MEMBER, "c-posted", 100, pending_until=DUE),
            {"pending_until": {"recorded": None, "requested": text(DUE)}},
        ),
    ]
    for request, differences in expected:
        found = code(till, request)
        assert found[0] == "receipt_conflict", request
        assert differences in (None, found[1])
        (line,) = till.bulk([request])
        assert line.problem is not None and line.problem.code == "receipt_conflict"
    assert till.operation("c-1").operations[0].reversed_minor == 100, "nothing of it happened"


def test_what_cannot_wait(till: Client) -> None:
    now = datetime.now(UTC)
    for when in (now - timedelta(seconds=1), now + timedelta(days=401)):
        assert code(till, requests.earn(MEMBER, "w-1", 100, pending_until=when))[0] == "pending_until_invalid"
    assert code(till, requests.earn(STRANGER, "w-1", 100, pending_until=DUE))[0] == "member_unknown"
    assert code(till, requests.earn(MEMBER, "w-1", 0, pending_until=DUE))[0] == "amount_invalid"
    with pytest.raises(ApiError):
        till.operation("w-1")


def test_in_a_bulk_in_order(stack: Stack, till: Client) -> None:
    lines = list(
        till.bulk(
            [
                requests.earn(MEMBER, "b-1", 5_000, pending_until=DUE),
                requests.earn(MEMBER, "b-2", 5_000),
                requests.reverse("b-1-back", "b-1", spend_minor=1_000),
                requests.reverse("b-2-back", "b-2", spend_minor=1_000),
                requests.earn(MEMBER, "b-1", 5_000, pending_until=DUE),
            ]
        )
    )
    found = [(one.status, one.points, one.replayed) for line in lines if (one := line.operation) is not None]
    assert found == [
        ("pending", 50, False),
        ("accepted", 50, False),
        ("pending", 10, False),
        ("accepted", 10, False),
        ("pending", 40, True),
    ]


def test_another_partner_sees_and_takes_back_nothing(stack: Stack, till: Client) -> None:
    till.earn(MEMBER, "o-1", 5_000, pending_until=DUE)
    with Client(stack.url, stack.keys[2]) as other:
        assert code(other, requests.operation("o-1"))[0] == "operation_unknown"
        assert code(other, requests.reverse("o-1-back", "o-1"))[0] == "original_unknown"
        assert other.earn(MEMBER, "o-1", 100).status == "accepted", "a receipt of its own"


def test_by_till_token_the_account_is_not_told(stack: Stack, till: Client, at: Any) -> None:
    number = token(stack, till, 111)
    first = till.earn(None, "t-1", 2_000, token=number, pending_until=DUE)
    back = till.reverse("t-1-back", "t-1", spend_minor=500)
    shown = [till.operation(receipt).operations[0] for receipt in ("t-1", "t-1-back")]
    at(DUE)
    stack.later.post_due()
    for one in (first, back, *shown, till.operation("t-1").operations[0]):
        assert one.by_token and one.member is None
    assert till.operation("t-1").operations[0].points == 15


def test_two_nodes_post_each_purchase_once(stack: Stack, till: Client, at: Any) -> None:
    issued = till.totals().points_issued
    for number in range(40):
        till.earn(MEMBER, f"n-{number}", 1_000, pending_until=DUE)
    other = PendingEarns(stack.service, ScheduledEarns(stack.later.store._engine, DUE.timestamp))
    at(DUE)
    waiting = len(stack.later.store.waiting_for(MEMBER))
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(node.post_due) for node in (stack.later, other, stack.later, other)]
        assert sum(one.result() for one in done) == waiting
    counted = [one.receipt for one in till.history(kind="earn") if one.receipt.startswith("n-")]
    assert sorted(counted) == sorted(f"n-{number}" for number in range(40))
    assert till.totals().points_issued >= issued + 400
    other.store.close()


def test_a_node_that_dies_between_claim_and_post_is_replaced(stack: Stack, till: Client, at: Any) -> None:
    till.earn(MEMBER, "d-1", 1_000, pending_until=DUE)
    at(DUE)
    assert [one.receipt_text for one in stack.later.store.claim()] == ["d-1"]  # and then it died
    assert stack.later.post_due() == 0
    with Client(stack.url, stack.keys[1], patience=Patience(deadline_seconds=0.5)) as hasty:
        assert code(hasty, requests.reverse("d-1-back", "d-1"))[0] == "outcome_pending", "as far as anybody knows"
    at(DUE + timedelta(seconds=CLAIM_SECONDS))
    assert stack.later.post_due() == 1
    assert till.operation("d-1").operations[0].status == "accepted"


def test_a_chain_that_is_away_is_waited_for(
    stack: Stack, till: Client, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.earn(MEMBER, "a-1", 1_000, pending_until=DUE)
    at(DUE)
    with monkeypatch.context() as broken:

        def away(*_: Any, **__: Any) -> Any:
            raise ChainUnavailable("The node is away.")

        broken.setattr(stack.service, "start", away)
        with pytest.raises(ChainUnavailable):
            stack.later.post_due()
    assert till.operation("a-1").pending
    at(DUE + timedelta(seconds=CLAIM_SECONDS))
    assert stack.later.post_due() == 1


def test_what_the_ledger_refuses_is_told_under_its_receipt(stack: Stack, till: Client, at: Any) -> None:
    """Another node of another database posted the receipt meanwhile."""
    till.earn(MEMBER, "x-1", 1_000, pending_until=DUE)
    (started,) = stack.service.start([stack.service.asking.earn(1, MEMBER, "x-1", 7_000)], due=True)
    started.result(60)  # type: ignore[union-attr]
    at(DUE)
    assert stack.later.post_due() == 1
    found = till.operation("x-1").operations[0]
    assert (found.status, found.code) == ("refused", "receipt_conflict")


def test_the_poster_looks_by_itself(stack: Stack, till: Client, at: Any) -> None:
    till.earn(MEMBER, "s-1", 1_000, pending_until=DUE)
    with PendingPoster(stack.later):
        time.sleep(0.5)
        assert till.operation("s-1").pending
        at(DUE)
        for _ in range(1_200):
            if not till.operation("s-1").pending:
                break
            time.sleep(0.05)
    assert till.operation("s-1").operations[0].status == "accepted"
