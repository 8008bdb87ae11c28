"""Batches that a partner signs itself: checked, written down, relayed, and answered with what the ledger decided of each.

The coalition has no key for them, so it cannot forge one; it can only refuse to relay, and the partner may then send the same
transaction to any node of the network.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coalition.chain import reverts, views
from coalition.chain.addresses import checksummed
from coalition.chain.deployment import Deployment
from coalition.chain.history import events
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.chain.signed import SignedTransaction, read_batch, read_transaction
from coalition.chain.transactions import gas_limit
from coalition.errors import AccessDenied, CoalitionError, InputError, NotFound, OutcomePending
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Kind, Operation
from coalition.ledger.records import OperationRecord, record_of
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Bulk, Row, Submitter

__all__ = ["BatchAnswer", "PostingKey", "SignedBatches"]

NONCES_AHEAD_MAX = 64
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What the ledger decided of a signed batch, one record an operation, in order.

    `replayed`: it was decided before it was handed in this time.
    """

    transaction: str
    key: str
    nonce: int
    records: tuple[OperationRecord, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PostingKey:
    """One of a partner's keys. `next_nonce` is for the partner's next transaction, None where the coalition signs."""

    key: str
    active_from: int
    is_revoked: bool
    next_nonce: int | None


class SignedBatches:
    """Relays what partners signed. Safe for use from several threads."""

    def __init__(
        self, rpc: Rpc, deployment: Deployment, submitter: Submitter, queries: Queries, texts: ReceiptTexts
    ) -> None:
        self.deployment = deployment
        self._rpc = rpc
        self._submitter = submitter
        self._queries = queries
        self._texts = texts

    def hand_in(
        self,
        partner: int,
        raw: bytes,
        receipts: Sequence[str] | None = None,
        timeout: float = 30.0,
        allowed: Callable[[Kind], None] = lambda kind: None,
    ) -> BatchAnswer:
        """Relay a raw signed transaction, and return what the ledger decided. `timeout` in seconds.

        `allowed` is asked before anything else happens with a batch of a kind, and raises if the caller may not post it.

        `receipts` are the partner's texts of its receipts, in order; they are kept for display.

        Raises:
            InputError: it is no batch for this ledger (`transaction_malformed`, `transaction_misdirected`,
                `operation_invalid`, `receipts_mismatched`, …), or its nonce is not to be had (`nonce_used`, `nonce_too_far`).
            AccessDenied: its key is not one of the partner's that may post.
            Refused: the ledger would refuse, or refused, the batch as a whole.
            OutcomePending: recorded and on its way; hand the same transaction in again.
            StorageFull, ChainUnavailable: nothing was recorded.
        """
        give_up = time.monotonic() + timeout
        signed = read_transaction(raw)
        self._check_place(signed)
        if not self._is_key_of(partner, signed.key):
            raise AccessDenied(
                f"Key {signed.key} is not one of yours. Sign with a key of your own.", code="key_unknown"
            )
        kind, operations = read_batch(signed.data)
        allowed(kind)
        self._keep_texts(partner, operations, receipts)
        if self._receipt(signed.hash) is not None:
            return _answer(signed, self._waited(signed, None, give_up), replayed=True)
        if self._submitter.relay.recorded(signed.hash) is None:
            self._check_nonce(signed)
            self._check_gas(signed, kind, len(operations))
        bulk = self._submitter.relay.take_in(_row(partner, signed, kind, len(operations)))
        return _answer(signed, self._waited(signed, bulk, give_up))

    def look_up(self, partner: int, transaction: str) -> BatchAnswer:
        """Return what was decided of a transaction by its hash.

        Raises:
            NotFound: `batch_unknown` if there is no such batch of this partner.
            OutcomePending: it is on its way.
            Refused, AccessDenied: the ledger refused it as a whole.
        """
        row = self._submitter.relay.recorded(transaction)
        signed = self._mined(transaction) if row is None else read_transaction(row.raw)
        if signed is None or signed.to != self.deployment.ledger or not self._is_key_of(partner, signed.key):
            raise NotFound("There is no batch of yours with this hash.", code="batch_unknown")
        decided = self._decided(signed)
        if decided is None:
            raise _pending(transaction)
        return _answer(signed, decided)

    def keys(self, partner: int) -> list[PostingKey]:
        """Return a partner's keys, in the order in which they were registered."""
        row = next(row for row in self._queries.partners() if row.partner == partner)
        return [
            PostingKey(one.key, one.active_from, one.revoked_at != 0, self._next_nonce(one.key)) for one in row.keys
        ]

    # ---- checks

    def _check_place(self, signed: SignedTransaction) -> None:
        wanted = {"chain_id": self.deployment.chain_id, "ledger": self.deployment.ledger}
        found = {"chain_id": signed.chain_id, "ledger": signed.to}
        if wanted != found:
            raise InputError(
                f"The transaction goes to {signed.to or 'no contract'} on chain {signed.chain_id}; this ledger is "
                f"{wanted['ledger']} on chain {wanted['chain_id']}.",
                code="transaction_misdirected",
                **wanted,
            )
        if signed.gas_price or signed.value:
            raise InputError(
                "Gas is free here, and the ledger takes no money: sign with a gas price of 0 and a value of 0.",
                code="transaction_malformed",
            )

    def _keep_texts(self, partner: int, operations: Sequence[Operation], receipts: Sequence[str] | None) -> None:
        if receipts is None:
            return
        numbers = [operation.receipt for operation in operations]
        if [receipt_number(text) for text in receipts] != numbers:
            raise InputError(
                "The receipts are not those of the operations: give the text of each, in order, or leave them out.",
                code="receipts_mismatched",
            )
        self._texts.keep([(partner, at, text) for at, text in zip(numbers, receipts, strict=True)])

    def _check_nonce(self, signed: SignedTransaction) -> None:
        mined = number(self._rpc.call("eth_getTransactionCount", [signed.key, "latest"]))
        if signed.nonce < mined and self._receipt(signed.hash) is None:
            raise InputError(
                f"Nonce {signed.nonce} of this key was used by another transaction. The next one is {mined}.",
                code="nonce_used",
                nonce=signed.nonce,
                next_nonce=mined,
            )
        if signed.nonce >= mined + NONCES_AHEAD_MAX:
            raise InputError(
                f"Nonce {signed.nonce} is too far ahead: the next one is {mined}, and {NONCES_AHEAD_MAX} may wait. Send "
                "those before it first.",
                code="nonce_too_far",
                nonce=signed.nonce,
                next_nonce=mined,
            )

    def _check_gas(self, signed: SignedTransaction, kind: Kind, size: int) -> None:
        """Ask the ledger what it would say of the batch: as a whole it refuses for its sender's faults only."""
        block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
        most, wanted = number(block["gasLimit"]), gas_limit(kind, size)
        if signed.gas > most:
            raise InputError(
                f"A block takes {most} gas, this transaction {signed.gas}.", code="gas_too_high", most=most
            )
        try:
            self._rpc.call("eth_call", [_question(signed), "latest"])
        except RpcError as error:
            reason = reverts.translated(error)
            unclear = reason is error or reason.code == "reverted"
            if unclear and (signed.gas < wanted or "gas" in error.message.lower()):
                raise InputError(
                    f"{signed.gas} gas may not do for {size} operations. Sign with {wanted}: it costs nothing.",
                    code="gas_too_low",
                    gas=wanted,
                ) from None
            raise reason from None

    # ---- outcomes

    def _waited(self, signed: SignedTransaction, bulk: Bulk | None, give_up: float) -> list[OperationRecord]:
        if bulk is not None:
            found: list[OperationRecord] = []
            try:
                outcomes = bulk.wait(max(0.0, give_up - time.monotonic()))
            except OutcomePending:
                raise _pending(signed.hash) from None
            for outcome in outcomes:
                if isinstance(outcome, CoalitionError):
                    raise outcome
                found.append(outcome)
            return found
        while (decided := self._decided(signed)) is None:
            if time.monotonic() >= give_up:
                raise _pending(signed.hash)
            time.sleep(LOOK_SECONDS)
        return decided

    def _decided(self, signed: SignedTransaction) -> list[OperationRecord] | None:
        """What a block decided, once the read model has that block; None before."""
        receipt = self._receipt(signed.hash)
        if receipt is None:
            return None
        block = number(receipt["blockNumber"])
        if number(receipt["status"]) == 0:
            raise reverts.reason(self._rpc, _question(signed), receipt)
        if self._queries.head().number < block:
            return None
        told = events(self._rpc, self.deployment, block, block, domain_only=True)
        found = (record_of(position, event) for position, event in told if position.transaction == signed.hash)
        return [record for record in found if record is not None]

    def _receipt(self, transaction: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._rpc.call("eth_getTransactionReceipt", [transaction])
        return found

    def _mined(self, transaction: str) -> SignedTransaction | None:
        """What the chain knows of a transaction."""
        found = self._rpc.call("eth_getTransactionByHash", [transaction])
        if found is None or found["blockNumber"] is None or found["to"] is None:
            return None
        key, to = (checksummed(found[name][2:].lower()) for name in ("from", "to"))
        return SignedTransaction(
            raw=b"",
            hash=transaction,
            key=key,
            chain_id=self.deployment.chain_id,
            nonce=number(found["nonce"]),
            gas_price=number(found["gasPrice"]),
            gas=number(found["gas"]),
            to=to,
            value=number(found["value"]),
            data=bytes.fromhex(found["input"][2:]),
        )

    def _is_key_of(self, partner: int, key: str) -> bool:
        return views.read(self._rpc, views.key_of(self.deployment, key)).partner == partner

    def _next_nonce(self, key: str) -> int | None:
        if self._submitter.signs_with(key):
            return None
        pending = number(self._rpc.call("eth_getTransactionCount", [key, "pending"]))
        return max(pending, self._submitter.relay.next_nonce(key))


def _question(signed: SignedTransaction) -> dict[str, str]:
    """What `eth_call` is asked to try a transaction."""
    return {"from": signed.key, "to": signed.to, "gas": hex(signed.gas), "data": "0x" + signed.data.hex()}


def _row(partner: int, signed: SignedTransaction, kind: Kind, size: int) -> Row:
    return Row(signed.hash, signed.key, signed.nonce, 0, partner, kind, size, array("q"), signed.raw, relayed=True)


def _answer(signed: SignedTransaction, records: Sequence[OperationRecord], replayed: bool = False) -> BatchAnswer:
    return BatchAnswer(signed.hash, signed.key, signed.nonce, tuple(records), replayed)


def _pending(transaction: str) -> OutcomePending:
    return OutcomePending(
        "Recorded, but not confirmed yet. Hand the same transaction in again: it counts once.", transaction=transaction
    )
