"""Many operations through one call: answers that are cut short, lines that come later, and each once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from coalition.client import ApiError, AsyncClient, BulkLine, Client, OutcomeUnknown, Patience, requests
from coalition.client.request import Request
from tests.api.conftest import MEMBER, STRANGER
from tests.api.stack import Stack
from tests.client.conftest import QUICK, counted
from tests.client.transports import Line, first, problem

IMPATIENT = Patience(deadline_seconds=0.2, first_pause_seconds=0.01, longest_pause_seconds=0.02)


class Broken(httpx.SyncByteStream):
    """An answer whose connection breaks after so many bytes."""

    def __init__(self, response: httpx.Response, most: int) -> None:
        self.response, self.most = response, most

    def __iter__(self) -> Iterator[bytes]:
        left = self.most
        for piece in self.response.iter_raw():
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                raise httpx.ReadError("cut")

    def close(self) -> None:
        self.response.close()


class Cutting(httpx.HTTPTransport):
    """Cuts the first answers, each after so many bytes; `bodies` are the lines that were sent."""

    def __init__(self, *most: int) -> None:
        super().__init__()
        self.most = list(most)
        self.bodies: list[list[dict[str, Any]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append([json.loads(line) for line in request.read().splitlines()])
        response = super().handle_request(request)
        if self.most:
            return httpx.Response(
                response.status_code, headers=response.headers, stream=Broken(response, self.most.pop(0))
            )
        return response


def scripted(*answers: httpx.Response | type[httpx.TransportError]) -> tuple[Client, list[list[str]]]:
    """A client whose service answers as told, and the receipts it sent, by request."""
    left, sent = list(answers), list[list[str]]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append([json.loads(line)["receipt"] for line in request.content.splitlines()])
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, httpx.Response):
            return found
        raise found("lost", request=request)

    return Client("http://x", "ck_1_x", patience=IMPATIENT, transport=httpx.MockTransport(answer)), sent


def told(*lines: dict[str, Any], end: dict[str, Any] | None = None) -> httpx.Response:
    return httpx.Response(200, content="".join(json.dumps(line) + "\n" for line in [*lines, end or {"summary": {}}]))


def refused(line: int, status: int, code: str) -> dict[str, Any]:
    return {"line": line, "problem": {"status": status, "code": code, "detail": "So it is."}}


def releases(*receipts: str) -> list[Request[Any]]:
    return [requests.release(receipt) for receipt in receipts]


def purchases(prefix: str, count: int) -> list[Request[Any]]:
    found = [requests.earn(MEMBER, f"{prefix}-{number}", 100) for number in range(count)]
    found[3] = requests.earn(STRANGER, f"{prefix}-stranger", 100)
    found[7] = requests.earn(MEMBER, f"{prefix}-0", 999)
    return found


def check(found: list[BulkLine], prefix: str, count: int) -> None:
    assert sorted(line.line for line in found) == list(range(1, count + 1))
    for line in found:
        place = line.line - 1
        if place in (3, 7):
            assert line.problem is not None and line.operation is None
            assert line.problem.code == {3: "member_unknown", 7: "receipt_conflict"}[place]
        else:
            assert line.operation is not None and line.operation.points == 1
            assert line.receipt == line.operation.receipt == f"{prefix}-{place}"
    (conflict,) = (line.problem for line in found if line.line == 8)
    assert conflict is not None
    assert conflict.why == {"differences": {"spend_minor": {"recorded": 100, "requested": 999}}}


def test_what_a_broken_connection_left_open_is_sent_again_and_counts_once(stack: Stack, client: Client) -> None:
    before, line = client.totals().points_issued, Cutting(3_000, 5_000)
    with Client(stack.url, stack.keys[1], patience=QUICK, transport=line) as till:
        found = list(till.bulk(purchases("cut", 60)))

    check(found, "cut", 60)
    assert client.totals().points_issued == before + 58
    whole, second, third = map(len, line.bodies)
    assert whole == 60 > second > third > 0
    assert any(one.operation is not None and one.operation.replayed for one in found)
    assert counted(stack, "cut-59") == 1


def test_the_same_without_threads_from_a_stream(stack: Stack) -> None:
    async def operations() -> AsyncIterator[Request[Any]]:
        for one in purchases("flow", 25):
            yield one

    async def main() -> None:
        async with AsyncClient(stack.url, stack.keys[1], patience=QUICK) as till:
            check([line async for line in till.bulk(operations(), lines_max=10)], "flow", 25)
            again = [line async for line in till.bulk(purchases("flow", 25))]
            check(again, "flow", 25)
            assert all(line.operation.replayed for line in again if line.operation)

    asyncio.run(main())


def test_one_request_one_answer(client: Client) -> None:
    answer = client.post_many(purchases("array", 12))

    check(list(answer.lines), "array", 12)
    assert (answer.summary.lines, answer.summary.accepted, answer.summary.refused) == (12, 10, 2)
    assert answer.summary.by_code == {"member_unknown": 1, "receipt_conflict": 1}
    assert (answer.problem, answer.summary.points_issued) == (None, 10)


def test_operations_are_taken_from_the_caller_as_they_are_needed(client: Client) -> None:
    taken: list[int] = []

    def operations() -> Iterator[Request[Any]]:
        for number in range(100):
            taken.append(number)
            yield requests.earn(MEMBER, f"lazy-{number}", 100)

    outcomes = client.bulk(operations(), lines_max=10)
    assert [next(outcomes).line for _ in range(3)] == [1, 2, 3]
    assert len(taken) == 11


def test_only_lines_without_an_outcome_are_sent_again() -> None:
    till, sent = scripted(
        told(refused(1, 422, "hold_unknown"), refused(2, 503, "outcome_pending"), refused(3, 422, "hold_unknown")),
        httpx.ConnectError,
        problem(429, "busy"),
        told(refused(1, 422, "hold_exceeded"), end={"summary": {}, "problem": {"status": 503, "code": "x"}}),
        told(refused(1, 422, "hold_unknown")),
    )
    found = list(till.bulk(releases("a", "b", "c", "d")))

    assert sent == [["a", "b", "c", "d"], ["b", "d"], ["b", "d"], ["b", "d"], ["d"]]
    assert [(line.line, line.problem.code) for line in found if line.problem] == [
        (1, "hold_unknown"),
        (3, "hold_unknown"),
        (2, "hold_exceeded"),
        (4, "hold_unknown"),
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.ReadError, "outcome_unknown"),
        (httpx.Response(200, html="<p>Welcome to our network</p>\n"), "outcome_unknown"),
        (told({"line": 9}), "outcome_unknown"),
        (told(refused(1, 503, "ledger_paused")), "ledger_paused"),
        (problem(503, "storage_full"), "storage_full"),
    ],
)
def test_what_stays_open_ends_unknown_and_names_a_receipt(answer: Any, code: str) -> None:
    till, sent = scripted(told(refused(1, 422, "hold_unknown")), answer)
    outcomes = till.bulk(releases("a", "b", "c"))
    assert next(outcomes).line == 1
    with pytest.raises(OutcomeUnknown, match="safe") as raised:
        next(outcomes)

    assert (raised.value.code, raised.value.receipt) == (code, "b")
    assert len(sent) > 2


@pytest.mark.parametrize("earlier", [None, httpx.ReadError])
def test_a_refusal_of_the_whole_request_ends_it(earlier: Any) -> None:
    """If an earlier attempt may have arrived, a key that counts no longer tells nothing about it."""
    till, _ = scripted(*([earlier] if earlier else []), problem(401, "credential_revoked"))
    with pytest.raises(ApiError) as raised:
        next(till.bulk(releases("a")))
    assert (raised.value.code, type(raised.value)) == ("credential_revoked", OutcomeUnknown if earlier else ApiError)


@pytest.mark.parametrize("request_", [requests.me(), requests.balance(MEMBER), requests.operation("a")])
def test_only_operations_are_posted(request_: Request[Any]) -> None:
    till, sent = scripted(httpx.ReadError)
    for call in (lambda: next(till.bulk([request_])), lambda: till.post_many([request_])):
        with pytest.raises(ValueError, match="is not an operation"):
            call()
    assert sent == []


@pytest.mark.parametrize("lines_max", [0, 10_001])
def test_a_request_has_a_size(lines_max: int) -> None:
    till, _ = scripted(httpx.ReadError)
    with pytest.raises(ValueError, match="1 to 10000"):
        next(till.bulk(releases("a"), lines_max=lines_max))


def test_requests_stay_below_the_size_that_the_service_takes() -> None:
    """Receipts of the length that no service would take fill a request early."""
    answers = [told(*(refused(line, 422, "receipt_invalid") for line in range(1, 200)))]
    till, sent = scripted(*answers)
    found = till.bulk(requests.release("x" * 60_000 + str(number)) for number in range(200))
    assert [next(found).line for _ in range(140)] == list(range(1, 141))
    assert 100 < len(sent[0]) < 140


def test_the_lost_answer_of_an_array_is_repeated(stack: Stack) -> None:

    with Client(stack.url, stack.keys[1], patience=QUICK, transport=Line(first(1, httpx.ReadError))) as till:
        answer = till.post_many([requests.earn(MEMBER, "array-lost", 100)])
    assert answer.summary.replayed == 1
    assert counted(stack, "array-lost") == 1
