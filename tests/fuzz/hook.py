"""The twin of `contracts/test/RandomHook.sol`: a campaign book whose answers are drawn from hashes of the questions."""

from __future__ import annotations

from coalition.ledger.chain_word import awards_hash
from coalition.ledger.run import Others, Purchase, Run
from tests.fuzz.encoding import keccak, words

__all__ = ["RandomHook"]

LARGE, SMALL = (1 << 41) - 1, (1 << 10) - 1


class RandomHook:
    """Gives nothing to one purchase in four, and sometimes a great deal; a third of the partners are closed to it."""

    def __init__(self, accounts: list[str]) -> None:
        self.accounts = accounts

    def is_open_at(self, run: Run, partner: int) -> bool:
        """See `EarnHook`."""
        return partner % 3 != 0

    def words_of(self, purchase: Purchase) -> tuple[int, ...]:
        """The award words that a purchase gets."""
        dice = _dice(purchase)
        return tuple(int.from_bytes(keccak(words(dice, i))) for i in range(dice & 3))

    def earned(self, run: Run, purchase: Purchase) -> tuple[int, Others]:
        """See `EarnHook`. It has no events, so it leaves its words itself."""
        counted = self.words_of(purchase)
        if not counted:
            return 0, ()
        run.state.pending_awards.extend(counted)
        dice = _dice(purchase)
        return _points(dice), self._drawn(dice)

    def taken_back(
        self, run: Run, purchase: Purchase, counted: tuple[int, ...], spend_before: int, spend_after: int
    ) -> tuple[int, Others]:
        """See `EarnHook`."""
        asked = _dice(purchase).to_bytes(32)
        dice = int.from_bytes(keccak(words(asked, awards_hash(counted, keccak), spend_before, spend_after)))
        return _points(dice), self._drawn(dice)

    def _drawn(self, dice: int) -> Others:
        return [
            (self.accounts[(dice >> 72 + 8 * i & 0xFF) % len(self.accounts)], dice >> 128 + 16 * i & 0xFFFF)
            for i in range(dice >> 64 & 3)
        ]


def _points(dice: int) -> int:
    size = dice >> 2 & 0x3F
    return 0 if size < 8 else dice >> 8 & (LARGE if size == 0x3F else SMALL)


def _dice(purchase: Purchase) -> int:
    fields = purchase.receipt, purchase.spend_minor, purchase.points, purchase.member_since
    return int.from_bytes(keccak(words(purchase.partner, purchase.member, *fields)))
