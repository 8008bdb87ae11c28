"""Stamp card: an award for every N-th purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from coalition.ledger.operations import SPEND_MINOR_MAX
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import less, loses_count
from coalition.ledger.rules.terms import COUNT_MAX, awards_of, require_award, require_count, require_within

__all__ = ["StampTerms", "Stamps", "describe"]

STAMP_BITS = 48


@dataclass(frozen=True, slots=True)
class StampTerms:
    """`points` and `badge` (0: none) for each card of `stamps_needed` purchases of at least `min_spend_minor`.

    `max_cards` is the most cards of one member, 0 for no limit.
    """

    stamps_needed: int
    min_spend_minor: int
    points: int
    max_cards: int
    badge: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)

    def cards_for(self, stamps: int) -> int:
        """How many full cards so many stamps are worth."""
        full = stamps // self.stamps_needed
        return min(full, self.max_cards) if self.max_cards else full


@dataclass(frozen=True, slots=True)
class Progress:
    """Stamps of all cards, and how many full cards stand."""

    stamps: int
    cards: int

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        cards, stamps = divmod(word, 1 << STAMP_BITS)
        return cls(stamps, cards)

    def to_word(self) -> int:
        """The chain's 200 bits."""
        return self.cards << STAMP_BITS | self.stamps


class Stamps:
    """An award for every N-th purchase. Stamps are alike: taking a purchase back takes one, whichever it was."""

    kind = "stamps"
    contract = "StampRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 5)
        require_within(terms, 0, 1, COUNT_MAX)
        require_within(terms, 1, 0, SPEND_MINOR_MAX)
        require_award(terms, points_at=2, badge_at=4)
        require_within(terms, 3, 0, COUNT_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with one stamp more, and the award of a card that it filled."""
        meant, before = StampTerms.from_words(terms), Progress.from_word(progress)
        if happening.occasion != Occasion.PURCHASE or happening.spend_minor < meant.min_spend_minor:
            return progress, NO_AWARD
        after = Progress(before.stamps + 1, max(before.cards, meant.cards_for(before.stamps + 1)))
        return after.to_word(), awards_of(before.cards, after.cards, meant.points, meant.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress with one stamp less, and the award of a card that is not full any more."""
        meant, before = StampTerms.from_words(terms), Progress.from_word(progress)
        if happening.spend_minor < meant.min_spend_minor or not loses_count(happening, taken):
            return progress, NO_AWARD
        stamps = less(before.stamps, 1)
        after = Progress(stamps, min(before.cards, meant.cards_for(stamps)))
        return after.to_word(), awards_of(after.cards, before.cards, meant.points, meant.badge)


def describe(terms: StampTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in stamps on the present card; it does not depend on the Unix second `now`."""
    known = Progress.from_word(progress)
    over = 0 < terms.max_cards <= known.cards
    return Standing(
        done=terms.stamps_needed if over else less(known.stamps, known.cards * terms.stamps_needed),
        needed=terms.stamps_needed,
        unit="stamps",
        next_award_points=0 if over else terms.points,
        until=0,
        completed=known.cards,
    )
