"""Signed batches in memory: partner 1 has handed one in, which partner 2 is not to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coalition.api.examples import BATCH_ANSWER, KEY, KEYS
from coalition.chain.signed import read_batch, read_transaction
from coalition.errors import AccessDenied, NotFound, OutcomePending
from coalition.ledger.operations import Kind
from coalition.service.batches import BatchAnswer, PostingKey
from coalition.submit.submitter import Submission
from tests.api.fakes import NOW, FakeBook

__all__ = ["FakeBatches"]


@dataclass(frozen=True)
class FakeDeployment:
    """What a partner needs to know of it."""

    chain_id: int = KEYS["chain_id"]
    ledger: str = KEYS["ledger"]


class FakeBatches:
    """`SignedBatches`. The key of the examples is partner 1's; what it signed is decided by the book."""

    deployment = FakeDeployment()

    def __init__(self, book: FakeBook) -> None:
        self._book = book
        self._answers: dict[str, BatchAnswer] = {}

    def hand_in(
        self,
        partner: int,
        raw: bytes,
        receipts: Sequence[str] | None,
        timeout: float,
        allowed: Callable[[Kind], None],
    ) -> BatchAnswer:
        signed = read_transaction(raw)
        if (partner, signed.key) != (1, KEY):
            raise AccessDenied("This key is not one of yours.", code="key_unknown")
        kind, operations = read_batch(signed.data)
        allowed(kind)
        known = self._answers.get(signed.hash)
        if known is not None:
            return BatchAnswer(signed.hash, KEY, signed.nonce, known.records, replayed=True)
        if self._book.stuck is not None:
            raise OutcomePending("Not confirmed yet.", transaction=signed.hash)
        futures = self._book.post([Submission(partner, operation) for operation in operations])
        records = tuple(future.result() for future in futures)
        self._answers[signed.hash] = BatchAnswer(signed.hash, KEY, signed.nonce, records)
        return self._answers[signed.hash]

    def look_up(self, partner: int, transaction: str) -> BatchAnswer:
        if partner == 1 and self._book.stuck is not None and transaction == BATCH_ANSWER["transaction"]:
            raise OutcomePending("Not confirmed yet.", transaction=transaction)
        if partner != 1 or transaction not in self._answers:
            raise NotFound("There is no batch of yours with this hash.", code="batch_unknown")
        return self._answers[transaction]

    def keys(self, partner: int) -> list[PostingKey]:
        return [PostingKey(KEY, NOW, False, len(self._answers))] if partner == 1 else []

    def clear(self) -> None:
        self._answers.clear()
