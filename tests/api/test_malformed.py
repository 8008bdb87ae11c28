"""What is no proper request is a clear error, and leaves the book as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import DEADLINE, MEMBER, Till, code_of
from tests.api.fakes import FakeBook

EARN = {"member": MEMBER, "receipt": "R-1", "spend_minor": 500}
REDEEM = {"member": MEMBER, "receipt": "R-1", "points": 5, "deadline": DEADLINE}
HOLD = REDEEM
REVERSE = {"receipt": "V-1", "original_receipt": "E-0", "spend_minor": 100}
REFUND = {"receipt": "F-1", "original_receipt": "D-0", "points": 1}
CAPTURE = {"receipt": "H-0", "points": 1}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/earn": EARN,
    "/v1/redeem": REDEEM,
    "/v1/hold": HOLD,
    "/v1/capture": CAPTURE,
    "/v1/release": {"receipt": "H-0"},
    "/v1/reverse": REVERSE,
    "/v1/refund": REFUND,
}
AMOUNTS = [(path, name) for path, body in BODIES.items() for name in ("spend_minor", "points") if name in body]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def unchanged(till: Till, book: FakeBook) -> Iterator[None]:
    """Whatever is sent in this file, the book stays as it was."""
    till.earn(receipt="E-0", spend_minor=500)
    till.redeem(receipt="D-0", points=5)
    till.hold(receipt="H-0", points=5)
    before = (dict(book.points), dict(book.held), list(book.records))
    yield
    assert (book.points, book.held, book.records) == before


def send(till: Till, path: str, body: bytes, **headers: str) -> Any:
    return till.http.post(path, content=body, headers=till.headers | JSON | headers)


@pytest.mark.parametrize(("path", "name"), AMOUNTS)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0", "amount_invalid"),
        ("-1", "amount_invalid"),
        ("-0", "amount_invalid"),
        (str(-(2**255)), "amount_invalid"),
        (str(2**48), "amount_too_large"),
        (str(2**64), "amount_too_large"),
        (str(2**256), "amount_too_large"),
        ("1.5", "input_invalid"),
        ("1.0", "input_invalid"),
        ("1e3", "input_invalid"),
        ('"5"', "input_invalid"),
        ('"five"', "input_invalid"),
        ("true", "input_invalid"),
        ("[5]", "input_invalid"),
        ("{}", "input_invalid"),
    ],
)
def test_amounts(till: Till, path: str, name: str, value: str, code: str) -> None:
    body = json.dumps(BODIES[path] | {name: "@"}).replace('"@"', value)
    answer = send(till, path, body.encode())
    assert code_of(answer, 422) == code
    if code == "input_invalid":
        assert answer.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "01", "+1", "0x5", "1_000", ".5", "5.", "1" * 5_000])
def test_no_json_number(till: Till, value: str) -> None:
    body = json.dumps(EARN | {"spend_minor": "@"}).replace('"@"', value)
    assert code_of(send(till, "/v1/earn", body.encode()), 400) == "body_malformed"


@pytest.mark.parametrize(
    "member",
    [
        *("", "anna", "0x", "0x12", MEMBER + "0", MEMBER[:-1], MEMBER[2:], "0X" + MEMBER[2:], MEMBER.swapcase()),
        *(" " + MEMBER, MEMBER + "\n", MEMBER[:-1] + "F", "0x" + "g" * 40, "٠x" + "1" * 40, "0x" + "١" * 40),
    ],
)
@pytest.mark.parametrize("path", ["/v1/earn", "/v1/redeem", "/v1/hold"])
def test_addresses(till: Till, path: str, member: str) -> None:
    assert code_of(till.post(path, BODIES[path] | {"member": member}), 422) == "address_invalid"


@pytest.mark.parametrize("receipt", ["", " ", " x", "x ", "a\nb", "a\0b", "\x7f", "x" * 201, "é" * 101])
@pytest.mark.parametrize("path", sorted(BODIES))
def test_receipts(till: Till, path: str, receipt: str) -> None:
    assert code_of(till.post(path, BODIES[path] | {"receipt": receipt}), 422) == "receipt_invalid"


@pytest.mark.parametrize("value", ["", "USD ", "usd", "EUR", "840", "💶"])
def test_currencies(till: Till, value: str) -> None:
    answer = till.post("/v1/earn", EARN | {"currency": value})
    assert code_of(answer, 422) == "currency_wrong"
    assert answer.json()["expected"] == "USD"


@pytest.mark.parametrize(
    "value",
    [
        *("", "now", "2026-03-01", "2026-03-01T12:15:00", "2026-03-01 12:15:00Z", "2026-02-30T00:00:00Z", 1772366400),
        *("2026-03-01T24:15:00Z", "1969-12-31T23:59:59Z", "2026-03-01T12:15:00+1", "२०२६-03-01T12:15:00Z", None, True),
    ],
)
def test_times(till: Till, value: Any) -> None:
    for path in ("/v1/redeem", "/v1/hold"):
        answer = till.post(path, BODIES[path] | {"deadline": value})
        assert code_of(answer, 422) == "input_invalid"
        assert answer.json()["errors"][0]["field"] == "deadline"


@pytest.mark.parametrize(
    "value", ["", "0", "1f" * 65, "0x1", "0xzz", "0x 1f", 5, "0x" + "1f" * 64, "0x" + "1f" * 5_000]
)
def test_signatures(till: Till, value: Any) -> None:
    for path in ("/v1/redeem", "/v1/hold"):
        assert code_of(till.post(path, BODIES[path] | {"signature": value}), 422) == "signature_malformed"


@pytest.mark.parametrize("path", sorted(BODIES))
def test_fields_missing_or_unknown(till: Till, path: str) -> None:
    for name in BODIES[path].keys() - {
        "spend_minor" if path == "/v1/reverse" else "",
        "points" if path == "/v1/refund" else "",
    }:
        answer = till.post(path, {other: value for other, value in BODIES[path].items() if other != name})
        assert code_of(answer, 422) == "input_invalid"
        assert [one["field"] for one in answer.json()["errors"]] == [name]
    for name in ("partner", "Points", "\ud800", "x" * 500):
        answer = send(till, path, json.dumps(BODIES[path] | {name: 2}).encode())
        assert code_of(answer, 422) == "input_invalid"
        assert len(answer.json()["errors"][0]["field"]) <= 80


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"\xff\xfe{}",
        b'{"member": "\xc3("}',
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"b": 2}',
        b"[" * 30_000,
        b"[" * 33 + b"]" * 33,
        b'"' + b'\\"' * 32_000,
        b'"' * 65_001,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        json.dumps(EARN)[:-1].encode() + b', "spend_minor": 1}',
        b'{"\xc3\xa9": {"x": 1, "x": 1}}',
    ],
    ids=range(14),
)
@pytest.mark.parametrize("path", ["/v1/earn", "/v1/release"])
def test_no_json(till: Till, path: str, body: bytes) -> None:
    assert code_of(send(till, path, body), 400) == "body_malformed"


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"5", json.dumps([EARN]).encode(), b"[" * 32 + b"]" * 32])
def test_no_object(till: Till, body: bytes) -> None:
    assert code_of(send(till, "/v1/earn", body), 422) == "input_invalid"


def test_text_that_is_none(till: Till) -> None:
    body = json.dumps(EARN | {"receipt": "\ud800"}).encode()
    assert code_of(send(till, "/v1/earn", body), 422) in ("input_invalid", "receipt_invalid")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "json"])
def test_content_type(till: Till, kind: str) -> None:
    body = json.dumps(EARN).encode()
    assert code_of(send(till, "/v1/earn", body, **{"Content-Type": kind}), 415) == "content_type_unsupported"


def test_large_body(till: Till) -> None:
    answer = send(till, "/v1/earn", b" " * 10_000_000)
    assert code_of(answer, 413) == "body_too_large"
    assert answer.json()["body_bytes_max"] == 65_536


def test_large_body_in_chunks_is_not_read_to_the_end(till: Till) -> None:
    answer = till.http.post("/v1/earn", content=iter([b" " * 1_000] * 10_000), headers=till.headers | JSON)
    assert code_of(answer, 413) == "body_too_large"


def test_largest_body(till: Till) -> None:
    body = json.dumps(EARN | {"spend_minor": 0}).encode()
    assert code_of(send(till, "/v1/earn", body + b" " * (65_536 - len(body))), 422) == "amount_invalid"
    assert code_of(send(till, "/v1/earn", body + b" " * (65_537 - len(body))), 413) == "body_too_large"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer -x-",
        "Basic eDp5",
        "Token ck_?",
        "Bearer ck_aaaaaaaaaaaa_" + "b" * 49,
        "ck_x -y-",
    ],
)
def test_garbage_credentials(till: Till, header: str) -> None:
    for path, body in BODIES.items():
        answer = till.http.post(path, json=body, headers={"Authorization": header} if header else {})
        assert code_of(answer, 401) in ("credential_missing", "credential_invalid")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert (header.split() or ["-"])[-1] not in answer.text.replace("Bearer and", "")
