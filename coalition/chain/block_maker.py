"""Makes the blocks of an anvil that makes none by itself.

anvil's own way, a block for each transaction, takes a copy of what waits whenever a transaction comes, and makes a block of each
copy, one after another, however little of it is still left. So whoever sends faster than blocks are made, as after a crash when
everything is sent again, gets thousands of empty blocks first. Here, a block takes everything that waits when it is begun.
"""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager

from coalition.chain import mining
from coalition.chain.rpc import HttpRpc, number
from coalition.errors import ChainUnavailable

__all__ = ["BlockMaker"]

LOOK_SECONDS = 0.004
LOOK_SECONDS_MAX = 0.05
GATHER_SECONDS_MAX = 0.05
EMPTY_SECONDS_MAX = 2.0


class BlockMaker:
    """Makes blocks of the transactions that wait, in a thread of its own.

    A block is begun when no more of them come, or when as long was waited for more as the last block took: that grows with the
    book. Where nothing waits it looks ever more rarely, down to every `LOOK_SECONDS_MAX`: so long a lone transaction waits at most,
    and half of it on average. Where somebody gathers (`mining`), it leaves the block to them.
    """

    def __init__(self, rpc: HttpRpc) -> None:
        self._rpc = rpc
        self._took = 0.0
        self._making = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="block-maker", daemon=True)

    def start(self) -> None:
        """Make blocks until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Make no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def paused(self) -> AbstractContextManager[object]:
        """A context in which no block is made here. What comes meanwhile waits."""
        return self._making

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._stopping.wait(pause):
            try:
                pause = self._round(pause)
            except ChainUnavailable:  # whoever looks after the process will notice
                pause = LOOK_SECONDS_MAX

    def _round(self, pause: float) -> float:
        """Make a block if something waits; return how long to wait before the next look."""
        begin, before, waiting = time.monotonic(), 0, self._waiting()
        if not waiting or mining.is_gathering(self._rpc):
            return min(LOOK_SECONDS_MAX, pause * 1.25)
        while waiting != before and time.monotonic() - begin < min(GATHER_SECONDS_MAX, self._took):
            self._stopping.wait(LOOK_SECONDS)
            before, waiting = waiting, self._waiting()
        with self._making:
            begin = time.monotonic()
            self._rpc.call("evm_mine", [])
            self._took = time.monotonic() - begin
        if number(self._rpc.call("eth_getBlockTransactionCountByNumber", ["latest"])):
            return LOOK_SECONDS
        return min(EMPTY_SECONDS_MAX, max(LOOK_SECONDS_MAX, pause * 2))  # what waits cannot be carried out

    def _waiting(self) -> int:
        return number(self._rpc.call("txpool_status", [])["pending"])
