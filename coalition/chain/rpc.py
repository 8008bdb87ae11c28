"""Ethereum JSON-RPC, over HTTP.

A node is whatever has `call` and `batch` (`Rpc`): `HttpRpc` here, and `tester.TesterRpc`, a chain in this process.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import orjson

from coalition.chain.connections import Connections
from coalition.errors import ChainUnavailable

__all__ = ["HttpRpc", "Rpc", "RpcError", "number"]

BATCH_CALLS_MAX = 500
REVERTED = 3  # the code with which nodes answer a call that reverted


class RpcError(ChainUnavailable):
    """The node answered with an error: `rpc_code`, `message` and `data` as JSON-RPC 2.0 gives them.

    `reverts.translated` makes an error for callers of it, where a contract refused.
    """

    def __init__(self, rpc_code: int, message: str, data: Any = None) -> None:
        super().__init__(message, rpc_code=rpc_code)
        self.rpc_code = rpc_code
        self.data = data


class Rpc(Protocol):
    """A node. Safe for use from several threads."""

    def call(self, method: str, params: list[Any]) -> Any:
        """Return the node's answer.

        Raises:
            RpcError: the node answered with an error.
            ChainUnavailable: the node did not answer.
        """
        ...

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """Return the answers in the order of `calls`, an `RpcError` instance in place of a failed one.

        Raises:
            ChainUnavailable: the node did not answer. Some calls may have been carried out.
        """
        ...


class HttpRpc:
    """A node behind HTTP, over connections that are kept open. `timeout` in seconds, for each request."""

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        self.url = url
        self._timeout = timeout
        self._connections = Connections(url, timeout)
        self._lock = threading.Lock()
        self._last_id = 0

    def __repr__(self) -> str:
        return f"HttpRpc({self.url!r})"

    def call(self, method: str, params: list[Any]) -> Any:
        """See `Rpc.call`."""
        answer = self._post(_request(self._ids(1), method, params), method)
        if not isinstance(answer, dict):
            raise self._unavailable(f"did not answer {method} as JSON-RPC")
        result = _result(answer)
        if isinstance(result, RpcError):
            raise result
        return result

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """See `Rpc.batch`. Long batches travel in pieces of 500 calls."""
        results: list[Any] = []
        for start in range(0, len(calls), BATCH_CALLS_MAX):
            results += self._batch(calls[start : start + BATCH_CALLS_MAX])
        return results

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        first = self._ids(len(calls))
        requests = [_request(first + i, method, params) for i, (method, params) in enumerate(calls)]
        answers = self._post(requests, f"{len(calls)} calls")
        if not isinstance(answers, list):
            error = _result(answers) if isinstance(answers, dict) else None
            raise self._unavailable(f"did not answer a batch: {error or 'no JSON-RPC'}")
        by_id = {answer.get("id"): answer for answer in answers}
        if by_id.keys() < {request["id"] for request in requests}:
            raise self._unavailable(f"answered {len(by_id)} of {len(calls)} calls of a batch")
        return [_result(by_id[request["id"]]) for request in requests]

    def _ids(self, count: int) -> int:
        with self._lock:
            first = self._last_id + 1
            self._last_id += count
        return first

    def _post(self, body: Any, what: str) -> Any:
        try:
            status, content = self._connections.post(orjson.dumps(body))
        except TimeoutError:
            raise self._unavailable(f"did not answer {what} within {self._timeout:g} s") from None
        except (OSError, ValueError) as error:
            raise self._unavailable(f"cannot be reached ({error})") from None
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self._unavailable(f"answered HTTP {status} without JSON") from None

    def _unavailable(self, what: str) -> ChainUnavailable:
        return ChainUnavailable(
            f"The node at {self.url} {what}. Check that it runs and that the address is right, then try again.",
            url=self.url,
        )


def number(quantity: str) -> int:
    """Read a quantity of JSON-RPC, such as `"0x1a"`."""
    return int(quantity, 16)


def _request(request_id: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _result(answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    return RpcError(int(error.get("code", 0)), str(error.get("message", "")), error.get("data"))
