"""The operations of a partner: checked early, counted once, answered when confirmed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

from coalition.errors import CoalitionError, NotFound, OutcomePending, ReceiptConflict, Refused
from coalition.index.queries import Queries
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Operation, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service.answers import DECIDED_BEFORE, Answer, answer_of, first_answer, in_words
from coalition.service.asked import PROOF_ATTEMPTS, Asked, Asking, prove
from coalition.service.bulk import BulkRun
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Submission, Submitter

__all__ = ["LedgerService"]

T = TypeVar("T")


class LedgerService:
    """Posts operations and waits for what the ledger decides.

    Every method that posts takes `timeout` in seconds and raises, beside what it names:
        InputError: the request is wrong (`amount_invalid`, `receipt_invalid`, …).
        ReceiptConflict: the receipt was used before with other content.
        Refused: the ledger decided against it; `code` says why.
        AccessDenied: the partner's key may not post (suspended, revoked, not yet active).
        OutcomePending: recorded and on its way, but not confirmed within `timeout`; ask again with the same receipt.
        StorageFull, ChainUnavailable: nothing was signed.
    """

    def __init__(self, submitter: Submitter, queries: Queries, texts: ReceiptTexts) -> None:
        self.queries = queries
        self.partners = PartnerDirectory(queries)
        self.asking = Asking(self.partners)
        self._submitter = submitter
        self._texts = texts

    def earn(
        self,
        partner: str | int,
        member: str,
        receipt: str,
        spend_minor: int,
        *,
        currency: str | None = None,
        enrols: bool = False,
        occurred_at: int | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """Earn points for a purchase of `spend_minor` minor units; `enrols` makes an unknown account a member's."""
        asked = self.asking.earn(
            partner, member, receipt, spend_minor, currency=currency, enrols=enrols, occurred_at=occurred_at
        )
        return self.post(asked, timeout)

    def redeem(
        self,
        partner: str | int,
        member: str,
        receipt: str,
        points: int,
        *,
        deadline: int,
        signature: bytes = b"",
        occurred_at: int | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """Redeem points on the member's signature, or on the allowance if `signature` is empty. `deadline` in Unix s."""
        asked = self.asking.redeem(
            partner, member, receipt, points, deadline=deadline, signature=signature, occurred_at=occurred_at
        )
        return self.post(asked, timeout)

    def hold(
        self,
        partner: str | int,
        member: str,
        receipt: str,
        points: int,
        *,
        deadline: int,
        signature: bytes = b"",
        timeout: float = 30.0,
    ) -> Answer:
        """Put points aside until `deadline` (Unix s, at most 30 days ahead); authorized as a redemption is."""
        asked = self.asking.hold(partner, member, receipt, points, deadline=deadline, signature=signature)
        return self.post(asked, timeout)

    def capture(self, partner: str | int, receipt: str, points: int, *, timeout: float = 30.0) -> Answer:
        """Redeem `points` of the open hold `receipt`; the rest goes back to the member."""
        return self.post(self.asking.capture(partner, receipt, points), timeout)

    def release(self, partner: str | int, receipt: str, *, timeout: float = 30.0) -> Answer:
        """End the open hold `receipt`; its points go back to the member."""
        return self.post(self.asking.release(partner, receipt), timeout)

    def reverse(
        self,
        partner: str | int,
        receipt: str,
        original_receipt: str,
        spend_minor: int | None = None,
        *,
        timeout: float = 30.0,
    ) -> Answer:
        """Take an earn back: `spend_minor` of its spend, or all that is left of it.

        Raises:
            NotFound: `original_unknown` if `original_receipt` is no earn of this partner.
        """
        return self.post(self.asking.reverse(partner, receipt, original_receipt, spend_minor), timeout)

    def refund(
        self,
        partner: str | int,
        receipt: str,
        original_receipt: str,
        points: int | None = None,
        *,
        timeout: float = 30.0,
    ) -> Answer:
        """Give redeemed points back: `points`, or all that is left of the redemption or capture.

        Raises:
            NotFound: `original_unknown` if `original_receipt` is no redemption or capture of this partner.
        """
        return self.post(self.asking.refund(partner, receipt, original_receipt, points), timeout)

    def post(self, asked: Asked, timeout: float = 30.0) -> Answer:
        """Post what was checked; see the methods above for what it may raise."""
        try:
            return self._proved_and_posted(asked, timeout)
        except ReceiptConflict as conflict:
            raise in_words(conflict, self._texts, asked.partner) from None

    def bulk(
        self,
        told: Callable[[T, Answer | CoalitionError], None],
        stalled: Callable[[], CoalitionError | None],
        stalled_seconds: float,
    ) -> BulkRun[T]:
        """Return a run for thousands of operations, each decided alone; see `BulkRun`."""
        return BulkRun(self._submitter, self.queries, self._texts, told, stalled, stalled_seconds)

    def operation(self, partner: str | int, receipt: str) -> list[Answer]:
        """Return what was accepted under a receipt: one operation, or a hold and what ended it.

        Raises:
            NotFound: `operation_unknown` if nothing was.
        """
        row = self.partners.find(partner)
        records = self.queries.operations_of(row.partner, receipt_number(receipt))
        if not records:
            raise NotFound(f"Nothing was accepted under receipt {receipt!r}.", code="operation_unknown")
        return [Answer(record, receipt) for record in records]

    def receipt_of(self, record: OperationRecord) -> str:
        """Return the partner's text of a receipt, or the number in hexadecimal if the text was lost with a database."""
        return self._texts.text_of(record.partner, record.receipt)

    def receipts_of(self, records: list[OperationRecord]) -> list[str]:
        """As `receipt_of`, for many."""
        return self._texts.texts_of([(record.partner, record.receipt) for record in records])

    def _proved_and_posted(self, asked: Asked, timeout: float) -> Answer:
        for _ in range(PROOF_ATTEMPTS):
            first = self._first_answer(asked)
            if first is not None:
                return first
            try:
                return self._posted(asked, prove(self.queries, asked), timeout)
            except Refused as error:
                # The chain of the receipt word moved on between reading it and posting: prove it anew.
                if error.code != Rejection.PROOF_INVALID.code:
                    raise
                last = error
        raise last

    def _posted(self, asked: Asked, operation: Operation, timeout: float) -> Answer:
        self._texts.keep([(asked.partner, asked.number, asked.receipt)])
        submission = Submission(asked.partner, operation, asked.receipt, asked.occurred_at)
        record = _outcome(self._submitter.post([submission])[0], timeout)
        if record.code in DECIDED_BEFORE:
            first = self._first_answer(asked)
            if first is not None:
                return first
        return answer_of(record, asked)

    def _first_answer(self, asked: Asked) -> Answer | None:
        return first_answer(self.queries.operations_of(asked.partner, asked.number), asked)


def _outcome(future: Future[OperationRecord], timeout: float) -> OperationRecord:
    try:
        return future.result(timeout)
    except FutureTimeout:
        raise OutcomePending(
            f"Recorded, but not confirmed within {timeout:g} s. Ask again with the same receipt: it counts once."
        ) from None
