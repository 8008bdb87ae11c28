"""What is signed outside of the service, by a key that it does not have: a partner's batches, a till's vouchers.

Loaded only by who imports it: it knows the contracts' encoding, so it takes that of this package, and its libraries with it.
`coalition.client` itself loads nothing of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from coalition.chain.signer import KeySigner, Signer
from coalition.chain.typed_data import voucher_digest
from coalition.client.vouchers import SignedVoucher
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Capture, Earn, Hold, Kind, Operation, Redeem, Release
from coalition.ledger.vouchers import Voucher

__all__ = [
    "Capture",
    "Earn",
    "Hold",
    "KeySigner",
    "Redeem",
    "Release",
    "SignedBatch",
    "Signer",
    "Till",
    "receipt_number",
    "sign_batch",
    "sign_earn_voucher",
    "sign_redeem_voucher",
]


AMOUNT_END = 1 << 48


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
    # A till that signs vouchers starts without all that a transaction needs.
    from coalition.chain.codec import encode_batch, kind_of
    from coalition.chain.transactions import gas_limit, sign_transaction

    kind = kind_of(operations[0]) if operations else kind_of(Release(0))
    data = encode_batch(kind, operations)
    gas = gas_limit(kind, len(operations), campaigns)
    return SignedBatch(*sign_transaction(signer, chain_id, nonce, ledger, data, gas))


@dataclass(frozen=True, slots=True)
class Till:
    """Whose till it is, and where its vouchers count: `Client.me` and `Client.tills` tell it."""

    partner: int
    till: int
    chain_id: int
    till_registry: str


def sign_earn_voucher(
    signer: Signer, at: Till, number: int, member: str, spend_minor: int, currency: str, issued_at: datetime
) -> SignedVoucher:
    """Return a voucher for a purchase of `spend_minor` minor units. A till gives each number once, from 1 up.

    `issued_at` is counted in whole seconds, and has its offset from UTC.

    Raises:
        ValueError: no such amount, number, account or time can be signed.
    """
    signature = _signed(signer, at, number, Kind.EARN, member, spend_minor, currency, issued_at)
    return SignedVoucher(
        "earn", at.till, number, member, _whole(issued_at), signature, spend_minor=spend_minor, currency=currency
    )


def sign_redeem_voucher(
    signer: Signer, at: Till, number: int, member: str, points: int, issued_at: datetime
) -> SignedVoucher:
    """Return a voucher for points redeemed within the member's allowance to the partner; as `sign_earn_voucher`."""
    signature = _signed(signer, at, number, Kind.REDEEM, member, points, "", issued_at)
    return SignedVoucher("redeem", at.till, number, member, _whole(issued_at), signature, points=points)


def _signed(
    signer: Signer, at: Till, number: int, kind: Kind, member: str, amount: int, currency: str, issued_at: datetime
) -> bytes:
    if not 0 < amount < AMOUNT_END or not 0 < number < AMOUNT_END:
        raise ValueError("amounts and numbers are whole, at least 1 and below 2^48")
    seconds = int(_whole(issued_at).timestamp())
    voucher = Voucher(at.partner, at.till, number, kind, member, amount, currency, seconds)
    return signer.sign(voucher_digest(at.chain_id, at.till_registry, voucher))


def _whole(time: datetime) -> datetime:
    if time.utcoffset() is None:
        raise ValueError(f"{time!r} has no time zone: give an aware datetime, such as datetime.now(UTC)")
    return time.astimezone(UTC).replace(microsecond=0)
