"""A chain of this process over HTTP, for other processes of this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from coalition.chain.rpc import Rpc, RpcError

__all__ = ["RpcServer"]

INVALID_REQUEST = -32_600
PARSE_ERROR = -32_700


class RpcServer:
    """Serves `rpc` as JSON-RPC on a free port of this machine, until `close`."""

    def __init__(self, rpc: Rpc) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.rpc = rpc
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="rpc-server", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    rpc: Rpc
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = orjson.dumps(_answered(self.server.rpc, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _answered(rpc: Rpc, body: bytes) -> Any:
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _error(None, RpcError(PARSE_ERROR, "this is not JSON"))
    if isinstance(request, list):
        return [_one(rpc, one) for one in request]
    return _one(rpc, request)


def _one(rpc: Rpc, request: Any) -> dict[str, Any]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return _error(None, RpcError(INVALID_REQUEST, "this is not a request of JSON-RPC 2.0"))
    try:
        result = rpc.call(request["method"], request.get("params", []))
    except RpcError as error:
        return _error(request.get("id"), error)
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}


def _error(request_id: Any, error: RpcError) -> dict[str, Any]:
    content = {"code": error.rpc_code, "message": error.message}
    return {"jsonrpc": "2.0", "id": request_id, "error": content | ({} if error.data is None else {"data": error.data})}
