"""The clock of a development chain, which follows the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from coalition.chain import mining
from coalition.chain.history import head
from coalition.chain.rpc import Rpc

__all__ = ["Clock"]


class Clock:
    """Moves the chain's time forward, never back."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._set = 0
        self._gathers: bool | None = None

    @contextmanager
    def one_block(self, not_before: int | None = None) -> Iterator[None]:
        """Have what is sent inside go into one block, where the node can do that, not before a Unix time in seconds.

        A development node that makes a block for each transaction works out its whole state for each of them.
        """
        if self._gathers is None:
            self._gathers = mining.can_gather(self._rpc)
        if not self._gathers:
            self._advance(not_before)
            yield
            return
        mining.gather(self._rpc)
        try:
            self._advance(not_before)
            yield
        finally:
            mining.make_block(self._rpc)

    def _advance(self, not_before: int | None) -> None:
        """Have the next block's time be `not_before`, if the chain is not that far."""
        if not_before is None or not_before <= self._set:
            return
        if not_before > head(self._rpc).timestamp:
            self._rpc.call("evm_setNextBlockTimestamp", [not_before])
        self._set = not_before
