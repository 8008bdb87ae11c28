"""Vouchers that a till signs while it has no line, as they are kept and handed in. `signing.sign_voucher` signs one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

__all__ = ["SignedVoucher"]


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """A voucher with its signature. `kind` is `earn`, with `spend_minor` in `currency`; or `redeem`, with `points`."""

    kind: str
    till: int
    number: int
    member: str
    issued_at: datetime
    signature: bytes
    spend_minor: int | None = None
    points: int | None = None
    currency: str | None = None

    @property
    def receipt(self) -> str:
        """The text of its receipt, by which it is looked up, reversed and refunded."""
        return f"voucher:{self.till}:{self.number}"

    def members(self) -> Mapping[str, Any]:
        """Its fields as the service takes them, without those that its kind has not."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if value is not None}
