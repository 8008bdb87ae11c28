"""The answer to an operation, and whether two operations ask for the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coalition.errors import CoalitionError, ReceiptConflict, Refused
from coalition.index.queries import Queries
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.records import OperationRecord
from coalition.service.asked import Asked
from coalition.submit.receipt_texts import ReceiptTexts

__all__ = [
    "DECIDED_BEFORE",
    "REASONS",
    "WITHHELD",
    "Answer",
    "answer_of",
    "decided_before",
    "first_answer",
    "in_words",
    "refusal",
]

ENDS = (Kind.CAPTURE, Kind.RELEASE)
DECIDED_BEFORE = (Rejection.RECEIPT_USED, Rejection.HOLD_UNKNOWN)
"""Rejections after which the read model may know a first answer."""

WITHHELD = {"recorded": "withheld", "requested": "withheld"}

REASONS = {
    Rejection.RECEIPT_USED: "This receipt was used before. Every purchase needs a receipt of its own.",
    Rejection.MEMBER_UNKNOWN: "The account is not a member's. Enrol it first.",
    Rejection.AMOUNT_ZERO: "The amount must be at least 1.",
    Rejection.AMOUNT_TOO_LARGE: "The amount is larger than the ledger can hold.",
    Rejection.BALANCE_TOO_LOW: (
        "The member has too few points (for a hold, points that expire before its deadline do not count)."
    ),
    Rejection.SIGNATURE_INVALID: "The member's key did not sign exactly this: member, partner, points, receipt, deadline.",
    Rejection.DEADLINE_PASSED: "The deadline has passed. Ask the member for a new authorization.",
    Rejection.DEADLINE_TOO_FAR: "A hold lasts 30 days at most. Choose an earlier deadline.",
    Rejection.ALLOWANCE_TOO_LOW: "The member's allowance to this partner is too low. Ask for a signature, or for more.",
    Rejection.HOLD_UNKNOWN: "There is no open hold under this receipt: it was never made, or captured, or released.",
    Rejection.HOLD_EXCEEDED: "The hold has fewer points than that.",
    Rejection.PROOF_INVALID: "The ledger does not know the original as it was presented.",
    Rejection.ORIGINAL_EXCEEDED: "That is more than is left of the original.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an operation.

    `receipt` is the partner's text; `replayed` says that this is the answer given before to the same request.
    """

    record: OperationRecord
    receipt: str
    replayed: bool = False


def refusal(record: OperationRecord) -> Refused:
    """Return the error that tells why the ledger refused `record`."""
    assert record.code is not None
    return Refused(REASONS[record.code], code=record.code.code, kind=record.kind.name.lower())


def answer_of(record: OperationRecord, asked: Asked) -> Answer:
    """Return what the ledger decided of `asked`.

    Raises:
        Refused: it decided against it.
        ReceiptConflict: the receipt was on its way already, with other content.
    """
    if record.code is not None:
        raise refusal(record)
    _require_same(record, asked)
    return Answer(record, asked.receipt)


def decided_before(queries: Queries, wanted: Iterable[Asked]) -> Mapping[tuple[int, int], Sequence[OperationRecord]]:
    """Return what was accepted under the receipts of `wanted`, by partner and receipt number."""
    return queries.operations_under((asked.partner, asked.number) for asked in wanted)


def first_answer(records: Sequence[OperationRecord], asked: Asked) -> Answer | None:
    """Return the answer that `asked` got before, from what was accepted under its receipt; None if it is new.

    Raises:
        ReceiptConflict: the receipt counted with other content.
        Refused: `hold_unknown` if the hold was ended in the other way.
    """
    if asked.kind in ENDS and any(record.kind == Kind.HOLD for record in records):
        records = [record for record in records if record.kind in ENDS]
        if records and records[0].kind != asked.kind:
            raise Refused(REASONS[Rejection.HOLD_UNKNOWN], code=Rejection.HOLD_UNKNOWN.code)
    if not records:
        return None
    _require_same(records[0], asked)
    return Answer(records[0], asked.receipt, replayed=True)


def in_words(error: CoalitionError, texts: ReceiptTexts, partner: int) -> CoalitionError:
    """Return an error, a conflict with the partner's own texts for the numbers of receipts, and without accounts.

    Accounts are withheld since the member may have shown a till token, then or now.
    """
    if not isinstance(error, ReceiptConflict):
        return error
    different = dict(error.details.get("differences", {}))
    if "member" in different:
        different["member"] = WITHHELD
    named = different.get("original_receipt")
    if named is not None:
        numbers = {side: number for side, number in named.items() if number is not None}
        found = texts.texts_of([(partner, number) for number in numbers.values()])
        different["original_receipt"] = named | dict(zip(numbers, found, strict=True))
    return ReceiptConflict(error.message, **error.details | {"differences": different})


def _require_same(record: OperationRecord, asked: Asked) -> None:
    differences = {
        name: {"recorded": getattr(record, name), "requested": value}
        for name, value in asked.content.items()
        if getattr(record, name) != value
    }
    if record.kind != asked.kind:
        differences["kind"] = {"recorded": record.kind.name.lower(), "requested": asked.kind.name.lower()}
    if differences:
        raise ReceiptConflict(
            "This receipt was used before with other content (" + ", ".join(sorted(differences)) + "). "
            "A receipt stands for one purchase for ever; use another one.",
            differences=differences,
        )
