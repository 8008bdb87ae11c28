"""What others feel while tills are busy: how long a balance takes, and how far the read model is behind the chain."""

from __future__ import annotations

import http.client
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benches.served import Server

__all__ = ["Watched", "percentile", "watched"]

READ_SECONDS = 0.02
LOOK_SECONDS = 0.01
HEAD = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []})


@dataclass
class Watched:
    """Milliseconds of each balance read, and of each block from when the node showed it until it could be read."""

    balance_ms: list[float] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)


@contextmanager
def watched(server: Server, node: str, home: Path) -> Iterator[Watched]:
    """Read balances, fifty a second, and look at node and read model a hundred times a second, until the block ends."""
    found, over = Watched(), threading.Event()
    mined: dict[int, float] = {}
    indexed: dict[int, float] = {}
    works: tuple[Callable[[], None], ...] = (
        lambda: _read(server, found.balance_ms, over),
        lambda: _look_at_node(node, mined, over),
        lambda: _look_at_index(home, indexed, over),
    )
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()
    found.lag_ms += [max(0.0, indexed[at] - seen) * 1000 for at, seen in mined.items() if at in indexed]


def percentile(values: list[float], share: float) -> float:
    """The value that a share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _read(server: Server, found: list[float], over: threading.Event) -> None:
    headers = {"Authorization": f"Bearer {server.keys[0]}"}
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
        turn = 0
        while not over.wait(READ_SECONDS):
            turn += 1
            begun = time.perf_counter()
            connection.request(
                "GET", f"/v1/members/{server.members[turn % len(server.members)]}/balance", headers=headers
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"a balance was answered by {answer.status}")
            found.append((time.perf_counter() - begun) * 1000)


def _look_at_node(node: str, mined: dict[int, float], over: threading.Event) -> None:
    address = urlsplit(node)
    assert address.hostname is not None
    last = None
    with closing(http.client.HTTPConnection(address.hostname, address.port, timeout=60)) as connection:
        while not over.wait(LOOK_SECONDS):
            connection.request("POST", "/", HEAD, {"Content-Type": "application/json"})
            now = int(json.loads(connection.getresponse().read())["result"], 16)
            last = _note(mined, last, now)


def _look_at_index(home: Path, indexed: dict[int, float], over: threading.Event) -> None:
    last = None
    with closing(sqlite3.connect(f"file:{home / 'index.db'}?mode=ro", uri=True, timeout=60)) as connection:
        while not over.wait(LOOK_SECONDS):
            (now,) = connection.execute("SELECT block FROM book").fetchone()
            last = _note(indexed, last, now)


def _note(seen: dict[int, float], last: int | None, now: int) -> int:
    """The first block that is looked at came at an unknown time: it is left out."""
    moment = time.perf_counter()
    for at in range(now if last is None else last + 1, now + 1):
        if last is not None:
            seen[at] = moment
    return now
