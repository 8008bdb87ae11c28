"""Connections to a node: kept, given up by the node, over addresses with a secret and a path."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from coalition.chain.connections import Connections, _Answer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def node(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A node that serves each connection in turn with `serve`; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_one_connection_serves_many_and_is_made_anew_when_the_node_gave_it_up() -> None:
    requests: list[bytes] = []
    connections = 0

    def serve(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            if not (data := connection.recv(65_536)):
                return
            requests.append(data)
            connection.sendall(OK)

    with node(serve) as port, closing(Connections(f"http://127.0.0.1:{port}", 5)) as made:
        assert [made.post(b"{}") for _ in range(7)] == [(200, b"ok")] * 7
    assert (len(requests), connections) == (7, 3)


def test_the_address_has_a_secret_and_a_path() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        seen.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")

    with node(serve) as port, closing(Connections(f"http://user:p%40ss@127.0.0.1:{port}/v1/key?x=1", 5)) as made:
        assert made.post(b"[]") == (401, b"no")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body == b"[]"
    assert head.startswith(b"POST /v1/key?x=1 HTTP/1.1\r\n")
    assert b"Authorization: Basic dXNlcjpwQHNz" in head  # user:p@ss
    assert f"Host: 127.0.0.1:{port}".encode() in head


def test_an_answer_in_pieces() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        connection.sendall(b"2\r\nde\r\n0\r\n\r\n")

    with node(serve) as port, closing(Connections(f"http://127.0.0.1:{port}", 5)) as made:
        assert made.post(b"x") == (200, b"abcde")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno"])
def test_no_answer_is_no_answer(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    with (
        node(serve) as port,
        closing(Connections(f"http://127.0.0.1:{port}", 5)) as made,
        pytest.raises((OSError, ValueError)),
    ):
        made.post(b"x")


def test_an_answer_that_was_read_is_freed_at_once() -> None:
    """Blocks are answers of a megabyte, and cyclic garbage is looked for rarely."""

    def serve(connection: socket.socket) -> None:
        while connection.recv(65_536):
            connection.sendall(OK)

    with node(serve) as port, closing(Connections(f"http://127.0.0.1:{port}", 5)) as made:
        gc.collect()
        gc.disable()
        try:
            assert made.post(b"{}") == (200, b"ok")
            left = [found for found in gc.get_objects() if isinstance(found, _Answer) and found.body == b"ok"]
            assert not left
        finally:
            gc.enable()
