"""Referral: the new member and the one who referred it are paid at the first qualifying purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Self

from coalition.ledger.operations import SPEND_MINOR_MAX
from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.take_back import loses_count, points_back
from coalition.ledger.rules.terms import POINTS_MAX, require_count, require_within

__all__ = ["Referral", "ReferralTerms", "describe"]


@dataclass(frozen=True, slots=True)
class ReferralTerms:
    """`points` for the new member and `companion_points` for who referred it, at a purchase of `min_spend_minor` or more."""

    points: int
    companion_points: int
    min_spend_minor: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)


class Referral:
    """Progress is the Unix time in seconds of the purchase that was paid, 0 if none stands."""

    kind = "referral"
    contract = "ReferralRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 3)
        require_within(terms, 1, 0, POINTS_MAX)
        require_within(terms, 0, 0 if terms[1] else 1, POINTS_MAX)
        require_within(terms, 2, 0, SPEND_MINOR_MAX)

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress and both awards at the first purchase that qualifies."""
        meant = ReferralTerms.from_words(terms)
        is_referred = happening.occasion == Occasion.PURCHASE and happening.subject != 0
        if progress or not is_referred or happening.spend_minor < meant.min_spend_minor:
            return progress, NO_AWARD
        return happening.time, Award(meant.points, meant.companion_points)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return what goes back on both sides, in one proportion; once the purchase is lost, another can be the first."""
        if not progress or progress != happening.time:
            return progress, NO_AWARD
        given = replace(taken, points=ReferralTerms.from_words(terms).companion_points)
        back = Award(points_back(happening, taken), points_back(happening, given))
        return 0 if loses_count(happening, taken) else progress, back


def describe(terms: ReferralTerms, progress: int, now: int) -> Standing:
    """Return the standing of the new member, counted in purchases; it does not depend on the Unix second `now`."""
    done = int(progress > 0)
    return Standing(
        done=done,
        needed=1,
        unit="purchases",
        next_award_points=0 if done else terms.points,
        until=0,
        completed=done,
    )
