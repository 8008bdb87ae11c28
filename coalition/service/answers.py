"""The answer to an operation, and whether two operations ask for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coalition.errors import ReceiptConflict, Refused
from coalition.ledger.operations import Kind, Rejection
from coalition.ledger.records import OperationRecord

__all__ = ["REASONS", "Answer", "refusal", "require_same"]

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


def require_same(record: OperationRecord, kind: Kind, asked: Mapping[str, Any]) -> None:
    """Make sure that an accepted `record` is what is asked for again.

    Raises:
        ReceiptConflict: it is not; `differences` names each field with what was `recorded` and what is `requested`.
    """
    differences = {
        name: {"recorded": getattr(record, name), "requested": value}
        for name, value in asked.items()
        if getattr(record, name) != value
    }
    if record.kind != kind:
        differences["kind"] = {"recorded": record.kind.name.lower(), "requested": kind.name.lower()}
    if differences:
        raise ReceiptConflict(
            "This receipt was used before with other content (" + ", ".join(sorted(differences)) + "). "
            "A receipt stands for one purchase for ever; use another one.",
            differences=differences,
        )
