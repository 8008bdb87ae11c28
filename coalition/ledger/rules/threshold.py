"""Spend threshold: an award when the purchases of a member add up to an amount, once or every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from coalition.ledger.operations import SPEND_MINOR_MAX
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import less, spend_lost
from coalition.ledger.rules.terms import awards_of, require_award, require_count, require_within

__all__ = ["Threshold", "ThresholdTerms", "describe"]

SPEND_BITS = 96


@dataclass(frozen=True, slots=True)
class ThresholdTerms:
    """`points` and `badge` (0: none) for each `threshold_minor` of spend if `repeats` is 1, for the first one only if 0."""

    threshold_minor: int
    points: int
    repeats: int
    badge: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)

    def awards_for(self, spend_minor: int) -> int:
        """How many awards so much spend in minor units is worth."""
        reached = spend_minor // self.threshold_minor
        return reached if self.repeats else min(reached, 1)


@dataclass(frozen=True, slots=True)
class Progress:
    """Spend that counts, in minor units, and how many awards stand."""

    spend_minor: int
    awards: int

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        awards, spend_minor = divmod(word, 1 << SPEND_BITS)
        return cls(spend_minor, awards)

    def to_word(self) -> int:
        """The chain's 200 bits."""
        return self.awards << SPEND_BITS | self.spend_minor


class Threshold:
    """An award for spend that adds up. Awards are what the spend proves, whichever purchase completed it."""

    kind = "threshold"
    contract = "ThresholdRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 4)
        require_within(terms, 0, 1, SPEND_MINOR_MAX)
        require_award(terms, points_at=1, badge_at=3)
        require_within(terms, 2, 0, 1)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress after a purchase, and an award for each threshold that it reached."""
        if happening.occasion != Occasion.PURCHASE:
            return progress, NO_AWARD
        meant, before = ThresholdTerms.from_words(terms), Progress.from_word(progress)
        spend_minor = before.spend_minor + happening.spend_minor
        after = Progress(spend_minor, max(before.awards, meant.awards_for(spend_minor)))
        return after.to_word(), awards_of(before.awards, after.awards, meant.points, meant.badge)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress with less spend, and each award whose threshold is not reached any more."""
        meant, before = ThresholdTerms.from_words(terms), Progress.from_word(progress)
        spend_minor = less(before.spend_minor, spend_lost(happening, taken))
        after = Progress(spend_minor, min(before.awards, meant.awards_for(spend_minor)))
        return after.to_word(), awards_of(after.awards, before.awards, meant.points, meant.badge)


def describe(terms: ThresholdTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in minor units of spend; it does not depend on the Unix second `now`."""
    known = Progress.from_word(progress)
    over = known.awards > 0 and not terms.repeats
    return Standing(
        done=terms.threshold_minor if over else less(known.spend_minor, known.awards * terms.threshold_minor),
        needed=terms.threshold_minor,
        unit="minor",
        next_award_points=0 if over else terms.points,
        until=0,
        completed=known.awards,
    )
