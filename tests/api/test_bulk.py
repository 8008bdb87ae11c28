"""Many operations in one request: each line alone, in order, within limits, and each once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from starlette.types import Message

from coalition.api import bulk as bulk_module
from coalition.errors import ChainUnavailable, SetupError, StorageFull, Unavailable
from coalition.service import bulk as service_bulk
from tests.api.conftest import DEADLINE, MEMBER, STRANGER, Till, code_of
from tests.api.fakes import FakeBook

NDJSON = "application/x-ndjson"
FORMS = ("array", "stream")


def earn(receipt: str, spend_minor: Any = 1_000, **more: Any) -> dict[str, Any]:
    return {"kind": "earn", "member": MEMBER, "receipt": receipt, "spend_minor": spend_minor} | more


def stream(till: Till, content: Any) -> Response:
    return till.http.post("/v1/operations", content=content, headers=till.headers | {"Content-Type": NDJSON})


def sent(till: Till, form: str, lines: list[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of the answer and its summary, whatever the form."""
    if form == "array":
        answer = till.post("/v1/operations", lines)
        assert answer.status_code == 200, answer.text
        return answer.json()["lines"], answer.json()["summary"]
    answer = stream(till, "\n".join(map(json.dumps, lines)))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == NDJSON
    *found, end = map(json.loads, answer.text.splitlines())
    assert end.keys() == {"summary"}
    return found, end["summary"]


def codes(lines: list[dict[str, Any]]) -> list[str | None]:
    return [line.get("problem", {}).get("code") for line in lines]


@pytest.mark.parametrize("form", FORMS)
def test_every_line_gets_what_it_would_get_alone(till: Till, form: str, book: FakeBook) -> None:
    till.earn(receipt="before", spend_minor=500)
    lines = [
        earn("a", enrols=False),
        earn("a"),
        earn("a", 1_001),
        earn("b", 0),
        earn("c", member=STRANGER),
        earn("d", currency="EUR"),
        earn("", 5),
        earn("e", "5"),
        earn("before", 500),
        {"kind": "steal", "receipt": "f"},
        {"receipt": "g"},
        7,
        {"kind": "redeem", "member": MEMBER, "receipt": "h", "points": 10**6, "deadline": DEADLINE},
        {"kind": "refund", "receipt": "i", "original_receipt": "a"},
        {"kind": "earn", "partner": 2} | earn("j"),
        earn("k", occurred_at="2099-01-01T00:00:00Z"),
        earn("last"),
    ]
    found, summary = sent(till, form, lines)

    assert [line["line"] for line in found] == list(range(1, len(lines) + 1))
    assert codes(found) == [
        *(None, None, "receipt_conflict", "amount_invalid", "member_unknown", "currency_wrong", "receipt_invalid"),
        *("input_invalid", None, "input_invalid", "input_invalid", "input_invalid", "balance_too_low"),
        *("original_unknown", "input_invalid", "occurred_at_in_future", None),
    ]
    assert [found[at]["operation"]["replayed"] for at in (0, 1, 8, 16)] == [False, True, True, False]
    assert found[0]["operation"]["points"] == 10
    assert found[2]["problem"]["differences"] == {"spend_minor": {"recorded": 1_000, "requested": 1_001}}
    assert found[7]["problem"]["errors"][0]["field"] == "spend_minor"
    assert [found[at]["problem"]["errors"][0]["field"] for at in (9, 10, 11, 14)] == ["kind", "kind", "line", "partner"]
    assert [line.get("receipt") for line in found[9:12]] == ["f", "g", None]
    assert {name: summary[name] for name in ("lines", "accepted", "replayed", "refused", "unfinished")} == {
        "lines": 17,
        "accepted": 2,
        "replayed": 2,
        "refused": 13,
        "unfinished": 0,
    }
    assert summary["by_code"]["input_invalid"] == 5
    assert sum(summary["by_code"].values()) == 13
    assert (summary["points_issued"], summary["points_awarded"]) == (20, 0)
    assert book.points[MEMBER] == 1_000 + 5 + 20


