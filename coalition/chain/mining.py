"""Many transactions in one block of a development node.

While transactions are gathered the node makes a block every few seconds by itself, rather than for each or when it is asked. So it
goes on making blocks if the process that gathers is killed, and whoever comes next sees from the number of seconds that nobody
meant it, and how the node made blocks before.
"""

from __future__ import annotations

from coalition.chain.rpc import Rpc, RpcError, number
from coalition.errors import ChainUnavailable

__all__ = ["EACH", "WHEN_ASKED", "gather", "heal", "is_gathering", "make_block", "way_of"]

EACH, WHEN_ASKED = 7, 11
"""Seconds between blocks while transactions are gathered, by how the node makes them otherwise: for each transaction, or when it is
asked, as the embedded chain.
"""


def way_of(rpc: Rpc) -> int | None:
    """How an anvil makes blocks, `EACH` or `WHEN_ASKED`; None for another node, and for one that makes them at times of its own."""
    heal(rpc)
    try:
        if rpc.call("anvil_getAutomine", []):
            return EACH
        return WHEN_ASKED if rpc.call("anvil_getIntervalMining", []) is None else None
    except RpcError:
        return None


def gather(rpc: Rpc, way: int) -> None:
    """Let transactions wait for each other, until `make_block`."""
    rpc.call("anvil_setIntervalMining", [way])


def is_gathering(rpc: Rpc) -> bool:
    """True if somebody makes the transactions of an anvil wait."""
    return rpc.call("anvil_getIntervalMining", []) in (EACH, WHEN_ASKED)


def make_block(rpc: Rpc, way: int) -> None:
    """Make a block of what waits, and from now on as before."""
    rpc.call("evm_mine", [])
    if way == WHEN_ASKED:
        rpc.call("anvil_setIntervalMining", [0])
        return
    rpc.call("evm_setAutomine", [True])
    if number(rpc.call("txpool_status", [])["pending"]):  # of others, that came in between
        rpc.call("evm_mine", [])


def heal(rpc: Rpc) -> bool:
    """End what a process that was killed while it gathered has left; True if there was something.

    Where another process gathers just now, what it sends goes into several blocks. A node that does not answer is for others
    to tell.
    """
    try:
        left = rpc.call("anvil_getIntervalMining", [])
    except ChainUnavailable:
        return False
    if left not in (EACH, WHEN_ASKED):
        return False
    make_block(rpc, left)
    return True
