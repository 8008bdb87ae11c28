"""JSON-RPC over HTTP: answers, errors, and nodes that do not answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest

from coalition.chain.rpc import HttpRpc, RpcError, number
from coalition.chain.serving import RpcServer
from coalition.errors import ChainUnavailable


class Echo:
    """A node that answers with what it was asked."""

    def call(self, method: str, params: list[Any]) -> Any:
        if method == "fail":
            raise RpcError(3, "execution reverted", "0xab")
        return [method, params]

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        return [self.call(*call) for call in calls]


@pytest.fixture
def echo() -> Iterator[HttpRpc]:
    server = RpcServer(Echo())
    rpc = HttpRpc(server.url)
    yield rpc
    rpc.close()
    server.close()


Node = Callable[[Callable[[Any], bytes]], HttpRpc]


@pytest.fixture
def node_answering() -> Iterator[Node]:
    """Makes a node that answers as a function of the request says."""
    servers: list[HTTPServer] = []
    clients: list[HttpRpc] = []

    def make(answer: Callable[[Any], bytes]) -> HttpRpc:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = answer(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        clients.append(HttpRpc(f"http://127.0.0.1:{servers[-1].server_port}", timeout=0.5))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_call_gives_the_answer(echo: HttpRpc) -> None:
    assert echo.call("eth_blockNumber", ["0x1", True, None]) == ["eth_blockNumber", ["0x1", True, None]]


def test_an_error_of_the_node_is_raised(echo: HttpRpc) -> None:
    with pytest.raises(RpcError) as refused:
        echo.call("fail", [])

    assert (refused.value.rpc_code, refused.value.message, refused.value.data) == (3, "execution reverted", "0xab")
    assert refused.value.code == "chain_unavailable"


def test_a_batch_keeps_order_and_holds_errors(echo: HttpRpc) -> None:
    answers = echo.batch([("a", [1]), ("fail", []), ("b", [2])])

    assert answers[0] == ["a", [1]] and answers[2] == ["b", [2]]
    assert isinstance(answers[1], RpcError) and answers[1].data == "0xab"
    assert echo.batch([]) == []


def test_a_long_batch_travels_in_pieces(echo: HttpRpc) -> None:
    assert echo.batch([("a", [i]) for i in range(1_201)]) == [["a", [i]] for i in range(1_201)]


def test_many_threads_share_one_client(echo: HttpRpc) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: echo.call("a", [i]), range(400)))

    assert answers == [["a", [i]] for i in range(400)]


def test_answers_may_come_in_another_order(node_answering: Node) -> None:
    def backwards(requests: Any) -> bytes:
        return orjson.dumps([{"id": one["id"], "result": one["method"]} for one in reversed(requests)])

    assert node_answering(backwards).batch([("a", []), ("b", [])]) == ["a", "b"]


@pytest.mark.parametrize("body", [b"<html>502</html>", b"[]", b"null", b"7"])
def test_no_json_rpc_is_no_answer(node_answering: Node, body: bytes) -> None:
    with pytest.raises(ChainUnavailable):
        node_answering(lambda _: body).call("a", [])
    with pytest.raises(ChainUnavailable):
        node_answering(lambda _: body).batch([("a", []), ("b", [])])


def test_a_batch_that_was_refused_says_why(node_answering: Node) -> None:
    refusal = orjson.dumps({"id": None, "error": {"code": -32_600, "message": "batch too large"}})

    with pytest.raises(ChainUnavailable, match="batch too large"):
        node_answering(lambda _: refusal).batch([("a", [])])


def test_a_node_that_is_not_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    rpc = HttpRpc(url)

    with pytest.raises(ChainUnavailable) as gone:
        rpc.call("eth_chainId", [])

    assert url in gone.value.message and "Check that it runs" in gone.value.message
    assert gone.value.details == {"url": url}
    rpc.close()
    with pytest.raises(ChainUnavailable):
        rpc.call("eth_chainId", [])


def test_a_node_that_takes_too_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        rpc = HttpRpc(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with pytest.raises(ChainUnavailable, match=r"within 0\.1 s"):
            rpc.call("eth_chainId", [])
        rpc.close()


@pytest.mark.parametrize("url", ["", "no address", "http://"])
def test_an_address_that_is_none(url: str) -> None:
    rpc = HttpRpc(url)
    with pytest.raises(ChainUnavailable):
        rpc.call("eth_chainId", [])
    rpc.close()


def test_requests_that_are_none_get_an_error(echo: HttpRpc) -> None:
    import httpx

    assert httpx.post(echo.url, content=b"{", timeout=60).json()["error"]["code"] == -32_700
    assert httpx.post(echo.url, content=b"7", timeout=60).json()["error"]["code"] == -32_600


def test_quantities() -> None:
    assert number("0x0") == 0 and number("0x1a") == 26
