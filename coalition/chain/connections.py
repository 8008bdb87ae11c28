"""HTTP connections to a node that are kept open, for several threads.

A node is asked some hundred times a second. JSON-RPC needs so little of HTTP that a socket and a parser in C (httptools) do, at
a tenth of the processor time of a client that knows all of it.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from httptools import HttpParserError, HttpResponseParser

__all__ = ["Connections"]

IDLE_MAX = 16
RECEIVE_BYTES = 1 << 18
PORTS = {"http": 80, "https": 443}


class Connections:
    """Posts bodies to one URL. Whoever posts has a connection alone; those that are idle are used again."""

    def __init__(self, url: str, timeout: float) -> None:
        """Prepare. `timeout` in seconds, for connecting and for each wait for bytes."""
        self._url = url
        self._timeout = timeout
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer.

        Raises:
            TimeoutError: it took too long.
            OSError, ValueError: there is no such node, or it speaks no HTTP.
        """
        address = urlsplit(self._url)
        request = _head(address, len(body)) + body
        idle = self._take()
        if idle is not None:
            try:
                return self._asked(idle, request)
            except (ConnectionResetError, BrokenPipeError):  # the node gave up a connection that was idle
                pass
        return self._asked(self._connected(address), request)

    def close(self) -> None:
        """Close the connections; nothing is posted any more."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _asked(self, connection: socket.socket, request: bytes) -> tuple[int, bytes]:
        answer = _Answer()
        try:
            connection.sendall(request)
            while not answer.is_complete:
                data = connection.recv(RECEIVE_BYTES)
                if not data:
                    raise ConnectionResetError("the node closed the connection")
                answer.feed(data)
        except BaseException:
            connection.close()
            raise
        self._give_back(connection, answer.is_kept)
        return answer.status, answer.body

    def _take(self) -> socket.socket | None:
        with self._lock:
            if self._is_closed:
                raise ValueError("this client is closed")
            return self._idle.pop() if self._idle else None

    def _connected(self, address: SplitResult) -> socket.socket:
        if address.scheme not in PORTS or not address.hostname:
            raise ValueError("this is no http:// or https:// address")
        place = address.hostname, address.port or PORTS[address.scheme]
        connection = socket.create_connection(place, self._timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.scheme == "https":
            return ssl.create_default_context().wrap_socket(connection, server_hostname=address.hostname)
        return connection

    def _give_back(self, connection: socket.socket, is_kept: bool) -> None:
        with self._lock:
            if is_kept and not self._is_closed and len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()


class _Answer:
    """What a node answers, as it comes in; the methods beginning with `on_` are for the parser."""

    def __init__(self) -> None:
        self._parser: Any = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self.status = 0
        self.is_complete = False
        self.is_kept = False

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            raise ValueError(f"no HTTP: {error}") from None

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        self.is_complete = True
        self.status = self._parser.get_status_code()
        self.is_kept = self._parser.should_keep_alive()
        self._parser = None  # which refers to this: nobody would free an answer of a megabyte for minutes


def _head(address: SplitResult, length: int) -> bytes:
    host = address.netloc.rpartition("@")[2]
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {length}"]
    if address.username is not None:
        secret = f"{unquote(address.username)}:{unquote(address.password or '')}"
        lines.append("Authorization: Basic " + base64.b64encode(secret.encode()).decode())
    return "\r\n".join([*lines, "\r\n"]).encode()