@pytest.mark.parametrize("form", FORMS)
def test_a_line_and_a_lone_request_get_the_same_answer(till: Till, form: str) -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("earn", {"member": MEMBER, "receipt": "1", "spend_minor": 500}),
        ("redeem", {"member": MEMBER, "receipt": "2", "points": 3, "deadline": DEADLINE}),
        ("hold", {"member": MEMBER, "receipt": "3", "points": 5, "deadline": DEADLINE}),
        ("capture", {"receipt": "3", "points": 2}),
        ("hold", {"member": MEMBER, "receipt": "4", "points": 5, "deadline": DEADLINE}),
        ("release", {"receipt": "4"}),
        ("capture", {"receipt": "4", "points": 1}),
        ("reverse", {"receipt": "5", "original_receipt": "1", "spend_minor": 100}),
        ("refund", {"receipt": "6", "original_receipt": "2"}),
        ("refund", {"receipt": "7", "original_receipt": "2"}),
    ]
    found, summary = sent(till, form, [{"kind": kind} | body for kind, body in requests])
    assert summary["accepted"] == 8
    for (kind, body), line in zip(requests, found, strict=True):
        alone = till.post(f"/v1/{kind}", body).json()
        if "problem" in line:
            assert line["problem"] == alone
        else:
            assert line["operation"] | {"replayed": True} == alone
    assert codes(found)[6] == "hold_unknown" and codes(found)[9] == "original_exceeded"


def test_dependent_lines_are_decided_in_order_though_others_overtake_them(till: Till) -> None:
    """The capture waits for its hold, the second reversal for the first, and each sees what was before it."""
    lines = [
        {"kind": "hold", "member": MEMBER, "receipt": "h", "points": 9, "deadline": DEADLINE},
        {"kind": "capture", "receipt": "h", "points": 4},
        {"kind": "release", "receipt": "h"},
        earn("e", 1_000),
        {"kind": "reverse", "receipt": "r1", "original_receipt": "e", "spend_minor": 400},
        {"kind": "reverse", "receipt": "r2", "original_receipt": "e"},
        {"kind": "reverse", "receipt": "r3", "original_receipt": "e"},
    ]
    found, _ = sent(till, "stream", lines)
    assert codes(found) == [None, None, "hold_unknown", None, None, None, "original_exceeded"]
    assert found[5]["operation"]["spend_minor"] == 600


def test_malformed_lines_of_a_stream_stop_nobody(till: Till) -> None:
    good = json.dumps(earn("1"))
    long = json.dumps(earn("2", note="x" * 66_000))
    twice = good[:-1] + ', "spend_minor": 1}'
    answer = stream(till, "\n".join(["", "{", good, long, "  ", twice, "NaN", "[" * 40, "\r", good + "\r"]))
    *found, end = map(json.loads, answer.text.splitlines())
    assert [(line["line"], code) for line, code in zip(found, codes(found), strict=True)] == [
        *((2, "body_malformed"), (3, None), (4, "body_too_large"), (6, "body_malformed"), (7, "body_malformed")),
        *((8, "body_malformed"), (10, None)),
    ]
    assert end["summary"]["replayed"] == 1


def test_an_array_is_read_whole_before_anything_counts(till: Till, book: FakeBook) -> None:
    good = json.dumps(earn("1"))
    json_type = till.headers | {"Content-Type": "application/json"}
    for body in (f"[{good}", f"[{good}, NaN]", f"[{good}]]", ""):
        answer = till.http.post("/v1/operations", content=body, headers=json_type)
        assert code_of(answer, 400) == "body_malformed"
    assert code_of(till.post("/v1/operations", earn("1")), 422) == "input_invalid"
    answer = till.http.post("/v1/operations", content=good, headers=till.headers | {"Content-Type": "text/csv"})
    assert code_of(answer, 415) == "content_type_unsupported"
    assert book.records == []


def test_nothing_to_do(till: Till) -> None:
    for form in FORMS:
        lines, summary = sent(till, form, [])
        assert lines == [] and summary["lines"] == 0


