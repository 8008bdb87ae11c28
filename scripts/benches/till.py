"""A till of the benches."""

from __future__ import annotations

from typing import Any

from coalition.chain.codec import encode_batch
from coalition.chain.rpc import HttpRpc, number
from coalition.chain.signer import KeySigner
from coalition.chain.transactions import sign_transaction, wait_for
from coalition.ledger.operations import Kind, Operation

__all__ = ["Till"]

GAS = 400_000_000


class Till:
    """A partner's key that sends one transaction after the other and tells the gas."""

    def __init__(self, rpc: HttpRpc, signer: KeySigner, to: str) -> None:
        self._rpc = rpc
        self._signer = signer
        self._to = to
        self._chain_id = number(rpc.call("eth_chainId", []))

    def send(self, data: bytes) -> dict[str, Any]:
        """Send a transaction with `data`, and return its receipt."""
        nonce = number(self._rpc.call("eth_getTransactionCount", [self._signer.address, "pending"]))
        raw, sent = sign_transaction(self._signer, self._chain_id, nonce, self._to, data, GAS)
        self._rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])
        receipt = wait_for(self._rpc, sent)
        if number(receipt["status"]) != 1:
            raise SystemExit("a bench transaction reverted")
        return receipt

    def gas(self, kind: Kind, operations: list[Operation], logs: int | None = None) -> int:
        """Post a batch, and return its gas. `logs` is how many it must lead to, where that is known."""
        receipt = self.send(encode_batch(kind, operations))
        if logs is not None and len(receipt["logs"]) != logs:
            raise SystemExit(f"{kind.name}: {len(receipt['logs'])} logs where {logs} were expected")
        return number(receipt["gasUsed"])
