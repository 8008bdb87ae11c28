"""When a development node makes blocks: for each transaction, or of many at once.

While transactions are gathered the node makes a block every `GATHER_SECONDS` by itself, rather than none. So it goes on making
blocks if the process that gathers is killed, and whoever comes next sees from that number that nobody meant it.
"""

from __future__ import annotations

from coalition.chain.rpc import Rpc, RpcError, number
from coalition.errors import ChainUnavailable

__all__ = ["GATHER_SECONDS", "can_gather", "gather", "heal", "make_block"]

GATHER_SECONDS = 7


def can_gather(rpc: Rpc) -> bool:
    """True for an anvil that makes a block for each transaction. One that makes them at times of its own is left alone."""
    heal(rpc)
    try:
        return bool(rpc.call("anvil_getAutomine", []))
    except RpcError:
        return False


def gather(rpc: Rpc) -> None:
    """Let transactions wait for each other, until `make_block`."""
    rpc.call("anvil_setIntervalMining", [GATHER_SECONDS])


def make_block(rpc: Rpc) -> None:
    """Make a block of what waits, and from now on one for each transaction."""
    rpc.call("evm_mine", [])
    rpc.call("evm_setAutomine", [True])
    if number(rpc.call("txpool_status", [])["pending"]):  # of others, that came in between
        rpc.call("evm_mine", [])


def heal(rpc: Rpc) -> bool:
    """End what a process that was killed while it gathered has left; True if there was something.

    Where another process gathers just now, what it sends goes into several blocks. A node that does not answer is for others
    to tell.
    """
    try:
        left: bool = rpc.call("anvil_getIntervalMining", []) == GATHER_SECONDS
    except ChainUnavailable:
        return False
    if left:
        make_block(rpc)
    return left
