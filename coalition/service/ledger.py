"""The operations of a partner: checked early, counted once, answered when confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from eth_utils.crypto import keccak

from coalition.errors import NotFound, OutcomePending, Refused
from coalition.index.partners import PartnerRow
from coalition.index.queries import Queries
from coalition.ledger.chain_word import proof_for
from coalition.ledger.ids import receipt_number
from coalition.ledger.operations import (
    Capture,
    Earn,
    Hold,
    Kind,
    Operation,
    Outcome,
    Redeem,
    Refund,
    Rejection,
    Release,
    Reverse,
)
from coalition.ledger.records import OperationRecord
from coalition.service.answers import REASONS, Answer, refusal, require_same
from coalition.service.checks import check_address, check_points, check_signature, check_spend_minor
from coalition.service.partners import PartnerDirectory
from coalition.submit.receipt_texts import ReceiptTexts
from coalition.submit.submitter import Submission, Submitter

__all__ = ["LedgerService"]

PROOF_ATTEMPTS = 5
CORRECTABLE = {Kind.REVERSE: (Kind.EARN,), Kind.REFUND: (Kind.REDEEM, Kind.CAPTURE)}


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
        row = self.partners.find(partner)
        self.partners.check_currency(row, currency)
        account = check_address(member)
        operation = Earn(account, receipt_number(receipt), check_spend_minor(spend_minor), enrols)
        asked = {"member": account, "spend_minor": spend_minor}
        return self._posted(row, operation, receipt, asked, timeout, occurred_at)

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
        row = self.partners.find(partner)
        account = check_address(member)
        number = receipt_number(receipt)
        operation = Redeem(account, number, check_points(points), deadline, check_signature(signature))
        return self._posted(row, operation, receipt, {"member": account, "points": points}, timeout, occurred_at)

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
        row = self.partners.find(partner)
        account = check_address(member)
        number = receipt_number(receipt)
        operation = Hold(account, number, check_points(points), deadline, check_signature(signature))
        asked = {"member": account, "points": points, "deadline": deadline}
        return self._posted(row, operation, receipt, asked, timeout)

    def capture(self, partner: str | int, receipt: str, points: int, *, timeout: float = 30.0) -> Answer:
        """Redeem `points` of the open hold `receipt`; the rest goes back to the member."""
        row = self.partners.find(partner)
        operation = Capture(receipt_number(receipt), check_points(points))
        return self._posted(row, operation, receipt, {"points": points}, timeout)

    def release(self, partner: str | int, receipt: str, *, timeout: float = 30.0) -> Answer:
        """End the open hold `receipt`; its points go back to the member."""
        row = self.partners.find(partner)
        return self._posted(row, Release(receipt_number(receipt)), receipt, {}, timeout)

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
        amount = None if spend_minor is None else check_spend_minor(spend_minor)
        return self._corrected(Kind.REVERSE, partner, receipt, original_receipt, amount, timeout)

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
        amount = None if points is None else check_points(points)
        return self._corrected(Kind.REFUND, partner, receipt, original_receipt, amount, timeout)

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

    def _corrected(
        self,
        kind: Kind,
        partner: str | int,
        receipt: str,
        original_receipt: str,
        amount: int | None,
        timeout: float,
    ) -> Answer:
        row = self.partners.find(partner)
        number, original_number = receipt_number(receipt), receipt_number(original_receipt)
        asked: dict[str, Any] = {"original_receipt": original_number}
        if amount is not None:
            asked["spend_minor" if kind == Kind.REVERSE else "points"] = amount
        for _ in range(PROOF_ATTEMPTS):
            replay = self._replay(row, kind, number, receipt, asked)
            if replay is not None:
                return replay
            operation = self._correction(kind, row, number, original_number, original_receipt, amount)
            try:
                return self._posted(row, operation, receipt, asked, timeout)
            except Refused as error:
                # The chain of the receipt word moved on between reading it and posting: prove it anew.
                if error.code != Rejection.PROOF_INVALID.code:
                    raise
                last = error
        raise last

    def _correction(
        self,
        kind: Kind,
        row: PartnerRow,
        number: int,
        original_number: int,
        original_receipt: str,
        amount: int | None,
    ) -> Reverse | Refund:
        found = self.queries.original(row.partner, original_number)
        if found is None or found[0].kind not in CORRECTABLE[kind]:
            wanted = "earn" if kind == Kind.REVERSE else "redemption or capture"
            raise NotFound(f"There is no {wanted} under receipt {original_receipt!r}.", code="original_unknown")
        original, neighbours, position, awards = found
        before, later = proof_for(neighbours, position, keccak)
        if amount is None:
            amount = self._left_of(row, original)
        if kind == Kind.REVERSE:
            return Reverse(number, amount, original, before, later, awards)
        return Refund(number, amount, original, before, later)

    def _left_of(self, row: PartnerRow, original: Outcome) -> int:
        whole = original.spend_minor if original.kind == Kind.EARN else original.points
        left = whole - self.queries.corrected(row.partner, original.receipt)
        if left <= 0:
            raise Refused("Nothing is left of the original.", code=Rejection.ORIGINAL_EXCEEDED.code)
        return left

    def _posted(
        self,
        row: PartnerRow,
        operation: Operation,
        receipt: str,
        asked: Mapping[str, Any],
        timeout: float,
        occurred_at: int | None = None,
    ) -> Answer:
        kind = Kind[type(operation).__name__.upper()]
        replay = self._replay(row, kind, operation.receipt, receipt, asked)
        if replay is not None:
            return replay
        self._texts.keep([(row.partner, operation.receipt, receipt)])
        submission = Submission(row.partner, operation, receipt, occurred_at)
        record = _outcome(self._submitter.post([submission])[0], timeout)
        if record.code is None:
            require_same(record, kind, asked)
            return Answer(record, receipt)
        if record.code in (Rejection.RECEIPT_USED, Rejection.HOLD_UNKNOWN):
            replay = self._replay(row, kind, operation.receipt, receipt, asked)
            if replay is not None:
                return replay
        raise refusal(record)

    def _replay(
        self, row: PartnerRow, kind: Kind, number: int, receipt: str, asked: Mapping[str, Any]
    ) -> Answer | None:
        ends = (Kind.CAPTURE, Kind.RELEASE)
        records = self.queries.operations_of(row.partner, number)
        if kind in ends and any(record.kind == Kind.HOLD for record in records):
            records = [record for record in records if record.kind in ends]
            if records and records[0].kind != kind:
                raise Refused(REASONS[Rejection.HOLD_UNKNOWN], code=Rejection.HOLD_UNKNOWN.code)
        if not records:
            return None
        require_same(records[0], kind, asked)
        return Answer(records[0], receipt, replayed=True)


def _outcome(future: Future[OperationRecord], timeout: float) -> OperationRecord:
    try:
        return future.result(timeout)
    except FutureTimeout:
        raise OutcomePending(
            f"Recorded, but not confirmed within {timeout:g} s. Ask again with the same receipt: it counts once."
        ) from None