def test_too_many_operations_in_an_array(till: Till, book: FakeBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "OPERATIONS_MAX", 5)
    answer = till.post("/v1/operations", [earn(str(at)) for at in range(6)])
    assert code_of(answer, 413) == "operations_too_many"
    assert answer.json()["operations_max"] == 5
    assert book.records == []
    assert till.post("/v1/operations", [earn(str(at)) for at in range(5)]).json()["summary"]["accepted"] == 5


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_stream_says_how_far_it_got(till: Till, book: FakeBook, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(bulk_module, "OPERATIONS_MAX", 5)
    lines = [json.dumps(earn(str(at))) for at in range(6)]
    *found, last = map(json.loads, stream(till, "\n".join(lines) + end).text.splitlines())
    assert [line["receipt"] for line in found] == ["0", "1", "2", "3", "4"]
    assert last["problem"]["code"] == "operations_too_many"
    assert last["summary"]["accepted"] == len(book.records) == 5


def test_a_body_that_is_too_large(till: Till, book: FakeBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "BULK_BYTES_MAX", 1_000)
    lines = [json.dumps(earn(str(at))) + "\n" for at in range(20)]
    declared = stream(till, "".join(lines))
    assert code_of(declared, 413) == "body_too_large"
    assert declared.json()["body_bytes_max"] == 1_000
    chunked = till.http.post(
        "/v1/operations",
        content=iter([b"[" + ",".join(lines)[:800].encode(), b" " * 800]),
        headers=till.headers | {"Content-Type": "application/json"},
    )
    assert code_of(chunked, 413) == "body_too_large"
    assert book.records == []
    *found, last = map(json.loads, stream(till, (line.encode() for line in lines)).text.splitlines())
    assert last["problem"]["code"] == "body_too_large"
    assert len(found) == last["summary"]["accepted"] == len(book.records) < 20


def test_outcomes_that_stay_open(till: Till, book: FakeBook) -> None:
    book.stuck = []
    lines = [earn(str(at)) for at in range(3)] + [earn("bad", 0)]
    found, summary = sent(till, "stream", lines)
    assert codes(found) == ["outcome_pending"] * 3 + ["amount_invalid"]
    assert found[0]["problem"]["status"] == 503
    assert (summary["unfinished"], summary["refused"]) == (3, 1)
    book.settle()
    _, again = sent(till, "array", lines)
    assert (again["replayed"], again["accepted"], again["unfinished"]) == (3, 0, 0)


@pytest.mark.parametrize("fault", [StorageFull("No room."), ChainUnavailable("Gone.")])
@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_recorded(till: Till, book: FakeBook, form: str, fault: Unavailable) -> None:
    book.fault = fault
    found, summary = sent(till, form, [earn("1"), earn("1"), earn("2")])
    assert codes(found) == [fault.code] * 3
    assert summary["unfinished"] == 3


def test_a_fault_of_the_service_is_told_at_the_end_and_tells_nothing(till: Till, book: FakeBook) -> None:
    book.fault = RuntimeError("the-passphrase")
    answer = till.post("/v1/operations", [earn("1")])
    assert answer.json()["problem"]["code"] == "internal_error"
    assert "passphrase" not in answer.text
    book.fault = SetupError("the-passphrase")
    *found, _ = map(json.loads, stream(till, json.dumps(earn("1"))).text.splitlines())
    assert codes(found) == ["internal_error"]


def test_the_example(till: Till, http: TestClient) -> None:
    schemas = http.get("/openapi.json").json()["components"]["schemas"]
    (request,), (shown,) = schemas["BulkRequest"]["examples"], schemas["BulkBody"]["examples"]
    answer = till.post("/v1/operations", request).json()
    assert answer["summary"] == shown["summary"]
    assert answer["lines"][1] == shown["lines"][1]
    assert answer["lines"][0].keys() == shown["lines"][0].keys()
    assert answer["lines"][0]["operation"]["points"] == shown["lines"][0]["operation"]["points"]


@pytest.mark.parametrize("open_max", [1, 7, 4_000])
def test_batches_smaller_than_the_request_keep_the_order(
    till: Till, monkeypatch: pytest.MonkeyPatch, open_max: int
) -> None:
    taken, take = [], bulk_module._Desk.take

    def noted(desk: Any, lines: Any) -> None:
        assert desk.has_room or desk.is_idle
        take(desk, lines)
        taken.append(desk._places - desk._answered)

    monkeypatch.setattr(bulk_module._Desk, "take", noted)
    monkeypatch.setattr(bulk_module, "OPEN_LINES_MAX", open_max)
    monkeypatch.setattr(bulk_module, "BATCH_LINES", 3)
    monkeypatch.setattr(service_bulk, "BATCHES_IN_FLIGHT", 1)
    monkeypatch.setattr(service_bulk, "BATCH_OPERATIONS", 4)
    receipts = [str(at // 3) for at in range(60)]
    found, summary = sent(till, "array", [earn(receipt) for receipt in receipts])
    assert [line["receipt"] for line in found] == receipts
    assert (summary["accepted"], summary["replayed"]) == (20, 40)
    assert len(taken) == 20 and max(taken) < open_max + 3


def test_whoever_leaves_in_the_middle_of_an_array_leaves_nothing_behind(
    http: TestClient, till: Till, book: FakeBook
) -> None:
    coming = iter([{"type": "http.request", "body": b'[{"kind": ', "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/operations",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {till.key}".encode()), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(http.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent == [] and book.records == []
    assert next(coming, None) is None
