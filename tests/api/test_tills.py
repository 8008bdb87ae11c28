"""Vouchers, tills and gaps over HTTP."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from coalition.access import Access, Scope
from coalition.api.examples import REDEEM_VOUCHER, TILL_VOUCHERS, TILLS, VOUCHER, VOUCHERS
from tests.api.conftest import MEMBER, Till, code_of
from tests.api.fakes import FakeBook


def test_each_voucher_has_its_outcome(till: Till) -> None:
    body = {"vouchers": [REDEEM_VOUCHER, VOUCHER, VOUCHER | {"number": 2}, VOUCHER]}
    answer = till.post("/v1/vouchers", body)
    assert answer.status_code == 200, answer.text
    lines = answer.json()["vouchers"]
    assert [(one["till"], one["number"]) for one in lines] == [(7, 3), (7, 1), (7, 2), (7, 1)]
    assert [one.get("problem", {}).get("code") for one in lines] == [None, None, "voucher_signature_invalid", None]
    assert [one.get("operation", {}).get("replayed") for one in lines] == [False, False, None, True]
    assert lines[1]["operation"]["receipt"] == "voucher:7:1" and lines[0]["operation"]["kind"] == "redeem"
    shown = VOUCHERS["vouchers"]
    assert lines[1]["operation"].keys() == shown[0]["operation"].keys() and lines[2]["problem"] == shown[1]["problem"]


def test_a_number_stands_for_one_voucher(till: Till, book: FakeBook) -> None:
    till.post("/v1/vouchers", {"vouchers": [VOUCHER]})
    book.records[0] = type(book.records[0])(
        **{name: getattr(book.records[0], name) for name in book.records[0].__slots__} | {"spend_minor": 5}
    )
    (line,) = till.post("/v1/vouchers", {"vouchers": [VOUCHER]}).json()["vouchers"]
    assert (line["problem"]["status"], line["problem"]["code"]) == (409, "voucher_conflict")
    assert line["problem"]["differences"] == {"spend_minor": {"recorded": 5, "requested": 1999}}


def test_gaps(till: Till) -> None:
    assert till.get("/v1/tills/7/gaps").json() == {"till": 7, "highest": 0, "accepted": [], "gaps": [], "next": None}
    till.post("/v1/vouchers", {"vouchers": [REDEEM_VOUCHER, VOUCHER]})
    found = till.get("/v1/tills/7/gaps").json()
    assert found.keys() == TILL_VOUCHERS.keys()
    assert (found["highest"], found["gaps"]) == (3, [{"first": 2, "last": 2}])
    assert till.get("/v1/tills/7/gaps?start=2&limit=1").json()["accepted"] == [{"first": 3, "last": 3}]
    assert code_of(till.get("/v1/tills/8/gaps"), 404) == "till_unknown"
    for wrong in ("/v1/tills/0/gaps", "/v1/tills/x/gaps", "/v1/tills/7/gaps?start=0", "/v1/tills/7/gaps?limit=9999"):
        assert code_of(till.get(wrong), 422) == "input_invalid"


def test_tills(till: Till, other_till: Till) -> None:
    assert till.get("/v1/tills").json() == TILLS
    assert other_till.get("/v1/tills").json()["tills"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"till": 0}, "input_invalid"),
        ({"number": 1 << 48}, "input_invalid"),
        ({"kind": "hold"}, "input_invalid"),
        ({"currency": "usd"}, "input_invalid"),
        ({"issued_at": "yesterday"}, "input_invalid"),
        ({"points": 3}, "input_invalid"),
        ({"signature": "0x1"}, "signature_malformed"),
    ],
)
def test_what_is_no_voucher(till: Till, change: dict[str, object], code: str) -> None:
    assert code_of(till.post("/v1/vouchers", {"vouchers": [VOUCHER | change]}), 422) == code
    assert code_of(till.post("/v1/vouchers", {"vouchers": []}), 422) == "input_invalid"


def test_a_vouchers_receipt_is_its_tills(till: Till) -> None:
    assert code_of(till.earn(receipt="voucher:7:1"), 422) == "receipt_reserved"
    body = {"member": MEMBER, "kind": "earn", "receipt": "voucher:7:1", "spend_minor": 5}
    (line,) = till.post("/v1/operations", [body]).json()["lines"]
    assert line["problem"]["code"] == "receipt_reserved"
    till.post("/v1/vouchers", {"vouchers": [VOUCHER]})
    assert till.post("/v1/reverse", {"receipt": "back", "original_receipt": "voucher:7:1"}).status_code == 201


def test_each_voucher_needs_the_scope_of_its_kind(http: TestClient, access: Access) -> None:
    earning = Till(http, access.credentials.issue(1, "earns only", frozenset({Scope.EARN})))
    lines = earning.post("/v1/vouchers", {"vouchers": [REDEEM_VOUCHER, VOUCHER]}).json()["vouchers"]
    assert [one.get("problem", {}).get("code") for one in lines] == ["scope_missing", None]
    assert lines[1]["operation"]["receipt"] == "voucher:7:1"


def test_each_voucher_counts_as_a_call(http: TestClient, access: Access) -> None:
    slow = Till(http, access.credentials.issue(1, "slow", rate_limit="3/minute"))
    lines = slow.post("/v1/vouchers", {"vouchers": [VOUCHER] * 4}).json()["vouchers"]
    assert [one.get("problem", {}).get("status") for one in lines] == [None, None, 429, 429]
