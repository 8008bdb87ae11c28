"""The clock of a development chain, which follows the data."""

from __future__ import annotations

from coalition.chain.history import head
from coalition.chain.rpc import Rpc

__all__ = ["Clock"]


class Clock:
    """Moves the chain's time forward, never back."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._set = 0

    def advance(self, not_before: int | None) -> None:
        """Have the next block's time be `not_before` (Unix seconds), if the chain is not that far."""
        if not_before is None or not_before <= self._set:
            return
        if not_before > head(self._rpc).timestamp:
            self._rpc.call("evm_setNextBlockTimestamp", [not_before])
        self._set = not_before
