"""Bulk requests over the real thing: sockets, broken connections, and every line once."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest
from anyio import fail_after

from coalition.api import bulk as bulk_module
from tests.api.conftest import MEMBER
from tests.api.stack import Stack, running

NDJSON = "application/x-ndjson"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as found:
        yield found


@pytest.fixture
def till(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.keys[1]}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=120) as found:
        yield found


def earn(receipt: str, spend_minor: int = 100) -> dict[str, Any]:
    return {"kind": "earn", "member": MEMBER, "receipt": receipt, "spend_minor": spend_minor}


def text(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def post(till: httpx.Client, lines: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    answer = till.post("/v1/operations", content=text(lines), headers={"Content-Type": NDJSON})
    *found, end = map(json.loads, answer.text.splitlines())
    assert "problem" not in end
    return found, end["summary"]


def issued(till: httpx.Client) -> int:
    return int(till.get("/v1/partner/totals").json()["points_issued"])


class Line:
    """A connection over which a stream of lines is sent piece by piece."""

    def __init__(self, stack: Stack) -> None:
        place = urlparse(stack.url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=60)
        self.socket.sendall(
            f"POST /v1/operations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stack.keys[1]}\r\n"
            f"Content-Type: {NDJSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        self.heard = b""

    def send(self, content: bytes) -> None:
        self.socket.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def hear(self, wanted: bytes) -> None:
        while wanted not in self.heard:
            piece = self.socket.recv(65_536)
            assert piece, self.heard
            self.heard += piece


def test_each_line_is_answered_before_the_next_is_sent(stack: Stack) -> None:
    line = Line(stack)
    for at in range(3):
        line.send(text([earn(f"step-{at}")]))
        line.hear(f'"receipt":"step-{at}","operation"'.encode())
    line.send(b"")
    line.hear(b'"accepted": 3')
    line.socket.close()
    told = [line.heard.index(f'"receipt":"step-{at}"'.encode()) for at in range(3)]
    assert told == sorted(told) and line.heard.count(b'"status":"accepted"') == 3


def test_killed_half_way_and_sent_again_each_counts_once(stack: Stack, till: httpx.Client) -> None:
    lines = [earn(f"half-{at}") for at in range(300)]
    before = issued(till)
    line = Line(stack)
    line.send(text(lines[:150]) + text(lines[150:151])[:40])  # the last line is cut off
    line.hear(b'"receipt":"half-0"')
    line.socket.close()
    found, summary = post(till, lines)
    assert (summary["accepted"] + summary["replayed"], summary["lines"]) == (300, 300)
    assert summary["replayed"] >= 1
    assert [one["receipt"] for one in found] == [one["receipt"] for one in lines]
    assert issued(till) - before == 300
    _, again = post(till, lines)
    assert (again["replayed"], issued(till) - before) == (300, 300)


def test_the_same_lines_twice_at_the_same_time(stack: Stack, till: httpx.Client) -> None:
    lines = [earn(f"twice-{at}") for at in range(400)]
    before = issued(till)
    with ThreadPoolExecutor(4) as threads:
        summaries = [one for _, one in threads.map(lambda _: post(till, lines), range(4))]
    assert all(one["accepted"] + one["replayed"] == 400 for one in summaries)
    assert issued(till) - before == 400


def test_receipts_that_are_neighbours_are_corrected_in_one_request(till: httpx.Client) -> None:
    """The original, its neighbours and the corrections share a word, whose chain each of them moves on."""
    receipts = range(7_000, 7_020)
    earns = [earn(str(receipt)) for receipt in receipts]
    backs = [
        {"kind": "reverse", "receipt": str(receipt + 100), "original_receipt": str(receipt)} for receipt in receipts
    ]
    more = [earn(str(receipt + 20)) for receipt in receipts]
    before = issued(till)
    mixed = [line for triple in zip(earns, backs, more, strict=True) for line in triple]
    found, summary = post(till, mixed)
    assert [one["problem"]["code"] for one in found if "problem" in one] == []
    assert summary["accepted"] == 60
    totals = till.get("/v1/partner/totals").json()
    assert totals["points_reversed"] == 20
    assert issued(till) - before == 40


def test_a_stream_that_stops_coming(stack: Stack, till: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_module, "fail_after", lambda _: fail_after(0.3))
    line = Line(stack)
    line.send(text([earn("stalled-1")]) + b'{"kind": ')
    line.hear(b'"code": "body_stalled"')
    assert b'"receipt":"stalled-1","operation"' in line.heard
    assert b'"accepted": 1' in line.heard
    line.socket.close()
