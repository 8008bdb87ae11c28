"""Following the operations of one request through the write path, for whoever traces it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Journey", "Trail"]


@dataclass(frozen=True, slots=True)
class Journey:
    """What became of one request's operations in one transaction, which may carry others too.

    `size` is how many it carries, `receipts` are the numbers of the request's own. Times are on the monotonic clock, in
    seconds: handed in, written down, signed, written down as signed, sent (the last time), and decided as the chain told.
    """

    transaction: str
    block: int
    nonce: int
    size: int
    receipts: tuple[int, ...]
    taken_at: float
    recorded_at: float
    signed_at: float
    launched_at: float
    sent_at: float
    decided_at: float


class Trail(Protocol):
    """One request that is traced."""

    def travelled(self, journeys: Iterable[Journey]) -> None:
        """Take what happened. Returns at once and never raises: it is called with the write path's lock held."""
        ...
