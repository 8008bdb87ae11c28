"""What the service answers about tills and their vouchers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from coalition.client.answers import Operation
from coalition.client.errors import ApiError

__all__ = ["NumberRange", "TillKey", "TillVouchers", "Tills", "VoucherLine", "VouchersAnswer"]


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """What became of one voucher: the operation, or the problem that a lone request would have raised."""

    till: int
    number: int
    operation: Operation | None = None
    problem: ApiError | None = None


@dataclass(frozen=True, slots=True)
class VouchersAnswer:
    """What became of each voucher, in the order in which they were handed in."""

    vouchers: tuple[VoucherLine, ...]


@dataclass(frozen=True, slots=True)
class TillKey:
    """A key of a till. From `revoked_at` on nothing new of it is accepted."""

    till: int
    key: str
    active_from: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tills:
    """Every key that ever signed for a till of the partner, and where vouchers count."""

    chain_id: int
    till_registry: str
    tills: tuple[TillKey, ...]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TillVouchers:
    """Which vouchers of a till counted, and which between them did not. `highest` is the highest that did."""

    till: int
    highest: int
    accepted: tuple[NumberRange, ...]
    gaps: tuple[NumberRange, ...]
    next: str | None

    @property
    def start(self) -> int | None:
        """Where the next page starts; `None` at the end. Only this is taken from `next`."""
        return None if self.next is None else int(parse_qs(urlsplit(self.next).query)["start"][0])
