"""What the ledger's chain in this process asks of eth-tester's backend: Berlin rules, its own chain id, what a call answered.

With eth-tester's present rules accounts would have to pay for gas, which they have none for here; Berlin has no base fee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth.vm.forks.berlin import BerlinVM
from eth.vm.forks.berlin.headers import compute_berlin_difficulty
from eth.vm.forks.byzantium.headers import configure_header, create_header_from_parent
from eth.vm.spoof import SpoofTransaction as EVMSpoofTransaction
from eth_tester import PyEVMBackend
from eth_tester.exceptions import TransactionFailed

__all__ = ["CHAIN_ID", "GAS_LIMIT", "LedgerBackend"]

CHAIN_ID = 31_337
GAS_LIMIT = 1_000_000_000


def _difficulty(parent: Any, timestamp: int) -> int:
    """As Berlin has it, and defined for a block with its parent's time."""
    difficulty: int = compute_berlin_difficulty(parent, max(timestamp, parent.timestamp + 1))
    return difficulty


class _Rules(BerlinVM):
    compute_difficulty = staticmethod(_difficulty)
    create_header_from_parent = staticmethod(create_header_from_parent(_difficulty))
    configure_header = configure_header(difficulty_fn=_difficulty)

    def validate_block(self, block: Any) -> None:
        """Blocks are made here only; as on other development nodes, two of them may have the same time."""


class _OwnChain:
    """What is mixed into the class of chains that eth-tester makes; it has no parameter for either."""

    chain_id = CHAIN_ID

    def validate_block(self, block: Any) -> None:
        """See `_Rules.validate_block`."""


class LedgerBackend(PyEVMBackend):  # type: ignore[misc]  # eth-tester has no types
    """py-evm under eth-tester: free gas, no accounts of its own, blocks of up to 1,000,000,000 gas."""

    chain: Any

    def __init__(self, start_timestamp: int) -> None:
        """`start_timestamp` is the first block's Unix time."""
        genesis = {
            "difficulty": 1,
            "extra_data": b"",
            "gas_limit": GAS_LIMIT,
            "mix_hash": bytes(32),
            "nonce": bytes(8),
            "timestamp": start_timestamp,
        }
        parameters = self.generate_genesis_params(genesis)
        super().__init__(genesis_parameters=parameters, genesis_state={}, vm_configuration=((0, _Rules),))
        made = self.chain
        own = type("LedgerChain", (_OwnChain, type(made)), {})
        self.chain = own(made.chaindb.db, made.header)

    def is_eip838_error(self, error: Any) -> bool:
        """Fail with `error` itself, whose bytes are what a contract answered.

        `call` asks this of whatever a call fails with, and would go on to keep only its text. Custom errors need the bytes.
        """
        raise TransactionFailed(error)

    def open_block(self, timestamp: int) -> None:
        """Give the next block its time (Unix seconds), which may be its parent's.

        eth-tester's own `time_travel` makes an empty block of its own and goes forward only.
        """
        self.chain.header = self.chain.create_header_from_parent(self.chain.get_canonical_head(), timestamp=timestamp)

    def simulate(self, calls: Sequence[Mapping[str, Any]], timestamp: int) -> list[Any]:
        """Return the computations of calls, each after those before it, in a block of that time on the present state.

        The state stays as it is.
        """
        header = self.chain.create_header_from_parent(self.chain.get_canonical_head(), timestamp=timestamp)
        state = self.chain.get_vm(at_header=header).state
        snapshot = state.snapshot()
        try:
            return [state.apply_transaction(self._spoofed(call, state)) for call in calls]
        finally:
            state.revert(snapshot)

    def _spoofed(self, call: Mapping[str, Any], state: Any) -> EVMSpoofTransaction:
        """A transaction as if `from` had signed it."""
        sender = bytes.fromhex(call["from"][2:])
        unsigned = self.chain.create_unsigned_transaction(
            nonce=state.get_nonce(sender),
            gas_price=0,
            gas=GAS_LIMIT,
            to=bytes.fromhex(call["to"][2:]),
            value=0,
            data=bytes.fromhex(call["input"][2:]),
        )
        return EVMSpoofTransaction(unsigned, from_=sender)
