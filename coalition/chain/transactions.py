"""Transactions: RLP, EIP-155 signatures, sending and waiting."""

from __future__ import annotations

import time
from typing import Any

from coalition.chain import reverts
from coalition.chain.keccak import keccak
from coalition.chain.rpc import Rpc, RpcError, number
from coalition.chain.signer import Signer
from coalition.errors import OutcomePending
from coalition.ledger.operations import Kind

__all__ = [
    "assembled",
    "gas_limit",
    "receipt_of",
    "send",
    "send_beside",
    "sign_transaction",
    "unsigned_digest",
    "wait_for",
]

GAS_BASE = 150_000
GAS_PER_OPERATION = {
    Kind.EARN: 120_000,
    Kind.REDEEM: 330_000,
    Kind.HOLD: 330_000,
    Kind.CAPTURE: 150_000,
    Kind.RELEASE: 120_000,
    Kind.REVERSE: 200_000,
    Kind.REFUND: 200_000,
}
GAS_PER_CAMPAIGN = 110_000
"""What one campaign may cost one operation: `RULE_GAS` of the contracts, a new word of the member's, and the events."""

GAS_ADMINISTRATION = 5_000_000
POLL_SECONDS = 0.02
ATTEMPTS = 5
WAIT_SECONDS = 0.2
TAKEN_WORDS = ("nonce too low", "underpriced", "already imported", "already known", "known transaction")


def sign_transaction(
    signer: Signer, chain_id: int, nonce: int, to: str, data: bytes, gas: int, gas_price: int = 0
) -> tuple[bytes, str]:
    """Return a signed legacy transaction (EIP-155) and its hash, both as `eth_sendRawTransaction` deals with them.

    `to` is an address, or empty to deploy a contract; `gas` is the limit, `gas_price` is in wei.
    """
    signature = signer.sign(unsigned_digest(nonce, gas_price, gas, to, data, chain_id))
    raw = assembled(nonce, gas_price, gas, to, data, chain_id, signature)
    return raw, "0x" + keccak(raw).hex()


def unsigned_digest(nonce: int, gas_price: int, gas: int, to: str, data: bytes, chain_id: int, value: int = 0) -> bytes:
    """Return what the sender of a legacy transaction signs (EIP-155), 32 bytes; `value` is in wei."""
    fields = _unsigned(nonce, gas_price, gas, to, data, value)
    return keccak(_list(fields + _text(_shortest(chain_id)) + b"\x80\x80"))


def assembled(
    nonce: int, gas_price: int, gas: int, to: str, data: bytes, chain_id: int, signature: bytes, value: int = 0
) -> bytes:
    """Return the raw transaction with its signature (r ‖ s ‖ v, v 27 or 28)."""
    return _list(
        _unsigned(nonce, gas_price, gas, to, data, value)
        + _text(_shortest(chain_id * 2 + 8 + signature[64]))
        + _text(signature[:32].lstrip(b"\0"))
        + _text(signature[32:64].lstrip(b"\0"))
    )


def _unsigned(nonce: int, gas_price: int, gas: int, to: str, data: bytes, value: int) -> bytes:
    return (
        _text(_shortest(nonce))
        + _text(_shortest(gas_price))
        + _text(_shortest(gas))
        + _text(bytes.fromhex(to[2:]))
        + _text(_shortest(value))
        + _text(data)
    )


def gas_limit(kind: Kind, operations: int, campaigns: int = 0) -> int:
    """Return a generous gas limit for a batch. Gas is free here, but a batch that runs out of it would revert whole.

    `campaigns` is how many, at most, one operation deals with: those at the partner of an earn, those that awarded points for
    what is reversed. A programme of tiers counts as one. A redemption may hear a contract account out (ERC-1271, 100,000
    gas). `tests/chain/test_gas.py` holds the figures.
    """
    return GAS_BASE + operations * (GAS_PER_OPERATION[kind] + campaigns * GAS_PER_CAMPAIGN)


def send(rpc: Rpc, signer: Signer, to: str, data: bytes, gas: int = GAS_ADMINISTRATION) -> dict[str, Any]:
    """Ask first, then sign, send and wait; return the receipt. For administration, not for the stream of operations.

    Raises:
        CoalitionError: what the contract said, see `reverts`, if it refuses.
        OutcomePending: the transaction was sent and is in no block after 30 seconds.
    """
    question = {"from": signer.address, "data": "0x" + data.hex(), "gas": hex(gas)} | ({"to": to} if to else {})
    try:
        rpc.call("eth_call", [question, "pending"])
        answers = (rpc.call("eth_chainId", []), rpc.call("eth_getTransactionCount", [signer.address, "pending"]))
        raw, sent = sign_transaction(signer, number(answers[0]), number(answers[1]), to, data, gas)
        rpc.call("eth_sendRawTransaction", ["0x" + raw.hex()])
    except RpcError as error:
        raise reverts.translated(error) from None
    receipt = wait_for(rpc, sent)
    if receipt["status"] != "0x1":
        raise reverts.reason(rpc, question, receipt)
    return receipt


def send_beside(rpc: Rpc, signer: Signer, to: str, data: bytes, gas: int = GAS_ADMINISTRATION) -> dict[str, Any]:
    """As `send`, with a partner's key, which the outbox may use at the same moment: where both took the same nonce, this one
    is sent again with the next.
    """
    for attempt in range(ATTEMPTS):
        try:
            return send(rpc, signer, to, data, gas)
        except RpcError as error:
            taken = any(word in error.message.lower() for word in TAKEN_WORDS)
            if not taken or attempt == ATTEMPTS - 1:
                raise
            time.sleep(WAIT_SECONDS)
    raise AssertionError


def receipt_of(rpc: Rpc, transaction: str) -> dict[str, Any] | None:
    """Return the receipt of a transaction by its hash, None while it is in no block."""
    receipt: dict[str, Any] | None = rpc.call("eth_getTransactionReceipt", [transaction])
    return receipt


def wait_for(rpc: Rpc, transaction: str, timeout: float = 30.0) -> dict[str, Any]:
    """Return the receipt of a transaction as soon as it is in a block; `timeout` in seconds.

    Raises:
        OutcomePending: it is in no block yet.
    """
    give_up = time.monotonic() + timeout
    while (receipt := receipt_of(rpc, transaction)) is None:
        if time.monotonic() > give_up:
            raise OutcomePending(
                f"Transaction {transaction} is in no block after {timeout:g} s. Look for it again later.",
                transaction=transaction,
            )
        time.sleep(POLL_SECONDS)
    return receipt


def _shortest(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)


def _text(content: bytes) -> bytes:
    """RLP of a byte string."""
    if len(content) == 1 and content[0] < 0x80:
        return content
    return _head(0x80, len(content)) + content


def _list(content: bytes) -> bytes:
    """RLP of a list whose items are encoded and joined in `content`."""
    return _head(0xC0, len(content)) + content


def _head(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = _shortest(length)
    return bytes([offset + 55 + len(size)]) + size
