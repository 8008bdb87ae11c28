"""What is signed outside of the service, by a key that it does not have: a partner's batches.

Loaded only by who imports it: it knows the contracts' encoding, so it takes that of this package, and its libraries with it.
`coalition.client` itself loads nothing of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coalition.chain.codec import encode_batch, kind_of
from coalition.chain.signer import KeySigner, Signer
from coalition.chain.transactions import gas_limit, sign_transaction
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Capture, Earn, Hold, Operation, Redeem, Release

__all__ = [
    "Capture",
    "Earn",
    "Hold",
    "KeySigner",
    "Redeem",
    "Release",
    "SignedBatch",
    "Signer",
    "receipt_number",
    "sign_batch",
]


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A signed transaction, and its hash (`0x…`), under which `Client.batch` finds it."""

    transaction: bytes
    hash: str


def sign_batch(
    signer: Signer, chain_id: int, ledger: str, nonce: int, operations: Sequence[Operation], *, campaigns: int = 8
) -> SignedBatch:
    """Return a transaction that posts 1 to 500 operations of one kind; `Client.relay_batch` hands it in.

    `chain_id`, `ledger` and `nonce` are what `Client.keys` tells. Receipts are numbers: `receipt_number(text)`. `campaigns` is
    how many, at most, one operation deals with: it sets the gas that may be used, which is free.

    Raises:
        InputError: `batch_size_invalid`, or `operation_invalid` if one does not fit; of `coalition.errors`.
    """
    kind = kind_of(operations[0]) if operations else kind_of(Release(0))
    data = encode_batch(kind, operations)
    gas = gas_limit(kind, len(operations), campaigns)
    return SignedBatch(*sign_transaction(signer, chain_id, nonce, ledger, data, gas))
