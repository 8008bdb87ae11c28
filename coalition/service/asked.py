"""What a partner asks for, checked and with its receipt as a number: the same whether it comes alone or among thousands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak

from coalition.errors import NotFound, Refused
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
from coalition.service.checks import check_address, check_new_receipt, check_points, check_signature, check_spend_minor
from coalition.service.partners import PartnerDirectory
from coalition.submit.trail import Trail

__all__ = ["PROOF_ATTEMPTS", "Asked", "Asking", "prove"]

PROOF_ATTEMPTS = 5
CORRECTABLE = {Kind.REVERSE: (Kind.EARN,), Kind.REFUND: (Kind.REDEEM, Kind.CAPTURE)}
AMOUNT = {Kind.REVERSE: "spend_minor", Kind.REFUND: "points"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation that a partner asks for.

    `content` is what the receipt stands for, by the names of `OperationRecord`. `operation` is what is posted; None for a
    correction, which is proved when its turn comes (see `prove`). `occurred_at` is in Unix seconds. `by_token`: the member
    showed a till token, and the partner is not told the account. `pending_until` (Unix seconds): a purchase that earns only then.
    `trail` is told its way, if somebody traces it.
    """

    partner: int
    kind: Kind
    receipt: str
    number: int
    content: Mapping[str, Any] = field(default_factory=dict)
    operation: Operation | None = None
    original_receipt: str | None = None
    occurred_at: int | None = None
    by_token: bool = False
    pending_until: int | None = None
    trail: Trail | None = field(default=None, compare=False, repr=False)

    @property
    def names_receipt(self) -> bool:
        """True if the member is that of another operation, which a receipt names."""
        return self.kind not in (Kind.EARN, Kind.REDEEM, Kind.HOLD)

    @property
    def receipts(self) -> tuple[int, ...]:
        """The numbers of the receipts that it names."""
        original = self.content.get("original_receipt")
        return (self.number,) if original is None else (self.number, original)


class Asking:
    """Checks what partners ask for. Every method raises `InputError` for what is wrong (`amount_invalid`, …)."""

    def __init__(self, partners: PartnerDirectory) -> None:
        self._partners = partners

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
    ) -> Asked:
        """See `LedgerService.earn`."""
        row = self._partners.find(partner)
        self._partners.check_currency(row, currency)
        operation = Earn(check_address(member), check_new_receipt(receipt), check_spend_minor(spend_minor), enrols)
        content = {"member": operation.member, "spend_minor": operation.spend_minor}
        return Asked(row.partner, Kind.EARN, receipt, operation.receipt, content, operation, occurred_at=occurred_at)

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
    ) -> Asked:
        """See `LedgerService.redeem`."""
        number = self._partners.find(partner).partner
        account = check_address(member)
        operation = Redeem(
            account, check_new_receipt(receipt), check_points(points), deadline, check_signature(signature)
        )
        content = {"member": account, "points": points}
        return Asked(number, Kind.REDEEM, receipt, operation.receipt, content, operation, occurred_at=occurred_at)

    def hold(
        self,
        partner: str | int,
        member: str,
        receipt: str,
        points: int,
        *,
        deadline: int,
        signature: bytes = b"",
    ) -> Asked:
        """See `LedgerService.hold`."""
        number = self._partners.find(partner).partner
        account = check_address(member)
        operation = Hold(
            account, check_new_receipt(receipt), check_points(points), deadline, check_signature(signature)
        )
        content = {"member": account, "points": points, "deadline": deadline}
        return Asked(number, Kind.HOLD, receipt, operation.receipt, content, operation)

    def capture(self, partner: str | int, receipt: str, points: int) -> Asked:
        """See `LedgerService.capture`."""
        number = self._partners.find(partner).partner
        operation = Capture(receipt_number(receipt), check_points(points))
        return Asked(number, Kind.CAPTURE, receipt, operation.receipt, {"points": points}, operation)

    def release(self, partner: str | int, receipt: str) -> Asked:
        """See `LedgerService.release`."""
        number = self._partners.find(partner).partner
        operation = Release(receipt_number(receipt))
        return Asked(number, Kind.RELEASE, receipt, operation.receipt, {}, operation)

    def reverse(self, partner: str | int, receipt: str, original_receipt: str, spend_minor: int | None = None) -> Asked:
        """See `LedgerService.reverse`."""
        amount = None if spend_minor is None else check_spend_minor(spend_minor)
        return self._correction(Kind.REVERSE, partner, receipt, original_receipt, amount)

    def refund(self, partner: str | int, receipt: str, original_receipt: str, points: int | None = None) -> Asked:
        """See `LedgerService.refund`."""
        amount = None if points is None else check_points(points)
        return self._correction(Kind.REFUND, partner, receipt, original_receipt, amount)

    def _correction(
        self, kind: Kind, partner: str | int, receipt: str, original_receipt: str, amount: int | None
    ) -> Asked:
        row = self._partners.find(partner)
        number = check_new_receipt(receipt)
        content: dict[str, Any] = {"original_receipt": receipt_number(original_receipt)}
        if amount is not None:
            content[AMOUNT[kind]] = amount
        return Asked(row.partner, kind, receipt, number, content, original_receipt=original_receipt)


def prove(queries: Queries, asked: Asked) -> Operation:
    """Return what to post for `asked`: a correction with the proof of its original, as the read model has it now.

    Raises:
        NotFound: `original_unknown` if there is nothing of the kind to correct.
        Refused: `original_exceeded` if nothing is left of it.
    """
    if asked.operation is not None:
        return asked.operation
    found = queries.original(asked.partner, asked.content["original_receipt"])
    if found is None or found[0].kind not in CORRECTABLE[asked.kind]:
        wanted = "earn" if asked.kind == Kind.REVERSE else "redemption or capture"
        raise NotFound(f"There is no {wanted} under receipt {asked.original_receipt!r}.", code="original_unknown")
    original, neighbours, position, awards = found
    before, later = proof_for(neighbours, position, keccak)
    amount = asked.content.get(AMOUNT[asked.kind])
    if amount is None:
        amount = _left_of(queries, asked.partner, original)
    if asked.kind == Kind.REVERSE:
        return Reverse(asked.number, amount, original, before, later, awards)
    return Refund(asked.number, amount, original, before, later)


def _left_of(queries: Queries, partner: int, original: Outcome) -> int:
    whole = original.spend_minor if original.kind == Kind.EARN else original.points
    left = whole - queries.corrected(partner, original.receipt)
    if left <= 0:
        raise Refused("Nothing is left of the original.", code=Rejection.ORIGINAL_EXCEEDED.code)
    return left
