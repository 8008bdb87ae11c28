"""Signed batches over HTTP."""

from __future__ import annotations

from coalition.api.examples import BATCH, BATCH_ANSWER, KEYS
from coalition.chain.signed import read_batch, read_transaction
from coalition.ledger.ids import receipt_number
from tests.api.conftest import Till, code_of
from tests.api.fakes import FakeBook

HASH = BATCH_ANSWER["transaction"]


def test_the_examples_are_of_one_transaction() -> None:
    signed = read_transaction(bytes.fromhex(BATCH["transaction"][2:]))
    _, operations = read_batch(signed.data)
    assert (signed.hash, signed.key, signed.nonce) == (HASH, BATCH_ANSWER["key"], BATCH_ANSWER["nonce"])
    assert (signed.chain_id, signed.to, signed.key) == (KEYS["chain_id"], KEYS["ledger"], KEYS["keys"][0]["key"])
    assert [operation.receipt for operation in operations] == [receipt_number(text) for text in BATCH["receipts"]]


def test_decided_now_and_decided_before(till: Till) -> None:
    first = till.post("/v1/batches", BATCH)
    assert first.status_code == 201
    assert first.headers["location"] == f"/v1/batches/{HASH}"
    assert first.json().keys() == BATCH_ANSWER.keys()
    assert [one["status"] for one in first.json()["operations"]] == ["accepted"]
    again = till.post("/v1/batches", BATCH)
    assert (again.status_code, again.json()) == (200, first.json() | {"replayed": True})
    found = till.get(f"/v1/batches/{HASH}").json()
    assert found == {name: value for name, value in first.json().items() if name != "replayed"}
    assert till.get("/v1/partner/keys").json().keys() == KEYS.keys()


def test_each_operation_has_its_own_outcome(till: Till, book: FakeBook) -> None:
    book.points.clear()
    (refused,) = till.post("/v1/batches", BATCH).json()["operations"]
    assert (refused["status"], refused["code"]) == ("refused", "member_unknown")


def test_on_its_way(till: Till, book: FakeBook) -> None:
    book.stuck = []
    assert code_of(till.post("/v1/batches", BATCH), 503) == "outcome_pending"
    accepted = till.post("/v1/batches", BATCH, Prefer="respond-async")
    assert (accepted.status_code, accepted.headers["location"]) == (202, f"/v1/batches/{HASH}")
    pending = {"transaction": HASH, "pending": True, "operations": []}
    assert accepted.json() == pending == till.get(f"/v1/batches/{HASH}").json()


def test_what_is_no_transaction(till: Till) -> None:
    for text in ("0x", "0x1", "deadbeef", "0xzz", "0x" + "c0" * 10, 7):
        assert code_of(till.post("/v1/batches", {"transaction": text}), 422) == "transaction_malformed"
    assert code_of(till.post("/v1/batches", {}), 422) == "input_invalid"
    assert code_of(till.get("/v1/batches/0x12"), 422) == "input_invalid"
    large = {"transaction": "0x" + "00" * 100_000}
    assert code_of(till.post("/v1/batches", large), 422) == "transaction_malformed"
    assert code_of(till.post("/v1/batches", {"transaction": "0x" + "00" * 300_000}), 413) == "body_too_large"
    assert code_of(till.post("/v1/earn", large), 413) == "body_too_large"
