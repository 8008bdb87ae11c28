"""Points by the epoch in which they were earned: the twin of `contracts/types/Lots.sol`.

A `Lots` value is what one account holds, seen from an epoch (`head`): `points[i]` were earned in epoch `head - i`. On
the chain it is one word, four lots of 48 bits from the lowest bit up, then 24 bits of `head`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

__all__ = ["LOT_COUNT", "LOT_MAX", "Lots"]

LOT_BITS = 48
LOT_COUNT = 4
LOT_MAX = (1 << LOT_BITS) - 1
HEAD_SHIFT = LOT_BITS * LOT_COUNT
HEAD_MASK = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Lots:
    """Points by epoch.

    `head` is the newest epoch; `points` are four counts, newest first, each below 2^48.
    """

    head: int
    points: tuple[int, int, int, int] = (0, 0, 0, 0)

    @classmethod
    def single(cls, epoch: int, points: int) -> Self:
        """All `points` in the lot of `epoch`."""
        return cls(epoch, (points, 0, 0, 0))

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read a word of the chain; flags above bit 215 are left out."""
        lot = [(word >> (LOT_BITS * age)) & LOT_MAX for age in range(LOT_COUNT)]
        return cls((word >> HEAD_SHIFT) & HEAD_MASK, (lot[0], lot[1], lot[2], lot[3]))

    def to_word(self) -> int:
        """The word of the chain, without flags."""
        word = self.head << HEAD_SHIFT
        for age, points in enumerate(self.points):
            word |= points << (LOT_BITS * age)
        return word

    @property
    def total(self) -> int:
        """Points in all lots."""
        return sum(self.points)

    def at_epoch(self, epoch: int) -> int:
        """Points earned in `epoch`, 0 if none are kept."""
        age = self.head - epoch
        return self.points[age] if 0 <= age < LOT_COUNT else 0

    def by_epoch(self) -> dict[int, int]:
        """Points by epoch, only where there are any, oldest first."""
        return {self.head - age: self.points[age] for age in reversed(range(LOT_COUNT)) if self.points[age]}

    def rolled(self, epoch: int, validity: int) -> Lots:
        """The same points as seen from `epoch`, without what has expired by then."""
        return Lots.of(epoch, {earned: n for earned, n in self.by_epoch().items() if earned + validity > epoch})

    def expired(self, epoch: int, validity: int) -> Lots:
        """The points that `rolled` leaves behind, with the head unchanged."""
        return Lots.of(self.head, {earned: n for earned, n in self.by_epoch().items() if earned + validity <= epoch})

    def plus(self, other: Lots) -> Lots:
        """Each lot larger by that of `other`, which has the same head."""
        return self._combined(other, 1)

    def minus(self, other: Lots) -> Lots:
        """Each lot smaller by that of `other`, which has the same head and is no larger anywhere."""
        return self._combined(other, -1)

    def spent(self, points: int, validity: int, skipped: int = 0) -> tuple[Lots, int]:
        """The lots that a payment takes, nearest to expiry first, and the points that are missing.

        `skipped` lots nearest to expiry are left alone.
        """
        taken = [0] * LOT_COUNT
        for age in reversed(range(validity - skipped)):
            taken[age] = min(self.points[age], points)
            points -= taken[age]
        return Lots(self.head, (taken[0], taken[1], taken[2], taken[3])), points

    def tail(self, before: int, points: int) -> Lots:
        """The part that `points` give back after `before` were given back: what was spent last comes back first."""
        back = [0] * LOT_COUNT
        for age in range(LOT_COUNT):
            passed = min(self.points[age], before)
            before -= passed
            back[age] = min(self.points[age] - passed, points)
            points -= back[age]
        return Lots(self.head, (back[0], back[1], back[2], back[3]))

    def restored(self, epoch: int, validity: int) -> Lots:
        """Where the points go when given back in `epoch`: to their own lot, or to the grace lot if that has expired.

        The grace lot lives to the end of the next epoch (of this one where points are valid for one epoch only).
        """
        grace = epoch - max(0, validity - 2)
        back: dict[int, int] = {}
        for earned, points in self.by_epoch().items():
            target = earned if earned + validity > epoch else grace
            back[target] = back.get(target, 0) + points
        return Lots.of(epoch, back)

    @classmethod
    def of(cls, head: int, by_epoch: dict[int, int]) -> Lots:
        """Lots seen from `head` that hold `by_epoch`; every epoch must be one of the four up to `head`."""
        lot = [0] * LOT_COUNT
        for epoch, points in by_epoch.items():
            lot[head - epoch] = points
        return Lots(head, (lot[0], lot[1], lot[2], lot[3]))

    def _combined(self, other: Lots, sign: int) -> Lots:
        lot = [mine + sign * theirs for mine, theirs in zip(self.points, other.points, strict=True)]
        return Lots(self.head, (lot[0], lot[1], lot[2], lot[3]))
