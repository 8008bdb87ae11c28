"""The operations of a partner: checked early, counted once, answered when confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeAlias, TypeVar

from coalition.errors import CoalitionError, NotFound, OutcomePending, ReceiptConflict, Refused
from coalition.index.queries import Queries
from coalition.ledger.award_records import AwardRecord
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import Rejection
from coalition.ledger.records import OperationRecord
from coalition.service.answers import DECIDED_BEFORE, Answer, answer_of, decided_before, first_answer, in_words
from coalition.service.asked import PROOF_ATTEMPTS, Asked, Asking, prove
from coalition.service.bulk import BulkRun
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Submission, Submitter

__all__ = ["Hidden", "LedgerService", "Started", "is_outdated", "still_pending"]

T = TypeVar("T")
Hidden: TypeAlias = Callable[[int, Iterable[int]], set[int]]
"""Those of a partner's receipts whose account it is not told."""
Reserved: TypeAlias = Callable[[Sequence[Asked]], Mapping[tuple[int, int], ReceiptConflict]]
"""The conflicts of those of many whose receipts are reserved, by partner and number."""
Started: TypeAlias = Answer | CoalitionError | Future[OperationRecord]
"""What is known of an operation once it is recorded: its answer, why there is none, or who will tell what was decided."""


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
        self.hidden: Hidden = lambda partner, receipts: set()
        self._reserved: Reserved = lambda wanted: {}

    def hide(self, hidden: Hidden) -> None:
        """Tell no account of what came with a till token: `hidden` names those of many receipts of a partner."""
        self.hidden = hidden

    def reserve(self, reserved: Reserved) -> None:
        """Refuse operations whose receipts stand for something that the chain does not know: `reserved` names those of many."""
        self._reserved = reserved

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
        for attempt in range(1, PROOF_ATTEMPTS + 1):
            (started,) = self.start([asked])
            if isinstance(started, Answer):
                return started
            if isinstance(started, CoalitionError):
                raise started
            try:
                return self.conclude(asked, _outcome(started, timeout))
            except Refused as error:
                if attempt == PROOF_ATTEMPTS or not is_outdated(error):
                    raise
        raise AssertionError

    def start(self, wanted: Sequence[Asked], *, due: bool = False) -> list[Started]:
        """Record operations, each of which is decided alone; what is recorded is durable when this returns.

        What is `due` is what its receipt was reserved for. A future's record is for `conclude`. Where that finds a proof
        outdated (`is_outdated`), start again.

        Raises:
            StorageFull, Unavailable: nothing was recorded.
        """
        known = decided_before(self.queries, wanted)
        reserved = {} if due else self._reserved(wanted)
        started: list[Started | None] = []
        submissions: list[Submission] = []
        for asked in wanted:
            try:
                if (asked.partner, asked.number) in reserved:
                    raise reserved[asked.partner, asked.number]
                found: Started | None = first_answer(known.get((asked.partner, asked.number), ()), asked)
                if found is None:
                    operation = prove(self.queries, asked)
                    submissions.append(
                        Submission(asked.partner, operation, asked.receipt, asked.occurred_at, asked.trail)
                    )
            except CoalitionError as error:
                found = in_words(error, self._texts, asked.partner)
            started.append(found)
        self._texts.keep([(one.partner, one.operation.receipt, one.receipt_text) for one in submissions])
        futures = iter(self._submitter.post(submissions) if submissions else ())
        return [next(futures) if one is None else one for one in started]

    def conclude(self, asked: Asked, outcome: OperationRecord | CoalitionError) -> Answer:
        """Return the answer that an outcome means; only what was not accepted is looked up in a database.

        Raises:
            CoalitionError: see the class.
        """
        try:
            if isinstance(outcome, CoalitionError):
                raise outcome
            if outcome.code in DECIDED_BEFORE:
                first = first_answer(self.queries.operations_of(asked.partner, asked.number), asked)
                if first is not None:
                    return first
            return answer_of(outcome, asked)
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

    def keep_text(self, asked: Asked) -> None:
        """Keep the partner's text of a receipt that is not posted yet. Raises `StorageFull`."""
        self._texts.keep([(asked.partner, asked.number, asked.receipt)])

    def in_words(self, error: CoalitionError, partner: int) -> CoalitionError:
        """Return an error with a partner's own texts for the numbers of receipts, and without accounts."""
        return in_words(error, self._texts, partner)

    def receipt_of(self, record: OperationRecord) -> str:
        """Return the partner's text of a receipt, or the number in hexadecimal if the text was lost with a database."""
        return self._texts.text_of(record.partner, record.receipt)

    def receipts_of(self, records: Sequence[OperationRecord | AwardRecord]) -> list[str]:
        """As `receipt_of`, for many."""
        return self._texts.texts_of([(record.partner, record.receipt) for record in records])


def is_outdated(error: CoalitionError) -> bool:
    """True if a proof was refused: the chain of the receipt's word moved on between reading it and posting."""
    return error.code == Rejection.PROOF_INVALID.code


def still_pending(seconds: float) -> OutcomePending:
    """Return what tells that nothing was decided for some time."""
    return OutcomePending(
        f"Recorded, but not confirmed within {seconds:g} s. Ask again with the same receipt: it counts once."
    )


def _outcome(future: Future[OperationRecord], timeout: float) -> OperationRecord:
    try:
        return future.result(timeout)
    except FutureTimeout:
        raise still_pending(timeout) from None
