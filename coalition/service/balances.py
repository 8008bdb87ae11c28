"""What an account had at a past block or time, from the read model; equal to what the contract told then."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.chain import history
from coalition.chain.rpc import Rpc
from coalition.errors import InputError
from coalition.index.queries import Queries
from coalition.index.totals import Balance

__all__ = ["PastBalance", "PastBalances"]


@dataclass(frozen=True, slots=True)
class PastBalance:
    """What an account had after a block, at a time in Unix seconds that is not before that block's."""

    balance: Balance
    block: int
    timestamp: int


class PastBalances:
    """Balances at past moments. The node is asked only for the times of blocks in which nothing happened."""

    def __init__(self, rpc: Rpc, queries: Queries) -> None:
        self._rpc = rpc
        self._queries = queries

    def at(self, account: str, timestamp: int) -> PastBalance:
        """Return what an account had at a Unix time.

        Raises:
            InputError: `moment_in_future`.
        """
        head = self._queries.head()
        if timestamp > head.timestamp:
            raise InputError(
                "The ledger has not come to that time yet.", code="moment_in_future", timestamp=head.timestamp
            )
        balance, block = self._queries.balance_at(account, timestamp)
        return PastBalance(balance, block, timestamp)

    def after(self, account: str, block: int) -> PastBalance:
        """Return what an account had after a block, at its time.

        Raises:
            InputError: `moment_in_future`.
        """
        head = self._queries.head()
        if block > head.number:
            raise InputError("The ledger has not come to that block yet.", code="moment_in_future", block=head.number)
        timestamp = self._queries.time_of(block)
        if timestamp is None:
            timestamp = history.headers(self._rpc, [block])[block].timestamp
        return PastBalance(self._queries.balance_after(account, block, timestamp), block, timestamp)
