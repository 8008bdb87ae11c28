"""Posting: first answers, replays, conflicts, refusals, and waiting."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import DEADLINE, MEMBER, STRANGER, Till, code_of
from tests.api.fakes import FakeBook


def test_earn(till: Till, book: FakeBook) -> None:
    answer = till.earn(currency="USD", occurred_at="2026-02-28T23:59:59.5+01:00")
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/operations/R-1"
    assert "idempotent-replayed" not in answer.headers
    assert answer.json() == {
        "receipt": "R-1",
        "kind": "earn",
        "status": "accepted",
        "member": MEMBER,
        "spend_minor": 10_000,
        "currency": "USD",
        "points": 100,
        "awarded": 0,
        "confirmed_at": "2026-03-01T12:00:01Z",
        "block": 1,
        "transaction": "0x" + "ab" * 32,
        "replayed": False,
    }
    assert book.points[MEMBER] == 1_100


def test_earn_enrols_when_asked(till: Till, book: FakeBook) -> None:
    assert code_of(till.earn(member=STRANGER), 422) == "member_unknown"
    assert till.earn(member=STRANGER.lower(), enrols=True).status_code == 201
    assert book.points[STRANGER] == 100


def test_redeem(till: Till, book: FakeBook) -> None:
    answer = till.redeem(signature="0x" + "1f" * 65)
    assert answer.status_code == 201, answer.text
    assert answer.json()["points"] == 5
    assert answer.json()["lots"] == [{"epoch": 8, "points": 5}]
    assert "spend_minor" not in answer.json()
    assert book.points[MEMBER] == 995


def test_hold_capture(till: Till, book: FakeBook) -> None:
    held = till.hold()
    assert held.status_code == 201, held.text
    assert held.json()["deadline"] == DEADLINE
    captured = till.post("/v1/capture", {"receipt": "H-1", "points": 3})
    assert captured.status_code == 201, captured.text
    assert book.points[MEMBER] == 997
    found = till.get("/v1/operations/H-1").json()
    assert [one["kind"] for one in found["operations"]] == ["hold", "capture"]
    assert found["pending"] is False


def test_hold_release(till: Till, book: FakeBook) -> None:
    till.hold()
    assert till.post("/v1/release", {"receipt": "H-1"}).status_code == 201
    assert book.points[MEMBER] == 1_000


def test_reverse_in_part_and_the_rest(till: Till, book: FakeBook) -> None:
    till.earn()
    part = till.post("/v1/reverse", {"receipt": "V-1", "original_receipt": "R-1", "spend_minor": 4_000})
    assert part.status_code == 201, part.text
    assert (part.json()["original_receipt"], part.json()["points"]) == ("R-1", 40)
    rest = till.post("/v1/reverse", {"receipt": "V-2", "original_receipt": "R-1"})
    assert rest.json()["spend_minor"] == 6_000
    assert book.points[MEMBER] == 1_000
    assert code_of(till.post("/v1/reverse", {"receipt": "V-3", "original_receipt": "R-1"}), 422) == "original_exceeded"


def test_refund(till: Till, book: FakeBook) -> None:
    till.redeem()
    answer = till.post("/v1/refund", {"receipt": "F-1", "original_receipt": "R-2", "points": 2})
    assert answer.status_code == 201, answer.text
    assert till.post("/v1/refund", {"receipt": "F-2", "original_receipt": "R-2"}).json()["points"] == 3
    assert book.points[MEMBER] == 1_000
    unknown = till.post("/v1/refund", {"receipt": "F-3", "original_receipt": "nothing"})
    assert code_of(unknown, 404) == "original_unknown"


def test_same_request_gets_first_answer(till: Till, book: FakeBook) -> None:
    requests = [
        ("/v1/earn", {"member": MEMBER, "receipt": "1", "spend_minor": 500}),
        ("/v1/redeem", {"member": MEMBER, "receipt": "2", "points": 1, "deadline": DEADLINE}),
        ("/v1/hold", {"member": MEMBER, "receipt": "3", "points": 5, "deadline": DEADLINE}),
        ("/v1/capture", {"receipt": "3", "points": 2}),
        ("/v1/hold", {"member": MEMBER, "receipt": "4", "points": 5, "deadline": DEADLINE}),
        ("/v1/release", {"receipt": "4"}),
        ("/v1/reverse", {"receipt": "5", "original_receipt": "1", "spend_minor": 100}),
        ("/v1/refund", {"receipt": "6", "original_receipt": "2"}),
    ]
    for path, body in requests:
        first = till.post(path, body)
        assert first.status_code == 201, first.text
        count = len(book.records)
        again = till.post(path, body, **{"Idempotency-Key": f"{path} {body['receipt']}"})
        assert again.status_code == 200
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == first.json() | {"replayed": True}
        assert len(book.records) == count


def test_same_receipt_with_other_content_conflicts(till: Till, book: FakeBook) -> None:
    till.earn()
    till.hold()
    count = len(book.records)
    spend = till.earn(spend_minor=10_001)
    assert code_of(spend, 409) == "receipt_conflict"
    assert spend.json()["differences"] == {"spend_minor": {"recorded": 10_000, "requested": 10_001}}
    kind = till.redeem(receipt="R-1")
    assert code_of(kind, 409) == "receipt_conflict"
    assert kind.json()["differences"]["kind"] == {"recorded": "earn", "requested": "redeem"}
    deadline = till.hold(deadline="2026-03-02T12:15:00Z")
    assert code_of(deadline, 409) == "receipt_conflict"
    assert deadline.json()["differences"] == {"deadline": {"recorded": DEADLINE, "requested": "2026-03-02T12:15:00Z"}}
    assert len(book.records) == count


def test_a_correction_of_something_else_conflicts_by_the_texts_of_the_receipts(till: Till) -> None:
    till.earn(receipt="shop-é")
    till.earn(receipt="41")
    till.post("/v1/reverse", {"receipt": "V-1", "original_receipt": "shop-é", "spend_minor": 100})
    body = {"receipt": "V-1", "original_receipt": "41", "spend_minor": 100}
    different = {"original_receipt": {"recorded": "shop-é", "requested": "41"}}
    alone = till.post("/v1/reverse", body)
    assert code_of(alone, 409) == "receipt_conflict"
    assert alone.json()["differences"] == different
    (line,) = till.post("/v1/operations", [{"kind": "reverse"} | body]).json()["lines"]
    assert line["problem"]["differences"] == different


def test_refusals_carry_the_ledgers_code(till: Till) -> None:
    assert code_of(till.redeem(points=1_001), 422) == "balance_too_low"
    assert code_of(till.redeem(deadline="2026-02-01T00:00:00Z"), 422) == "deadline_passed"
    assert code_of(till.post("/v1/capture", {"receipt": "none", "points": 1}), 422) == "hold_unknown"
    assert code_of(till.post("/v1/release", {"receipt": "none"}), 422) == "hold_unknown"
    till.hold()
    assert code_of(till.post("/v1/capture", {"receipt": "H-1", "points": 6}), 422) == "hold_exceeded"


def test_future_purchase_does_not_move_the_clock(till: Till, book: FakeBook) -> None:
    assert code_of(till.earn(occurred_at="2026-03-01T12:02:00Z"), 422) == "occurred_at_in_future"
    assert code_of(till.redeem(occurred_at="2099-01-01T00:00:00Z"), 422) == "occurred_at_in_future"
    assert not book.records


def test_respond_async(till: Till, book: FakeBook) -> None:
    book.stuck = []
    body = {"member": MEMBER, "receipt": "shop/é 1", "spend_minor": 500}
    answer = till.post("/v1/earn", body, Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.json() == {"receipt": "shop/é 1", "pending": True, "operations": []}
    location = answer.headers["location"]
    assert location == "/v1/operations/shop%2F%C3%A9%201"
    pending = till.get(location)
    assert pending.json() == answer.json()
    assert pending.headers["retry-after"] == "1"
    book.settle()
    decided = till.get(location).json()
    assert decided["pending"] is False
    assert [one["points"] for one in decided["operations"]] == [5]
    assert till.post("/v1/earn", body, Prefer="respond-async").status_code == 200


def test_respond_async_refused(till: Till, book: FakeBook) -> None:
    book.stuck = []
    body = {"member": STRANGER, "receipt": "S", "spend_minor": 500}
    location = till.post("/v1/earn", body, Prefer="wait=0, respond-async").headers["location"]
    book.settle()
    (refused,) = till.get(location).json()["operations"]
    assert (refused["status"], refused["code"]) == ("refused", "member_unknown")
    assert "member" not in refused and "points" not in refused


def test_open_outcome_is_no_success(till: Till, book: FakeBook) -> None:
    book.stuck = []
    answer = till.earn()
    assert code_of(answer, 503) == "outcome_pending"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["location"] == "/v1/operations/R-1"
    book.settle()
    assert till.earn().status_code == 200


@pytest.mark.parametrize(
    "receipt",
    ["41", "a/b", "a//b/", "/", "..", ".", "ein Bon", "Beleg-é-00041", "收据", "?x=1#y", "100%", "a+b", "🧾"],
)
def test_any_receipt_can_be_looked_up(till: Till, receipt: str) -> None:
    location = till.earn(receipt=receipt).headers["location"]
    found = till.get(location)
    assert found.status_code == 200, found.text
    assert found.json()["receipt"] == receipt
    assert [one["receipt"] for one in found.json()["operations"]] == [receipt]
    if receipt not in (".", ".."):
        assert till.get("/v1/operations/" + quote(receipt)).json() == found.json()


def test_receipt_without_operation(till: Till) -> None:
    assert code_of(till.get("/v1/operations/nothing"), 404) == "operation_unknown"
    assert code_of(till.get("/v1/operations/"), 422) == "receipt_invalid"
    assert code_of(till.get("/v1/operations/" + "x" * 201), 422) == "receipt_invalid"


def test_history_pages(till: Till, other_till: Till) -> None:
    for number in range(1, 8):
        till.earn(receipt=str(number), spend_minor=100)
        other_till.earn(receipt=str(number), spend_minor=200)
    till.redeem(points=5_000)
    first = till.get("/v1/operations?limit=3")
    assert [one["receipt"] for one in first.json()["operations"]] == ["R-2", "7", "6"]
    assert first.headers["link"] == f'<{first.json()["next"]}>; rel="next"'
    till.earn(receipt="8", spend_minor=100)
    seen, following = [], first.json()["next"]
    while following:
        page = till.get(following).json()
        seen += [one["receipt"] for one in page["operations"]]
        following = page["next"]
    assert seen == ["5", "4", "3", "2", "1"]


def test_history_filters(till: Till, other_till: Till) -> None:
    till.earn()
    till.redeem()
    till.redeem(receipt="R-3", points=9_999)
    other_till.earn()
    kinds = [one["kind"] for one in till.get("/v1/operations?kind=earn").json()["operations"]]
    assert kinds == ["earn"]
    (refused,) = till.get("/v1/operations?status=refused").json()["operations"]
    assert (refused["receipt"], refused["code"]) == ("R-3", "balance_too_low")
    assert len(till.get(f"/v1/operations?member={MEMBER.lower()}").json()["operations"]) == 2
    assert till.get(f"/v1/operations?member={STRANGER}").json() == {"operations": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "kind=steal", "status=odd", "cursor=" + "9" * 101]
)
def test_history_rejects_wrong_parameters(till: Till, query: str) -> None:
    answer = till.get(f"/v1/operations?{query}")
    assert code_of(answer, 422) == "input_invalid"
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_history_rejects_wrong_member(till: Till) -> None:
    assert code_of(till.get("/v1/operations?member=0x12"), 422) == "address_invalid"


def test_no_key_no_operations(http: TestClient) -> None:
    answer = http.get("/v1/operations/R-1")
    assert code_of(answer, 401) == "credential_missing"
    assert answer.headers["www-authenticate"] == 'Bearer realm="coalition"'
