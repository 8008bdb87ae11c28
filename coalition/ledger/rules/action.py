"""Action: points for what an attestor says the member did, capped by period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from coalition.ledger.rules.rule import NO_AWARD, Award, Happening, Occasion, TakenBack
from coalition.ledger.rules.standing import Standing
from coalition.ledger.rules.terms import COUNT_MAX, require_award, require_count, require_within

__all__ = ["Action", "ActionTerms", "describe"]

ACTION_MAX = (1 << 32) - 1
PERIOD_SECONDS_MAX = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class ActionTerms:
    """`points` for each action of code `action` (0: any), at most `max_per_period` (0: no limit) in `period_seconds`.

    A period of 0 is the whole campaign; others are counted from the beginning of Unix time. `badge` (0: none) comes with the
    action number `badge_after`.
    """

    action: int
    points: int
    max_per_period: int
    period_seconds: int
    badge: int
    badge_after: int

    def to_words(self) -> tuple[int, ...]:
        """The words of the chain."""
        return astuple(self)

    @classmethod
    def from_words(cls, words: Sequence[int]) -> Self:
        """Read the words of the chain."""
        return cls(*words)

    def period_of(self, time: int) -> int:
        """Number of the period of a Unix time in seconds."""
        return time // self.period_seconds if self.period_seconds else 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Actions counted in `period`, and in all."""

    count: int
    total: int
    period: int

    @classmethod
    def from_word(cls, word: int) -> Self:
        """Read the chain's 200 bits."""
        return cls(word & (1 << 32) - 1, word >> 32 & (1 << 48) - 1, word >> 80)

    def to_word(self) -> int:
        """The chain's 200 bits."""
        return self.count | self.total << 32 | self.period << 80

    def count_in(self, period: int) -> int:
        """Actions counted in `period`, the last one or a later one."""
        return self.count if period == self.period else 0


class Action:
    """Each attested action pays; what exceeds a period's limit does not count at all."""

    kind = "action"
    contract = "ActionRule"

    def check(self, terms: Sequence[int]) -> None:
        """Raise `TermInvalid` or `TermCountInvalid` unless the kind can run on these terms."""
        require_count(terms, 6)
        require_within(terms, 0, 0, ACTION_MAX)
        require_award(terms, points_at=1, badge_at=4)
        require_within(terms, 2, 0, COUNT_MAX)
        require_within(terms, 3, 0, PERIOD_SECONDS_MAX if terms[2] else 0)
        require_within(terms, 5, *((1, COUNT_MAX) if terms[4] else (0, 0)))

    def apply(self, terms: Sequence[int], progress: int, happening: Happening) -> tuple[int, Award]:
        """Return progress with one action more, and what it is worth."""
        meant, known = ActionTerms.from_words(terms), Progress.from_word(progress)
        if happening.occasion != Occasion.ATTESTATION or meant.action not in (0, happening.subject):
            return progress, NO_AWARD
        period = meant.period_of(happening.time)
        count = known.count_in(period)
        if 0 < meant.max_per_period <= count:
            return progress, NO_AWARD
        after = Progress(count + 1, known.total + 1, period)
        return after.to_word(), Award(meant.points, badge=meant.badge if after.total == meant.badge_after else 0)

    def take_back(
        self, terms: Sequence[int], progress: int, happening: Happening, taken: TakenBack
    ) -> tuple[int, Award]:
        """Return progress as it is: purchases mean nothing here."""
        return progress, NO_AWARD


def describe(terms: ActionTerms, progress: int, now: int) -> Standing:
    """Return the standing at the Unix second `now`, counted in actions of its period; `needed` is the limit, 0 for none."""
    known = Progress.from_word(progress)
    period = terms.period_of(now)
    count = known.count_in(period)
    is_full = 0 < terms.max_per_period <= count
    return Standing(
        done=count,
        needed=terms.max_per_period,
        unit="actions",
        next_award_points=0 if is_full and not terms.period_seconds else terms.points,
        until=(period + 1) * terms.period_seconds,
        completed=known.total,
    )
