"""Dividend: a part of what was spent, paid once when its time has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from coalition.ledger.operations import BPS
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import less, spend_lost
from coalition.ledger.rules.terms import POINTS_MAX, RATE_BPS_MAX, TIME_MAX, require_count, require_within

__all__ = ["Dividend", "DividendTerms", "describe"]

SPEND_BITS = 96


@dataclass(frozen=True, slots=True)
class DividendTerms:
    """`rate_bps` basis points of the spend before `payable_from`, a Unix time in seconds, are paid from then on."""

    rate_bps: int
    payable_from: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)

    def worth_of(self, spend_minor: int) -> int:
        """Points of a dividend on so much spend in minor units, rounded down."""
        return min(POINTS_MAX, spend_minor * self.rate_bps // BPS)


@dataclass(frozen=True, slots=True)
class Progress:
    """Spend that counts, in minor units, and whether its dividend was paid."""

    spend_minor: int
    is_paid: bool

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        is_paid, spend_minor = divmod(word, 1 << SPEND_BITS)
        return cls(spend_minor, bool(is_paid))

    def to_word(self) -> int:
        """The chain's 200 bits."""
        return int(self.is_paid) << SPEND_BITS | self.spend_minor


class Dividend:
    """Spend adds up until the dividend can be paid; the first claim from then on pays it."""

    kind = "dividend"
    contract = "DividendRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 2)
        require_within(terms, 0, 1, RATE_BPS_MAX)
        require_within(terms, 1, 1, TIME_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with a purchase's spend, or with the dividend paid to who claims it."""
        meant, known = DividendTerms.from_words(terms), Progress.from_word(progress)
        if happening.time < meant.payable_from:
            if happening.occasion != Occasion.PURCHASE:
                return progress, NO_AWARD
            return Progress(known.spend_minor + happening.spend_minor, known.is_paid).to_word(), NO_AWARD
        if happening.occasion != Occasion.CLAIM or known.is_paid:
            return progress, NO_AWARD
        return Progress(known.spend_minor, True).to_word(), Award(meant.worth_of(known.spend_minor))

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress with less spend, and what the dividend, once paid, is worth less by it."""
        meant, known = DividendTerms.from_words(terms), Progress.from_word(progress)
        if happening.time >= meant.payable_from:
            return progress, NO_AWARD
        after = Progress(less(known.spend_minor, spend_lost(happening, taken)), known.is_paid)
        too_much = meant.worth_of(known.spend_minor) - meant.worth_of(after.spend_minor)
        return after.to_word(), Award(too_much) if known.is_paid else NO_AWARD


def describe(terms: DividendTerms, progress: int, now: int) -> Standing:
    """Return the standing, counted in minor units of spend: nothing is needed, and purchases count `until` it is payable."""
    known = Progress.from_word(progress)
    return Standing(
        done=known.spend_minor,
        needed=0,
        unit="minor",
        next_award_points=0 if known.is_paid else terms.worth_of(known.spend_minor),
        until=terms.payable_from if now < terms.payable_from else 0,
        completed=int(known.is_paid),
    )
