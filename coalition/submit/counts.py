"""What the node says of keys and of transactions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coalition.chain.rpc import Rpc, RpcError, number

__all__ = ["answers", "transaction_counts"]


def answers(rpc: Rpc, calls: list[tuple[str, list[Any]]]) -> list[Any]:
    """The node's answers to `calls`, all of them.

    Raises:
        ChainUnavailable: the node does not answer, or answers one of them with an error.
    """
    if not calls:
        return []
    found = rpc.batch(calls)
    for answer in found:
        if isinstance(answer, RpcError):
            raise answer
    return found


def transaction_counts(rpc: Rpc, keys: Sequence[str]) -> list[tuple[int, int]]:
    """For each key, the transactions in blocks, and those together with what the node holds ready.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    calls = [("eth_getTransactionCount", [key, tag]) for key in keys for tag in ("latest", "pending")]
    found = [number(answer) for answer in answers(rpc, calls)]
    return list(zip(found[::2], found[1::2], strict=True))
