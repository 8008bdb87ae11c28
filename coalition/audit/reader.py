"""What an audit needs of a read model. Whoever starts the audit hands one in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from coalition.ledger.lots import Lots
from coalition.ledger.records import OperationRecord

__all__ = ["HeldPoints", "PartnerSums", "ReadModel", "ReadModelSnapshot"]

Points = dict[str, dict[int, int]]


class HeldPoints(Protocol):
    """An open hold."""

    @property
    def member(self) -> str: ...
    @property
    def deadline(self) -> int: ...
    @property
    def lots(self) -> Lots: ...


class PartnerSums(Protocol):
    """What a partner posted."""

    @property
    def members(self) -> int: ...
    @property
    def purchases(self) -> int: ...
    @property
    def points_issued(self) -> int: ...
    @property
    def points_redeemed(self) -> int: ...
    @property
    def points_refunded(self) -> int: ...
    @property
    def points_reversed(self) -> int: ...
    @property
    def rejected(self) -> dict[str, int]: ...


class ReadModelSnapshot(Protocol):
    """A read model as of `block`, points by account and epoch, receipts with their partner."""

    block: int
    block_hash: str

    def records(self) -> Iterator[OperationRecord]: ...
    def lots(self) -> Points: ...
    def entries(self) -> Points: ...
    def entries_of(self, account: str) -> list[tuple[int, int, int]]: ...
    def supply(self) -> dict[int, int]: ...
    def debts(self) -> dict[str, int]: ...
    def members(self) -> set[str]: ...
    def open_holds(self) -> Mapping[tuple[int, int], HeldPoints]: ...
    def corrected(self) -> dict[tuple[int, int], int]: ...
    def partner_totals(self) -> Mapping[int, PartnerSums]: ...


class ReadModel(Protocol):
    """A read model that can be looked at as of one moment."""

    def snapshot(self) -> AbstractContextManager[Any]:
        """A `ReadModelSnapshot` that stays as it is until the block of code ends."""
        ...
