"""Encoding and signing alone, on one core: what a partner's key can put into transactions."""

from __future__ import annotations

import time

from coalition.chain.codec import encode_batch
from coalition.chain.signer import KeySigner
from coalition.chain.transactions import gas_limit, sign_transaction
from coalition.ledger.operations import BATCH_MAX, Earn, Kind

__all__ = ["measure"]

OPERATIONS = 200_000


def measure() -> dict[str, float]:
    """Operations a second of processor time, in transactions of 500."""
    signer, ledger = KeySigner.random(), KeySigner.random().address
    members = [KeySigner.random().address for _ in range(1_000)]
    operations = [Earn(members[i % len(members)], 1_000_000 + i, 100 + i) for i in range(OPERATIONS)]
    begun = time.process_time()
    for nonce, start in enumerate(range(0, OPERATIONS, BATCH_MAX)):
        part = operations[start : start + BATCH_MAX]
        sign_transaction(signer, 31_337, nonce, ledger, encode_batch(Kind.EARN, part), gas_limit(Kind.EARN, len(part)))
    return {"signing.operations": OPERATIONS / (time.process_time() - begun)}
