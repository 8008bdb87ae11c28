"""A receiver of webhooks: a real HTTP server that does as it is told, and remembers what came."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

WAIT_SECONDS = 90.0


class Came(NamedTuple):
    """One attempt that reached the receiver, and the status that it got."""

    id: str
    body: bytes
    headers: dict[str, str]
    path: str
    status: int

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def receipt(self) -> str:
        return str(self.event["data"]["operation"]["receipt"])

    @property
    def member(self) -> str:
        return str(self.event["data"]["operation"]["member"])


Behaviour = Callable[[Came], int]


@dataclass
class Receiver:
    """`behaves` gives the status of each attempt; below 0, so many tenths of a second of silence. `answer` is sent with it."""

    behaves: Behaviour = lambda came: 204
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""
    url: str = ""
    came: list[Came] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    connections: int = 0

    def taken(self) -> list[Came]:
        """What the receiver took, in the order in which it came."""
        with self.changed:
            return [one for one in self.came if 200 <= one.status < 300]

    def receipts(self) -> list[str]:
        return [one.receipt for one in self.taken()]

    def by_member(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for one in self.taken():
            found[one.member].append(one.receipt)
        return found

    def wait(self, until: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
        """Wait for something that comes by itself."""
        ends = time.monotonic() + seconds
        with self.changed:
            while not until():
                assert time.monotonic() < ends, f"{len(self.came)} came, {len(self.taken())} taken"
                self.changed.wait(0.02)

    def wait_until_alone(self) -> None:
        """Wait until whoever was connected is gone, and all that it sent is dealt with."""
        quiet = 0
        for _ in range(int(WAIT_SECONDS / 0.02)):
            with self.changed:
                self.changed.wait(0.02)
                quiet = quiet + 1 if self.connections == 0 else 0
            if quiet == 20:  # what was still to be let in, was
                return
        raise AssertionError(f"{self.connections} are connected")


@contextmanager
def receiving(**options: Any) -> Iterator[Receiver]:
    """Serve a receiver on a port of this machine."""
    receiver = Receiver(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            came = Came(headers["webhook-id"], body, headers, self.path, 0)
            status = receiver.behaves(came)
            with receiver.changed:
                receiver.came.append(came._replace(status=status))
                receiver.changed.notify_all()
            if status < 0:
                time.sleep(-status / 10)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def setup(self) -> None:
            super().setup()
            with receiver.changed:
                receiver.connections += 1

        def finish(self) -> None:
            with receiver.changed:
                receiver.connections -= 1
            super().finish()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass  # who asks hung up

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
