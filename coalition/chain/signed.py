"""Signed transactions of others, read strictly: who signed, and which operations they carry.

One form only: legacy transactions with the chain's id (EIP-155), as this package signs them too. Every engine takes them, and
gas is free, so later forms have nothing to add. What is read is encoded again and compared, so that nothing has two readings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from coincurve import PublicKey

from coalition.chain.abi import decode_call
from coalition.chain.addresses import checksummed
from coalition.chain.codec import FUNCTIONS, SELECTORS, encode_batch
from coalition.chain.keccak import keccak
from coalition.chain.signer import CURVE_ORDER
from coalition.chain.transactions import assembled, unsigned_digest
from coalition.errors import InputError
from coalition.ledger.lots import Lots
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Redeem,
    Refund,
    Release,
    Reverse,
)

__all__ = ["SignedTransaction", "read_batch", "read_transaction", "signer_of"]

FIELDS = 9
TRANSACTION_BYTES_MAX = 128 * 1024
"""What nodes take (geth, reth) unless told otherwise."""


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed legacy transaction. `key` signed it, `to` is empty where it deploys, `gas_price` and `value` are in wei."""

    raw: bytes
    hash: str
    key: str
    chain_id: int
    nonce: int
    gas_price: int
    gas: int
    to: str
    value: int
    data: bytes


def read_transaction(raw: bytes) -> SignedTransaction:
    """Return what a raw transaction says.

    Raises:
        InputError: `transaction_malformed`, with what is wrong.
    """
    if len(raw) > TRANSACTION_BYTES_MAX:
        raise _malformed(f"it has {len(raw)} bytes, and nodes take {TRANSACTION_BYTES_MAX}")
    fields = _fields(raw)
    nonce, gas_price, gas = (int.from_bytes(field) for field in fields[:3])
    to, data = fields[3], fields[5]
    value, v, r, s = (int.from_bytes(fields[at]) for at in (4, 6, 7, 8))
    if len(to) not in (0, 20):
        raise _malformed("its receiver is no address")
    if v < 35:
        raise _malformed("it names no chain (EIP-155)")
    chain_id, parity = divmod(v - 35, 2)
    signature = _signature(r, s, parity)
    address = "0x" + to.hex() if to else ""
    if assembled(nonce, gas_price, gas, address, data, chain_id, signature, value) != raw:
        raise _malformed("its encoding is not the canonical one")
    key = signer_of(unsigned_digest(nonce, gas_price, gas, address, data, chain_id, value), signature)
    if key is None:
        raise _malformed("its signature is none")
    to_text = checksummed(to.hex()) if to else ""
    return SignedTransaction(raw, "0x" + keccak(raw).hex(), key, chain_id, nonce, gas_price, gas, to_text, value, data)


def read_batch(data: bytes) -> tuple[Kind, list[Operation]]:
    """Return the kind and the operations that call data of the ledger post.

    Raises:
        InputError: `operation_invalid` if they post none, or not in the canonical encoding; `batch_size_invalid`.
    """
    from eth_abi.exceptions import DecodingError

    kind = next((kind for kind, selector in SELECTORS.items() if selector == data[:4]), None)
    if kind is None:
        raise InputError(
            "The transaction does not post operations: it calls none of " + ", ".join(FUNCTIONS.values()) + ".",
            code="operation_invalid",
        )
    try:
        args = decode_call("PointLedger", FUNCTIONS[kind], data[4:])
        operations = READERS[kind](*args)
    except (DecodingError, ValueError, OverflowError) as error:
        raise InputError(f"The operations cannot be read: {error}.", code="operation_invalid") from None
    if encode_batch(kind, operations) != data:
        raise InputError(
            "The operations are not in the canonical encoding of the ABI: something stands beside them.",
            code="operation_invalid",
        )
    return kind, operations


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """Return the address whose key signed 32 bytes (r ‖ s ‖ v, low s, v 27 or 28); None if the signature is none."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    if len(signature) != 65 or signature[64] not in (27, 28) or not (0 < r < CURVE_ORDER and 0 < s <= CURVE_ORDER // 2):
        return None
    try:
        recoverable = signature[:64] + bytes([signature[64] - 27])
        point = PublicKey.from_signature_and_message(recoverable, digest, hasher=None).format(compressed=False)
    except Exception:  # whatever the library says of a point that is none
        return None
    return checksummed(keccak(point[1:])[12:].hex())


def _fields(raw: bytes) -> list[bytes]:
    rlp = import_module("rlp")
    if not raw or raw[0] < 0xC0:
        raise _malformed("it is no legacy transaction (EIP-155); sign one with a gas price of 0")
    try:
        fields = rlp.decode(raw)
    except (rlp.exceptions.RLPException, RecursionError):
        raise _malformed("it is no RLP") from None
    if len(fields) != FIELDS or not all(isinstance(field, bytes) for field in fields):
        raise _malformed("it has not the nine fields of a signed legacy transaction")
    return list(fields)


def _signature(r: int, s: int, parity: int) -> bytes:
    if r >= 1 << 256 or s >= 1 << 256:
        raise _malformed("its signature is none")
    return r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])


def _malformed(why: str) -> InputError:
    return InputError(f"This is no signed transaction that can be relayed: {why}.", code="transaction_malformed")


def _earns(earns: Sequence[Any], enrolling: Sequence[int]) -> list[Operation]:
    flags = sum(word << (256 * at) for at, word in enumerate(enrolling))
    return [
        Earn(member, receipt, spend_minor, bool(flags >> at & 1))
        for at, (member, receipt, spend_minor) in enumerate(earns)
    ]


def _plain(make: Callable[..., Operation]) -> Callable[[Sequence[Any]], list[Operation]]:
    return lambda items: [make(*item) if isinstance(item, tuple) else make(item) for item in items]


def _correction(make: Callable[..., Operation], has_awards: bool) -> Callable[[Sequence[Any]], list[Operation]]:
    def read(items: Sequence[Any]) -> list[Operation]:
        found: list[Operation] = []
        for receipt, amount, original, before, later, awards in items:
            kind, member, original_receipt, spend_minor, points, lots, hash_ = original
            amounts = original_receipt, spend_minor, points
            outcome = Outcome(Kind(kind), member, *amounts, Lots.from_word(lots), hash_)
            found.append(make(receipt, amount, outcome, before, later, *([awards] if has_awards else [])))
        return found

    return read


READERS: dict[Kind, Callable[..., list[Operation]]] = {
    Kind.EARN: _earns,
    Kind.REDEEM: _plain(Redeem),
    Kind.HOLD: _plain(Hold),
    Kind.CAPTURE: _plain(Capture),
    Kind.RELEASE: _plain(Release),
    Kind.REVERSE: _correction(Reverse, True),
    Kind.REFUND: _correction(Refund, False),
}
