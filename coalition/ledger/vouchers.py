"""What a till signs while it has no line."""

from __future__ import annotations

from dataclasses import dataclass

from coalition.ledger.ids import voucher_receipt, voucher_text
from coalition.ledger.operations import Kind

__all__ = ["VOUCHER_KINDS", "Voucher"]

VOUCHER_KINDS = (Kind.EARN, Kind.REDEEM)
"""A redemption by voucher is within the allowance that the member gave the partner."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """One purchase or redemption. `till` and `number` are from 1 up, `issued_at` is in Unix seconds by the till's clock.

    `amount` is in minor units of `currency` (ISO 4217) for an earn, and points for a redemption, which has no currency.
    """

    partner: int
    till: int
    number: int
    kind: Kind
    member: str
    amount: int
    currency: str
    issued_at: int

    @property
    def receipt(self) -> int:
        """The number of its receipt, which counts once for ever."""
        return voucher_receipt(self.till, self.number)

    @property
    def receipt_text(self) -> str:
        """The text of its receipt, by which it is looked up, reversed and refunded."""
        return voucher_text(self.till, self.number)
