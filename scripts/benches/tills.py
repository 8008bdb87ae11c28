"""Tills as a process of its own: raw sockets, one request at a time on each, so that they cost little beside what they measure.

Reads an order as JSON from standard input and writes what came of it to standard output. The order:
`host`, `port`, `keys` (API keys, the tills take turns), `members`, `first` (receipt numbers go up from there, by key), and
either `tills`, `warm_seconds` and `seconds` for lone earns, or `bulks` (requests at a time), `operations` and `requests`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
import time
from collections import Counter
from typing import Any

import uvloop

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
ACCEPTED = re.compile(rb'"accepted": ?(\d+)')
END = b"\r\n\r\n"


class Shop:
    """What the tills share: the order, and the account of what came of it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.members = itertools.cycle(order["members"])
        self.receipts = {key: itertools.count(order["first"]) for key in order["keys"]}
        self.begin = self.end = 0.0
        self.latencies: list[float] = []
        self.answers: Counter[int] = Counter()
        self.wrong = ""

    def open(self) -> None:
        """The tills begin now; what comes of it counts after `warm_seconds`."""
        self.begin = time.perf_counter() + self.order["warm_seconds"]
        self.end = self.begin + self.order["seconds"]

    def operation(self, key: str) -> dict[str, Any]:
        """The next purchase at a partner."""
        receipt = next(self.receipts[key])
        return {"member": next(self.members), "receipt": str(receipt), "spend_minor": 100 + receipt % 20_000}

    def head(self, key: str, path: str, media_type: str, length: int) -> bytes:
        """The head of a request."""
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self.order['host']}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


class Till(asyncio.Protocol):
    """One connection: a purchase, its answer, the next purchase."""

    def __init__(self, shop: Shop, key: str, done: asyncio.Future[None]) -> None:
        self._shop = shop
        self._key = key
        self.done = done
        self._buffer = b""
        self._needed = 0
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        """See the base class."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See the base class."""
        self._buffer += data
        if not self._needed:
            head, end, _ = self._buffer.partition(END)
            if not end:
                return
            length = LENGTH.search(head)
            assert length is not None, head
            self._needed = len(head) + len(END) + int(length[1])
        if len(self._buffer) >= self._needed:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        """See the base class."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a till's connection"))

    def _answered(self) -> None:
        shop, now = self._shop, time.perf_counter()
        status = int(self._buffer[9:12])
        if status not in (200, 201) and not shop.wrong:
            shop.wrong = self._buffer.decode(errors="replace")[-400:]
        if shop.begin <= now < shop.end:
            shop.answers[status] += 1
            shop.latencies.append(now - self._sent)
        self._buffer, self._needed = b"", 0
        if now < shop.end:
            self.next()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def next(self) -> None:
        """Send the next purchase."""
        body = json.dumps(self._shop.operation(self._key)).encode()
        self._sent = time.perf_counter()
        self._transport.write(self._shop.head(self._key, "/v1/earn", "application/json", len(body)) + body)


async def _tills(shop: Shop) -> dict[str, Any]:
    loop, order = asyncio.get_running_loop(), shop.order
    keys = itertools.islice(itertools.cycle(order["keys"]), order["tills"])
    tills = [Till(shop, key, loop.create_future()) for key in keys]
    for till in tills:
        await loop.create_connection(lambda till=till: till, order["host"], order["port"])
    shop.open()
    for till in tills:
        till.next()
    await asyncio.gather(*(till.done for till in tills))
    counted = sum(count for status, count in shop.answers.items() if status == 201)
    return {
        "a_second": counted / order["seconds"],
        "counted": counted,
        "others": {str(status): count for status, count in shop.answers.items() if status != 201},
        "wrong": shop.wrong,
        "p50_ms": _percentile(shop.latencies, 0.50) * 1000,
        "p99_ms": _percentile(shop.latencies, 0.99) * 1000,
    }


async def _bulks(shop: Shop) -> dict[str, Any]:
    order = shop.order
    keys = itertools.cycle(order["keys"])
    requests = [_bulk_request(shop, next(keys)) for _ in range(order["requests"])]
    turns = asyncio.Semaphore(order["bulks"])

    async def one(request: bytes) -> int:
        async with turns:
            reader, writer = await asyncio.open_connection(order["host"], order["port"], limit=1 << 24)
            writer.write(request)
            tail = b""
            while chunk := await reader.read(1 << 20):
                tail = (tail + chunk)[-4_000:]
                if b'{"summary"' in tail and tail.endswith(b"0\r\n\r\n"):
                    break
            writer.close()
            accepted = ACCEPTED.search(tail[tail.rfind(b'"summary"') :])
            if accepted is None:
                shop.wrong = tail.decode(errors="replace")[-400:]
            return int(accepted[1]) if accepted else 0

    begun = time.perf_counter()
    accepted = sum(await asyncio.gather(*(one(request) for request in requests)))
    seconds = time.perf_counter() - begun
    return {"a_second": accepted / seconds, "counted": accepted, "seconds": seconds, "wrong": shop.wrong}


def _bulk_request(shop: Shop, key: str) -> bytes:
    lines = [json.dumps(shop.operation(key) | {"kind": "earn"}) for _ in range(shop.order["operations"])]
    body = "\n".join(lines).encode() + b"\n"
    return shop.head(key, "/v1/operations", "application/x-ndjson", len(body)) + body


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


if __name__ == "__main__":
    shop_ = Shop(json.load(sys.stdin))
    json.dump(uvloop.run(_tills(shop_) if "tills" in shop_.order else _bulks(shop_)), sys.stdout)
