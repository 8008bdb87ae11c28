"""What the node says of keys, of transactions, and of what they will cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coalition.chain import campaign_views, views
from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc, RpcError, number

__all__ = ["answers", "campaign_counts", "transaction_counts"]


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


def campaign_counts(rpc: Rpc, deployment: Deployment, partners: Sequence[int]) -> dict[int, int]:
    """For each partner, the campaigns that the ledger asks about a purchase, open or waiting; a programme of tiers is one.

    Raises:
        ChainUnavailable: the node does not answer.
    """
    asked = [campaign_views.open_at(deployment, partner) for partner in partners]
    found = views.read_all(rpc, asked)
    tiers = bool(views.read(rpc, campaign_views.programme_count(deployment)))
    return {partner: len(open_) + tiers for partner, open_ in zip(partners, found, strict=True)}
