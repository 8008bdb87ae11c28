"""The API over the real thing: contracts, SQLite, follower, submitter, uvicorn, sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

import httpx
import pytest

from coalition.ledger.operations import Purpose
from tests.api.conftest import DEADLINE, MEMBER, STRANGER, code_of
from tests.api.openapi import Contract
from tests.api.stack import MEMBER_KEY, Stack, running

DEADLINE_UNIX = 1_772_367_300


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as found:
        yield found


@pytest.fixture
def till(stack: Stack) -> Iterator[httpx.Client]:
    yield from client(stack, 1)


@pytest.fixture
def other_till(stack: Stack) -> Iterator[httpx.Client]:
    yield from client(stack, 2)


def client(stack: Stack, partner: int) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=stack.url, headers={"Authorization": f"Bearer {stack.keys[partner]}"}, timeout=60
    ) as found:
        found.event_hooks["response"] = [Contract(found.get("/openapi.json").json()).check]
        yield found


def test_examples_in_order(stack: Stack, till: httpx.Client) -> None:
    assert MEMBER_KEY.address == MEMBER
    stack.allow(1, 1_000)
    till.post("/v1/earn", json={"member": MEMBER, "receipt": "before", "spend_minor": 10_000})
    document = till.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name in ("Earn", "Redeem", "Hold", "Capture", "Release", "Reverse", "Refund"):
        (example,) = schemas[f"{name}Request"]["examples"]
        if name == "Release":
            till.post("/v1/hold", json=schemas["HoldRequest"]["examples"][0] | {"receipt": example["receipt"]})
        first = till.post(f"/v1/{name.lower()}", json=example)
        assert first.status_code == 201, first.text
        again = till.post(f"/v1/{name.lower()}", json=example)
        assert again.status_code == 200, again.text
        assert again.json() == first.json() | {"replayed": True}
    balance = till.get(f"/v1/members/{MEMBER}/balance").json()
    # 100 before, 19 earned, 5 redeemed of which 2 refunded, 3 captured, 5 of the earn reversed
    assert balance["points"] == 100 + 19 - 5 + 2 - 3 - 5
    assert balance["lots"][0]["points"] == balance["points"]
    totals = till.get("/v1/partner/totals").json()
    assert (totals["points_issued"], totals["points_redeemed"], totals["points_refunded"]) == (119, 8, 2)


def test_signed_redemption_and_hold(stack: Stack, till: httpx.Client, other_till: httpx.Client) -> None:
    till.post("/v1/earn", json={"member": MEMBER, "receipt": "for signed", "spend_minor": 5_000})
    body = {"member": MEMBER, "receipt": "signed/1", "points": 7, "deadline": DEADLINE}
    signature = stack.sign(2, "signed/1", 7, DEADLINE_UNIX, Purpose.REDEEM)
    assert code_of(till.post("/v1/redeem", json=body | {"signature": signature}), 422) == "signature_invalid"
    answer = other_till.post("/v1/redeem", json=body | {"signature": signature})
    assert answer.status_code == 201, answer.text
    held = other_till.post(
        "/v1/hold",
        json=body | {"receipt": "s2", "signature": stack.sign(2, "s2", 7, DEADLINE_UNIX, Purpose.HOLD)},
    )
    assert held.status_code == 201, held.text
    assert other_till.post("/v1/capture", json={"receipt": "s2", "points": 7}).status_code == 201
    assert code_of(till.post("/v1/capture", json={"receipt": "s2", "points": 1}), 422) == "hold_unknown"
    assert code_of(till.post("/v1/refund", json={"receipt": "f", "original_receipt": "s2"}), 404) == "original_unknown"


@pytest.mark.parametrize("receipt", ["41", "a/b", "a%2Fb", "..", "ein Bon", "Beleg-é", "100%", "🧾", "?a=b#c", "a+b&c"])
def test_any_receipt(till: httpx.Client, other_till: httpx.Client, receipt: str) -> None:
    answer = till.post("/v1/earn", json={"member": MEMBER, "receipt": receipt, "spend_minor": 100})
    assert answer.status_code == 201, answer.text
    found = till.get(answer.headers["location"])
    assert found.json()["receipt"] == receipt
    assert found.json()["operations"][0]["receipt"] == receipt
    assert code_of(other_till.get(answer.headers["location"]), 404) == "operation_unknown"


def test_respond_async(till: httpx.Client) -> None:
    body = {"member": MEMBER, "receipt": "async-1", "spend_minor": 200}
    answer = till.post("/v1/earn", json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    refused = till.post(
        "/v1/earn", json=body | {"member": STRANGER, "receipt": "async-2"}, headers={"Prefer": "respond-async"}
    )
    assert refused.status_code == 202
    for response, status in ((answer, "accepted"), (refused, "refused")):
        for _ in range(200):
            found = till.get(response.headers["location"]).json()
            if not found["pending"]:
                break
        assert [one["status"] for one in found["operations"]] == [status]


def test_sixty_four_tills_at_once(till: httpx.Client) -> None:
    def earn(number: int) -> int:
        body = {"member": MEMBER, "receipt": f"rush-{number}", "spend_minor": 100}
        return tills.post("/v1/earn", json=body).status_code

    limits = httpx.Limits(max_connections=64)
    with (
        httpx.Client(base_url=till.base_url, headers=till.headers, timeout=60, limits=limits) as tills,
        ThreadPoolExecutor(64) as threads,
    ):
        # Every receipt is sent twice at the same time: one of the two counts it, the other is told so.
        codes = list(threads.map(earn, [number // 2 for number in range(128)]))
    assert set(codes) <= {200, 201}
    pages, following = 0, "/v1/operations?kind=earn&status=accepted&limit=30"
    seen = []
    while following:
        page = till.get(following).json()
        seen += [one["receipt"] for one in page["operations"] if one["receipt"].startswith("rush-")]
        following, pages = page["next"], pages + 1
    assert sorted(seen) == sorted(f"rush-{number}" for number in range(64))
    assert pages > 1


def test_wrong_cursor(till: httpx.Client) -> None:
    for cursor in ("x", "MQ", "-", "é", "=" * 8):
        assert code_of(till.get("/v1/operations", params={"cursor": cursor}), 422) == "cursor_invalid"


def test_suspended_partner(stack: Stack, other_till: httpx.Client) -> None:
    stack.admin.suspend_partner(2)
    answer = other_till.post("/v1/earn", json={"member": MEMBER, "receipt": "late", "spend_minor": 100})
    assert code_of(answer, 403) == "partner_not_active"
    assert other_till.get("/v1/partner").json()["status"] == "suspended"


def test_ready(till: httpx.Client) -> None:
    assert till.get("/ready").json()["status"] == "ready"


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_not_read(till: httpx.Client, chunked: bool) -> None:
    """The answer comes while the body is still being sent, and the connection is closed after it."""
    place = urlparse(str(till.base_url))
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10000000"
        head = f"POST /v1/earn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        connection.sendall(head.encode())
        sender = threading.Thread(target=_pour, args=(connection, chunked), daemon=True)
        sender.start()
        answer = b""
        while b"body_too_large" not in answer:
            piece = connection.recv(65_536)
            assert piece, answer
            answer += piece
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_client_that_leaves_is_no_fault(till: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    place = urlparse(str(till.base_url))
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        head = "POST /v1/earn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        connection.sendall(head.encode())
    assert till.get("/health").status_code == 200
    time.sleep(0.1)
    assert not caplog.records


def _pour(connection: socket.socket, chunked: bool) -> None:
    spaces = b" " * 10_000
    piece = b"2710\r\n" + spaces + b"\r\n" if chunked else spaces
    try:
        for _ in range(999):
            connection.sendall(piece)
    except OSError:
        return  # closed by the server
