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
        self._way: int | None = None
        self._has_asked = False

    @contextmanager
    def one_block(self, not_before: int | None = None) -> Iterator[None]:
        """Have what is sent inside go into one block, where the node can do that, not before a Unix time in seconds.

        A development node works out its whole state for each block. And what is sent for one day must be in its block before the
        clock moves on to the next.
        """
        if not self._has_asked:
            self._way = mining.way_of(self._rpc)
            self._has_asked = True
        if self._way is None:
            self._advance(not_before)
            yield
            return
        mining.gather(self._rpc, self._way)
        try:
            self._advance(not_before)
            yield
        finally:
            mining.make_block(self._rpc, self._way)

    def _advance(self, not_before: int | None) -> None:
        """Have the next block's time be `not_before`, if the chain is not that far."""
        if not_before is None or not_before <= self._set:
            return
        if not_before > head(self._rpc).timestamp:
            self._rpc.call("evm_setNextBlockTimestamp", [not_before])
        self._set = not_before
