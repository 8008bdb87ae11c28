"""A node that is brought back when it was killed: the embedded chain as its clients see it."""

from __future__ import annotations

import threading
from typing import Any

from coalition.chain.embedded import EmbeddedChain
from coalition.chain.rpc import HttpRpc, RpcError
from coalition.errors import ChainUnavailable

__all__ = ["EmbeddedRpc"]


class EmbeddedRpc:
    """An `Rpc` to the embedded chain. A call that finds it gone fails, and starts it again for the next one."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._rpc = HttpRpc(chain.url)
        self._lock = threading.Lock()

    def call(self, method: str, params: list[Any]) -> Any:
        """See `Rpc.call`."""
        try:
            return self._rpc.call(method, params)
        except RpcError:
            raise
        except ChainUnavailable:
            self._revive()
            raise

    def batch(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        """See `Rpc.batch`."""
        try:
            return self._rpc.batch(calls)
        except RpcError:
            raise
        except ChainUnavailable:
            self._revive()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._rpc.close()

    def _revive(self) -> None:
        with self._lock:
            self._chain.ensure()
            if self._chain.url != self._rpc.url:
                self._rpc = HttpRpc(self._chain.url)
