"""A receiver of webhooks as partners run one, in a process of its own: `receiver.py FOLDER PORT SEED`.

It verifies what comes, writes it to the end of a journal, and says 2xx only when that is on the disk. What it wrote it may get
again: it drops nothing, so that the journal tells what came. A file in its folder says whose webhooks come under which path, and
how well it is.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from coalition.client.webhooks import WebhookInvalid, verify

__all__ = ["JOURNAL", "Mood", "Orders", "order_receiver"]

JOURNAL = "journal"
ORDERS = "orders.json"


@dataclass(frozen=True, slots=True)
class Mood:
    """How well a receiver is: it is late by up to so long, and fails so many of 100 before and after it wrote them down."""

    late_seconds: float = 0.0
    fails_before: int = 0
    fails_after: int = 0


@dataclass(frozen=True, slots=True)
class Orders:
    """The secret of each path's webhook, and the mood."""

    secrets: dict[str, str]
    mood: Mood


def order_receiver(folder: Path, orders: Orders) -> None:
    """Tell the receiver of that folder."""
    new = folder / f"{ORDERS}.new"
    new.write_text(json.dumps(asdict(orders)))
    new.replace(folder / ORDERS)


class Receiving(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, folder: Path, port: int, chance: random.Random) -> None:
        self.chance = chance
        self._folder = folder
        self._writing = threading.Lock()
        self._journal = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        content = (folder / JOURNAL).read_bytes()
        os.ftruncate(self._journal, content.rfind(b"\n") + 1)  # a line that was torn was never said to be taken
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def orders(self) -> Orders:
        """What it was told last."""
        found = json.loads((self._folder / ORDERS).read_bytes())
        return Orders(found["secrets"], Mood(**found["mood"]))

    def write(self, record: dict[str, Any]) -> None:
        """Write a line; it is on the disk when this returns."""
        line = json.dumps(record).encode() + b"\n"
        with self._writing:
            os.write(self._journal, line)
            os.fsync(self._journal)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a caller that hung up; what else goes wrong is told, and is found in the log."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Receiving

    def do_POST(self) -> None:
        """Take an event, or not."""
        size = int(self.headers["content-length"])
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True  # whoever sent it gave up in the middle
            return None
        orders, chance = self.server.orders, self.server.chance
        time.sleep(orders.mood.late_seconds * chance.random())
        if chance.randrange(100) < orders.mood.fails_before:
            return self._answer(500)
        try:
            event = verify(
                body, {name.lower(): value for name, value in self.headers.items()}, orders.secrets[self.path]
            )
        except (WebhookInvalid, KeyError) as error:
            self.server.write({"path": self.path, "wrong": repr(error), "body": body.decode(errors="replace")})
            return self._answer(400)
        self.server.write({"path": self.path, "id": event.id, "event": json.loads(body)})
        return self._answer(503 if chance.randrange(100) < orders.mood.fails_after else 204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be silent."""


def main(folder: Path, port: int, seed: str) -> None:
    """Receive until killed."""
    server = Receiving(folder, port, random.Random(f"{seed} receiver"))
    print("receives", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
